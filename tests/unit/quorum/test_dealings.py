"""What makes a dealing sound, from public data: points shown as committed, their sum, attestations; every lie names its source."""

import pytest

from ceremony.errors import DealingError, ShareError
from ceremony.quorum.dealings import parse_points, require_attested, require_contribution, require_sum
from ceremony.records.base import to_hex
from ceremony.records.dealing_entries import HoldingAttested
from ceremony.records.structs import TypedAct
from ceremony.shards.secret import contribution_digest
from tests.adversary.quorum_bypasses import honest_scene
from tests.adversary.scene import STRANGER, sign
from tests.simulators.eventful import eventful_book

SCENE = honest_scene()
STATE = SCENE.state
COMMITTED, REVEALED = STATE.contributions, STATE.revealed
WHO = "custodian 3"
ONES = "0x" + "11" * 32
NO_POINT = "0x02" + "00" * 31 + "01"


@pytest.mark.parametrize("source", list(COMMITTED))
def test_every_source_shows_what_it_committed_to(source):
    require_contribution(COMMITTED[source], REVEALED[source], 5)


@pytest.mark.parametrize(
    "points",
    [
        REVEALED["custodian 4"].points,
        REVEALED[WHO].points[:4],
        (*REVEALED[WHO].points, REVEALED[WHO].points[0]),
        REVEALED[WHO].points[::-1],
        (),
        (NO_POINT, *REVEALED[WHO].points[1:]),
    ],
    ids=["another's", "one fewer", "one more", "another order", "none", "no point"],
)
def test_other_points_name_their_source(points):
    with pytest.raises(DealingError) as refusal:
        require_contribution(COMMITTED[WHO], REVEALED[WHO].model_copy(update={"points": points}), 5)
    assert refusal.value.culprits == (WHO,)


def test_points_of_another_number_are_refused_though_they_were_committed_to():
    """A polynomial of a lower degree would need fewer than five."""
    four = REVEALED[WHO].model_copy(update={"points": REVEALED[WHO].points[:4]})
    committed = COMMITTED[WHO].model_copy(update={"digest": to_hex(contribution_digest(parse_points(four.points)))})
    require_contribution(committed, four, 4)
    with pytest.raises(DealingError, match=WHO):
        require_contribution(committed, four, 5)


def test_the_commitments_are_the_sum():
    parts = [entry.points for entry in REVEALED.values()]
    require_sum(STATE.dealt.commitments, parts)
    require_sum(STATE.dealt.commitments, parts[::-1])
    for wrong in (parts[1:], [*parts, parts[0]]):
        with pytest.raises(DealingError) as refusal:
            require_sum(STATE.dealt.commitments, wrong)
        assert refusal.value.culprits == ("the dealer",)


def test_a_sum_of_nothing_or_of_no_points_is_refused():
    for parts in ([], [(NO_POINT,) * 5]):
        with pytest.raises(ShareError):
            require_sum(STATE.dealt.commitments, parts)


# --- attestations ---

ENTRY = next(entry.body for entry in eventful_book() if isinstance(entry.body, HoldingAttested) and entry.body.custodian == 3)
FACTS = {"subject": "holding", "domain": STATE.domain, "ceremony": STATE.opened.ceremony, "custodian": 3}


def attested(entry, **changes):
    facts = {**FACTS, "dealing": entry.dealing, "address": STATE.roster[3], **changes}
    require_attested(entry.attestation, entry.signature, entry.evidence, **facts)


def test_what_a_custodian_signed_stands():
    attested(ENTRY)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "opening"},
        {"ceremony": ONES},
        {"dealing": 9},
        {"custodian": 4},
        {"address": STATE.roster[4]},
        {"domain": STATE.domain.model_copy(update={"name": "ceremony"})},
        {"domain": STATE.domain.model_copy(update={"salt": ONES})},
    ],
    ids=str,
)
def test_each_fact_of_an_attestation_changed_once(change):
    with pytest.raises(DealingError) as refusal:
        attested(ENTRY, **change)
    assert refusal.value.culprits == (f"custodian {change.get('custodian', 3)}",)


def test_other_evidence_or_another_signer_is_refused():
    other = ENTRY.evidence.model_copy(update={"observations": ENTRY.evidence.observations[1:]})
    with pytest.raises(DealingError, match="not what stands in the entry"):
        attested(ENTRY.model_copy(update={"evidence": other}))
    forged = sign(STRANGER, TypedAct(domain=STATE.domain, struct=ENTRY.attestation))
    with pytest.raises(DealingError, match="not validly signed"):
        attested(ENTRY.model_copy(update={"signature": forged}))
