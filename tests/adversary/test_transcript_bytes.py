"""Scoreboard row 10, as much of it as CI has time for."""

from dataclasses import replace

from ceremony.verify.verifier import verify
from tests.adversary.played import play
from tests.adversary.transcript_bytes import EVERY, KINDS, mutants, sweep, sweep_lines, sweep_note


def test_no_changed_byte_is_accepted() -> None:
    played = play()
    found = sweep(full=False)
    assert found.faults == ()
    assert found.tried > (len(played.data) // EVERY + len(played.note)) * KINDS * 0.98
    assert ", 0 not closed" in found.note


def test_the_checkpoint_is_read_by_one_check_alone() -> None:
    """What lets the sweep judge a changed checkpoint by that check."""
    played = play()
    honest, none, other = (verify(played.data, note, played.offline, every=True).rows for note in (played.note, None, b"no checkpoint"))
    for rows in (none, other):
        assert [row.check for before, row in zip(honest, rows, strict=True) if row != before] == ["transcript_is_closed"]


def test_the_sweep_sees_what_is_accepted() -> None:
    """A sweep that cannot fail shows nothing: against another original, its mutants are that one's own bytes."""
    played = play()
    note = bytearray(played.note)
    note[-3] ^= 1
    faults = sweep_note(replace(played, note=bytes(note)), range(len(note) - 3, len(note) - 2)).faults
    assert faults == (f"checkpoint byte {len(note) - 3} bit 0 flipped: accepted as chain not checked",)
    last = len(played.data.splitlines()) - 1
    data = bytearray(played.data)
    data[-3] ^= 1
    faults = sweep_lines(replace(played, data=bytes(data)), 1, [last]).faults
    assert faults == (f"byte {len(data) - 3} bit 0 flipped: accepted as chain not checked",)


def test_eleven_mutants_of_a_byte() -> None:
    assert len({instead for _, instead in mutants(b"abc", 1)}) == KINDS
