"""The high-water mark of one token: what it has signed for, so that it never signs a second act in one place (P3, DESIGN 4.14).

The agent keeps the mark in an fsynced file beside its token, written before it signs. Pure here: old mark and request in, new mark out.
"""

from typing import Annotated

from pydantic import Field

from ceremony.acts.digest import digest
from ceremony.errors import CeremonyError, MarkError
from ceremony.records.base import Count, Hex32, Record, from_hex, to_hex
from ceremony.records.structs import Checkpoint, Genesis, TypedAct
from ceremony.transcript.merkle import leaf_hash, require_consistency, require_inclusion

LINE_LIMIT = 1 << 14
"""Characters of an `act_voided` entry: one takes 900."""


class Mark(Record):
    """The newest transcript this token saw, and the newest act it signed (sequence -1 and no digest: none yet)."""

    ceremony: Hex32
    size: Count
    root: Hex32
    epoch: Count
    sequence: int
    digest: Hex32 | None
    deadline: Count


class Extension(Record):
    """The transcript as it stands now, and the proof that it extends the one of the mark (RFC 6962 2.1.2)."""

    size: Count
    root: Hex32
    proof: tuple[Hex32, ...]


class ShownVoid(Record):
    """An `act_voided` entry, and the proof that it stands in the transcript shown (RFC 6962 2.1.1): nobody's word is enough."""

    index: Count
    line: Annotated[str, Field(max_length=LINE_LIMIT)]
    proof: tuple[Hex32, ...]


class Voided(Record):
    """What such an entry holds of the finalized chain: the successor of a dead act needs it."""

    time: Count
    head: Hex32
    sequence: Count


def found_mark(ceremony: str, size: int, root: str) -> Mark:
    """The first mark of a token: it has seen this transcript and signed no act."""
    return Mark(ceremony=ceremony, size=size, root=root, epoch=0, sequence=-1, digest=None, deadline=0)


def advance_mark(mark: Mark, ceremony: str, extension: Extension) -> Mark:
    """The mark after seeing `extension`; MarkError when that transcript is of another ceremony, behind the mark, or a fork."""
    if mark.ceremony != ceremony:
        message = f"this token's mark is of ceremony {mark.ceremony}, not {ceremony}"
        raise MarkError(message)
    if extension.size < mark.size:
        message = f"this token has seen {mark.size} entries; the transcript shown has only {extension.size}"
        raise MarkError(message)
    try:
        proof = [from_hex(step) for step in extension.proof]
        require_consistency(mark.size, from_hex(mark.root), extension.size, from_hex(extension.root), proof)
    except CeremonyError as error:
        message = f"the transcript shown does not extend the one this token has seen ({mark.size} entries): {error.message}"
        raise MarkError(message) from None
    return mark.model_copy(update={"size": extension.size, "root": extension.root})


def require_void(shown: ShownVoid | None, extension: Extension) -> Voided | None:
    """What the entry shown says of the chain; MarkError unless it is an `act_voided` entry of this very transcript."""
    if shown is None:
        return None
    from ceremony.records.act_entries import ActVoided  # noqa: PLC0415 - rarely needed; every agent starts quicker without
    from ceremony.records.entries import parse_entry  # noqa: PLC0415 - likewise

    line = shown.line.encode()
    try:
        proof = [from_hex(step) for step in shown.proof]
        require_inclusion(leaf_hash(line), shown.index, extension.size, from_hex(extension.root), proof)
        body = parse_entry(line).body
    except CeremonyError as error:
        message = f"the end of the act before is not in the transcript shown: {error.message}"
        raise MarkError(message) from None
    if not isinstance(body, ActVoided):
        message = f"entry {shown.index} does not end an act"
        raise MarkError(message)
    seen = body.seen
    return Voided(time=seen.block.time, head=seen.head, sequence=seen.sequence)


def sign_mark(mark: Mark, act: TypedAct, voided: Voided | None) -> Mark:
    """The mark that must be durable before `act` is signed.

    Raises MarkError when the act would be a second one at an (epoch, sequence) this token has signed at, unless `voided` shows a final
    block later than the first act's deadline with the contract's head and sequence unchanged; or when it lies behind the mark.
    """
    struct = act.struct
    if isinstance(struct, Checkpoint):
        return mark
    if not isinstance(struct, Genesis):
        message = f"{struct.type} has no place in the sequence of acts"
        raise MarkError(message)
    here, there = (mark.epoch, mark.sequence), (struct.epoch, struct.sequence)
    new = to_hex(digest(act))
    if there < here or (there == here and new != mark.digest and not _dead(mark, struct, voided)):
        message = f"this token has already signed at epoch {mark.epoch}, sequence {mark.sequence}: {mark.digest}"
        raise MarkError(message)
    return mark.model_copy(update={"epoch": struct.epoch, "sequence": struct.sequence, "digest": new, "deadline": struct.deadline})


def _dead(mark: Mark, successor: Genesis, voided: Voided | None) -> bool:
    unchanged = voided is not None and (voided.head, voided.sequence) == (successor.head, successor.sequence)
    return unchanged and voided is not None and voided.time > mark.deadline
