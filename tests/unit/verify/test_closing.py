"""Closed means exactly M entries and exactly the signers that the last entry names, all valid (P4)."""

import pytest

from ceremony.records.base import from_hex, to_hex
from ceremony.transcript.checkpoint import NoteSignature, encode_note, key_id, name_of, parse_note
from ceremony.verify.report import Verdict
from ceremony.verify.verifier import verify
from tests.adversary.forge import Forger
from tests.adversary.played import Played

CHECK = "transcript_is_closed"


@pytest.fixture
def forger(played: Played) -> Forger:
    forger = Forger(played.data, played.keys)
    forger.rebuild()
    return forger


def judge(played: Played, note: bytes | None, data: bytes | None = None) -> tuple[Verdict, tuple[str, ...]]:
    report = verify(data or played.data, note, played.offline)
    failure = report.rows[-1].failure
    assert failure is None or failure.check == CHECK
    return report.verdict, failure.culprits if failure else ()


def test_exactly_the_named_signers(played: Played, forger: Forger) -> None:
    assert judge(played, forger.close()) == (Verdict.CHAIN_NOT_CHECKED, ())


def test_no_checkpoint(played: Played) -> None:
    assert judge(played, None) == (Verdict.NOT_CLOSED, ())


@pytest.mark.parametrize("missing", range(1, 6))
def test_four_of_the_five_named_signers_do_not_close(played: Played, forger: Forger, missing: int) -> None:
    note = forger.close([index for index in range(1, 6) if index != missing])
    assert judge(played, note) == (Verdict.NOT_CLOSED, ())


@pytest.mark.parametrize("signers", [(1, 2, 3, 4, 5, 6), (1, 2, 3, 4, 6), (6,)])
def test_a_custodian_who_is_not_named_does_not_sign(played: Played, forger: Forger, signers: tuple[int, ...]) -> None:
    assert judge(played, forger.close(signers)) == (Verdict.REFUSED, ("custodian 6",))


@pytest.mark.parametrize("size", [147, 10**9])
def test_entries_that_were_lost(played: Played, forger: Forger, size: int) -> None:
    assert judge(played, forger.close(size=size)) == (Verdict.REFUSED, ("entry 146",))


def test_the_newest_entry_cut_off(played: Played) -> None:
    data = b"".join(played.data.splitlines(keepends=True)[:-1])
    assert judge(played, played.note, data) == (Verdict.REFUSED, ("entry 145",))


def test_a_checkpoint_of_fewer_entries_leaves_the_rest_uncovered(played: Played, forger: Forger) -> None:
    report = verify(played.data, forger.close(size=140), played.offline)
    assert report.verdict is Verdict.NOT_CLOSED
    assert any("uncovered: 6" in row.line for row in report.rows if row.check == CHECK)


def test_a_checkpoint_of_another_log(played: Played, forger: Forger) -> None:
    assert judge(played, forger.close(origin="ceremony/" + "00" * 32)) == (Verdict.REFUSED, ("the checkpoint",))


def test_entries_after_the_act_are_under_the_checkpoint(played: Played) -> None:
    """The operator, without a key, changes what the act does not cover: a run is dropped, everything is hashed again."""
    forger = Forger(played.data)
    forger.body("run_started", 2)["self_tests"].append("one more")
    assert judge(played, played.note, forger.rebuild()) == (Verdict.REFUSED, ("one of entries 126 to 145",))


def test_a_checkpoint_without_a_last_entry(played: Played, forger: Forger) -> None:
    note = forger.close(size=145)
    forger.cut(145)
    assert judge(played, note, forger.rebuild()) == (Verdict.REFUSED, ("entry 145",))


def test_a_stranger_under_a_custodians_name(played: Played, forger: Forger) -> None:
    checkpoint, lines = parse_note(forger.close())
    stranger = NoteSignature(name_of(3), key_id(name_of(3), bytes(20)), lines[2].signature)
    assert judge(played, encode_note(checkpoint, [*lines[:2], stranger])) == (Verdict.REFUSED, ("custodian-3",))


@pytest.mark.parametrize(
    ("name", "culprit"),
    [
        ("custodian-8", "custodian-8"), ("custodian-0", "custodian-0"), ("custodian-03", "the checkpoint"),
        ("witness.example", "the checkpoint"),
    ],
)  # fmt: skip
def test_a_stranger_under_another_name(played: Played, forger: Forger, name: str, culprit: str) -> None:
    checkpoint, lines = parse_note(forger.close())
    note = encode_note(checkpoint, [*lines, NoteSignature(name, key_id(name, from_hex(forger.roster[1])), lines[0].signature)])
    assert judge(played, note) == (Verdict.REFUSED, (culprit,))


def test_a_signature_over_another_root(played: Played, forger: Forger) -> None:
    checkpoint, lines = parse_note(forger.close())
    _, others = parse_note(forger.close(size=140))
    assert judge(played, encode_note(checkpoint, [*lines[:4], others[4]])) == (Verdict.REFUSED, ("custodian 5",))


@pytest.mark.parametrize("note", [b"", b"\n", b"not a note", b"a\n1\nAA==\n\nx\n", bytes(1 << 17)])
def test_what_is_no_checkpoint(played: Played, note: bytes) -> None:
    assert judge(played, note) == (Verdict.REFUSED, ("the checkpoint",))


def test_a_later_naming_replaces_an_earlier_one(played: Played) -> None:
    forger = Forger(played.data, played.keys)
    forger.append({"kind": "closing_named", "custodians": [2, 3, 4, 5, 6, 7]})
    data = forger.rebuild()
    assert judge(played, played.note, data) == (Verdict.NOT_CLOSED, ())
    assert judge(played, forger.close([1, 2, 3, 4, 5]), data) == (Verdict.REFUSED, ("custodian 1",))
    assert judge(played, forger.close(), data) == (Verdict.CHAIN_NOT_CHECKED, ())


def test_custody_that_one_did_not_state_is_not_closed(played: Played) -> None:
    """`custody_was_stated` forbids nothing that the protocol lets stand: it says how many stated it, and fewer than all is no ending."""
    forger = Forger(played.data)
    forger.cut(forger.find("custody_stated", 6))
    report = verify(forger.rebuild(), None, played.offline)
    finding = next(row.finding for row in report.rows if row.check == "custody_was_stated")
    assert finding is not None
    assert finding.rests.startswith("recorded for 6 of 7 ")
    assert finding.limit is Verdict.NOT_CLOSED
    assert "no PIN" not in finding.evidence


def test_the_report_names_the_root_it_covers(played: Played, forger: Forger) -> None:
    report = verify(played.data, played.note, played.offline)
    assert report.genesis_root == to_hex(forger.tree.root(126))
