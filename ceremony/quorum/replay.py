"""The high-water mark of one token: what it has signed for, so that it never signs a second act in one place (P3, DESIGN 4.14).

The agent keeps the mark in an fsynced file beside its token, written before it signs. Pure here: old mark and request in, new mark out.
"""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from ceremony.acts.digest import digest
from ceremony.errors import CeremonyError, MarkError
from ceremony.records.base import Count, Hex32, Record, from_hex, to_hex
from ceremony.records.structs import Checkpoint, ProposedAct, Succession, TypedAct
from ceremony.transcript.merkle import leaf_hash, require_consistency, require_inclusion

if TYPE_CHECKING:
    from ceremony.records.entries import Body

LINE_LIMIT = 1 << 14
"""Characters of an entry that is shown to a token: one takes 2,000 at most."""

SUCCESSION_LIMIT = 1 << 18
"""Characters of a `succession_opened` entry: it holds a plan of 64 KiB at most, escaped."""


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


class ShownEntry(Record):
    """One entry, and the proof that it stands in the transcript shown (RFC 6962 2.1.1): nobody's word is enough."""

    index: Count
    line: Annotated[str, Field(max_length=LINE_LIMIT)]
    proof: tuple[Hex32, ...]


class Successor(Record):
    """The transcript of a ceremony that succeeds this token's, as it stands, and the proof of the entry which says so."""

    size: Count
    root: Hex32
    index: Count
    line: Annotated[str, Field(max_length=SUCCESSION_LIMIT)]
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


def require_successor(shown: Successor, ceremony: str, extension: Extension) -> None:
    """Raise MarkError unless an entry of the transcript shown names this ceremony, with exactly the transcript of `extension`, as the one
    that hands over: then an act that stands there may be put before this token's custodian.
    """  # noqa: D205 - one sentence
    from ceremony.records.entries import parse_entry  # noqa: PLC0415 - rarely needed; every agent starts quicker without
    from ceremony.records.succession_entries import SuccessionOpened  # noqa: PLC0415 - likewise

    line = shown.line.encode()
    try:
        require_inclusion(leaf_hash(line), shown.index, shown.size, from_hex(shown.root), [from_hex(step) for step in shown.proof])
        body = parse_entry(line).body
    except CeremonyError as error:
        message = f"the transcript shown is of no successor: {error.message}"
        raise MarkError(message) from None
    expected = (ceremony, extension.size, extension.root)
    if not isinstance(body, SuccessionOpened) or (body.predecessor, body.size, body.root) != expected:
        message = "the transcript shown succeeds another ceremony, or another transcript of it, than the one this token has seen"
        raise MarkError(message)


def require_void(shown: ShownEntry | None, size: int, root: str) -> Voided | None:
    """What the entry shown says of the chain; MarkError unless it is an `act_voided` entry of the transcript with this size and root."""
    if shown is None:
        return None
    from ceremony.records.act_entries import ActVoided  # noqa: PLC0415 - rarely needed; every agent starts quicker without

    body = parse_shown(shown, size, root)
    if not isinstance(body, ActVoided):
        message = f"entry {shown.index} does not end an act"
        raise MarkError(message)
    seen = body.seen
    return Voided(time=seen.block.time, head=seen.head, sequence=seen.sequence)


def parse_shown(shown: ShownEntry, size: int, root: str) -> "Body":
    """What an entry says; MarkError unless it stands in the transcript of this size and root (hex)."""
    from ceremony.records.entries import parse_entry  # noqa: PLC0415 - rarely needed; every agent starts quicker without

    line = shown.line.encode()
    try:
        require_inclusion(leaf_hash(line), shown.index, size, from_hex(root), [from_hex(step) for step in shown.proof])
        return parse_entry(line).body
    except CeremonyError as error:
        message = f"entry {shown.index} is not in the transcript shown: {error.message}"
        raise MarkError(message) from None


def sign_mark(mark: Mark, act: TypedAct, voided: Voided | None) -> Mark:
    """The mark that must be durable before `act` is signed.

    Raises MarkError when the act would be a second one at an (epoch, sequence) this token has signed at, unless `voided` shows a final
    block later than the first act's deadline with the contract's head and sequence unchanged; or when it lies behind the mark.
    """
    struct = act.struct
    if isinstance(struct, Checkpoint | Succession):
        return mark
    if not isinstance(struct, ProposedAct):
        message = f"{struct.type} has no place in the sequence of acts"
        raise MarkError(message)
    here, there = (mark.epoch, mark.sequence), (struct.epoch, struct.sequence)
    new = to_hex(digest(act))
    if there < here or (there == here and new != mark.digest and not _dead(mark, struct, voided)):
        message = f"this token has already signed at epoch {mark.epoch}, sequence {mark.sequence}: {mark.digest}"
        raise MarkError(message)
    return mark.model_copy(update={"epoch": struct.epoch, "sequence": struct.sequence, "digest": new, "deadline": struct.deadline})


def _dead(mark: Mark, successor: ProposedAct, voided: Voided | None) -> bool:
    unchanged = voided is not None and (voided.head, voided.sequence) == (successor.head, successor.sequence)
    return unchanged and voided is not None and voided.time > mark.deadline
