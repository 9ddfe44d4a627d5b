"""Approvals: one custodian reads one act, says Yes, and their token signs it. The same way signs the closing checkpoint."""

from dataclasses import dataclass

from ceremony.acts.digest import digest
from ceremony.acts.render import render
from ceremony.anchor.agreement import see_contract
from ceremony.conductor.anchoring import require_pinned
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.looking import require_planned_chain
from ceremony.errors import ApprovalError, CeremonyError, OutOfTurn
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.quorum.approvals import Approval, require_alive, require_approval
from ceremony.quorum.replay import ShownEntry, Successor
from ceremony.records import act_entries as act
from ceremony.records import succession_entries as succession
from ceremony.records.base import to_hex
from ceremony.records.entries import Body
from ceremony.records.structs import Checkpoint, Genesis, ProposedAct, Rotate, Succession, TypedAct, covered
from ceremony.transcript.book import Book
from ceremony.transcript.checkpoint_file import CheckpointFile


@dataclass(frozen=True)
class Owed:
    """What this custodian is asked to sign now."""

    step: Step
    act: TypedAct


def require_asked(state: State, name: str) -> int:
    """The index of the one of this name among those whose turn it is.

    OutOfTurn when that is the other roster of a succession, ApprovalError when nobody is called so.
    """
    turn, theirs, other = ("new", "old", state.committee.plan) if state.anchored else ("old", "new", state.plan)
    if name in {one.name for one in other.custodian} - {one.name for one in state.asked_plan.custodian}:
        message = f"it is the turn of the {turn} roster, and {name} is of the {theirs} one only"
        remedy = "`ceremony status DIR` shows whose approval is owed now."
        raise OutOfTurn(message, culprits=(name,), remedy=remedy)
    return state.asked_plan.require_index(name)


def require_owed(state: State, book: Book, signed: frozenset[int], custodian: int) -> Owed:
    """The act or checkpoint this custodian owes a signature for; ApprovalError when there is none."""
    owed, summary = state.act_owed, state.summary
    if owed is not None and not (state.anchored or state.aborting or state.anchoring) and custodian not in state.approvals:
        return Owed(Step(StepKind.APPROVE, custodian, state.attempt), owed)
    if summary is not None and Step(StepKind.CONSENT, custodian) in state.owed():
        return Owed(Step(StepKind.CONSENT, custodian), TypedAct(domain=state.domain, struct=summary.act))
    if state.closing and custodian in state.closing.custodians and custodian not in signed:
        return Owed(Step(StepKind.SIGN, custodian), closing_act(state, book))
    message = f"{state.asked_plan.who(custodian)} owes no approval now"
    raise ApprovalError(message, culprits=(state.asked_plan.who(custodian),))


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
    writes = _Consent(c, owed) if owed.step.kind is StepKind.CONSENT else _Approval(c, owed)
    c.begin(owed.step, writes.begun)
    try:
        signature = _sign(c, owed, custodian)
    except CeremonyError as error:
        c.write(writes.failed(error.name))
        raise
    c.write(writes.given(signature))
    return owed


class _Approval:
    """The entries of an approval of the act that goes on chain."""

    def __init__(self, c: Conductor, owed: Owed) -> None:
        self._attempt, self._custodian, self._digest = c.state.attempt, owed.step.part, to_hex(digest(owed.act))
        self._acknowledged = c.state.failures.get(owed.step.part)

    def begun(self) -> Body:
        return act.ApprovalBegun(
            attempt=self._attempt, custodian=self._custodian, digest=self._digest, acknowledged=self._acknowledged
        )

    def failed(self, reason: str) -> Body:
        return act.ApprovalFailed(attempt=self._attempt, custodian=self._custodian, reason=reason)

    def given(self, signature: str) -> Body:
        return act.Approved(attempt=self._attempt, custodian=self._custodian, digest=self._digest, signature=signature)


class _Consent(_Approval):
    """The entries of an approval of a succession."""

    def begun(self) -> Body:
        return succession.ConsentBegun(custodian=self._custodian, digest=self._digest, acknowledged=self._acknowledged)

    def failed(self, reason: str) -> Body:
        return succession.ConsentFailed(custodian=self._custodian, reason=reason)

    def given(self, signature: str) -> Body:
        return succession.Consented(custodian=self._custodian, digest=self._digest, signature=signature)


def describe_owed(state: State, owed: Owed) -> tuple[str, ...]:
    """What the custodian reads before saying Yes: the act, what became of the one before it, and their last failed try."""
    failure, notes = state.failures.get(owed.step.part), []
    if state.attempt > 1 and not state.anchored:
        notes.append(f"This is act {state.attempt} of its kind: {_fate(state)}. That one can never follow.")
    if failure is not None:
        notes.append(f"Your last try failed: entry {failure} of the transcript says why. Yes acknowledges it.")
    carried = sorted(state.rewrapped.items()) if owed.step.kind is StepKind.CONSENT else ()
    listed = tuple(f"{number:4}. {one.sealed.header.description} {one.origin}" for number, one in carried)
    lost = tuple(f"LOST: {number}. {one.description} {one.origin}: {one.statement}" for number, one in sorted(state.left_out.items()))
    return (*render(owed.act), *_incoming(state, owed), *listed, *(lost if owed.step.kind is StepKind.CONSENT else ()), *notes)


def _incoming(state: State, owed: Owed) -> tuple[str, ...]:
    """Whose the keys of a rotation are, and who goes and comes: a custodian hands over to people, not to numbers."""
    if not isinstance(owed.act.struct, Rotate):
        return ()
    before, after = ({one.name for one in plan.custodian} for plan in (state.committee.plan, state.plan))
    return (
        "Whose keys these are, as those people confirmed it to each other by the roster's words:",
        *(f"  {state.plan.who(index)}: {address}" for index, address in state.roster.items()),
        f"Who goes:  {', '.join(sorted(before - after)) or 'nobody'}; who comes: {', '.join(sorted(after - before)) or 'nobody'}",
    )


def _fate(state: State) -> str:
    if state.stopped_by is None:
        return "the one before was not anchored in time"
    return f"the one before was stopped by {state.committee.plan.who(state.stopped_by.custodian)}: {state.stopped_by.reason}"


def require_current(c: Conductor, owed: Owed) -> None:
    """Raise unless the contract is still in the state the act was made on, and the act is alive by final chain time (T24)."""
    struct, contract = owed.act.struct, c.state.contract
    if not isinstance(struct, ProposedAct) or contract is None:
        return
    require_planned_chain(c)
    seen = see_contract(c.ports.readers, contract)
    require_alive(struct, seen.block.time)
    require_pinned(owed.act, seen)


def _sign(c: Conductor, owed: Owed, custodian: int) -> str:
    if not isinstance(owed.act.struct, Rotate):
        return _sign_with(c, c, owed, custodian)
    with c.ports.open_predecessor(c.ports) as old:  # those who hand over sign with the keys of their own ceremony
        return _sign_with(c, old.conductor, owed, custodian)


def _sign_with(c: Conductor, seats: Conductor, owed: Owed, custodian: int) -> str:
    """The signature of a custodian of the ceremony in `seats` over an act that stands in the transcript of `c`."""
    book, ceremony, struct = c.journal.book, seats.state.opened.ceremony, owed.act.struct
    if not isinstance(struct, Genesis | Rotate | Checkpoint | Succession):  # pragma: no cover - nothing else is ever owed
        raise AssertionError  # noqa: TRY004 - a fault of this program, not of a type
    agent = seats.seat(custodian)
    mark = ask(agent, m.ReadMark(ceremony=ceremony), m.MarkReply).mark
    request = m.Sign(
        ceremony=ceremony,
        custodian=custodian,
        act=owed.act,
        extension=seats.extension(mark),
        act_proof=tuple(to_hex(node) for node in book.tree.consistency(covered(struct)[0], c.size)),
        voided=_show_void(book),
        successor=None if seats is c else _show_successor(c),
    )
    reply = ask(agent, request, m.Signed)
    seats.rise()
    require_approval(Approval(custodian, reply.digest, reply.signature), owed.act, seats.state.roster)
    return reply.signature


def _show_successor(c: Conductor) -> Successor:
    """This transcript as it stands, and the proof of the entry that names who hands over: what lets their tokens sign an act in it."""
    book = c.journal.book
    index = next(entry.index for entry in book.entries if isinstance(entry.body, succession.SuccessionOpened))
    proof = tuple(to_hex(node) for node in book.tree.inclusion(index))
    return Successor(size=c.size, root=c.root, index=index, line=book.lines[index].decode(), proof=proof)


def _show_void(book: Book) -> ShownEntry | None:
    """The newest entry that ends an act, with its proof: what lets a token sign a successor."""
    index = next((entry.index for entry in reversed(book.entries) if isinstance(entry.body, act.ActVoided)), None)
    if index is None:
        return None
    proof = tuple(to_hex(node) for node in book.tree.inclusion(index))
    return ShownEntry(index=index, line=book.lines[index].decode(), proof=proof)


