"""Dealings through the conductor: what breaks one, how it is thrown away, what is left in tokens is listed and destroyed (P1)."""

import json

import pytest

from ceremony.conductor.dealing import abandon
from ceremony.custody import blobs as store
from ceremony.custody import messages as d
from ceremony.custody.blobs import BLOBS
from ceremony.custody.combiner import combine
from ceremony.custody.dealer import Dealer
from ceremony.errors import (
    AgentCrashed,
    CeremonyError,
    DealingError,
    DiskError,
    MemoryNotLocked,
    OpeningError,
    OutOfTurn,
    TokenFault,
    TokenLied,
)
from ceremony.hsm import messages as m
from ceremony.hsm.token import Role
from ceremony.protocol.steps import StepKind
from ceremony.records.base import to_hex
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.simulators import ceremony_directory
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text
from tests.simulators.ports import LocalAgent, LocalCombiner, LocalDealer
from tests.simulators.randomness import Stream
from tests.simulators.stages import Stage, ceremony_at, kind_of_token, run_until
from tests.simulators.tokens import SimulatedToken


def bodies(ceremony, kind):
    return [entry.body for entry in read_book(ceremony.directory / TRANSCRIPT) if entry.body.kind == kind]


def state_of(ceremony):
    return ceremony.conduct(lambda _c: None)


def held(base, role):
    """How many keys of a role each token holds."""
    memories = [json.loads((base / "parts" / f"sim{index}.json").read_text())["keys"] for index in range(1, 8)]
    return [sum(len(found) for name, found in keys.items() if name.startswith(f"{role}/")) for keys in memories]


def blobs(ceremony):
    path = ceremony.directory / BLOBS
    return sorted(one.name for one in path.iterdir()) if path.exists() else []


def test_a_plan_that_requires_locked_memory_begins_no_dealing_without_it(tmp_path, monkeypatch):
    locked = plan_text().replace("\n[quorum]", "require_locked_memory = true\n\n[quorum]")
    monkeypatch.setattr(ceremony_directory, "plan_text", lambda: locked)
    ceremony = SimulatedCeremony(tmp_path, 1)
    ceremony.start()
    for _ in range(2):
        with pytest.raises(MemoryNotLocked):
            ceremony.run()
    assert not bodies(ceremony, "dealing_opened")
    assert not bodies(ceremony, "dealing_abandoned")
    honest = Dealer.open_dealing
    monkeypatch.setattr(Dealer, "open_dealing", lambda self, request, **_: honest(self, request, memory_locked=True))
    with pytest.raises(MemoryNotLocked):  # the combiner's, in the openings that prove the dealing
        ceremony.run()
    assert bodies(ceremony, "dealt")[0].memory_locked
    monkeypatch.setattr(LocalCombiner, "combine", lambda _self, request: combine(request, memory_locked=True))
    ceremony.run()
    assert len(bodies(ceremony, "opened")) == 2


class Broken(LocalDealer):
    """A dealer that fails at one of its three steps."""

    at = "deal"
    error: Exception = AgentCrashed("the dealer ended unexpectedly", culprits=("the dealer",))

    def open_dealing(self, request):
        return self._or_fail("open_dealing", super().open_dealing(request))

    def reveal_system(self):
        return self._or_fail("reveal_system", super().reveal_system())

    def deal(self, request):
        return self._or_fail("deal", super().deal(request))

    def _or_fail(self, step, answer):
        if step == self.at:
            raise self.error
        return answer


def with_dealer(ceremony, dealer):
    ports = ceremony.ports

    def other():
        found = ports()
        found.open_dealer = lambda: dealer(Stream(5, "dealer"))
        return found

    ceremony.ports = other
    return lambda: setattr(ceremony, "ports", ports)


@pytest.mark.parametrize("at", ["reveal_system", "deal"])
def test_a_dealer_that_dies_before_seven_blobs_ends_the_dealing(at, tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    repair = with_dealer(ceremony, type("Dead", (Broken,), {"at": at}))
    with pytest.raises(AgentCrashed):
        ceremony.run()
    assert [body.reason for body in bodies(ceremony, "dealing_abandoned")] == ["it failed: AgentCrashed"]
    assert blobs(ceremony) == []
    state = state_of(ceremony)
    assert state.outstanding() == tuple((1, index, 1) for index in range(1, 8))
    assert {step.kind for step in ceremony.owed(state)} == {StepKind.DISCARD}
    repair()
    state = ceremony.run()
    assert (state.dealing, state.outstanding()) == (2, ())
    assert held(tmp_path, Role.SHARD) == [1] * 7
    assert held(tmp_path, Role.TRANSPORT) == [0] * 7


def test_a_dealer_that_refuses_the_people_leaves_no_dealing_behind(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    with_dealer(ceremony, type("Picky", (Broken,), {"at": "open_dealing", "error": DealingError("not the roster")}))
    with pytest.raises(DealingError):
        ceremony.run()
    assert bodies(ceremony, "dealing_opened") == bodies(ceremony, "dealing_abandoned") == []


def test_a_run_that_died_while_dealing_is_thrown_away_by_the_next(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    repair = with_dealer(ceremony, type("Pulled", (Broken,), {"error": KeyboardInterrupt()}))
    with pytest.raises(KeyboardInterrupt):
        ceremony.run()
    assert bodies(ceremony, "dealing_abandoned") == []
    repair()
    assert ceremony.run().dealing == 2
    assert bodies(ceremony, "dealing_abandoned")[0].reason.startswith("the run that made it ended")


class Cheating(LocalDealer):
    """Deals from another polynomial than the contributions add up to."""

    def deal(self, request):
        honest = super().deal(request)
        return honest.model_copy(update={"commitments": honest.commitments[::-1]})


def test_a_dealer_whose_commitments_are_not_the_sum_is_caught(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    with_dealer(ceremony, Cheating)
    with pytest.raises(DealingError) as refusal:
        ceremony.run()
    assert refusal.value.culprits == ("the dealer",)
    assert len(bodies(ceremony, "dealing_abandoned")) == 1


class Stuck(SimulatedToken):
    """Its randomness is all alike."""

    def random(self, size):
        return bytes(size)


def test_a_token_without_randomness_ends_the_dealing_and_is_named(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path, make_token=kind_of_token({4: Stuck}))
    with pytest.raises(TokenLied) as refusal:
        ceremony.run()
    assert "custodian 4 Dan" in refusal.value.culprits
    assert bodies(ceremony, "dealing_abandoned")[0].reason == "it failed: TokenLied"


class Turncoat(LocalAgent):
    """Shows other points than it committed to."""

    def receive(self):
        reply = super().receive()
        return reply.model_copy(update={"points": reply.points[::-1]}) if isinstance(reply, m.Revealed) else reply


def test_a_custodian_who_shows_other_points_than_committed_is_named(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    open_agent = ceremony._open_agent

    def special(who, token):
        agent = open_agent(who, token)
        if token.serial == "sim6":
            agent.__class__ = Turncoat
        return agent

    ceremony._open_agent = special
    with pytest.raises(DealingError) as refusal:
        ceremony.run()
    assert refusal.value.culprits == ("custodian 6",)


def test_a_full_disk_while_blobs_are_stored_ends_the_dealing(tmp_path, monkeypatch):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)

    def full(path, data):
        if path.name.startswith("dealing-1-shard-4"):
            raise DiskError("no space left", culprits=(str(path),))
        written(path, data)

    written = store.write_new
    monkeypatch.setattr(store, "write_new", full)
    with pytest.raises(DiskError):
        ceremony.run()
    assert blobs(ceremony) == []
    assert ceremony.run().dealing == 2


# --- loading ---


@pytest.mark.parametrize("damage", ["lost", "changed", "cut short"])
def test_a_blob_lost_or_altered_before_it_is_loaded_ends_the_dealing(damage, tmp_path):
    ceremony = ceremony_at(Stage.DEALT, tmp_path)
    path = ceremony.directory / BLOBS / "dealing-1-shard-4.wrapped"
    data = path.read_bytes()
    path.unlink() if damage == "lost" else path.write_bytes(data[:-1] if damage == "cut short" else bytes([data[0] ^ 1]) + data[1:])
    run_until(ceremony, StepKind.HOLDING)
    state = state_of(ceremony)
    assert [body.reason for body in bodies(ceremony, "dealing_abandoned")] == ["the wrapped shard of custodian 4 Dan is lost or changed"]
    assert [body.custodian for body in bodies(ceremony, "discarded")] == list(range(1, 8))
    assert state.dealing == 2
    assert (held(tmp_path, Role.SHARD), held(tmp_path, Role.TRANSPORT)) == ([1] * 7, [1] * 7)
    assert blobs(ceremony) == [f"dealing-2-shard-{index}.wrapped" for index in range(1, 8)]


def test_a_blob_that_is_needed_no_more_may_be_gone(tmp_path):
    ceremony = ceremony_at(Stage.LOADED, tmp_path)
    for path in (ceremony.directory / BLOBS).iterdir():
        path.unlink()
    assert ceremony.run().dealing == 1


def test_a_load_that_was_begun_is_finished_from_what_the_token_holds(tmp_path):
    class Dying(SimulatedToken):
        """The power fails right after its shard is in."""

        def unwrap_shard(self, key_id, transport_id, wrapped):
            super().unwrap_shard(key_id, transport_id, wrapped)
            raise KeyboardInterrupt

    ceremony = ceremony_at(Stage.DEALT, tmp_path, make_token=kind_of_token({3: Dying}))
    with pytest.raises(KeyboardInterrupt):
        ceremony.run()
    assert bodies(ceremony, "load_begun")[-1].custodian == 3
    ceremony._make_token = SimulatedToken
    assert ceremony.run().dealing == 1
    assert [body.custodian for body in bodies(ceremony, "load_begun")] == list(range(1, 8))
    assert held(tmp_path, Role.SHARD) == [1] * 7


# --- a new dealing, asked for ---


@pytest.mark.parametrize("stage", [Stage.CONFIRMED, Stage.DEALT, Stage.LOADED, Stage.OPENED_TWICE, Stage.BURNT])
def test_the_operator_may_throw_a_dealing_away_until_the_act_is_proposed(stage, tmp_path):
    ceremony = ceremony_at(stage, tmp_path)
    ceremony.conduct(lambda c: abandon(c, "the operator asked for a new one"))
    assert blobs(ceremony) == []
    run_until(ceremony, StepKind.HOLDING)
    state = state_of(ceremony)
    assert (state.dealing, state.outstanding()) == (2, ())
    assert held(tmp_path, Role.SHARD) == [1] * 7


@pytest.mark.parametrize("stage", [Stage.PROPOSED, Stage.APPROVED, Stage.NAMED])
def test_the_dealing_of_a_proposed_act_stands(stage, tmp_path):
    ceremony = ceremony_at(stage, tmp_path)
    with pytest.raises(OutOfTurn):
        ceremony.conduct(lambda c: abandon(c, "the operator asked for a new one"))
    assert held(tmp_path, Role.SHARD) == [1] * 7


def test_a_token_that_cannot_be_cleaned_up_stays_outstanding(tmp_path):
    class Stubborn(SimulatedToken):
        """Says that it destroyed the key, and keeps it."""

        def destroy(self, key_id, role):
            return 1

    ceremony = ceremony_at(Stage.LOADED, tmp_path, make_token=kind_of_token({2: Stubborn}))
    ceremony.conduct(lambda c: abandon(c, "the operator asked for a new one"))
    with pytest.raises(TokenLied) as refusal:
        ceremony.run()
    assert any(culprit.startswith("custodian 2 ") for culprit in refusal.value.culprits)
    assert (1, 2, 1) in state_of(ceremony).outstanding()
    assert (1, 1) not in state_of(ceremony).outstanding()


def test_an_agent_that_says_keys_are_left_is_believed(tmp_path):
    ceremony = ceremony_at(Stage.LOADED, tmp_path)
    ceremony.conduct(lambda c: abandon(c, "the operator asked for a new one"))
    open_agent = ceremony._open_agent

    class Odd(LocalAgent):
        def receive(self):
            reply = super().receive()
            return reply.model_copy(update={"shard": 1}) if isinstance(reply, m.HoldingsReply) else reply

    def special(who, token):
        agent = open_agent(who, token)
        agent.__class__ = Odd
        return agent

    ceremony._open_agent = special
    with pytest.raises(TokenLied, match="still lists keys of dealing 1"):
        ceremony.run()
    assert bodies(ceremony, "discarded") == []


# --- proving ---


def test_a_token_with_another_shard_is_named_by_the_first_who_asks(tmp_path):
    class Elsewhere(SimulatedToken):
        """Answers with another scalar than it was given."""

        def derive(self, key_id, point):
            true = super().derive(key_id, point)
            return true[::-1]

    ceremony = ceremony_at(Stage.LOADED, tmp_path, make_token=kind_of_token({5: Elsewhere}))
    with pytest.raises(CeremonyError) as refusal:
        ceremony.run()
    assert any("custodian 5" in culprit for culprit in refusal.value.culprits)
    assert bodies(ceremony, "holding_attested") == []


def test_a_token_that_answers_wrongly_at_the_opening_is_named(tmp_path):
    class Late(SimulatedToken):
        """Honest in the proofs, not at the opening."""

        def derive(self, key_id, point):
            return super().derive(key_id, point)[::-1]

    ceremony = ceremony_at(Stage.SEALED, tmp_path, make_token=kind_of_token({2: Late}))
    with pytest.raises(CeremonyError) as refusal:
        ceremony.run()
    assert any("custodian 2" in culprit for culprit in refusal.value.culprits)
    assert bodies(ceremony, "opened") == []


def test_openings_seen_in_an_earlier_run_are_seen_again_before_they_are_signed(tmp_path):
    ceremony = ceremony_at(Stage.OPENED_TWICE, tmp_path)
    asked = []
    ports = ceremony.ports

    def watching():
        found = ports()
        join = lambda request: (asked.append(tuple(index for index, _ in request.answers)), combine(request))[1]  # noqa: E731
        found.open_combiner = lambda: LocalCombiner(join)
        return found

    ceremony.ports = watching
    run_until(ceremony, StepKind.RETIRE)
    assert asked == [(1, 2, 3, 4, 5), (3, 4, 5, 6, 7)]
    assert len(bodies(ceremony, "opening_attested")) == 7


def test_a_combiner_that_gives_another_key_is_found_out(tmp_path):
    ceremony = ceremony_at(Stage.OPENED_TWICE, tmp_path)
    ports = ceremony.ports

    def lying():
        found = ports()
        found.open_combiner = lambda: LocalCombiner(lambda _request: d.Combined(file_key=to_hex(bytes(32))))
        return found

    ceremony.ports = lying
    with pytest.raises(CeremonyError) as refusal:
        ceremony.run()
    assert "the combiner" in refusal.value.culprits
    assert isinstance(refusal.value, TokenLied | OpeningError | TokenFault)
    assert bodies(ceremony, "opening_attested") == []
