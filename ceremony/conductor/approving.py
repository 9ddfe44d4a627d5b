"""Approvals: one custodian reads one act, says Yes, and their token signs it. The same way signs the closing checkpoint."""

from dataclasses import dataclass

from ceremony.acts.digest import digest
from ceremony.acts.render import render
from ceremony.anchor.agreement import see_contract
from ceremony.conductor.anchoring import require_pinned
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.looking import require_planned_chain
from ceremony.errors import ApprovalError, CeremonyError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.quorum.approvals import Approval, require_alive, require_approval
from ceremony.quorum.replay import ShownVoid
from ceremony.records import act_entries as act
from ceremony.records.base import to_hex
from ceremony.records.structs import Checkpoint, Genesis, TypedAct
from ceremony.transcript.book import Book
from ceremony.transcript.checkpoint_file import CheckpointFile


@dataclass(frozen=True)
class Owed:
    """What this custodian is asked to sign now."""

    step: Step
    act: TypedAct


def require_owed(state: State, book: Book, signed: frozenset[int], custodian: int) -> Owed:
    """The act or checkpoint this custodian owes a signature for; ApprovalError when there is none."""
    owed = state.act_owed
    if owed is not None and not (state.anchored or state.aborting or state.anchoring) and custodian not in state.approvals:
        return Owed(Step(StepKind.APPROVE, custodian, state.attempt), owed)
    if state.closing and custodian in state.closing.custodians and custodian not in signed:
        return Owed(Step(StepKind.SIGN, custodian), closing_act(state, book))
    message = f"{state.plan.who(custodian)} owes no approval now"
    raise ApprovalError(message, culprits=(state.plan.who(custodian),))


def closing_act(state: State, book: Book) -> TypedAct:
    """The checkpoint over the whole transcript, in the contract's domain."""
    return state.contract_act(Checkpoint(origin=state.origin, size=len(book), root=to_hex(book.root())))


def approve(c: Conductor, checkpoint: CheckpointFile, custodian: int, expected: TypedAct) -> Owed:
    """Have this custodian's token sign what they owe. The journal's lock is held from intent to outcome.

    Raises:
        ApprovalError: nothing is owed, or the act changed meanwhile.
        CeremonyError: the token or its agent refused; the failed try is an entry that must be acknowledged before the next (T13).
    """
    owed = require_owed(c.state, c.journal.book, checkpoint.signed(c.journal.book), custodian)
    if owed.act != expected:
        message = "another act is owed now than the one that was read and confirmed"
        raise ApprovalError(message, culprits=(c.who(custodian),))
    if owed.step.kind is StepKind.SIGN:
        signature = _sign(c, owed, custodian)
        checkpoint.add(owed.act, custodian, c.state.roster[custodian], signature)
        return owed
    require_current(c, owed)
    value = to_hex(digest(owed.act))
    failure = c.state.failures.get(custodian)
    c.begin(
        owed.step,
        lambda: act.ApprovalBegun(attempt=c.state.attempt, custodian=custodian, digest=value, acknowledged=failure),
    )
    try:
        signature = _sign(c, owed, custodian)
    except CeremonyError as error:
        c.write(act.ApprovalFailed(attempt=c.state.attempt, custodian=custodian, reason=error.name))
        raise
    c.write(act.Approved(attempt=c.state.attempt, custodian=custodian, digest=value, signature=signature))
    return owed


def describe_owed(state: State, owed: Owed) -> tuple[str, ...]:
    """What the custodian reads before saying Yes: the act, what became of the one before it, and their last failed try."""
    failure, notes = state.failures.get(owed.step.part), []
    if state.attempt > 1 and not state.anchored:
        notes.append(f"This is act {state.attempt} of its kind: {_fate(state)}. That one can never follow.")
    if failure is not None:
        notes.append(f"Your last try failed: entry {failure} of the transcript says why. Yes acknowledges it.")
    return (*render(owed.act), *notes)


def _fate(state: State) -> str:
    if state.stopped_by is None:
        return "the one before was not anchored in time"
    return f"the one before was stopped by {state.plan.who(state.stopped_by.custodian)}: {state.stopped_by.reason}"


def require_current(c: Conductor, owed: Owed) -> None:
    """Raise unless the contract is still in the state the act was made on, and the act is alive by final chain time (T24)."""
    struct, deployed = owed.act.struct, c.state.deployed
    if not isinstance(struct, Genesis) or deployed is None:
        return
    require_planned_chain(c)
    seen = see_contract(c.ports.readers, deployed.contract)
    require_alive(struct, seen.block.time)
    require_pinned(owed.act, seen)


def _sign(c: Conductor, owed: Owed, custodian: int) -> str:
    ceremony, tree = c.state.opened.ceremony, c.journal.book.tree
    agent = c.seat(custodian)
    mark = ask(agent, m.ReadMark(ceremony=ceremony), m.MarkReply).mark
    struct = owed.act.struct
    covered = struct.size if isinstance(struct, Genesis | Checkpoint) else 0
    request = m.Sign(
        ceremony=ceremony,
        custodian=custodian,
        act=owed.act,
        extension=c.extension(mark),
        act_proof=tuple(to_hex(node) for node in tree.consistency(covered, c.size)),
        voided=_show_void(c.journal.book),
    )
    reply = ask(agent, request, m.Signed)
    c.rise()
    require_approval(Approval(custodian, reply.digest, reply.signature), owed.act, c.state.roster)
    return reply.signature


def _show_void(book: Book) -> ShownVoid | None:
    """The newest entry that ends an act, with its proof: what lets a token sign a successor."""
    index = next((entry.index for entry in reversed(book.entries) if isinstance(entry.body, act.ActVoided)), None)
    if index is None:
        return None
    proof = tuple(to_hex(node) for node in book.tree.inclusion(index))
    return ShownVoid(index=index, line=book.lines[index].decode(), proof=proof)


