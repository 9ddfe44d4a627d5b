"""Every check made on the transcript alone is failed by an attack that nothing else refuses."""

from collections.abc import Callable

import pytest

from ceremony.acts.roster import roster_digest
from ceremony.errors import CheckFailed
from ceremony.records.base import to_hex
from ceremony.verify.report import Report, Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import CHECKS, verify
from tests.adversary import attacks_act, attacks_dealing  # noqa: F401 - they add to the table
from tests.adversary.attacks import ATTACKS, Attack
from tests.adversary.forge import Forger
from tests.adversary.lying_chain import LIES
from tests.adversary.played import Played


def failures(report: Report) -> dict[str, CheckFailed]:
    return {row.check: row.failure for row in report.rows if row.failure}


def forge(played: Played, attack: Attack) -> tuple[tuple[str, ...], bytes, bytes | None, Trust]:
    forger = Forger(played.data, played.keys)
    culprits = attack.change(forger)
    data = forger.rebuild()
    note = forger.close() if forger.entries[-1]["body"]["kind"] == "closing_named" else None
    return culprits, data, note, Trust(roster=to_hex(roster_digest(forger.terms["roster"])), rehearsal=True)


def test_what_is_forged_without_a_lie_is_accepted(played: Played) -> None:
    forger = Forger(played.data, played.keys)
    assert (forger.rebuild(), forger.close()) == (played.data, played.note)


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_this_check_and_no_other_refuses(played: Played, attack: Attack) -> None:
    culprits, data, note, trust = forge(played, attack)
    found = failures(verify(data, note, trust, every=True))
    assert set(found) == {attack.check, *attack.also}
    assert found[attack.check].culprits == culprits


def test_every_check_is_failed_by_some_test() -> None:
    """The checks that are not in the table of attacks have tests of their own, named here."""
    elsewhere = {
        "transcript_is_whole": "test_reading_names_the_entry",
        "roster_is_the_one_known_outside": "test_trust.py",
        "custody_was_stated": "test_closing.py: it forbids nothing, and limits the verdict",
        "transcript_is_closed": "test_closing.py",
    }
    on_chain = {check for lie in LIES for check in (lie.by_all, lie.by_one)}
    named = {"transcript_is_whole", "protocol_was_followed", *(check.__name__ for check in CHECKS)}
    assert {attack.check for attack in ATTACKS} | on_chain | set(elsewhere) == named


@pytest.mark.parametrize(
    ("change", "culprit"),
    [
        (lambda lines: [*lines[:9], lines[9].replace(b"2026", b"2027"), *lines[10:]], "entry 9"),
        (lambda lines: [*lines[:9], *lines[10:]], "entry 9"),
        (lambda lines: [*lines[:9], lines[8], *lines[9:]], "entry 9"),
        (lambda lines: [*lines[:9], lines[10], lines[9], *lines[11:]], "entry 9"),
        (lambda lines: [*lines, lines[-1]], "entry 146"),
        (lambda lines: [*lines, b"\n"], "entry 146"),
        (lambda lines: [*lines[:-1], lines[-1][:-1]], "entry 145"),
        (lambda lines: [*lines[:-1], lines[-1][:-9]], "entry 145"),
        (lambda lines: [b"\xef\xbb\xbf", *lines], "entry 0"),
        (lambda lines: [line.replace(b"\n", b"\r\n") for line in lines], "entry 0"),
    ],
)
def test_reading_names_the_entry(played: Played, change: Callable[[list[bytes]], list[bytes]], culprit: str) -> None:
    report = verify(b"".join(change(played.data.splitlines(keepends=True))), played.note, played.offline, every=True)
    failure = failures(report)["transcript_is_whole"]
    assert (len(report.rows), failure.culprits, report.verdict) == (1, (culprit,), Verdict.REFUSED)


@pytest.mark.parametrize("data", [b"", b"\n", b"{}\n", b"\xff\n", b"[" * 100_000 + b"\n"])
def test_what_is_no_transcript_is_refused(played: Played, data: bytes) -> None:
    report = verify(data, played.note, played.offline)
    assert report.verdict is Verdict.REFUSED
    assert report.words == "refused"
    assert report.rows[-1].failure is not None
    assert report.rows[-1].failure.culprits == ("entry 0",)


@pytest.mark.parametrize("attack", ATTACKS[::7], ids=str)
def test_the_first_lie_ends_the_report(played: Played, attack: Attack) -> None:
    _, data, note, trust = forge(played, attack)
    report = verify(data, note, trust)
    assert report.verdict is Verdict.REFUSED
    assert [row.check for row in report.rows if row.failure] == [report.rows[-1].check] == [attack.check]


def test_an_honest_mark_founded_anew_is_shown(played: Played) -> None:
    forger = Forger(played.data, played.keys)
    forger.insert(forger.find("approval_begun"), {"kind": "mark_founded", "custodian": 2, "size": 0, "root": "0x" + "00" * 32})
    report = verify(forger.rebuild(), forger.close(), played.offline)
    assert report.verdict is Verdict.CHAIN_NOT_CHECKED
    assert any("custodian 2 in entry 127" in row.line for row in report.rows if row.check == "marks_were_founded_openly")
