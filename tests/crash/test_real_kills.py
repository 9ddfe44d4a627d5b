"""Scoreboard row 1 on real parts: killed before and after each kind of entry, resumed, verified."""

import pytest

from tests.crash import real_kills

KINDS = 30
"""Kinds of entry that a ceremony writes, at least; some stand only where a dealing was thrown away."""


@pytest.mark.timeout(1200)  # about eighty processes with seven agents each, where the suite's limit is made for one
def test_killed_before_and_after_each_kind_of_entry(capsys):
    swept = real_kills.sweep(full=False)
    with capsys.disabled():
        print(f"\nreal kills: {swept.tried}, {swept.note}, {len(swept.faults)} faults")  # noqa: T201 - the figures belong in CI's log
    assert swept.faults == ()
    assert swept.tried >= 2 * KINDS
