"""One attack for each thing that a check forbids, by an insider who makes everything else fit: this table, the room's own rules in reverse.

Every attack takes a forger who holds all seven keys, so that nothing but the named check can refuse what comes out. It returns the culprits
that the refusal must name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from tests.adversary.forge import Body, Change, Forger

WRONG = "0x" + "11" * 32
ENTRY_0 = ("entry 0",)


@dataclass(frozen=True)
class Attack:
    """What is changed, which check refuses it, and which other checks refuse it too when the first lie does not end the report."""

    check: str
    change: Callable[[Forger], tuple[str, ...]]
    also: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.check}-{self.change.__name__}"


ATTACKS: list[Attack] = []


def refused_by(check: str, *also: str) -> Callable[[Callable[[Forger], tuple[str, ...]]], Callable[[Forger], tuple[str, ...]]]:
    """Put an attack into the table."""

    def register(change: Callable[[Forger], tuple[str, ...]]) -> Callable[[Forger], tuple[str, ...]]:
        ATTACKS.append(Attack(check, change, frozenset(also)))
        return change

    return register


def to(**fields: object) -> Change:
    """A change that sets fields of a body."""
    return lambda body: body.update(fields)


def within(*path: str | int, **fields: object) -> Change:
    """A change that sets fields deeper in a body."""

    def change(body: Body) -> None:
        for step in path:
            body = body[step]  # type: ignore[index]
        body.update(fields)

    return change


def named(entry: int, *others: str) -> tuple[str, ...]:
    """The entry, then whoever else is to blame."""
    return (f"entry {entry}", *others)


# --- the transcript ---


@refused_by("protocol_was_followed")
def an_intent_is_missing(forger: Forger) -> tuple[str, ...]:
    place = forger.find("load_begun", 3)
    del forger.entries[place]
    return named(place)


@refused_by("protocol_was_followed")
def a_custodian_approves_twice(forger: Forger) -> tuple[str, ...]:
    place = forger.find("approved", 4)
    forger.insert(place + 1, forger.body("approved", 4))
    return named(place + 1)


@refused_by("protocol_was_followed")
def four_approvals_go_to_the_chain(forger: Forger) -> tuple[str, ...]:
    for kind in ("approval_begun", "approved"):
        del forger.entries[forger.find(kind, 4)]
    forger.body("anchor_begun")["custodians"] = [1, 2, 3, 4]
    forger.body("closing_named")["custodians"] = [1, 2, 3, 4]
    return named(forger.find("anchor_begun"))


@refused_by("protocol_was_followed")
def five_names_of_four_people(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("anchor_begun", to(custodians=[1, 2, 3, 4, 4])))


@refused_by("protocol_was_followed")
def four_close(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("closing_named", to(custodians=[1, 2, 3, 4])))


@refused_by("protocol_was_followed")
def the_plan_offers_a_quorum_of_four(forger: Forger) -> tuple[str, ...]:
    forger.spoil("ceremony_opened", lambda body: body.update(plan_text=body["plan_text"].replace("k = 5", "k = 4")))
    return ENTRY_0


@refused_by("rehearsal_is_admitted")
def a_rehearsal_that_signs_as_if_it_were_none(forger: Forger) -> tuple[str, ...]:
    forger.body("ceremony_opened")["rehearsal"] = False
    return ENTRY_0


@refused_by("plan_is_the_one_signed_for")
def entry_0_names_another_plan(forger: Forger) -> tuple[str, ...]:
    forger.twist("ceremony_opened", to(plan_digest=WRONG))
    return ENTRY_0


@refused_by(
    "artifact_is_known", "contract_follows_from_the_roster", "genesis_covers_the_transcript", "receipt_is_of_this_act"
)
def a_contract_that_nobody_has(forger: Forger) -> tuple[str, ...]:
    forger.twist("ceremony_opened", within("files", 1, sha256=WRONG))
    return ENTRY_0


@refused_by("runs_were_tested")
def a_run_without_its_self_tests(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("run_started", to(self_tests=[]), 2))


@refused_by("marks_were_founded_openly")
def a_mark_of_another_history(forger: Forger) -> tuple[str, ...]:
    place = forger.find("approval_begun")
    forger.insert(place, {"kind": "mark_founded", "custodian": 2, "size": 0, "root": WRONG})
    return named(forger.twist("mark_founded", to(root=WRONG)))


# --- the people ---

IMPORT_KEY = "0x302a300506032b656e032100" + "11" * 32
"""An X25519 key of some process, DER."""


@refused_by("enrolments_are_signed")
def an_enrolment_signed_by_somebody_else(forger: Forger) -> tuple[str, ...]:
    forger.keys[3], mine = forger.keys[4], forger.keys[3]
    place = forger.spoil("enrolled", lambda _body: forger.keys.update({3: mine}), 2)
    return named(place, "custodian 3")


@refused_by("enrolments_are_signed", "transport_keys_are_signed")
def a_token_that_the_plan_does_not_name(forger: Forger) -> tuple[str, ...]:
    place = forger.twist("enrolled", within("token", serial="other"))
    forger.twist("enrolled", within("enrolment", serial="other"))
    forger.twist("transport_made", within("transport", serial="other"))
    return named(place, "custodian 1")


@refused_by("enrolments_are_signed")
def an_enrolment_for_another_epoch(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("enrolled", within("enrolment", epoch=2), 6), "custodian 7")


@refused_by(
    "enrolments_are_signed",
    "quorum_approved",
    "contract_follows_from_the_roster",
    "genesis_covers_the_transcript",
    "receipt_is_of_this_act",
)
def one_key_for_two_custodians(forger: Forger) -> tuple[str, ...]:
    first, key = forger.body("enrolled"), forger.keys[1]
    forger.keys[2] = key
    forger.twist("enrolled", to(public_key=first["public_key"]), 1)
    forger.twist("enrolled", within("enrolment", governance_key=first["enrolment"]["governance_key"]), 1)
    return ("custodian 1", "custodian 2")


@refused_by("keys_were_born_in_tokens")
def a_governance_key_that_can_leave(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("enrolled", within("attributes", extractable=True), 1), "custodian 2")


@refused_by("keys_were_born_in_tokens")
def a_governance_key_brought_from_elsewhere(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("enrolled", within("attributes", local=False)), "custodian 1")


@refused_by("keys_were_born_in_tokens")
def a_transport_key_that_frees_what_it_unwraps(forger: Forger) -> tuple[str, ...]:
    place = forger.twist("transport_made", lambda body: body["attributes"].update({"unwrap.extractable": True}), 4)
    return named(place, "custodian 5")


@refused_by("keys_were_born_in_tokens")
def an_attribute_nobody_read_back(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("transport_made", lambda body: body["attributes"].pop("decrypt")), "custodian 1")


@refused_by("plain_imports_are_named", "transport_keys_are_signed")
def a_shard_in_the_clear_that_the_plan_does_not_allow(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("transport_made", to(public_key=IMPORT_KEY), 2), "custodian 3")


@refused_by("roster_was_confirmed")
def a_custodian_confirmed_other_people(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("roster_confirmed", to(roster_digest=WRONG), 5), "custodian 6")


@refused_by("transport_keys_are_signed")
def a_transport_key_put_in_the_place_of_the_signed_one(forger: Forger) -> tuple[str, ...]:
    other = forger.body("transport_made", 3)["public_key"]
    return named(forger.spoil("transport_made", to(public_key=other)), "custodian 1")


@refused_by("transport_keys_are_signed")
def a_transport_key_that_its_custodian_did_not_sign(forger: Forger) -> tuple[str, ...]:
    return named(forger.spoil("transport_made", to(signature=forger.body("transport_made", 1)["signature"])), "custodian 1")
