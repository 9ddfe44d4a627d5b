"""Scoreboard row 1: after any crash at any file call, and the resume, nothing is lost, nothing is twice, and all is closed (P1, P3)."""

import pytest

from tests.crash import states, sweep

pytestmark = pytest.mark.timeout(900)  # a hundred ceremonies, where the suite's limit is made for one


def test_every_way_of_ending_at_a_budgeted_part_of_all_calls_resumes(capsys):
    swept = states.sweep(full=False)
    _show(capsys, f"disk states: {swept.note}, {len(swept.faults)} faults")
    assert swept.faults == ()
    assert swept.tried > sweep.count_points()


def test_killed_processes_resume_even_when_the_resume_is_killed_too(capsys):
    swept = sweep.sweep(full=False)
    _show(capsys, f"processes killed: {swept.tried}, {swept.note}, {len(swept.faults)} faults")
    assert swept.faults == ()
    assert swept.tried > sweep.count_points() / sweep.EVERY


def _show(capsys, line):
    with capsys.disabled():
        print(f"\n{line}")  # noqa: T201 - the figures belong in CI's log
