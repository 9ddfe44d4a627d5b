"""Several endpoints, one answer; whoever differs is named; nobody waits for ever (P7)."""

import pytest

from ceremony.anchor import agreement
from ceremony.anchor.agreement import (
    ANSWER_SHOWN,
    agree_among,
    agree_final,
    agree_on,
    require_chain,
    require_same,
    see_contract,
    wait_final,
)
from ceremony.errors import ChainLied, ChainMismatch, ChainUnreachable, EndpointsDisagree, NotFinal
from tests.simulators.chain import CHAIN_ID, SimulatedChain
from tests.simulators.stages import Stage, ceremony_at


class Endpoint(SimulatedChain):
    """One that can be made to lie or lag."""

    identity = CHAIN_ID
    behind = 0
    other_hash = False
    other_time = 0
    asked = None
    """How many questions about blocks it still answers; None: all."""

    def chain_id(self):
        return self.identity

    def finalized(self):
        self._answer()
        return super().block(super().finalized().number - self.behind)

    def block(self, number):
        self._answer()
        seen = super().block(number)
        changed = {"hash": "0x" + "11" * 32} if self.other_hash else {}
        return seen.model_copy(update={**changed, "time": seen.time + self.other_time})

    def _answer(self):
        if self.asked == 0:
            raise ChainUnreachable(f"{self.name} is down", culprits=(self.name,))
        self.asked = None if self.asked is None else self.asked - 1


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
    assert agreed.readers == tuple(endpoints)
    assert agreed.silent == ()
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


def test_one_hash_that_differs_stops_and_everybodys_answer_is_kept(endpoints):
    endpoints[1].other_hash = True
    with pytest.raises(EndpointsDisagree, match="different hashes or times") as refusal:
        agree_final(endpoints)
    number = int(refusal.value.message.split("block ")[1].split()[0])
    true = endpoints[0].block(number)
    lie = "0x" + "11" * 32
    said = {"endpoint 1": f"{true.hash} of {true.time}", "endpoint 2": f"{lie} of {true.time}", "endpoint 3": f"{true.hash} of {true.time}"}
    assert refusal.value.said == said
    assert refusal.value.culprits == tuple(f"{name}: {answer}" for name, answer in said.items())


def test_one_time_that_differs_stops(endpoints):
    endpoints[2].other_time = 1
    with pytest.raises(EndpointsDisagree) as refusal:
        agree_on(endpoints, 5)
    times = {name: int(answer.split(" of ")[1]) for name, answer in refusal.value.said.items()}
    assert times["endpoint 1"] == times["endpoint 2"] == times["endpoint 3"] - 1


def test_endpoints_agree_on_a_block_that_is_asked_for(endpoints):
    assert agree_on(endpoints, 5) == agree_on(endpoints[:1], 5) == endpoints[0].block(5)
    assert agree_on(endpoints, 5) != agree_on(endpoints, 6)
    endpoints[0].other_hash = True
    assert agree_on(endpoints[:1], 5) != agree_on(endpoints[1:], 5)


def test_a_disagreement_is_a_lie_of_somebody_and_says_to_hold():
    refusal = EndpointsDisagree("they differ", {"one": "this", "two": "that"})
    assert isinstance(refusal, ChainLied)
    assert refusal.said == {"one": "this", "two": "that"}
    assert refusal.culprits == ("one: this", "two: that")
    assert refusal.next_step.startswith("Hold")
    assert refusal.exit_code == 73 != ChainLied.exit_code


# --- silent endpoints ---


@pytest.mark.parametrize("needed", [1, 2])
def test_one_that_is_silent_is_left_out_and_named(endpoints, needed):
    endpoints[1].asked = 0
    agreed = agree_among(endpoints, needed)
    assert agreed.readers == (endpoints[0], endpoints[2])
    assert agreed.silent == ("endpoint 2",)
    assert agreed.block == endpoints[0].block(agreed.block.number)


def test_a_silent_one_does_not_hold_the_others_back(endpoints):
    endpoints[1].behind = 7
    number = agree_among(endpoints, 1).block.number
    endpoints[1].asked = 0
    assert agree_among(endpoints, 1).block.number > number + 5


@pytest.mark.parametrize(("silent", "needed"), [((1,), 3), ((0, 2), 2), ((0, 1, 2), 1)])
def test_too_few_that_answer_are_refused_and_the_silent_ones_named(endpoints, silent, needed):
    for place in silent:
        endpoints[place].asked = 0
    with pytest.raises(ChainUnreachable, match=f"{3 - len(silent)} of 3 endpoints answer, {needed} must") as refusal:
        agree_among(endpoints, needed)
    assert refusal.value.culprits == tuple(f"endpoint {place + 1}" for place in silent)
    assert f"endpoint {silent[0] + 1} is down" in refusal.value.message


@pytest.mark.parametrize(("count", "needed"), [(1, 1), (2, 2), (3, 2)])
def test_to_agree_on_what_is_final_more_than_half_must_answer(endpoints, count, needed):
    asked = endpoints[:count]
    for one in asked[: count - needed]:
        one.asked = 0
    assert agree_final(asked).readers == tuple(asked[count - needed :])
    asked[-1].asked = 0
    with pytest.raises(ChainUnreachable, match=f"{needed - 1} of {count} endpoints answer, {needed} must"):
        agree_final(asked)


def test_silence_excuses_no_lie(endpoints):
    """Of three, one is silent: the two that are left must still say the same."""
    endpoints[0].asked, endpoints[1].other_hash = 0, True
    with pytest.raises(EndpointsDisagree) as refusal:
        agree_among(endpoints, 1)
    assert set(refusal.value.said) == {"endpoint 2", "endpoint 3"}


def test_one_that_lies_is_not_taken_for_silent(endpoints, monkeypatch):
    def lie():
        raise ChainLied("no block", culprits=("endpoint 3",))

    monkeypatch.setattr(endpoints[2], "finalized", lie)
    with pytest.raises(ChainLied) as refusal:
        agree_among(endpoints, 1)
    assert refusal.value.culprits == ("endpoint 3",)


def test_one_that_falls_silent_between_two_questions_has_not_agreed(endpoints):
    endpoints[2].asked = 2
    agreed = agree_among(endpoints, 1)
    assert agreed.readers == tuple(endpoints[:2])
    assert agreed.silent == ("endpoint 3",)
    endpoints[2].asked = 2
    with pytest.raises(ChainUnreachable) as refusal:
        agree_among(endpoints, 3)
    assert refusal.value.culprits == ("endpoint 3",)


def test_a_fact_may_be_asked_of_those_who_answer(endpoints):
    endpoints[0].asked = 0
    assert require_same(endpoints, "the id", lambda reader: reader.finalized().number > 0, 2)
    with pytest.raises(ChainUnreachable):
        require_same(endpoints, "the id", lambda reader: reader.finalized().number > 0)
    with pytest.raises(ChainUnreachable, match="2 of 3 endpoints answer, 3 must"):
        require_same(endpoints, "the id", lambda reader: reader.finalized().number > 0, 3)


# --- the contract, and any other fact ---


def test_a_contract_shown_otherwise_by_one_stops(endpoints, monkeypatch):
    before = endpoints[2]._data["genesis"]["block"] - 1
    call = endpoints[2].call
    monkeypatch.setattr(endpoints[2], "call", lambda address, data, number: call(address, data, min(number, before)))
    with pytest.raises(EndpointsDisagree, match="differently") as refusal:
        see_contract(endpoints, contract_of(endpoints))
    assert refusal.value.said["endpoint 3"] == "sequence 0, head 0x" + "00" * 32
    assert refusal.value.said["endpoint 1"] == refusal.value.said["endpoint 2"] != refusal.value.said["endpoint 3"]
    assert refusal.value.said["endpoint 1"].startswith("sequence 1, head 0x")


def test_any_fact_shown_otherwise_by_one_stops(endpoints):
    endpoints[2].identity = 1
    with pytest.raises(EndpointsDisagree, match="differ on the id") as refusal:
        require_same(endpoints, "the id", lambda reader: reader.chain_id())
    assert refusal.value.said == {"endpoint 1": str(CHAIN_ID), "endpoint 2": str(CHAIN_ID), "endpoint 3": "1"}


def test_of_a_long_answer_the_beginning_is_kept(endpoints):
    with pytest.raises(EndpointsDisagree) as refusal:
        require_same(endpoints, "the code", lambda reader: reader.name * 100)
    assert refusal.value.said["endpoint 2"] == ("endpoint 2" * 100)[:ANSWER_SHOWN]


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
