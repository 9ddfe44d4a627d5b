"""Attacks on the dealing: the table of `tests.adversary.attacks`, continued."""

from ceremony.acts.words import EVEN
from ceremony.records.base import to_hex
from ceremony.records.plan_text import plan_digest
from tests.adversary.attacks import WRONG, named, refused_by, to, within
from tests.adversary.forge import Body, Forger

OFF_CURVE = "0x04" + "11" * 64
ABANDONED = {"kind": "dealing_abandoned", "dealing": 1, "reason": "a shard was lost"}


@refused_by("contributions_were_committed_first")
def the_last_to_speak_chose_its_points(forger: Forger) -> tuple[str, ...]:
    forger.twist("contribution_committed", to(digest=WRONG), 7)
    return named(forger.find("contribution_revealed", 7), "custodian 7")


@refused_by("contributions_were_committed_first", "commitments_are_their_sum")
def a_contribution_of_four_points(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("contribution_revealed", lambda body: body["points"].pop()), "system")


@refused_by("commitments_are_their_sum", "holding_was_attested")
def the_dealer_dealt_something_else(forger: Forger) -> tuple[str, ...]:
    def swap(body: Body) -> None:
        body["commitments"][0] = body["commitments"][1]

    return named(forger.twist("dealt", swap), "the dealer")


@refused_by("commitments_are_their_sum")
def a_dealer_whose_memory_was_not_locked_as_the_plan_requires(forger: Forger) -> tuple[str, ...]:
    body = forger.body("ceremony_opened")
    body["plan_text"] = body["plan_text"].replace("\n[quorum]", "require_locked_memory = true\n\n[quorum]")
    body["plan_digest"] = to_hex(plan_digest(body["plan_text"]))
    return named(forger.find("dealt"), "the dealer")


@refused_by("shards_cannot_leave")
def a_shard_that_can_leave(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("loaded", within("attributes", extractable=True), 2), "custodian 3")


@refused_by("shards_cannot_leave")
def a_shard_that_can_sign(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("loaded", within("attributes", sign=True)), "custodian 1")


@refused_by("holding_was_attested")
def a_custodian_judged_by_other_commitments(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("evidence", commitments=WRONG), 2), "custodian 3")


@refused_by("holding_was_attested")
def an_answer_changed_after_it_was_signed(forger: Forger) -> tuple[str, ...]:
    return named(forger.spoil("holding_attested", within("evidence", "observations", 0, answer=WRONG)), "custodian 1")


@refused_by("holding_was_attested")
def a_signature_of_another_custodian(forger: Forger) -> tuple[str, ...]:
    place = forger.spoil("holding_attested", to(signature=forger.body("holding_attested", 1)["signature"]))
    return named(place, "custodian 1")


@refused_by("holding_was_attested")
def somebody_was_not_challenged(forger: Forger) -> tuple[str, ...]:
    place = forger.twist("holding_attested", lambda body: body["evidence"]["observations"].pop(), 3)
    return named(place, "custodian 4")


@refused_by("holding_was_attested")
def somebody_challenged_itself(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("evidence", "observations", 0, holder=4), 3), "custodian 4")


@refused_by("holding_was_attested")
def a_challenge_used_twice(forger: Forger) -> tuple[str, ...]:
    seen = forger.body("holding_attested", 1)["evidence"]["observations"][0]
    change = within("evidence", "observations", 2, point=seen["point"], nonce=seen["nonce"])
    return named(forger.twist("holding_attested", change, 4), "custodian 5")


@refused_by("holding_was_attested")
def a_challenge_that_is_no_point(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("evidence", "observations", 5, point=OFF_CURVE)))


@refused_by("holding_was_attested")
def the_challengers_own_shard_can_leave(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("evidence", "own", extractable=True)), "custodian 1")


@refused_by("holding_was_attested")
def an_attestation_about_something_else(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("attestation", subject="retirement")), "custodian 1")


@refused_by("recovery_was_shown")
def an_envelope_of_another_dealing(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("test_sealed", within("header", dealing=2)))


@refused_by("recovery_was_shown")
def an_envelope_that_was_no_test(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("test_sealed", within("header", description=EVEN[0])))


@refused_by("recovery_was_shown")
def an_envelope_for_six(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("test_sealed", lambda body: body["header"]["tags"].pop()))


@refused_by("recovery_was_shown")
def a_witness_of_one_opening_only(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("opening_attested", lambda body: body["evidence"]["sets"].pop(), 3), "custodian 4")


@refused_by("recovery_was_shown")
def a_witness_of_another_envelope(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("opening_attested", within("evidence", header_digest=WRONG), 6), "custodian 7")


@refused_by("recovery_was_shown")
def a_witness_who_did_not_sign(forger: Forger) -> tuple[str, ...]:
    place = forger.spoil("opening_attested", to(signature=forger.body("opening_attested", 1)["signature"]))
    return named(place, "custodian 1")


@refused_by("transport_keys_are_gone")
def a_transport_key_is_left(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("retired", within("evidence", transport_keys=1), 1), "custodian 2")


@refused_by("transport_keys_are_gone")
def two_shards_are_left(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("retired", within("evidence", shards=2), 6), "custodian 7")


@refused_by("transport_keys_are_gone")
def a_retirement_that_nobody_signed(forger: Forger) -> tuple[str, ...]:
    place = forger.spoil("retired", to(signature=forger.body("holding_attested", 2)["signature"]), 2)
    return named(place, "custodian 3")


@refused_by("abandoned_dealings_are_gone")
def a_token_keeps_a_shard_of_an_abandoned_dealing(forger: Forger) -> tuple[str, ...]:
    forger.cut(forger.find("holding_begun"))
    forger.append(ABANDONED)
    for index in range(1, 8):
        forger.append({"kind": "discard_begun", "dealing": 1, "custodian": index})
        left = {"kind": "discarded", "dealing": 1, "custodian": index, "shards": int(index == 5), "transport_keys": 0}
        forger.append(left)
    return named(forger.find("discarded", 4), "custodian 5")


@refused_by("holding_was_attested")
def evidence_of_another_token_than_the_entrys(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("evidence", token_number=2), 1), "custodian 2")


@refused_by("holding_was_attested")
def a_challenge_of_a_token_that_there_is_not(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("holding_attested", within("evidence", "observations", 0, token_number=2), 4), "custodian 5")


@refused_by("transport_keys_are_gone")
def the_retirement_of_another_token_than_the_entrys(forger: Forger) -> tuple[str, ...]:
    return named(forger.twist("retired", within("evidence", token_number=3)), "custodian 1")
