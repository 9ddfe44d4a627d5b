"""Entries of a ceremony that succeeds another: who hands over, which envelopes were carried over, what became of the old shards."""

from typing import Annotated, Literal

from pydantic import Field

from ceremony.records.base import Address, Count, Hex32, Index, OfToken, Plain, Point33, Record, Signature65
from ceremony.records.evidence import BlockSeen, RetirementEvidence, SealedHeader
from ceremony.records.roster_entries import PLAN_LIMIT
from ceremony.records.structs import Attestation, Succession

Number = Annotated[int, Field(ge=1, le=2**31)]
"""An envelope's place in the list, from 1."""


class Origin(Record):
    """The contract, and what its creation code fixed: the first ceremony and its roster, ascending. Its events stand after `block`."""

    contract: Address
    ceremony: Hex32
    roster: Annotated[tuple[Address, ...], Field(min_length=1, max_length=32)]
    block: BlockSeen


class SuccessionOpened(Record):
    """The ceremony that hands over, as its closed transcript says it is.

    `size` and `root` are that transcript's; `roster` are its governance addresses by index; `commitments` are those of its dealing.
    """

    kind: Literal["succession_opened"] = "succession_opened"
    predecessor: Hex32
    size: Count
    root: Hex32
    plan_text: Annotated[str, Field(max_length=PLAN_LIMIT)]
    roster: Annotated[tuple[Address, ...], Field(min_length=1, max_length=32)]
    dealing: Count
    commitments: Annotated[tuple[Point33, ...], Field(min_length=1, max_length=32)]
    epoch: Count
    origin: Origin


class EnvelopesListed(Record):
    """The predecessor's register of envelopes is closed, with this many; `size` and `root` are of its journal, `cutoff` is block time."""

    kind: Literal["envelopes_listed"] = "envelopes_listed"
    envelopes: Count
    size: Count
    root: Hex32
    cutoff: Count


class RewrapBegun(Record):
    """Intent: the predecessor's tokens are asked to open envelope `number`, whose header was first sealed with digest `origin`."""

    kind: Literal["rewrap_begun"] = "rewrap_begun"
    number: Number
    origin: Hex32


class Rewrapped(Record):
    """The payload's key, wrapped to this ceremony's master key: whoever has the file finds its new header here.

    `payload` is a commitment to the payload's key; whoever opens the new header compares it.
    """

    kind: Literal["rewrapped"] = "rewrapped"
    number: Number
    origin: Hex32
    sealed: SealedHeader
    payload: Hex32
    custodians: tuple[Index, ...]
    """Of the predecessor: whose tokens answered."""


class EnvelopeLeftOut(Record):
    """Envelope `number` cannot be carried over (its sealer's tags fit no token, say) and is lost; `statement` is the operator's."""

    kind: Literal["envelope_left_out"] = "envelope_left_out"
    number: Number
    origin: Hex32
    description: Plain
    statement: Plain


class ReopenBegun(Record):
    """Intent: this ceremony's tokens are asked to open envelope `number`, as it is wrapped now."""

    kind: Literal["reopen_begun"] = "reopen_begun"
    number: Number


class Reopened(Record):
    """These custodians' tokens brought the same payload's key back."""

    kind: Literal["reopened"] = "reopened"
    number: Number
    custodians: tuple[Index, ...]


class SuccessionProposed(Record):
    """The list of what was carried over, for five of the new custodians to approve."""

    kind: Literal["succession_proposed"] = "succession_proposed"
    act: Succession


class ConsentBegun(Record):
    """Intent: this custodian's token may sign the succession with this digest from here on (P3)."""

    kind: Literal["consent_begun"] = "consent_begun"
    custodian: Index
    digest: Hex32
    acknowledged: Count | None
    """The custodian's last failed try, which they have acknowledged (T13)."""


class Consented(Record):
    """One custodian's approval of the succession."""

    kind: Literal["consented"] = "consented"
    custodian: Index
    digest: Hex32
    signature: Signature65


class ConsentFailed(Record):
    """A try to approve the succession that failed, and its named reason."""

    kind: Literal["consent_failed"] = "consent_failed"
    custodian: Index
    reason: Plain


class DestroyBegun(OfToken):
    """Intent: this custodian of the predecessor has their token destroy its shard."""

    kind: Literal["destroy_begun"] = "destroy_begun"
    custodian: Index


class ShardDestroyed(OfToken):
    """Read back: nothing of the predecessor's dealing is left in this token; signed by its governance key of then."""

    kind: Literal["shard_destroyed"] = "shard_destroyed"
    custodian: Index
    evidence: RetirementEvidence
    attestation: Attestation
    signature: Signature65


class ShardOutstanding(OfToken):
    """This custodian of the predecessor cannot be reached: their shard may still be there. `statement` is the operator's."""

    kind: Literal["shard_outstanding"] = "shard_outstanding"
    custodian: Index
    statement: Plain
