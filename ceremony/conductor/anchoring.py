"""Steps of an act on the chain: propose, wait out a stopped act, anchor, and name the closing signers."""

from datetime import datetime

from ceremony.acts.digest import digest
from ceremony.acts.render import instant
from ceremony.acts.roster import ascending
from ceremony.anchor.standing import effects_of
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.deploying import require_fresh
from ceremony.conductor.looking import is_taken, proposed_act, require_planned_chain, see, wait
from ceremony.conductor.publishing import calldata, is_halted, promise_payment, publish, read_receipt, require_effects, simulate
from ceremony.errors import ApprovalError, ChainMismatch, DeadlinePassed, NotFinal, OutOfTurn, QuorumError
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.quorum.approvals import Approval, require_alive, require_quorum
from ceremony.records import act_entries as act
from ceremony.records.base import to_hex
from ceremony.records.evidence import ContractSeen
from ceremony.records.structs import Genesis, ProposedAct, Rotate, TypedAct

HOUR = 3600
"""Seconds."""


def propose(c: Conductor, step: Step) -> None:
    """The genesis, or a successor's rotation, over everything so far, on the contract's state as it finally is (T24)."""
    seen = see(c)
    if c.state.predecessor is None:
        require_fresh(seen)
    deadline = min(seen.block.time + c.state.plan.approval_hours * HOUR, _expiry(c.state))
    if deadline <= seen.block.time:
        message = f"the plan expired at {c.state.plan.expires}; the newest final block is of {instant(seen.block.time)}"
        raise DeadlinePassed(message, remedy="Start a new ceremony with a plan that has not expired.")
    c.write(act.Proposed(attempt=step.series, act=_draw_up(c, seen, deadline), seen=seen))


def _draw_up(c: Conductor, seen: ContractSeen, deadline: int) -> ProposedAct:
    epoch, sequence, head = seen.epoch, seen.sequence, seen.head
    if c.state.predecessor is None:
        plan = c.state.opened.plan_digest
        return Genesis(root=c.root, size=c.size, plan_digest=plan, epoch=epoch, sequence=sequence, deadline=deadline, head=head)
    return Rotate(
        roster=ascending(c.state.roster.values()),
        transcript_root=c.root,
        transcript_size=c.size,
        epoch=epoch,
        sequence=sequence,
        deadline=deadline,
        head=head,
    )


def void(c: Conductor, step: Step) -> None:
    """Wait until the stopped act can never follow; if the chain took it before the stop, that is written instead (DESIGN 4.14)."""
    owed = require_act(c.state)
    seen = see(c)
    if not is_taken(seen, owed):
        _require_near(c, proposed_act(owed).deadline - seen.block.time, proposed_act(owed).deadline)
    wait(c, lambda block: block.time > proposed_act(owed).deadline or is_taken(see(c), owed))
    seen = see(c)
    if is_taken(seen, owed):
        anchor(c, step)
        return
    require_pinned(owed, seen)
    c.write(act.ActVoided(attempt=step.series, seen=seen))


def _require_near(c: Conductor, left: int, deadline: int) -> None:
    """Raise NotFinal, saying when to come back, unless the seconds left to the stopped act's deadline are few enough to wait for."""
    if left > c.ports.finality.seconds:
        message = f"the stopped act may still follow until {instant(deadline)} by the chain's clock, in {left // HOUR} hours"
        raise NotFinal(message, remedy="Run the same command again after that time; until then the act is ABORTING.")


def void_if_expired(c: Conductor) -> bool:
    """Write the end of a waiting act whose deadline has passed finally; whether it was so."""
    owed = c.state.act_owed
    if owed is None or c.state.anchored:
        return False
    seen = see(c)
    if is_taken(seen, owed) or seen.block.time <= proposed_act(owed).deadline:
        return False
    require_pinned(owed, seen)
    c.write(act.ActVoided(attempt=c.state.attempt, seen=seen))
    return True


def anchor(c: Conductor, step: Step) -> None:
    """Publish the act with its approvals, once; wait until it is final; prove what it did; write the receipt."""
    owed = require_act(c.state)
    approvals = require_approved(c.state, owed)
    require_planned_chain(c)
    seen = see(c)
    taken, data = is_taken(seen, owed), calldata(c, owed, approvals)
    if not taken:
        require_going(c.state)
        require_pinned(owed, seen)
        require_alive(proposed_act(owed), seen.block.time)
        require_margin(proposed_act(owed), seen.block.time, c.ports.finality.margin)
        simulate(c, data, seen.block)
    c.begin(Step(StepKind.ANCHOR, 0, step.series), lambda: _intent(c, owed, approvals, seen, taken=taken))
    begun = c.state.anchoring
    if begun is None:  # pragma: no cover - the intent stands one line above
        raise AssertionError
    if not taken:
        publish(c, owed, data, begun.payment)
    receipt = read_receipt(c, owed, step.series)
    require_effects(c, begun.effects, receipt.seen)
    c.write(receipt)


def _intent(c: Conductor, owed: TypedAct, approvals: tuple[Approval, ...], seen: ContractSeen, *, taken: bool) -> act.AnchorBegun:
    halted = bool(c.state.predecessor) and is_halted(c, seen)
    return act.AnchorBegun(
        attempt=c.state.attempt,
        digest=to_hex(digest(owed)),
        custodians=tuple(approval.custodian for approval in approvals),
        effects=effects_of(proposed_act(owed), digest(owed), genesis_root=seen.genesis_root, halted=halted),
        payment=None if taken else promise_payment(c),
    )


def name_signers(c: Conductor, _step: Step) -> None:
    """The last entry: those who approved, a succession its own, sign the closing checkpoint."""
    c.write(act.ClosingNamed(custodians=tuple(sorted(c.state.consents if c.state.predecessor else c.state.approvals))))


def require_margin(act: ProposedAct, chain_time: int, margin: float) -> None:
    """Raise DeadlinePassed, before anything is sent, when the act may die (both times in seconds of block time) before it is final."""
    if act.deadline - chain_time < margin:
        message = f"the act dies at {instant(act.deadline)}, in {act.deadline - chain_time} s; finality may take {margin:.0f} s"
        raise DeadlinePassed(message, culprits=("the act",), remedy="Nothing was sent. Let it die, then `ceremony run DIR` proposes anew.")


def require_act(state: State) -> TypedAct:
    """The act that is waiting; OutOfTurn when there is none."""
    owed = state.act_owed
    if owed is None or state.anchored:
        message = "no act is waiting"
        raise OutOfTurn(message, remedy="`ceremony status DIR` shows what is owed now.")
    return owed


def require_going(state: State) -> None:
    """Raise ApprovalError naming who stopped the act, if anyone did: a stopped act is never sent (DESIGN 4.14)."""
    if state.aborting is not None:
        who = state.committee.plan.who(state.aborting.custodian)
        message = f"{who} has stopped this act: {state.aborting.reason}"
        raise ApprovalError(message, culprits=(who,), remedy="Run `ceremony run DIR`: it waits until the act is dead, then proposes anew.")


def require_approved(state: State, owed: TypedAct) -> tuple[Approval, ...]:
    """The valid approvals of the waiting act; QuorumError when they are too few (P2)."""
    given = [Approval(entry.custodian, entry.digest, entry.signature) for entry in state.approvals.values()]
    struct = proposed_act(owed)
    committee = state.committee
    try:
        return require_quorum(owed, given, committee.roster, k=state.plan.quorum.k, epoch=struct.epoch, sequence=struct.sequence)
    except QuorumError as error:  # it knows numbers only; in a succession two people bear each
        missing = sorted(set(committee.roster) - set(state.approvals))
        message = f"{error.message}{' of the old roster, which hands over' if state.predecessor else ''}"
        raise QuorumError(message, culprits=tuple(f"{committee.plan.who(index)} has not approved" for index in missing)) from None


def require_pinned(owed: TypedAct, seen: ContractSeen) -> None:
    """Raise ChainMismatch when the contract is not in the state that the act was proposed on (T24)."""
    struct = proposed_act(owed)
    if (seen.head, seen.sequence, seen.epoch) != (struct.head, struct.sequence, struct.epoch):
        message = f"the contract has moved on since the act was proposed: sequence {seen.sequence}, head {seen.head}"
        raise ChainMismatch(message, culprits=("the contract",), remedy="Stop: find out who acted on the contract.")


def _expiry(state: State) -> int:
    return int(datetime.fromisoformat(state.plan.expires).timestamp())
