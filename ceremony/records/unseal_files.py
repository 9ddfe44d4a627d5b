"""The files that an opening over several places travels in: one request, and an answer from each custodian who was asked.

Neither holds a secret: what an answer seals, only the requester's key opens, and that stands in no file (`ceremony.shards.reply`).
"""

from typing import Annotated, Literal

from pydantic import Field

from ceremony.records.base import Hex32, HexBytes, Index, Instant, Plain, Record, Signature65
from ceremony.records.evidence import EnvelopeHeader


class UnsealRequest(Record):
    """"Have your tokens answer for this envelope". `requester` is what the writer says of themselves: nothing here proves it.

    `nonce` makes it one of a kind; `reply_key` is the X25519 public key that answers are sealed to.
    """

    v: Literal[1] = 1
    kind: Literal["unseal_request"] = "unseal_request"
    header: EnvelopeHeader
    reason: Plain
    requester: Plain
    custodians: Annotated[tuple[Index, ...], Field(min_length=1, max_length=32)]
    nonce: Hex32
    reply_key: Hex32
    at: Instant


class UnsealAnswer(Record):
    """What one custodian's token answered to one request (`request` is the SHA-256 of its canonical bytes), sealed."""

    v: Literal[1] = 1
    kind: Literal["unseal_answer"] = "unseal_answer"
    request: Hex32
    custodian: Index
    sealed: HexBytes


class SignedAnswer(Record):
    """An answer, and the custodian's governance key over an `Attestation` whose evidence is the answer's digest."""

    v: Literal[1] = 1
    answer: UnsealAnswer
    signature: Signature65
