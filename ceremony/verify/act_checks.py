"""Checks on the act: the contract it goes to, the entries it covers, its approvals, its receipt, and the closing checkpoint (pure)."""

import re
from datetime import datetime

from ceremony.acts.digest import digest
from ceremony.acts.roster import ascending, roster_digest
from ceremony.acts.signature import require_signature
from ceremony.anchor.artifacts.deployment import create2_address, create_address, creation_code
from ceremony.anchor.chain import FACTORY
from ceremony.anchor.reading import code_digest
from ceremony.anchor.standing import effects_of, head_after, require_standing
from ceremony.errors import ApprovalError, ChainMismatch, RecordError, TranscriptError
from ceremony.quorum.approvals import Approval, require_approval, require_quorum
from ceremony.records.act_entries import ActVoided, AnchorBegun, Anchored, ApprovalBegun, Approved, DeployBegun, Deployed, Proposed
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import ContractSeen
from ceremony.records.structs import Checkpoint as CheckpointStruct
from ceremony.records.structs import Genesis, ProposedAct, covered
from ceremony.transcript.checkpoint import Checkpoint, NoteSignature, index_of, key_id, parse_note
from ceremony.verify.report import Finding, pending, proven
from ceremony.verify.state import Subject, blamed

HOUR = 3600
"""Seconds."""
NO_HEAD = "0x" + "00" * 32
BY_FACTORY = f"factory {FACTORY}"
BY_OTHERS = "others, before"
CHECKPOINT = "the checkpoint"
_BY_PAYER = re.compile(r"payer (0x[0-9a-f]{40}) nonce (0|[1-9][0-9]{0,19})")
"""A nonce is a uint64 (EIP-2681): 20 digits at most."""


def contract_follows_from_the_roster(subject: Subject) -> Finding:
    """Creation code and address are recomputed here, from roster, numbers and ceremony id; what was read back is what they make (T18)."""
    deploying = list(subject.bodies(DeployBegun))
    for entry, body in deploying:
        with blamed(entry):
            _require_prediction(subject, body)
    for entry, deployed in subject.bodies(Deployed):
        with blamed(entry):
            require_standing(deployed.seen, subject.artifact, subject.state.terms)
            if (deployed.contract, deployed.seen.sequence, deployed.seen.head) != (deploying[0][1].contract, 0, NO_HEAD):
                message = "the contract that was read back is another one, or had acted before its genesis"
                raise ChainMismatch(message)
    if subject.state.succeeded is not None:
        return Finding(f"contract {subject.state.contract}, of the first ceremony", "what the predecessor's transcript says")
    if subject.state.deployed is None:
        return pending("no contract")
    return proven(f"contract {subject.state.deployed.contract}, by {deploying[0][1].by}")


def genesis_covers_the_transcript(subject: Subject) -> Finding:
    """Each proposed act's root is the root of exactly the entries before it; plan, epoch, sequence, head and deadline are what was read."""
    proposals = list(subject.bodies(Proposed))
    expiry = int(datetime.fromisoformat(subject.state.plan.expires).timestamp())
    for entry, body in proposals:
        with blamed(entry):
            _require_standing(subject, body.seen)
            act, (_, root) = body.act, covered(body.act)
            if covered(act) != (entry.index, to_hex(subject.book.root(entry.index))):
                message = f"the act's root is not the root of the {entry.index} entries before it"
                raise TranscriptError(message)
            latest = min(body.seen.block.time + subject.state.plan.approval_hours * HOUR, expiry)
            if not _is_ours(subject, act) or act.deadline > latest:
                message = "the act is of another plan, roster or epoch, or lives longer than the plan allows"
                raise RecordError(message)
    if not proposals:
        return pending("no act is proposed")
    uncovered = len(subject.book) - entry.index
    return proven(f"root {root} over entries 0 to {entry.index - 1}; the {uncovered} later ones are not under it")


def _is_ours(subject: Subject, act: ProposedAct) -> bool:
    """Whether it is the act that this ceremony is there for: its genesis, or the rotation to its roster."""
    state = subject.state
    if isinstance(act, Genesis):
        return (act.plan_digest, act.epoch) == (state.opened.plan_digest, state.epoch)
    return (act.roster, act.epoch) == (ascending(state.roster.values()), state.committee.epoch)


def _require_standing(subject: Subject, seen: ContractSeen) -> None:
    require_standing(seen, subject.artifact, subject.state.terms, subject.state.roster_at(seen.epoch))


def stopped_acts_are_dead(subject: Subject) -> Finding:
    """An act that was stopped or expired was followed only after a final block past its deadline, the contract unmoved (T12)."""
    voided = list(subject.bodies(ActVoided))
    for entry, body in voided:  # deadline and contract state are the protocol's rule; here: it is our contract that was seen
        with blamed(entry):
            _require_standing(subject, body.seen)
    evidence = f"acts that were stopped or expired, and can never follow: {len(voided)}"
    seen_on_chain = not voided or bool(subject.trust.readers)  # `blocks_stand_on_chain` compares the blocks, and so their times
    return Finding(evidence, "proven" if seen_on_chain else "what the entries say of the chain")


def approvals_are_valid(subject: Subject) -> Finding:
    """Every approval, of every attempt, is its custodian's signature over the act that was waiting, and no intent names another digest."""
    acts = {body.attempt: subject.state.contract_act(body.act) for _, body in subject.bodies(Proposed)}
    for entry, body in subject.bodies(ApprovalBegun):
        if body.digest != to_hex(digest(acts[body.attempt])):
            message = f"custodian {body.custodian} was about to sign another act"
            raise ApprovalError(message, culprits=(f"entry {entry.index}", f"custodian {body.custodian}"))
    approved = list(subject.bodies(Approved))
    for entry, given in approved:
        with blamed(entry):
            require_approval(Approval(given.custodian, given.digest, given.signature), acts[given.attempt], subject.state.committee.roster)
    begun = len(list(subject.bodies(ApprovalBegun)))
    return proven(f"{len(approved)} approvals; {begun - len(approved)} more signatures may exist, over the same acts")


def quorum_approved(subject: Subject) -> Finding:
    """At least five distinct enrolled custodians approve the anchored act (P2), whose effects were foretold as they follow from it."""
    state = subject.state
    anchoring, proposed = state.anchoring, state.proposed
    if anchoring is None or proposed is None:
        return pending("no act went to the chain")
    proposals = {body.attempt: body.act for _, body in subject.bodies(Proposed)}
    owed = state.contract_act(proposed.act)
    given = [Approval(index, state.approvals[index].digest, state.approvals[index].signature) for index in anchoring.custodians]
    committee, sequence = state.committee, proposed.seen.sequence if state.predecessor else 0
    quorum = require_quorum(owed, given, committee.roster, k=state.plan.quorum.k, epoch=committee.epoch, sequence=sequence)
    for entry, body in subject.bodies(AnchorBegun):
        act, value = proposals[body.attempt], digest(subject.state.contract_act(proposals[body.attempt]))
        effects = effects_of(act, value, genesis_root=proposed.seen.genesis_root, halted=body.effects.halted)
        if (body.digest, body.effects) != (to_hex(value), effects):
            message = "another act went to the chain than the one approved, or it was to have other effects"
            raise ApprovalError(message, culprits=(f"entry {entry.index}",))
    return proven(f"approved by {', '.join(committee.plan.who(one.custodian) for one in quorum)}")


def receipt_is_of_this_act(subject: Subject) -> Finding:
    """The receipt entry shows the contract after exactly this act: root, head and sequence follow from it, in time."""
    anchored, proposed = subject.state.anchored, subject.state.proposed
    if anchored is None or proposed is None:
        return pending("no receipt")
    act, value = proposed.act, digest(subject.state.contract_act(proposed.act))
    for entry, body in subject.bodies(Anchored):
        with blamed(entry):
            _require_standing(subject, body.seen)
            found = (body.digest, body.seen.head, body.seen.genesis_root, body.seen.sequence)
            in_time = body.block.time <= act.deadline and proposed.seen.block.number < body.block.number <= body.seen.block.number
            if found != (to_hex(value), head_after(act, value), subject.genesis_root, act.sequence + 1) or not in_time:
                message = "the receipt is of another act, or of a block where this act could not be taken"
                raise ChainMismatch(message)
    return proven(f"block {anchored.block.number} {anchored.block.hash}, transaction {anchored.transaction}")


def transcript_is_closed(subject: Subject) -> Finding:
    """The checkpoint is of exactly these entries, signed by exactly the custodians that the last entry names (P4)."""
    closing, size = subject.state.closing, len(subject.book)
    if subject.note is None:
        return pending(f"no checkpoint; uncovered: {size - (subject.state.proposed_at or 0)}")
    checkpoint, signatures = _read_note(subject.note)
    if checkpoint.size > size:
        message = f"the checkpoint is of {checkpoint.size} entries, only {size} are here: entries were lost"
        raise TranscriptError(message, culprits=(f"entry {size}",))
    if closing is None:
        message = "there is a checkpoint, but no entry names its signers: the last entries were lost"
        raise TranscriptError(message, culprits=(f"entry {size}",))
    _require_root(subject, checkpoint)
    signed = {index_of(one.name) for one in signatures}
    for one in signatures:
        _require_closing_signature(subject, checkpoint, one.name, one.key_id, one.signature)
    if checkpoint.size < size:
        return pending(f"the checkpoint is of {checkpoint.size} entries; uncovered: {size - checkpoint.size}")
    if not signed <= set(closing.custodians):
        unnamed = sorted(signed - set(closing.custodians))
        message = f"custodians {unnamed} signed, but the last entry does not name them"
        raise TranscriptError(message, culprits=tuple(f"custodian {index}" for index in unnamed))
    missing = sorted(set(closing.custodians) - signed)
    if missing:
        return pending(f"custodians {missing} have not signed the checkpoint")
    return proven(f"{size} entries, signed by custodians {sorted(signed)}")


def _read_note(note: bytes) -> tuple[Checkpoint, tuple[NoteSignature, ...]]:
    """The checkpoint and its signatures, each under a custodian's name; whatever is wrong in it is the checkpoint's fault."""
    try:
        checkpoint, signatures = parse_note(note)
        for one in signatures:
            index_of(one.name)
    except RecordError as error:
        raise RecordError(error.message, culprits=(CHECKPOINT, *error.culprits)) from None
    return checkpoint, signatures


def _require_root(subject: Subject, checkpoint: Checkpoint) -> None:
    """The checkpoint's root is of these entries. All below the act are as it was approved, so one of the later ones must be at fault."""
    if checkpoint.origin != subject.state.origin:
        message = f"the checkpoint is of another log: {checkpoint.origin}"
        raise TranscriptError(message, culprits=(CHECKPOINT,))
    if checkpoint.root != subject.book.root(checkpoint.size):
        message = f"the checkpoint is of another transcript: its root is not of these {checkpoint.size} entries"
        first, last = subject.state.proposed_at, checkpoint.size - 1
        raise TranscriptError(message, culprits=(f"one of entries {first} to {last}" if first <= last else CHECKPOINT,))


def _require_closing_signature(subject: Subject, checkpoint: Checkpoint, name: str, key: bytes, signature: bytes) -> None:
    index = index_of(name)
    address = subject.state.roster.get(index)
    if address is None or key != key_id(name, from_hex(address)):
        message = f"the checkpoint is signed by a stranger, {name}"
        raise ApprovalError(message, culprits=(name,))
    struct = CheckpointStruct(origin=checkpoint.origin, size=checkpoint.size, root=to_hex(checkpoint.root))
    with_name = f"custodian {index}"
    try:
        require_signature(signature, digest(subject.state.contract_act(struct)), from_hex(address))
    except ApprovalError as error:
        message = f"{with_name}'s signature on the checkpoint is not valid: {error.message}"
        raise ApprovalError(message, culprits=(with_name,)) from None


def _require_prediction(subject: Subject, body: DeployBegun) -> None:
    creation, terms = creation_code(subject.artifact, **subject.state.terms), subject.state.terms
    planned = subject.state.plan.chain.contract
    address = _predict(body.by, planned, terms["ceremony_id"], creation)
    if planned not in {"deploy", address}:
        message = f"the plan names contract {planned}"
        raise ChainMismatch(message)
    expected = (address, code_digest(creation), to_hex(roster_digest(terms["roster"])))
    if (body.contract, body.creation_code_digest, body.roster_digest) != expected:
        message = f"roster, numbers and ceremony id give contract {address}, the entry says {body.contract}, or other code"
        raise ChainMismatch(message)


def _predict(by: str, planned: str, ceremony: bytes, creation: bytes) -> str:
    """Where the contract must stand, by the way it was deployed; ChainMismatch for a way that is none."""
    paid = _BY_PAYER.fullmatch(by)
    if by == BY_FACTORY:
        return to_hex(create2_address(from_hex(FACTORY), ceremony, creation))
    if paid:
        return to_hex(create_address(from_hex(paid[1]), int(paid[2])))
    if by == BY_OTHERS:
        return planned
    message = "nothing is known that deploys a contract in the way that the entry says"
    raise ChainMismatch(message)
