"""Checks on a succession: who handed over, what was carried over, who approved the list, and what became of the old shards (pure)."""

from ceremony.acts.digest import digest
from ceremony.acts.roster import ascending
from ceremony.errors import ApprovalError, DealingError, RecordError, TranscriptError
from ceremony.protocol.state import FIRST_EPOCH
from ceremony.quorum.approvals import Approval, require_approval
from ceremony.quorum.dealings import parse_points, require_attested
from ceremony.quorum.successions import list_digest
from ceremony.records.base import to_hex
from ceremony.records.structs import Domain, TypedAct
from ceremony.records.succession_entries import (
    ConsentBegun,
    Consented,
    Reopened,
    RewrapBegun,
    Rewrapped,
    ShardDestroyed,
    ShardOutstanding,
    SuccessionOpened,
    SuccessionProposed,
)
from ceremony.shards.threshold import header_digest
from ceremony.verify.report import Finding, Verdict, pending, proven, recorded
from ceremony.verify.state import Subject, blamed


def predecessor_is_named(subject: Subject) -> Finding:
    """Those who hand over are those of the contract's first epoch, or of a later one that the contract's own history shows."""
    for entry, body in subject.bodies(SuccessionOpened):
        with blamed(entry):
            parse_points(body.commitments)
            first = (body.predecessor, ascending(body.roster)) == (body.origin.ceremony, body.origin.roster)
            if (body.epoch == FIRST_EPOCH) != first or body.origin.contract != subject.state.plan.chain.contract:
                message = "those who hand over are not the roster that the contract's first epoch had, or the contract is another one"
                raise RecordError(message, culprits=("the predecessor",))
    succeeded = subject.state.succeeded
    if succeeded is None:
        return pending("the predecessor is not named yet")
    evidence = f"ceremony {succeeded.predecessor}, epoch {succeeded.epoch}, {succeeded.size} entries, root {succeeded.root}"
    return Finding(evidence, "its own transcript, which `ceremony verify` checks")


def envelopes_were_carried_over(subject: Subject) -> Finding:
    """Each listed envelope was wrapped for this dealing, in order, and five of the new tokens then brought the same payload's key back."""
    listed, origins = subject.state.listed, {body.number: body.origin for _, body in subject.bodies(RewrapBegun)}
    seen: set[str] = set()
    for entry, body in subject.bodies(Rewrapped):
        with blamed(entry):
            header_digest(body.sealed.header)
            if body.origin != origins[body.number] or body.origin in seen:
                message = f"envelope {body.number} is another one than was begun, or was carried over before"
                raise TranscriptError(message, culprits=(f"envelope {body.number}",))
            seen.add(body.origin)
    if listed is None:
        return pending("no list of envelopes yet")
    opened, left = len(list(subject.bodies(Reopened))), subject.state.left_out
    lost = ", ".join(f"{number} {one.description} ({one.statement})" for number, one in sorted(left.items()))
    evidence = f"carried over {len(seen)} of {listed.envelopes} envelopes, opened anew {opened}; LOST: {lost or 'none'}"
    return recorded(evidence, opened, listed.envelopes - len(left))


def succession_was_approved(subject: Subject) -> Finding:
    """Five distinct new custodians signed exactly this list and cut-off, on exactly the entries before it."""
    state = subject.state
    for entry, body in subject.bodies(SuccessionProposed):
        with blamed(entry):
            here = (entry.index, to_hex(subject.book.root(entry.index)), list_digest(state.rewrapped.values()))
            named = (state.succeeded.predecessor, state.listed.cutoff) if state.succeeded and state.listed else None
            if (body.act.size, body.act.root, body.act.list_digest) != here or (body.act.predecessor, body.act.cutoff) != named:
                message = "the succession sums up another list, or stands on other entries, than these"
                raise TranscriptError(message)
    if state.summary is None:
        return pending("no succession is proposed")
    act = TypedAct(domain=state.domain, struct=state.summary.act)
    for entry, begun in subject.bodies(ConsentBegun):
        if begun.digest != to_hex(digest(act)):
            message = f"custodian {begun.custodian} was about to sign another succession"
            raise ApprovalError(message, culprits=(f"entry {entry.index}", f"custodian {begun.custodian}"))
    given = list(subject.bodies(Consented))
    for entry, consent in given:
        with blamed(entry):
            require_approval(Approval(consent.custodian, consent.digest, consent.signature), act, state.roster)
    if len(state.consents) < state.plan.quorum.k:
        return pending(f"{len(state.consents)} of {state.plan.quorum.k} have approved the succession")
    who = ", ".join(state.plan.who(index) for index in sorted(state.consents))
    return proven(f"{state.summary.act.envelopes} envelopes, approved by {who}")


def old_shards_are_destroyed(subject: Subject) -> Finding:
    """Each old token listed nothing of the old dealing once it had destroyed its shard, and signed so; the others are OUTSTANDING."""
    state = subject.state
    destroyed = list(subject.bodies(ShardDestroyed))
    for entry, body in destroyed:
        with blamed(entry):
            _require_destroyed(subject, body)
    plan = state.committee.plan
    left = [f"{plan.whose(body.custodian, body.token_number)} ({body.statement})" for _, body in subject.bodies(ShardOutstanding)]
    evidence = f"old shards destroyed: {len(destroyed)}; OUTSTANDING: {', '.join(left) or 'none'}"
    done, of = len(destroyed) + len(left), len(plan.holders)
    return Finding(evidence, f"attested by {len(destroyed)} of {of}", Verdict.VERIFIED if done == of else Verdict.NOT_CLOSED)


def _require_destroyed(subject: Subject, body: ShardDestroyed) -> None:
    state, before = subject.state, subject.state.succeeded
    if before is None:  # pragma: no cover - the protocol names the predecessor first
        raise AssertionError
    require_attested(
        body.attestation,
        body.signature,
        body.evidence,
        subject="destruction",
        domain=Domain(name=state.domain_name, chain_id=state.plan.chain.id, contract=None, salt=before.predecessor),
        ceremony=before.predecessor,
        dealing=before.dealing,
        custodian=body.custodian,
        address=state.committee.roster[body.custodian],
    )
    if body.evidence.token_number != body.token_number:
        message = f"custodian {body.custodian} signed for another of their old tokens than the entry is about"
        raise DealingError(message, culprits=(f"custodian {body.custodian}",))
    if body.evidence.shards or body.evidence.transport_keys:
        message = f"custodian {body.custodian}'s old token still lists keys of the old dealing"
        raise DealingError(message, culprits=(f"custodian {body.custodian}",))
