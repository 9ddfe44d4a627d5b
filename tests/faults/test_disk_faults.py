"""Scoreboard row 4: a disk that fails at any file call is a named error, and nothing is lost when it works again."""

import contextlib

from ceremony.transcript import journal
from ceremony.transcript.journal import Journal
from tests.faults import disk_faults, real_disk


def test_a_budgeted_part_of_all_file_calls_fails_by_name_and_resumes(capsys):
    swept = disk_faults.sweep(full=False)
    with capsys.disabled():
        print(f"\ndisk faults: {swept.tried}, {swept.note}, {len(swept.faults)} wrong")  # noqa: T201 - the figures belong in CI's log
    assert swept.faults == ()
    assert swept.tried > 150


def test_the_kernels_own_errors(capsys):
    measured = {name: way() for name, way in real_disk.WAYS.items()}
    with capsys.disabled():
        for name, swept in measured.items():
            print(f"\n{name}: {swept.tried if swept else 'not measured'}", end="")  # noqa: T201 - likewise
    assert [fault for swept in measured.values() if swept for fault in swept.faults] == []
    assert measured["file size limit"]


def test_an_error_without_a_name_is_seen(monkeypatch):
    monkeypatch.setattr(disk_faults, "NAMED", ("AnotherError",))
    swept = disk_faults.sweep_ways(only("write transcript/journal.py:append (write_whole) @ enrol_begun", EIO), 1)
    assert any("DiskError" in fault for fault in swept.faults), swept


def test_a_traceback_is_seen(monkeypatch):
    monkeypatch.setattr(journal, "named_faults", lambda _path: contextlib.nullcontext())
    swept = disk_faults.sweep_ways(only("write transcript/journal.py:append (write_whole) @ enrol_begun", EIO), 1)
    assert any("Traceback" in fault for fault in swept.faults), swept


def test_a_half_line_that_is_not_taken_back_is_seen(monkeypatch):
    monkeypatch.setattr(Journal, "_take_back", lambda _self: None)
    swept = disk_faults.sweep_ways(only("write transcript/journal.py:append (write_whole) @ contribution_revealed", HALF), None)
    assert any("is lost or changed" in fault for fault in swept.faults), swept


EIO = disk_faults.FAULTS[0]
HALF = disk_faults.SHORT[1]


def only(label, fault):
    """This fault, at the first call of this label."""
    left = [fault]
    return lambda call: iter([left.pop()] if left and call.label == label else [])
