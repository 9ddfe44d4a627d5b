"""The act's life through the conductor: approved, failed, stopped, expired, dropped by the chain, anchored once (T12, T13, T24)."""


import pytest

from ceremony.acts.digest import digest
from ceremony.anchor.standing import head_after
from ceremony.conductor.approving import describe_owed, require_owed
from ceremony.conductor.ports import Finality
from ceremony.conductor.running import run
from ceremony.errors import (
    ApprovalError,
    CallReverted,
    ChainMismatch,
    DeadlinePassed,
    NotFinal,
    OutOfTurn,
    QuorumError,
)
from ceremony.protocol.steps import StepKind
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.simulators.ceremony_directory import SimulatedCeremony
from tests.simulators.chain import SimulatedChain
from tests.simulators.played_on import kinds, state_of, verified
from tests.simulators.stages import Stage, ceremony_at, deadline_of, outlive, pass_time, stop

ONES = "0x" + "11" * 32


# --- stopping ---


def test_a_stopped_act_waits_until_it_is_dead_and_then_has_a_successor(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    first = state_of(ceremony)
    stop(ceremony, 6)
    stopped = state_of(ceremony)
    assert stopped.stopped
    assert [step.kind for step in ceremony.owed(stopped)] == [StepKind.VOID]
    outlive(ceremony)
    second = ceremony.run()
    assert kinds(ceremony)[-3:] == ["run_started", "act_voided", "proposed"]
    assert second.attempt == 2
    assert second.approvals == {}
    voided = second.voided.seen
    assert voided.block.time > deadline_of(first)
    assert (voided.head, voided.sequence) == (first.proposed.act.head, first.proposed.act.sequence)
    assert second.proposed.act.sequence == first.proposed.act.sequence
    assert "can never follow: 1" in " ".join(row.line for row in verified(ceremony).rows)


def test_a_stopped_act_stays_aborting_while_it_may_live(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    stop(ceremony, 6)
    with pytest.raises(NotFinal):
        run_briefly(ceremony)
    assert state_of(ceremony).stopped
    assert "act_voided" not in kinds(ceremony)


def run_briefly(ceremony):
    """A run that waits for no block."""

    def act(c):
        c.ports.finality = Finality(seconds=0.0, pause=0.0)
        run(c)

    return ceremony.conduct(act)


def test_a_stopped_act_is_never_sent(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    stop(ceremony, 6)
    with pytest.raises(ApprovalError, match="last week") as refusal:
        ceremony.anchor()
    assert refusal.value.culprits == ("custodian 6 Finn",)
    assert ceremony.chain._data["genesis"] is None
    assert "anchor_begun" not in kinds(ceremony)


def test_a_stopped_act_that_the_chain_took_before_is_written_down_as_anchored(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    taken = ceremony.chain
    bystander = ceremony_at(Stage.APPROVED, tmp_path / "bystander")
    bystander.anchor()
    stop(ceremony, 6)
    taken._data["genesis"] = bystander.chain._data["genesis"]
    taken._data["height"] = bystander.chain._data["height"]
    state = ceremony.run()
    assert state.anchored
    assert not state.stopped
    assert kinds(ceremony)[-4:] == ["run_started", "anchor_begun", "anchored", "closing_named"]
    verified(ceremony)


def test_an_approver_of_the_next_act_is_told_what_became_of_the_one_before(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    stop(ceremony, 6)
    outlive(ceremony)
    state = ceremony.run()
    book = read_book(ceremony.directory / TRANSCRIPT)
    lines = describe_owed(state, require_owed(state, book, frozenset(), 1))
    assert "stopped by custodian 6 Finn" in lines[-1]
    assert "last week" in lines[-1]


class Impatient(SimulatedCeremony):
    """As the commands are: an hour is the longest wait for a chain."""

    def ports(self):
        ports = super().ports()
        ports.finality = Finality(pause=0.0)
        return ports


@pytest.mark.parametrize("taken", [True, False])
def test_nobody_waits_days_for_a_stopped_act_to_die_but_one_that_was_taken_is_anchored_at_once(tmp_path, taken):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    bystander = ceremony_at(Stage.APPROVED, tmp_path / "bystander")
    bystander.anchor()
    stop(ceremony, 6)
    now = Impatient(tmp_path, 2)
    if taken:
        now.chain._data.update({name: bystander.chain._data[name] for name in ("genesis", "height")})
        assert now.run().anchored
        return
    before = kinds(ceremony)
    with pytest.raises(NotFinal, match="may still follow until 2026-"):
        now.run()
    assert kinds(now)[len(before) :] == ["run_started"]


def test_an_act_that_the_chain_takes_while_the_run_waits_for_its_death_is_anchored(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    bystander = ceremony_at(Stage.APPROVED, tmp_path / "bystander")
    bystander.anchor()
    stop(ceremony, 6)
    chain = ceremony.chain
    looks = iter(range(100))

    def later(line):
        if "waiting for finality" in line and next(looks) == 1:
            chain._data["genesis"] = bystander.chain._data["genesis"]

    ceremony.people._tell = later
    assert ceremony.run().anchored


def test_anybody_enrolled_stops_an_act_and_only_once(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    stop(ceremony, 7)
    with pytest.raises(OutOfTurn, match="stopped already"):
        stop(ceremony, 6)


# --- expiring ---


def test_an_act_that_expires_unapproved_is_voided_and_proposed_again(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    ceremony.approve(1)
    outlive(ceremony)
    state = ceremony.run()
    assert state.attempt == 2
    assert state.proposed.act.deadline > state.voided.seen.block.time
    verified(ceremony)


def test_an_act_that_is_alive_is_left_alone(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    pass_time(ceremony, deadline_of(state_of(ceremony)) - ceremony.chain.finalized().time - 1200)
    assert ceremony.run().attempt == 1


@pytest.mark.parametrize(("left", "sent"), [(1100, False), (1400, True)])
def test_an_act_that_may_die_before_it_is_final_is_not_sent(tmp_path, left, sent):
    """Finality may take 1,200 seconds."""
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    pass_time(ceremony, deadline_of(state_of(ceremony)) - ceremony.chain.finalized().time - left)
    before = kinds(ceremony)
    if sent:
        assert ceremony.anchor().anchored
        return
    with pytest.raises(DeadlinePassed, match="finality may take 1200 s"):
        ceremony.anchor()
    assert kinds(ceremony) == before
    assert ceremony.chain._data["genesis"] is None


@pytest.mark.parametrize("act", [lambda ceremony: ceremony.approve(6), lambda ceremony: ceremony.anchor()], ids=["approved", "anchored"])
def test_after_its_deadline_an_act_is_neither_approved_nor_anchored(act, tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    outlive(ceremony)
    before = kinds(ceremony)
    with pytest.raises(DeadlinePassed):
        act(ceremony)
    assert kinds(ceremony) == before


def test_an_expired_plan_proposes_nothing(tmp_path):
    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    pass_time(ceremony, 4 * 366 * 24 * 3600)
    with pytest.raises(DeadlinePassed, match="plan expired"):
        ceremony.run()
    assert kinds(ceremony)[-1] == "deployed"


def test_no_act_outlives_its_plan(tmp_path):
    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    expiry = 1_893_456_000  # 2030-01-01T00:00:00Z, as the plan says
    pass_time(ceremony, expiry - 3600 - ceremony.chain.finalized().time)
    assert deadline_of(ceremony.run()) == expiry


# --- a moved contract (T24) ---


def moved(ceremony):
    """Somebody else's act stands in the contract."""
    ceremony.chain._data["genesis"] = {"root": ONES, "size": 1, "digest": ONES, "head": ONES, "block": 0, "transaction": ONES}


@pytest.mark.parametrize(
    "act",
    [
        lambda ceremony: ceremony.approve(6),
        lambda ceremony: ceremony.anchor(),
        lambda ceremony: (outlive(ceremony), ceremony.run()),
        lambda ceremony: (stop(ceremony, 6), outlive(ceremony), ceremony.run()),
    ],
    ids=["approve", "anchor", "expiry", "abort"],
)
def test_a_contract_that_has_moved_stops_everything(act, tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    moved(ceremony)
    with pytest.raises(ChainMismatch, match="moved on") as refusal:
        act(ceremony)
    assert refusal.value.culprits == ("the contract",)
    assert not {"act_voided", "anchored"} & set(kinds(ceremony))


# --- anchoring ---


def test_four_approvals_are_not_published(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    for index in (1, 2, 3, 4):
        ceremony.approve(index)
    with pytest.raises(QuorumError, match="4 of 5") as refusal:
        ceremony.anchor()
    assert refusal.value.culprits == tuple(f"custodian {who} has not approved" for who in ("5 Eve", "6 Finn", "7 Gus"))
    assert ceremony.chain._data["genesis"] is None


@pytest.mark.parametrize("stage", [Stage.BURNT, Stage.NAMED])
def test_nothing_is_anchored_before_a_proposal_or_after_the_anchor(stage, tmp_path):
    ceremony = ceremony_at(stage, tmp_path)
    with pytest.raises(OutOfTurn, match="no act is waiting"):
        ceremony.anchor()


class Forgetful(SimulatedChain):
    """A chain that drops the act's block once, before it is final (a reorganisation)."""

    drops = 1
    sent = 0

    def finalized(self):
        genesis = self._data["genesis"]
        if self.drops and genesis and self._data["height"] - 1 >= genesis["block"]:
            self.drops -= 1
            self._data["genesis"] = None
        return super().finalized()

    def send(self, to, data, **terms):
        self.sent += 1
        return super().send(to, data, **terms)


def test_an_act_that_a_reorganisation_drops_is_sent_again_with_the_same_approvals(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    ceremony.chain = Forgetful(tmp_path / "parts" / "chain.json")
    state = ceremony.anchor()
    assert (ceremony.chain.sent, ceremony.chain.drops) == (2, 0)
    act = state.proposed.act
    assert state.anchored.seen.head == head_after(act, digest(state.contract_act(act)))
    assert kinds(ceremony).count("anchor_begun") == 1
    verified(ceremony)


class Slow(Forgetful):
    """A chain that keeps the act waiting while some blocks become final."""

    drops = 0
    waits = 3

    def receipt(self, transaction):
        return None if self.waits else super().receipt(transaction)

    def knows(self, transaction):
        self.waits = max(0, self.waits - 1)
        return True

    def _genesis_at(self, number):
        return None if self.waits else super()._genesis_at(number)


def test_an_act_that_waits_for_a_block_is_not_sent_twice(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    ceremony.chain = Slow(tmp_path / "parts" / "chain.json")
    assert ceremony.anchor().anchored is not None
    assert (ceremony.chain.sent, ceremony.chain.waits) == (1, 0)


class Refusing(SimulatedChain):
    """A contract that takes nothing."""

    def send(self, to, data, **terms):
        raise CallReverted("the contract would refuse this")


def test_a_refusal_of_the_contract_is_shown_and_the_next_try_goes_on(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    honest = ceremony.chain
    ceremony.chain = Refusing(tmp_path / "parts" / "chain.json")
    with pytest.raises(CallReverted):
        ceremony.anchor()
    assert kinds(ceremony)[-1] == "anchor_begun"
    ceremony.chain = honest
    ceremony.anchor()
    assert kinds(ceremony)[-2:] == ["anchor_begun", "anchored"]


def test_a_run_that_died_after_publishing_finds_the_act_on_its_way(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)

    class Dying(SimulatedChain):
        def send(self, to, data, **terms):
            super().send(to, data, **terms)
            raise KeyboardInterrupt

    ceremony.chain = Dying(tmp_path / "parts" / "chain.json")
    with pytest.raises(KeyboardInterrupt):
        ceremony.anchor()
    ceremony.chain = SimulatedChain(tmp_path / "parts" / "chain.json")
    assert ceremony.anchor().anchored
    verified(ceremony)
