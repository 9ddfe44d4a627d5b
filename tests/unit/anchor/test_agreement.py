"""Several endpoints, one answer; whoever differs is named; nobody waits for ever (P7)."""

import pytest

from ceremony.anchor import agreement
from ceremony.anchor.agreement import agree_final, require_chain, require_same, see_contract, wait_final
from ceremony.errors import ChainLied, ChainMismatch, NotFinal
from tests.simulators.chain import CHAIN_ID, SimulatedChain
from tests.simulators.stages import Stage, ceremony_at


class Endpoint(SimulatedChain):
    """One that can be made to lie or lag."""

    identity = CHAIN_ID
    behind = 0
    other_hash = False

    def chain_id(self):
        return self.identity

    def finalized(self):
        return self.block(super().finalized().number - self.behind)

    def block(self, number):
        seen = super().block(number)
        return seen.model_copy(update={"hash": "0x" + "11" * 32}) if self.other_hash else seen


@pytest.fixture
def endpoints(tmp_path):
    ceremony = ceremony_at(Stage.CLOSED, tmp_path)
    found = [Endpoint(ceremony.chain._path) for _ in range(3)]
    for number, one in enumerate(found, 1):
        one.name = f"endpoint {number}"
    return found


def contract_of(endpoints):
    return endpoints[0]._data["contract"]["address"]


def test_endpoints_that_agree_are_one(endpoints):
    require_chain(endpoints, CHAIN_ID)
    agreed = agree_final(endpoints)
    assert agreed.endpoints == ("endpoint 1", "endpoint 2", "endpoint 3")
    assert agreed.block == endpoints[0].block(agreed.block.number)
    assert see_contract(endpoints, contract_of(endpoints)).sequence == 1
    assert require_same(endpoints, "x", lambda reader: reader.chain_id()) == CHAIN_ID


def test_every_endpoint_of_another_chain_is_named(endpoints):
    endpoints[0].identity = endpoints[2].identity = 1
    with pytest.raises(ChainMismatch) as refusal:
        require_chain(endpoints, CHAIN_ID)
    assert refusal.value.culprits == ("endpoint 1 serves chain 1", "endpoint 3 serves chain 1")


def test_the_oldest_of_the_newest_is_the_one_all_can_show(endpoints):
    endpoints[1].behind = 7
    number = agree_final(endpoints).block.number
    assert number == min(one.finalized().number for one in endpoints) - 1


def test_one_hash_that_differs_stops(endpoints):
    endpoints[1].other_hash = True
    with pytest.raises(ChainLied) as refusal:
        agree_final(endpoints)
    assert [culprit.split(":")[0] for culprit in refusal.value.culprits] == ["endpoint 1", "endpoint 2", "endpoint 3"]
    assert "endpoint 2: 0x1111" in refusal.value.culprits[1]


def test_a_contract_shown_otherwise_by_one_stops(endpoints):
    endpoints[2]._data["genesis"] = None
    with pytest.raises(ChainLied, match="differently"):
        see_contract(endpoints, contract_of(endpoints))


def test_any_fact_shown_otherwise_by_one_stops(endpoints):
    endpoints[2].identity = 1
    with pytest.raises(ChainLied, match="differ on the id"):
        require_same(endpoints, "the id", lambda reader: reader.chain_id())


# --- waiting ---


def wait(endpoints, reached, *, seconds=60.0, pause=0.0):
    told: list[str] = []
    return wait_final(endpoints, reached, told.append, seconds=seconds, pause=pause), told


def test_waiting_ends_when_it_is_reached_and_tells_each_new_block_once(endpoints):
    start = agree_final(endpoints).block.number
    block, told = wait(endpoints[:1], lambda seen: seen.number >= start + 4)
    assert block.number == start + 4
    assert [f"final block {number}" in line for number, line in zip(range(start + 1, start + 4), told, strict=True)] == [True] * 3


def test_what_is_reached_at_once_is_not_waited_for(endpoints):
    _, told = wait(endpoints, lambda _seen: True, seconds=0.0)
    assert told == []


def test_nobody_waits_for_ever(endpoints):
    with pytest.raises(NotFinal) as refusal:
        wait(endpoints, lambda _seen: False, seconds=0.05)
    assert refusal.value.culprits == ("endpoint 1", "endpoint 2", "endpoint 3")


def test_a_chain_that_stands_still_is_told_once_and_asked_ever_more_rarely(endpoints, monkeypatch):
    class Still(Endpoint):
        def finalized(self):
            return self.block(5)

    still = Still(endpoints[0]._path)
    pauses: list[float] = []
    monkeypatch.setattr(agreement.time, "sleep", pauses.append)
    looks = iter(range(60))
    _, told = wait([still], lambda _seen: next(looks) == 50, pause=0.2)
    assert len(told) == 1
    assert pauses == sorted(pauses)
    assert pauses[0] == 0.2
    assert pauses[-1] == agreement.PAUSE_LIMIT


def test_a_judge_may_give_up(endpoints):
    def dead(_seen):
        raise ChainMismatch("it is another one")

    with pytest.raises(ChainMismatch):
        wait(endpoints, dead)
