"""The quorum rule: five distinct enrolled custodians over this exact act (the table of bypasses is in tests/adversary)."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.acts.digest import digest
from ceremony.errors import ApprovalError, DeadlinePassed, QuorumError
from ceremony.quorum.approvals import require_alive, require_approval, require_distinct_keys, require_quorum
from ceremony.records.base import to_hex
from ceremony.records.structs import Checkpoint
from tests.adversary.quorum_bypasses import honest_scene
from tests.adversary.scene import sign

SCENE = honest_scene()
ROSTER = SCENE.state.roster
GIVEN = {one.custodian: one for one in SCENE.approvals(*range(1, 8))}


def meet(custodians, *, k=5, roster=ROSTER):
    given = [GIVEN[index] for index in custodians]
    return [one.custodian for one in require_quorum(SCENE.act, given, roster, k=k, epoch=1, sequence=0)]


@pytest.mark.parametrize("size", range(8))
def test_every_subset_of_the_seven(size):
    for custodians in combinations(range(1, 8), size):
        if size >= 5:
            assert meet(custodians) == list(custodians)
            continue
        with pytest.raises(QuorumError) as refusal:
            meet(custodians)
        missing = [index for index in range(1, 8) if index not in custodians]
        assert refusal.value.culprits == tuple(f"custodian {index} has not approved" for index in missing)
        assert f"{size} of 5" in refusal.value.message


@settings(max_examples=20)
@given(st.permutations(range(1, 8)))
def test_the_order_of_approvals_does_not_matter(order):
    assert meet(order) == sorted(order)


def test_k_comes_from_the_caller():
    assert meet((1, 2, 3), k=3) == [1, 2, 3]
    with pytest.raises(QuorumError):
        meet((1, 2, 3, 4, 5, 6), k=7)


def test_one_bad_approval_spoils_the_rest():
    """It is never merely left out: somebody has put it there."""
    given = [*GIVEN.values(), SCENE.approval(6, SCENE.signed(5))]
    with pytest.raises(ApprovalError) as refusal:
        require_quorum(SCENE.act, given, ROSTER, k=5, epoch=1, sequence=0)
    assert refusal.value.culprits == ("custodian 6",)


def test_an_approval_counts_for_its_custodian_alone():
    require_approval(GIVEN[3], SCENE.act, ROSTER)
    with pytest.raises(ApprovalError) as refusal:
        require_approval(GIVEN[3], SCENE.act, {index: key for index, key in ROSTER.items() if index != 3})
    assert refusal.value.culprits == ("custodian 3",)


def test_custodians_who_share_a_key_are_named():
    require_distinct_keys(ROSTER)
    with pytest.raises(ApprovalError) as refusal:
        require_distinct_keys({**ROSTER, 2: ROSTER[6]})
    assert refusal.value.culprits == ("custodian 2", "custodian 6")


def test_an_act_lives_to_its_last_second():
    act = SCENE.act.struct
    require_alive(act, act.deadline)
    with pytest.raises(DeadlinePassed):
        require_alive(act, act.deadline + 1)


@pytest.mark.parametrize(
    ("given", "culprit"),
    [
        (lambda: SCENE.approval(5, sign(SCENE.keys[5], SCENE.other(size=1)), to_hex(digest(SCENE.other(size=1)))), "custodian 5"),
        (lambda: GIVEN[4], "custodian 4"),
    ],
    ids=["another act", "the same one again"],
)
def test_a_fifth_approval_that_does_not_count(given, culprit):
    with pytest.raises(ApprovalError) as refusal:
        require_quorum(SCENE.act, [*SCENE.approvals(1, 2, 3, 4), given()], ROSTER, k=5, epoch=1, sequence=0)
    assert refusal.value.culprits == (culprit,)


@pytest.mark.parametrize("now", [{"epoch": 2, "sequence": 0}, {"epoch": 1, "sequence": 1}])
def test_an_act_of_another_place_is_not_met(now):
    with pytest.raises(ApprovalError) as refusal:
        require_quorum(SCENE.act, GIVEN.values(), ROSTER, k=5, **now)
    assert refusal.value.culprits == ("the act",)


def test_a_quorum_is_of_an_act_that_a_quorum_approves():
    act = SCENE.act.model_copy(update={"struct": Checkpoint(origin="x", size=1, root=SCENE.act.struct.root)})
    with pytest.raises(ApprovalError, match="Checkpoint"):
        require_quorum(act, (), ROSTER, k=5, epoch=1, sequence=0)
