"""Rules and effects of the entries by which one ceremony succeeds another; the order of its steps stands in `steps`, as for all (pure)."""

from collections.abc import Mapping
from types import MappingProxyType

from ceremony.errors import PlanError
from ceremony.protocol.committee import Committee
from ceremony.protocol.effects import Effect, Rule, body_of, keep, keep_by
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.records import succession_entries as entries
from ceremony.records.entries import Entry
from ceremony.records.plan_text import parse_plan


def _judge_succession(state: State, body: entries.SuccessionOpened) -> str | None:
    if state.plan.succeeds is None or state.plan.succeeds.ceremony != body.predecessor:
        return "the plan names another predecessor, or none"
    try:
        plan = parse_plan(body.plan_text)
    except PlanError as error:
        return f"the predecessor's plan is none: {error.message}"
    same = (plan.chain.id, plan.quorum, plan.rehearsal) == (state.plan.chain.id, state.plan.quorum, state.plan.rehearsal)
    fits = (len(body.roster), len(body.commitments)) == (plan.quorum.n, plan.quorum.k)
    return None if same and fits else "the predecessor is of another chain or quorum, or only one of the two is a rehearsal"


def _judge_rewrap(state: State, body: entries.Rewrapped) -> str | None:
    header = body.sealed.header
    here = (header.ceremony, header.dealing, len(header.tags)) == (state.opened.ceremony, state.dealing, state.plan.quorum.n)
    return None if here else "it is wrapped for another dealing than this one"


def _judge_reopening(state: State, body: entries.Reopened) -> str | None:
    distinct = set(body.custodians)
    enough = len(distinct) == len(body.custodians) >= state.plan.quorum.k
    return None if enough and distinct <= set(state.enrolled) else f"it takes {state.plan.quorum.k} distinct enrolled custodians"


def _judge_summary(state: State, body: entries.SuccessionProposed) -> str | None:
    said = (body.act.ceremony, body.act.dealing, body.act.size, body.act.envelopes)
    here = (state.opened.ceremony, state.dealing, state.size, len(state.rewrapped))
    return None if said == here else "it sums up other entries than these"


def _judge_consent(state: State, body: entries.ConsentBegun) -> str | None:
    expected = state.failures.get(body.custodian)
    return None if body.acknowledged == expected else f"the failed try in entry {expected} was not acknowledged"


def _judge_consent_failure(state: State, body: entries.ConsentFailed) -> str | None:
    return None if Step(StepKind.CONSENT, body.custodian) in state.begun - state.done else "this custodian was not about to approve"


def _succeed(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.succeeded = body
    roster_by_index = dict(enumerate(body.roster, 1))
    state.predecessor = Committee(parse_plan(body.plan_text), body.predecessor, roster_by_index, body.epoch)


def _sum_up(state: State, entry: Entry) -> None:
    state.summary, state.failures = body_of(entry), {}


def _consent(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.consents[body.custodian] = body
    state.failures.pop(body.custodian, None)


def _fail_consent(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.failures[body.custodian] = entry.index
    state.begun.discard(Step(StepKind.CONSENT, body.custodian))


def _leave_behind(state: State, entry: Entry) -> None:
    body = body_of(entry)
    state.left_behind[body.custodian, body.token_number] = body


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "succession_opened": _judge_succession,
        "rewrapped": _judge_rewrap,
        "reopened": _judge_reopening,
        "succession_proposed": _judge_summary,
        "consent_begun": _judge_consent,
        "consent_failed": _judge_consent_failure,
    }
)
AFTER: Mapping[str, Effect] = MappingProxyType(
    {
        "succession_opened": _succeed,
        "envelopes_listed": keep("listed"),
        "rewrapped": keep_by("rewrapped", "number"),
        "envelope_left_out": keep_by("left_out", "number"),
        "succession_proposed": _sum_up,
        "consented": _consent,
        "consent_failed": _fail_consent,
        "shard_outstanding": _leave_behind,
    }
)
