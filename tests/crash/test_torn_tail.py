"""Scoreboard row 2: a torn transcript is recovered or refused, never misread."""

from ceremony.cli.running import _begun
from ceremony.transcript.book import parse_transcript
from ceremony.transcript.checkpoint import index_of, parse_note
from ceremony.transcript.journal import TRANSCRIPT
from tests.crash import torn_tail


def test_torn_at_a_budgeted_part_of_all_bytes(capsys):
    swept = torn_tail.sweep(full=False)
    with capsys.disabled():
        print(f"\ntorn tails: {swept.note}, {len(swept.faults)} faults")  # noqa: T201 - the figures belong in CI's log
    assert swept.faults == ()
    assert swept.tried > 1000


def test_a_ceremony_torn_in_its_first_entry_begins_anew(tmp_path):
    first = torn_tail.phases()[0].lines
    (tmp_path / TRANSCRIPT).write_bytes(first[: len(first) // 2])
    assert not _begun(tmp_path)
    assert (tmp_path / TRANSCRIPT).read_bytes() == b""
    (tmp_path / TRANSCRIPT).write_bytes(first)
    assert _begun(tmp_path)


def test_a_reader_that_takes_a_torn_line_for_whole_is_seen(monkeypatch):
    phase = torn_tail.phases()[-1]
    monkeypatch.setattr(torn_tail, "read_book", lambda path: parse_transcript(path.read_bytes().rpartition(b"\n")[0] + b"\n"))
    _, faults = torn_tail._tear(phase, full=False)
    assert any("misread without the lock" in fault for fault in faults)


def test_a_journal_that_keeps_a_torn_tail_is_seen(monkeypatch):
    monkeypatch.setattr("ceremony.transcript.journal._settle", lambda *_: None)
    _, faults = torn_tail._tear(torn_tail.phases()[0], full=False)
    assert any("does not hold what was read" in fault for fault in faults)


def test_a_checkpoint_of_a_lost_end_does_not_count_for_another(monkeypatch):
    monkeypatch.setattr("ceremony.transcript.checkpoint_file.CheckpointFile.signed", _signed_by_size)
    _, faults = torn_tail._go_on(torn_tail.phases()[-1], 2)
    assert any("`verify` ends with 20" in fault for fault in faults), faults


def _signed_by_size(self, book):
    checkpoint, signatures = parse_note(self.read() or b"")
    return frozenset(index_of(one.name) for one in signatures) if checkpoint.size == len(book) else frozenset()
