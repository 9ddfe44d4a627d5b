"""Acts in plain words: what a custodian reads before saying Yes (T11)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.acts.words import encode_words
from ceremony.records.base import from_hex
from ceremony.records.structs import (
    Anchor,
    Attestation,
    Checkpoint,
    Enrolment,
    EnvelopeApproval,
    Genesis,
    Halt,
    Release,
    Resume,
    Rotate,
    Succession,
    Transport,
    TypedAct,
)

VOID = 0
KINDS: Mapping[int, str] = MappingProxyType({1: "a snapshot root", 2: "a model hash", 3: "rollout evidence"})
"""What an anchor may be of, beside VOID."""


def render(act: TypedAct) -> tuple[str, ...]:
    """The act, line by line: what it does, its fields, what it cannot do, where it is valid, its digest in hex and in words."""
    value = digest(act)
    return (
        *_RENDER[act.struct.type](act.struct),
        *_place(act),
        f"Digest:    0x{value.hex()}",
        f"In words:  {encode_words(value)}",
    )


def instant(seconds: int) -> str:
    """Seconds since 1970 as a UTC time people read; a number too large for a calendar stays a number."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"second {seconds}"


def _place(act: TypedAct) -> tuple[str, ...]:
    domain = act.domain
    where = f"contract {domain.contract}" if domain.contract else f"ceremony {domain.salt}"
    note = " (rehearsal: worth nothing elsewhere)" if domain.name == "ceremony rehearsal" else ""
    return (f"Valid on:  chain {domain.chain_id}, {where}{note}",)


def _genesis(act: Genesis) -> tuple[str, ...]:
    return (
        "GENESIS: write the first root hash into the contract. This can be done once and never undone.",
        f"Root:      {act.root}",
        f"In words:  {encode_words(from_hex(act.root))}",
        f"Covers:    entries 0 to {act.size - 1} of the transcript ({act.size} entries)",
        f"Plan:      {act.plan_digest}",
        f"Epoch:     {act.epoch}, sequence {act.sequence}, contract head before: {act.head}",
        f"Dies at:   {instant(act.deadline)} (chain time) if it is not on chain by then",
        "It cannot: move funds, change the roster, change code, or be followed by another genesis.",
    )


def _anchor(act: Anchor) -> tuple[str, ...]:
    if act.kind == VOID:
        return (
            "VOID: spend the sequence number of an act that was stopped, so that it can never follow.",
            f"Stopped:   the act with digest {act.root}",
            f"In words:  {encode_words(from_hex(act.root))}",
            *_ahead(act),
            "It cannot: anchor anything, change the roster, change code, or move funds.",
        )
    return (
        f"ANCHOR: write a root on chain: {KINDS.get(act.kind, f'of kind {act.kind}, which this version does not know')}.",
        f"Root:      {act.root}",
        f"In words:  {encode_words(from_hex(act.root))}",
        f"Covers:    {act.size} entries; SHA-256 of the metadata {act.metadata}",
        *_ahead(act),
        "It cannot: be undone, change the roster, change code, or move funds.",
    )


def _release(act: Release) -> tuple[str, ...]:
    return (
        "RELEASE: make an artifact the one in force. Whoever trusts the contract will run it.",
        f"Artifact:  {act.artifact}",
        f"In words:  {encode_words(from_hex(act.artifact))}",
        f"Manifest:  {act.manifest}",
        f"Follows:   {act.predecessor if any(from_hex(act.predecessor)) else 'nothing: it is the first'}",
        *_ahead(act),
        "It cannot: change the roster, change the contract's code, or move funds.",
    )


def _rotate(act: Rotate) -> tuple[str, ...]:
    digest_of = roster_digest(act.roster)
    return (
        f"ROTATE: hand over to these {len(act.roster)} keys. The present roster can approve nothing afterwards.",
        *(f"Key {place}:     {address}" for place, address in enumerate(act.roster, 1)),
        f"Roster:    0x{digest_of.hex()}",
        f"In words:  {encode_words(digest_of)}",
        f"Makes:     epoch {act.epoch + 1}",
        *_ahead(act),
        "It cannot: change how many approve, end a halt, change code, or move funds.",
    )


def _halt(act: Halt) -> tuple[str, ...]:
    return (
        "HALT: from now on the contract takes nothing but a rotation or a resumption.",
        f"Reason:    SHA-256 of its text {act.reason}",
        *_ahead(act),
        "It cannot: be repeated while halted, keep five from rotating or resuming, or move funds.",
    )


def _resume(act: Resume) -> tuple[str, ...]:
    return (
        "RESUME: end the halt; the contract takes every act again.",
        f"Reason:    SHA-256 of its text {act.reason}",
        *_ahead(act),
        "It cannot: revive approvals of before the halt, change the roster, or move funds.",
    )


def _ahead(act: Anchor | Release | Rotate | Halt | Resume) -> tuple[str, ...]:
    """Where an act after the genesis belongs."""
    return (
        f"Proposed:  at entry {act.transcript_size} of the transcript, whose root was {act.transcript_root}",
        f"Epoch:     {act.epoch}, sequence {act.sequence}, contract head before: {act.head}",
        f"Dies at:   {instant(act.deadline)} (chain time) if it is not on chain by then",
    )


def _succession(act: Succession) -> tuple[str, ...]:
    return (
        f"SUCCESSION: {act.envelopes} envelopes were carried over. The shards of the dealing before may be destroyed, for ever.",
        f"From:      ceremony {act.predecessor}",
        f"To:        ceremony {act.ceremony}, dealing {act.dealing}",
        f"List:      SHA-256 of the envelopes' header digests {act.list_digest}",
        f"In words:  {encode_words(from_hex(act.list_digest))}",
        f"Cut-off:   {instant(act.cutoff)} (chain time of the last final block when the register was closed)",
        f"Proposed:  at entry {act.size} of the transcript, whose root was {act.root}",
        "LOST: whatever was sealed to the dealing before and is not on the list. Nobody can ever open it again.",
        "It cannot: be undone, change anything on chain, or move funds.",
    )


def _checkpoint(act: Checkpoint) -> tuple[str, ...]:
    return (
        "CHECKPOINT: close the transcript. From now on it has exactly these entries.",
        f"Origin:    {act.origin}",
        f"Entries:   {act.size}",
        f"Root:      {act.root}",
        f"In words:  {encode_words(from_hex(act.root))}",
        "It cannot: change anything on chain.",
    )


def _enrolment(act: Enrolment) -> tuple[str, ...]:
    return (
        f"ENROLMENT: custodian {act.custodian} holds governance key {act.governance_key} in token {act.serial}.",
        f"Ceremony:  {act.ceremony}, epoch {act.epoch}, plan {act.plan_digest}",
    )


def _transport(act: Transport) -> tuple[str, ...]:
    return (
        f"TRANSPORT: token {act.serial} of custodian {act.custodian} receives its shard of dealing {act.dealing}.",
        f"Ceremony:  {act.ceremony}, SHA-256 of the transport key {act.key_digest}",
    )


def _attestation(act: Attestation) -> tuple[str, ...]:
    did = "gave this answer with the shard" if act.subject == "answer" else f"saw the {act.subject}"
    return (
        f"ATTESTATION: custodian {act.custodian} {did} of dealing {act.dealing}; evidence {act.evidence}.",
        f"Ceremony:  {act.ceremony}",
    )


def _envelope_approval(act: EnvelopeApproval) -> tuple[str, ...]:
    return (
        "EnvelopeApproval: open this very envelope, though nobody trusts whoever sealed it.",
        f"Envelope:  {act.description}",
        f"Reason:    {act.reason}",
        f"Header:    {act.header}",
        f"In words:  {encode_words(from_hex(act.header))}",
        f"Asked in:  custody entry {act.opening}",
        f"Ceremony:  {act.ceremony}, dealing {act.dealing}",
        "Beware:    its sealer may have made it from another envelope; whoever sees the answers to this one can then open that one too.",
        "           Approve only if you know where this file comes from, and trust the machine that joins the answers.",
        "It cannot: be used for another envelope or another reason, or open anything without five tokens.",
    )


_RENDER: Mapping[str, Callable[..., tuple[str, ...]]] = MappingProxyType(
    {
        "Genesis": _genesis,
        "Anchor": _anchor,
        "Release": _release,
        "Rotate": _rotate,
        "Halt": _halt,
        "Resume": _resume,
        "Succession": _succession,
        "Checkpoint": _checkpoint,
        "Enrolment": _enrolment,
        "Transport": _transport,
        "Attestation": _attestation,
        "EnvelopeApproval": _envelope_approval,
    },
)
