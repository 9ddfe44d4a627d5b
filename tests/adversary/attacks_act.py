"""Attacks on the contract, the act and its receipt: the table of `tests.adversary.attacks`, continued."""

from copy import deepcopy

from tests.adversary.attacks import ATTACKS, WRONG, Attack, named, refused_by, to, within
from tests.adversary.forge import Body, Forger

ELSEWHERE = "0x" + "22" * 20
FAR = 2**40
"""A time after every deadline."""
UNKNOWN_WAYS = ("factory 0x", "payer nobody nonce 3", "payer 0x12 nonce 3", f"payer {ELSEWHERE} nonce", "payer", "magic", "others")
"""None of them deploys anything; some once ended `verify` with a traceback."""


@refused_by("contract_follows_from_the_roster")
def a_contract_at_an_address_of_the_operators_choice(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("deploy_begun", to(contract=ELSEWHERE)))


@refused_by("contract_follows_from_the_roster")
def a_contract_made_for_another_roster(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("deploy_begun", to(roster_digest=WRONG)))


@refused_by("contract_follows_from_the_roster")
def a_contract_of_other_code(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("deploy_begun", to(creation_code_digest=WRONG)))


@refused_by("contract_follows_from_the_roster")
def a_payers_address_that_does_not_follow_from_its_nonce(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("deploy_begun", to(by=f"payer {ELSEWHERE} nonce 3")))


def _by(way: str) -> Attack:
    def change(forger: Forger) -> tuple[str, ...]:
        return named(forger.twist("deploy_begun", to(by=way)))

    change.__name__ = f"a_contract_deployed_by_{way.replace(' ', '_')}"
    return Attack("contract_follows_from_the_roster", change)


ATTACKS += [_by(way) for way in UNKNOWN_WAYS]


@refused_by("contract_follows_from_the_roster")
def another_contract_was_read_back(forger: Forger) -> tuple[str, ...]:
    def change(body: Body) -> None:
        body["contract"] = forger.contract = ELSEWHERE

    return named(forger.twist("deployed", change))


@refused_by("contract_follows_from_the_roster")
def a_contract_that_four_can_move(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("deployed", within("seen", k=4)), "k is 4, must be 5")


@refused_by("contract_follows_from_the_roster")
def a_contract_that_had_acted_before(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("deployed", within("seen", sequence=1)))


@refused_by("genesis_covers_the_transcript")
def an_act_over_another_history(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("proposed", within("act", root=WRONG)))


@refused_by("genesis_covers_the_transcript")
def an_act_for_another_plan(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("proposed", within("act", plan_digest=WRONG)))


@refused_by("genesis_covers_the_transcript")
def an_act_that_outlives_the_plans_hours(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("proposed", lambda body: body["act"].update(deadline=body["act"]["deadline"] + 1)))


@refused_by("genesis_covers_the_transcript", "quorum_approved")
def an_act_of_another_epoch(forger: Forger) -> tuple[str, ...]:
    forger.twist("proposed", within("act", epoch=2))
    return named(forger.twist("proposed", within("seen", epoch=2)))


@refused_by("genesis_covers_the_transcript")
def an_act_for_a_contract_of_five_others(forger: Forger) -> tuple[str, ...]:
    place = forger.twist("proposed", within("seen", roster_digest=WRONG))
    right = forger.body("deployed")["seen"]["roster_digest"]
    return named(place, f"roster_digest is {WRONG}, must be {right}")


@refused_by("stopped_acts_are_dead")
def a_stopped_act_whose_death_another_contract_showed(forger: Forger) -> tuple[str, ...]:
    forger.cut(forger.find("approval_begun"))
    seen = deepcopy(forger.body("proposed")["seen"])
    seen["block"]["time"] = FAR
    forger.append({"kind": "act_voided", "attempt": 1, "seen": seen})
    return named(forger.twist("act_voided", within("seen", halting=4)), "halting is 4, must be 3")


@refused_by("approvals_are_valid", "quorum_approved")
def an_approval_copied_from_a_neighbour(forger: Forger) -> tuple[str, ...]:
    place = forger.spoil("approved", to(signature=forger.body("approved", 1)["signature"]))
    return named(place, "custodian 1")


@refused_by("approvals_are_valid", "quorum_approved")
def an_approval_of_another_act(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("approved", to(digest=WRONG), 4), "custodian 5")


@refused_by("approvals_are_valid")
def an_intent_to_sign_something_else(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("approval_begun", to(digest=WRONG), 2), "custodian 3")


@refused_by("quorum_approved")
def another_act_went_to_the_chain(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchor_begun", to(digest=WRONG)))


@refused_by("quorum_approved")
def effects_that_do_not_follow_from_the_act(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchor_begun", within("effects", epoch=2)))


@refused_by("quorum_approved", "receipt_is_of_this_act")
def an_act_that_is_not_the_contracts_first(forger: Forger) -> tuple[str, ...]:
    forger.twist("proposed", within("act", sequence=1))
    forger.twist("proposed", within("seen", sequence=1))
    forger.twist("anchored", within("seen", sequence=3))
    return ("the act",)


@refused_by("receipt_is_of_this_act")
def a_head_that_does_not_follow(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchored", within("seen", head=WRONG)))


@refused_by("receipt_is_of_this_act")
def a_genesis_root_of_something_else(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchored", within("seen", genesis_root=WRONG)))


@refused_by("receipt_is_of_this_act")
def a_receipt_of_another_act(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchored", to(digest=WRONG)))


@refused_by("receipt_is_of_this_act")
def more_acts_than_one(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchored", within("seen", sequence=2)))


@refused_by("receipt_is_of_this_act")
def a_receipt_after_the_deadline(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchored", within("block", time=FAR)))


@refused_by("receipt_is_of_this_act")
def a_receipt_from_before_the_proposal(forger: Forger) -> tuple[str, ...]:
    number = forger.body("proposed")["seen"]["block"]["number"]
    return named(forger.twist("anchored", within("block", number=number)))


@refused_by("receipt_is_of_this_act")
def a_receipt_from_after_the_reading(forger: Forger) -> tuple[str, ...]:
    number = forger.body("anchored")["seen"]["block"]["number"]
    return named(forger.twist("anchored", within("block", number=number + 1)))


@refused_by("receipt_is_of_this_act")
def a_receipt_of_a_contract_that_four_can_move(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchored", within("seen", k=4)), "k is 4, must be 5")
