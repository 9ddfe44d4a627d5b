"""Runs every check in order and adds up what they show. A refusal of whatever kind becomes a failure named after its check."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from ceremony.errors import CeremonyError, ChainError, ChainUnreachable, CheckFailed, EndpointsDisagree
from ceremony.verify import act_checks as act
from ceremony.verify import chain_checks as chain
from ceremony.verify import dealing_checks as dealing
from ceremony.verify import people_checks as people
from ceremony.verify import succession_checks as succession
from ceremony.verify import transcript_checks as transcript
from ceremony.verify.report import Finding, Report, Row
from ceremony.verify.state import Subject, Trust

T = TypeVar("T")
Check = Callable[[Subject], Finding]

CHECKS: tuple[Check, ...] = (
    transcript.rehearsal_is_admitted,
    transcript.plan_is_the_one_signed_for,
    transcript.artifact_is_known,
    transcript.runs_were_tested,
    transcript.marks_were_founded_openly,
    people.enrolments_are_signed,
    people.keys_were_born_in_tokens,
    people.roster_is_the_one_known_outside,
    people.roster_was_confirmed,
    people.custody_was_stated,
    people.transport_keys_are_signed,
    people.plain_imports_are_named,
    dealing.contributions_were_committed_first,
    dealing.commitments_are_their_sum,
    dealing.shards_cannot_leave,
    dealing.holding_was_attested,
    dealing.recovery_was_shown,
    dealing.transport_keys_are_gone,
    dealing.abandoned_dealings_are_gone,
    act.contract_follows_from_the_roster,
    act.genesis_covers_the_transcript,
    act.stopped_acts_are_dead,
    act.approvals_are_valid,
    act.quorum_approved,
    act.receipt_is_of_this_act,
    act.transcript_is_closed,
    chain.endpoints_agree,
    chain.blocks_stand_on_chain,
    chain.contract_stands_on_chain,
    chain.genesis_stands_on_chain,
    chain.history_is_whole,
    chain.receipt_stands_on_chain,
)
"""Every check after the two that read the transcript, in the order they are made."""

SUCCESSION_CHECKS: tuple[Check, ...] = (
    succession.predecessor_is_named,
    succession.envelopes_were_carried_over,
    succession.succession_was_approved,
    succession.old_shards_are_destroyed,
)
"""Of a ceremony that succeeds another, before the check of its end."""


def verify(data: bytes, note: bytes | None, trust: Trust, *, every: bool = False) -> Report:
    """Check a transcript and its checkpoint.

    Args:
        data: the transcript's bytes.
        note: the checkpoint's bytes, if there is one.
        trust: what the reader brings along.
        every: go on after the first lie. What cannot be read or follows no protocol ends it all the same.

    Raises:
        ChainUnreachable: an endpoint does not answer, so that there is no verdict.
    """
    rows: list[Row] = []
    try:
        book = _opening(rows, transcript.transcript_is_whole, data)
        state = _opening(rows, transcript.protocol_was_followed, book)
    except CheckFailed as failure:
        return Report((*rows, Row(failure.check, None, failure)))
    subject = Subject(book, state, note, trust)
    for row in _rows(subject):
        rows.append(row)
        if row.failure and not every:
            break
    return _report(subject, tuple(rows))


def _opening(rows: list[Row], check: Callable[..., tuple[T, Finding]], given: object) -> T:
    """One of the two checks that give the others something to look at."""
    found, finding = _named(check.__name__, lambda: check(given))
    rows.append(Row(check.__name__, finding))
    return found


def _rows(subject: Subject) -> Iterator[Row]:
    end = CHECKS.index(act.transcript_is_closed)
    checks = (*CHECKS[:end], *(SUCCESSION_CHECKS if subject.state.plan.succeeds else ()), *CHECKS[end:])
    if not subject.trust.readers:
        checks = tuple(check for check in checks if check not in _ON_CHAIN)
    for check in checks:
        try:
            yield Row(check.__name__, _named(check.__name__, lambda: check(subject)))  # noqa: B023 - called in this round
        except CheckFailed as failure:
            yield Row(check.__name__, None, failure)


_ON_CHAIN = frozenset(CHECKS[CHECKS.index(chain.endpoints_agree) + 1 :])
"""Left out when no endpoint is asked: `endpoints_agree` then says "chain not checked"."""
def _named(name: str, work: Callable[[], T]) -> T:
    try:
        return work()
    except ChainUnreachable:
        raise
    except CeremonyError as error:
        said = error.said if isinstance(error, EndpointsDisagree) else None
        raise CheckFailed(error.message, check=name, culprits=error.culprits, remedy=_remedy(error), said=said) from None


def _remedy(error: CeremonyError) -> str:
    """An error's own remedy when it was given one; else CheckFailed's, which fits the reader better than the class's."""
    return "" if error.next_step == type(error).remedy and not isinstance(error, ChainError) else error.next_step


def _report(subject: Subject, rows: tuple[Row, ...]) -> Report:
    state = subject.state
    return Report(
        rows,
        rehearsal=state.opened.rehearsal,
        genesis_root=state.anchored.seen.genesis_root if state.anchored else None,
        contract=state.contract,
        block=state.anchored.block.number if state.anchored else None,
    )
