"""Custody after the ceremony: the master public key as a file, what a sealed file says of itself, and the entries of the custody journal.

A closed transcript takes no more entries (P4), so what tokens do with their shards afterwards stands in a journal of its own, bound to the
transcript by its first entry.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ceremony.records.base import Count, Grown, Hex32, Index, Instant, OfToken, Plain, Point33, Point65, Record, Signature65
from ceremony.records.entries import Entry
from ceremony.records.evidence import SealedHeader
from ceremony.records.unseal_files import SignedAnswer


class MasterKey(Record):
    """What anyone needs to seal to a dealing: the Feldman commitments, of which the first is the master public key. All of it is public."""

    v: Literal[1] = 1
    ceremony: Hex32
    dealing: Count
    n: Index
    k: Index
    commitments: Annotated[tuple[Point33, ...], Field(min_length=1, max_length=32)]


class CustodyOpened(Record):
    """The first entry: the closed transcript that this journal belongs to."""

    kind: Literal["custody_opened"] = "custody_opened"
    ceremony: Hex32
    size: Count
    root: Hex32


class EnvelopeRegistered(Record):
    """An envelope that must not be orphaned: whoever replaces the shards one day must carry it over."""

    kind: Literal["envelope_registered"] = "envelope_registered"
    header_digest: Hex32
    sealed: SealedHeader


class UnsealBegun(Record):
    """Intent: these custodians are asked to answer for this envelope, for this reason."""

    kind: Literal["unseal_begun"] = "unseal_begun"
    header_digest: Hex32
    description: Plain
    reason: Plain
    custodians: tuple[Index, ...]


class EnvelopeApproved(Record):
    """A custodian approved the opening of this envelope, whose sealer is not trusted: their key over an `EnvelopeApproval`."""

    kind: Literal["envelope_approved"] = "envelope_approved"
    header_digest: Hex32
    reason: Plain
    opening: Hex32
    custodian: Index
    signature: Signature65


class Wrong(OfToken):
    """A token that did not answer rightly: whose, and the name of the error."""

    custodian: Index
    error: Plain


class Combined(Grown):
    """What entries of an opening share: whether the combiner's memory was locked. Those of older versions do not say."""

    ADDED: ClassVar[frozenset[str]] = frozenset({"memory_locked"})
    memory_locked: bool | None = None


class Unsealed(Combined):
    """The envelope's key came back from these custodians' tokens; `wrong` are those that did not answer rightly."""

    kind: Literal["unsealed"] = "unsealed"
    header_digest: Hex32
    custodians: tuple[Index, ...]
    wrong: tuple[Wrong, ...]


class UnsealFailed(Record):
    """The envelope stays closed: too few tokens answered rightly."""

    kind: Literal["unseal_failed"] = "unseal_failed"
    header_digest: Hex32
    custodians: tuple[Index, ...]
    wrong: tuple[Wrong, ...]


class HoldingProven(OfToken):
    """A custodian's token holds its shard: its bound answer to a fresh challenge was the right one (DESIGN 4.6)."""

    kind: Literal["holding_proven"] = "holding_proven"
    custodian: Index
    point: Point65
    nonce: Hex32
    answer: Hex32


class HoldingFailed(OfToken):
    """A custodian's token did not prove that it holds its shard; the name of the error."""

    kind: Literal["holding_failed"] = "holding_failed"
    custodian: Index
    error: Plain


class RegisterClosed(Record):
    """A successor has taken the list of envelopes over: none is registered here any more."""

    kind: Literal["register_closed"] = "register_closed"
    successor: Hex32


# --- over several places: the requester's entries, and those of each custodian's own copy ---


class RequestMade(Record):
    """The requester's intent: these custodians are asked, by files, to answer for this envelope."""

    kind: Literal["request_made"] = "request_made"
    request: Hex32
    header_digest: Hex32
    description: Plain
    reason: Plain
    requester: Plain
    custodians: tuple[Index, ...]


class AnswerBegun(Record):
    """A custodian's intent, on their own copy: they have read this request and said Yes, and their token will answer."""

    kind: Literal["answer_begun"] = "answer_begun"
    request: Hex32
    nonce: Hex32
    header_digest: Hex32
    description: Plain
    reason: Plain
    requester: Plain
    custodian: Index


class AnswerGiven(Record):
    """The answer itself, sealed to the requester: whoever asks for the same again gets this one."""

    kind: Literal["answer_given"] = "answer_given"
    signed: SignedAnswer


class AnswerFailed(Record):
    """The token did not answer; the name of the error."""

    kind: Literal["answer_failed"] = "answer_failed"
    request: Hex32
    custodian: Index
    error: Plain


class CombineBegun(Record):
    """The requester's intent: the answers of these custodians are opened and joined."""

    kind: Literal["combine_begun"] = "combine_begun"
    request: Hex32
    header_digest: Hex32
    custodians: tuple[Index, ...]


class AnswersCombined(Combined):
    """The envelope's key came back from these custodians' answers; `wrong` are those that were not right."""

    kind: Literal["answers_combined"] = "answers_combined"
    request: Hex32
    header_digest: Hex32
    custodians: tuple[Index, ...]
    wrong: tuple[Wrong, ...]


class CombineFailed(Record):
    """The envelope stays closed: too few answers are right."""

    kind: Literal["combine_failed"] = "combine_failed"
    request: Hex32
    header_digest: Hex32
    custodians: tuple[Index, ...]
    wrong: tuple[Wrong, ...]


CustodyBody = Annotated[
    CustodyOpened
    | EnvelopeRegistered
    | UnsealBegun
    | Unsealed
    | UnsealFailed
    | HoldingProven
    | HoldingFailed
    | EnvelopeApproved
    | RequestMade
    | AnswerBegun
    | AnswerGiven
    | AnswerFailed
    | CombineBegun
    | AnswersCombined
    | CombineFailed
    | RegisterClosed,
    Field(discriminator="kind"),
]


class CustodyEntry(Entry):
    """One line of the custody journal, chained as those of the transcript are."""

    at: Instant
    body: CustodyBody  # type: ignore[assignment]  # another journal, another closed union
