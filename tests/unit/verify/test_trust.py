"""What the reader brings along from outside: roster or contract, and the admission of a rehearsal."""

from dataclasses import replace
from pathlib import Path

import pytest

from ceremony.acts.digest import digest
from ceremony.anchor.artifacts.deployment import create_address
from ceremony.records.base import from_hex, to_hex
from ceremony.verify.report import Report, Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.adversary.attacks import ENTRY_0, to
from tests.adversary.forge import Forger
from tests.adversary.played import Played, play

KNOWN = "0x" + "77" * 20
"""A contract that everybody knows, which has nothing to do with the ceremony shown."""
PAYER = "0x" + "88" * 20
WRONG = "0x" + "11" * 32


def refusal(report: Report) -> tuple[str, tuple[str, ...]]:
    failure = report.rows[-1].failure
    assert failure is not None
    return failure.check, failure.culprits


@pytest.mark.parametrize("roster", [True, False])
@pytest.mark.parametrize("contract", [True, False])
def test_roster_or_contract_tie_the_people(played: Played, roster: bool, contract: bool) -> None:
    trust = Trust(roster=played.roster if roster else None, contract=played.contract if contract else None, rehearsal=True)
    verdict = verify(played.data, played.note, trust).verdict
    assert verdict is (Verdict.CHAIN_NOT_CHECKED if roster or contract else Verdict.SELF_CONSISTENT_ONLY)


@pytest.mark.parametrize(
    ("roster", "contract", "culprit"),
    [(WRONG, None, "the roster"), (None, KNOWN, "the contract"), (WRONG, True, "the roster"), (True, KNOWN, "the contract")],
)
def test_another_roster_or_contract_is_refused(played: Played, roster: str | bool, contract: str | bool, culprit: str) -> None:
    trust = Trust(
        roster=played.roster if roster is True else roster or None,
        contract=played.contract if contract is True else contract or None,
        rehearsal=True,
    )
    assert refusal(verify(played.data, played.note, trust)) == ("roster_is_the_one_known_outside", (culprit,))


def test_an_invented_ceremony_is_perfect_but_for_its_people(played: Played) -> None:
    other = play(2)
    assert verify(other.data, other.note, other.offline).verdict is Verdict.CHAIN_NOT_CHECKED
    assert verify(other.data, other.note, Trust(rehearsal=True)).verdict is Verdict.SELF_CONSISTENT_ONLY
    assert refusal(verify(other.data, other.note, played.offline)) == ("roster_is_the_one_known_outside", ("the roster",))


def invented(played: Played, by: str, contract: str, planned: str | None = None) -> tuple[bytes, bytes]:
    """A ceremony among strangers whose entries say that it deployed `contract`."""
    forger = Forger(played.data, played.keys)
    opened = forger.body("ceremony_opened")
    opened["plan_text"] = opened["plan_text"].replace('contract = "deploy"', f'contract = "{planned or contract}"')
    forger.twist("deploy_begun", to(contract=contract, by=by))
    return forger.rebuild(), forger.close()


@pytest.mark.parametrize("by", ["factory of our own", "factory 0x", "anything", "payer"])
def test_a_known_contract_cannot_be_claimed_by_an_invented_way_of_deploying(played: Played, by: str) -> None:
    """Once accepted as "chain not checked": a `by` that begins with "factory" passed for a CREATE2 address that binds the roster."""
    data, note = invented(played, by, KNOWN)
    assert refusal(verify(data, note, Trust(contract=KNOWN, rehearsal=True))) == ("contract_follows_from_the_roster", ("entry 124",))


def test_a_contract_deployed_by_others_tells_nothing_offline(played: Played) -> None:
    data, note = invented(played, "others, before", KNOWN)
    assert verify(data, note, Trust(contract=KNOWN, rehearsal=True)).verdict is Verdict.SELF_CONSISTENT_ONLY
    assert verify(data, note, replace(played.offline, contract=KNOWN)).verdict is Verdict.CHAIN_NOT_CHECKED


def test_a_payers_contract_tells_nothing_offline(played: Played) -> None:
    address = to_hex(create_address(from_hex(PAYER), 128))
    data, note = invented(played, f"payer {PAYER} nonce 128", address, "deploy")
    assert verify(data, note, Trust(contract=address, rehearsal=True)).verdict is Verdict.SELF_CONSISTENT_ONLY
    assert verify(data, note, replace(played.offline, contract=address)).verdict is Verdict.CHAIN_NOT_CHECKED


def test_a_plan_that_names_another_contract_is_refused(played: Played) -> None:
    address = to_hex(create_address(from_hex(PAYER), 3))
    data, note = invented(played, f"payer {PAYER} nonce 3", address, KNOWN)
    assert refusal(verify(data, note, played.offline)) == ("contract_follows_from_the_roster", ("entry 124",))


def test_a_contract_known_outside_is_tied_by_its_code_on_chain(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one")
    report = verify(played.data, played.note, Trust(contract=played.contract, readers=(reader,), rehearsal=True))
    assert report.verdict is Verdict.SINGLE_SOURCE


def test_before_everybody_is_enrolled_no_roster_is_judged(played: Played) -> None:
    forger = Forger(played.data)
    forger.cut(forger.find("enrol_begun", 6))
    report = verify(forger.rebuild(), None, played.offline)
    assert report.verdict is Verdict.NOT_CLOSED
    assert not any(row.failure for row in report.rows)


# --- rehearsals ---


def test_a_rehearsal_is_refused_unless_asked_for(played: Played) -> None:
    assert refusal(verify(played.data, played.note, Trust(roster=played.roster))) == ("rehearsal_is_admitted", ENTRY_0)


def test_to_admit_a_rehearsal_improves_no_verdict(earnest: Played) -> None:
    without, admitted = (verify(earnest.data, earnest.note, Trust(roster=earnest.roster, rehearsal=flag)) for flag in (False, True))
    assert without == admitted
    assert (without.verdict, without.words) == (Verdict.CHAIN_NOT_CHECKED, "chain not checked")


def test_a_rehearsal_says_so_in_its_verdict(played: Played) -> None:
    assert verify(played.data, played.note, played.offline).words == "chain not checked, rehearsal"


def test_a_rehearsals_signatures_are_worth_nothing_elsewhere(played: Played) -> None:
    """Entry 0 and the plan made to say "no rehearsal": the domain in every signature says otherwise."""
    forger = Forger(played.data)
    opened = forger.body("ceremony_opened")
    opened |= {"rehearsal": False, "plan_text": opened["plan_text"].replace("rehearsal = true", "rehearsal = false")}
    check, culprits = refusal(verify(forger.rebuild(), played.note, Trust(roster=played.roster)))
    assert (check, culprits[0]) == ("enrolments_are_signed", "entry 3")


def test_a_rehearsals_act_has_another_digest(played: Played, earnest: Played) -> None:
    acts = []
    for ceremony in (played, earnest):
        forger = Forger(ceremony.data)
        forger.rebuild()
        acts.append(forger.acts[1])
    assert acts[0].domain.name == "ceremony rehearsal"
    assert acts[1].domain.name == "ceremony"
    moved = acts[0].model_copy(update={"domain": acts[0].domain.model_copy(update={"name": "ceremony"})})
    assert digest(moved) != digest(acts[0])
