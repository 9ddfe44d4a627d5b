"""What each entry does to the state, and where it may stand. OutOfTurn names the entry that may not stand where it does.

What an entry claims (signatures, sums, what tokens and chains showed) is proven elsewhere: by the conductor before it writes and by
`ceremony.verify` afterwards.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from ceremony.errors import OutOfTurn, PlanError
from ceremony.protocol import succession
from ceremony.protocol.effects import Effect, Rule, body_of, keep, keep_by
from ceremony.protocol.state import State, sources_of
from ceremony.protocol.steps import Step, StepKind, opening_set
from ceremony.protocol.table import BEGINS, Edge, step_of
from ceremony.records import act_entries as act
from ceremony.records import dealing_entries as deal
from ceremony.records import roster_entries as roster
from ceremony.records.entries import Entry
from ceremony.records.plan_text import parse_plan
from ceremony.records.structs import covered


def fold(entries: Iterable[Entry]) -> State:
    """The state that these entries add up to; OutOfTurn when one stands where it may not, or when there is none."""
    state: State | None = None
    for entry in entries:
        state = open_state(entry) if state is None else apply(state, entry)
    if state is None:
        message = "an empty transcript: it has no entry 0"
        raise OutOfTurn(message, culprits=("entry 0",))
    return state


def open_state(entry: Entry) -> State:
    """The state after entry 0; PlanError when its plan is none."""
    if not isinstance(entry.body, roster.CeremonyOpened):
        raise _refused(entry, "entry 0 must open the ceremony")
    try:
        plan = parse_plan(entry.body.plan_text)
    except PlanError as error:
        raise PlanError(error.message, culprits=("entry 0",), remedy="Stop: no ceremony begins with such a plan.") from None
    return State(opened=entry.body, plan=plan, size=1)


def apply(state: State, entry: Entry) -> State:
    """The state (the same object) after one more entry; OutOfTurn leaves it as it was."""
    require_allowed(state, entry)
    located = step_of(entry.body)
    if located:
        _record(state, *located)
    _AFTER.get(entry.body.kind, _nothing)(state, entry)
    state.size = entry.index + 1
    return state


def require_allowed(state: State, entry: Entry) -> None:
    """Raise OutOfTurn, with the reason, unless this entry may stand next. The conductor asks before it writes."""
    body = entry.body
    if state.closing and not isinstance(body, act.ClosingNamed):
        raise _refused(entry, "nothing follows the naming of the closing signers")
    located, rule = step_of(body), _RULES.get(body.kind)
    if located:
        _require_turn(state, entry, *located)
    elif rule is None:
        raise _refused(entry, "a ceremony is opened once, by entry 0")
    reason = rule(state, body) if rule else None
    if reason:
        raise _refused(entry, reason)


def _refused(entry: Entry, reason: str) -> OutOfTurn:
    return OutOfTurn(f"entry {entry.index} ({entry.body.kind}) may not stand here: {reason}", culprits=(f"entry {entry.index}",))


def _require_turn(state: State, entry: Entry, step: Step, edge: Edge) -> None:
    if step not in _allowed(state):
        raise _refused(entry, f"the step {step.kind}{f' {step.part}' if step.part else ''} is not owed")
    if edge is Edge.BEGIN and step in state.begun:
        raise _refused(entry, "its step was begun before and has no outcome yet")
    if edge in {Edge.PART, Edge.END} and step.kind in BEGINS and step not in state.begun:
        raise _refused(entry, "the intent before it is missing")


def _allowed(state: State) -> set[Step]:
    allowed = set(state.owed())
    if state.proposed and not (state.aborting or state.anchoring):
        allowed |= {Step(StepKind.APPROVE, index, state.attempt) for index in state.committee.roster if index not in state.approvals}
    if state.stopped:  # the chain may have taken the act before the stop reached anyone
        allowed.add(Step(StepKind.ANCHOR, 0, state.attempt))
    if state.closing:
        allowed.add(Step(StepKind.NAME))
    return allowed


def _record(state: State, step: Step, edge: Edge) -> None:
    if edge is Edge.BEGIN:
        state.begun.add(step)
    elif edge in {Edge.END, Edge.GIVE_UP}:
        state.done.add(step)


# --- rules: the reason why this entry may not stand here, or None; only what the order of steps does not already say ---


def _sources(state: State) -> set[str]:
    return set(sources_of(state.plan))


def _judge_commitment(state: State, body: deal.ContributionCommitted) -> str | None:
    if body.source not in _sources(state) or body.source in state.contributions:
        return f"{body.source} may not contribute, or has done so"
    return "a source has shown its points already" if state.revealed else None


def _judge_reveal(state: State, body: deal.ContributionRevealed) -> str | None:
    if set(state.contributions) != _sources(state):
        return "not every source has committed itself yet"
    return f"{body.source} may not contribute, or has done so" if body.source not in _sources(state) - set(state.revealed) else None


def _judge_dealt(state: State, body: deal.Dealt) -> str | None:
    if set(state.revealed) != _sources(state):
        return "not every source has shown its points yet"
    quorum = state.plan.quorum
    holders = len(state.plan.holders)
    fits = (len(body.commitments), len(body.wrapped)) == (quorum.k, holders)
    return None if fits else f"a dealing has {quorum.k} commitments and {holders} wrapped shards"


def _judge_opening(state: State, body: deal.OpeningBegun | deal.Opened) -> str | None:
    quorum = state.plan.quorum
    expected = opening_set(quorum.n, quorum.k, body.round)
    return None if body.custodians == expected else f"round {body.round} is opened by custodians {', '.join(map(str, expected))}"


def _judge_abandonment(state: State, body: deal.DealingAbandoned) -> str | None:
    if body.dealing != state.dealing:
        return f"the dealing in hand is {state.dealing}"
    return "the act is proposed: its dealing stands" if state.proposed or state.anchored else None


def _judge_proposal(state: State, body: act.Proposed) -> str | None:
    if body.act.type != ("Rotate" if state.predecessor else "Genesis"):
        return "a first ceremony proposes its genesis, a successor the rotation to its roster"
    size, _ = covered(body.act)
    if size != state.size:
        return f"its act covers {size} entries, but {state.size} stand before it"
    seen = (body.seen.head, body.seen.sequence, body.seen.epoch)
    return None if seen == (body.act.head, body.act.sequence, body.act.epoch) else "its act is not on the contract's state that it shows"


def _judge_attempt(state: State, body: act.ApprovalFailed | act.AbortAsked | act.ActVoided) -> str | None:
    return None if state.proposed and not state.anchored and body.attempt == state.attempt else "no such act is waiting"


def _judge_approval_intent(state: State, body: act.ApprovalBegun) -> str | None:
    expected = state.failures.get(body.custodian)
    return None if body.acknowledged == expected else f"the failed try in entry {expected} was not acknowledged"


def _judge_failure(state: State, body: act.ApprovalFailed) -> str | None:
    begun = Step(StepKind.APPROVE, body.custodian, state.attempt) in state.begun and body.custodian not in state.approvals
    return _judge_attempt(state, body) if begun else "this custodian was not about to approve"


def _judge_abort(state: State, body: act.AbortAsked) -> str | None:
    if body.custodian not in state.committee.roster:
        return "a stranger asks"
    return "it is stopped already" if state.aborting else _judge_attempt(state, body)


def _judge_void(state: State, body: act.ActVoided) -> str | None:
    waiting, seen = state.proposed, body.seen
    if waiting is None or _judge_attempt(state, body):
        return "no such act is waiting"
    if seen.block.time <= waiting.act.deadline:
        return "its deadline had not passed in that block"
    unchanged = (seen.head, seen.sequence, seen.epoch) == (waiting.act.head, waiting.act.sequence, waiting.act.epoch)
    return None if unchanged else "the contract had moved on in that block"


def _judge_anchor_intent(state: State, body: act.AnchorBegun) -> str | None:
    distinct = set(body.custodians)
    enough = len(distinct) == len(body.custodians) and len(distinct) >= state.plan.quorum.k
    return None if enough and distinct <= set(state.approvals) else f"it needs {state.plan.quorum.k} distinct custodians who have approved"


def _judge_naming(state: State, body: act.ClosingNamed) -> str | None:
    distinct = set(body.custodians)
    enough = len(distinct) == len(body.custodians) and len(distinct) >= state.plan.quorum.k
    return None if enough and distinct <= set(state.enrolled) else f"at least {state.plan.quorum.k} distinct enrolled custodians sign"


def _judge_mark(state: State, body: roster.MarkFounded) -> str | None:
    known = body.custodian in state.enrolled and (body.custodian, body.token_number) in state.plan.tokens
    return None if known and body.size == state.size else "only an enrolled token founds a mark, at this size"


_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "run_started": lambda _state, _body: None,
        "mark_founded": _judge_mark,
        "contribution_committed": _judge_commitment,
        "contribution_revealed": _judge_reveal,
        "dealt": _judge_dealt,
        "opening_begun": _judge_opening,
        "opened": _judge_opening,
        "dealing_abandoned": _judge_abandonment,
        "proposed": _judge_proposal,
        "approval_begun": _judge_approval_intent,
        "approval_failed": _judge_failure,
        "abort_asked": _judge_abort,
        "act_voided": _judge_void,
        "anchor_begun": _judge_anchor_intent,
        "closing_named": _judge_naming,
        **succession.RULES,
    },
)


# --- effects: what the state remembers of an entry ---


def _nothing(_state: State, _entry: Entry) -> None:
    """Most entries change nothing but which steps are done."""


def _abandon(state: State, _entry: Entry) -> None:
    begun = {(step.part, step.token) for step in state.begun if step.kind is StepKind.TRANSPORT and step.series == state.dealing}
    if begun:
        state.remnants[state.dealing] = begun
    state.dealing += 1
    state.transports, state.contributions, state.revealed = {}, {}, {}
    state.dealt = state.test = None


def _discard(state: State, entry: Entry) -> None:
    body: Any = entry.body
    state.remnants[body.dealing].discard((body.custodian, body.token_number))


def _propose(state: State, entry: Entry) -> None:
    state.proposed, state.proposed_at = body_of(entry), entry.index
    state.approvals, state.failures = {}, {}


def _approve(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.approvals[body.custodian] = body
    state.failures.pop(body.custodian, None)


def _fail(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.failures[body.custodian] = entry.index
    state.begun.discard(Step(StepKind.APPROVE, body.custodian, state.attempt))


def _void(state: State, entry: Entry) -> None:
    state.voided, state.stopped_by = body_of(entry), state.aborting
    state.proposed, state.aborting, state.anchoring = None, None, None
    state.attempt += 1


def _keep_transport(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.transports[body.custodian, body.token_number] = body


_AFTER: Mapping[str, Effect] = MappingProxyType(
    {
        "enrolled": keep_by("enrolled", "custodian"),
        "transport_made": _keep_transport,
        "contribution_committed": keep_by("contributions", "source"),
        "contribution_revealed": keep_by("revealed", "source"),
        "dealt": keep("dealt"),
        "test_sealed": keep("test"),
        "dealing_abandoned": _abandon,
        "discarded": _discard,
        "deploy_begun": keep("deploying"),
        "deployed": keep("deployed"),
        "proposed": _propose,
        "approved": _approve,
        "approval_failed": _fail,
        "abort_asked": keep("aborting"),
        "act_voided": _void,
        "anchor_begun": keep("anchoring"),
        "anchored": keep("anchored"),
        "closing_named": keep("closing"),
        **succession.AFTER,
    },
)
