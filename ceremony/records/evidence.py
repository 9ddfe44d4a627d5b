"""Small facts that entries are made of: what a token is, what was seen, where a block stands."""

from typing import Annotated, Literal

from pydantic import Field

from ceremony.records.base import Address, Count, Hex32, HexBytes, Index, OfToken, Plain, Point33, Point65, Record

Attributes = dict[Annotated[str, Field(pattern=r"^[a-z_]+(\.[a-z_]+)?$", max_length=40)], bool | str]
"""A key's attributes as read back from its token, by name."""


class FileDigest(Record):
    """SHA-256 of one file that took part (tool, lock file, PKCS#11 module, contract artifact)."""

    name: Plain
    sha256: Hex32


class TokenSeen(Record):
    """What a token said about itself."""

    serial: Plain
    label: str
    manufacturer: str
    model: str
    firmware: str
    protected_pin: bool


class Observation(OfToken):
    """One holding challenge: who was asked, on which of their tokens, with which point and nonce, and the bound hash that came back."""

    holder: Index
    point: Point65
    nonce: Hex32
    answer: Hex32


class HoldingEvidence(OfToken):
    """What one token's agent saw: its own shard's attributes, and every other token's right answer to its own challenge.

    `commitments` is the SHA-256 of the RFC 8785 array of the commitments that it judged by: others cannot be put in their place.
    """

    commitments: Hex32
    own: Attributes
    observations: tuple[Observation, ...]


class EnvelopeHeader(Record):
    """The public part of an envelope (see `ceremony.shards.threshold`): ephemeral point, commitment to the file key, a tag per shard."""

    ceremony: Hex32
    dealing: Count
    description: Plain
    point: Point33
    key_commitment: Hex32
    tags: tuple[Hex32, ...]


class SealedHeader(Record):
    """The body of a sealed file's stanza: the envelope's header, and the payload's key wrapped under the key that five tokens bring back.

    `wrapped` is 32 bytes: 16 of the payload's key, 16 of its authentication. The key commitment and every tag bind the rest.
    """

    v: Literal[1] = 1
    header: EnvelopeHeader
    wrapped: HexBytes


class OpeningEvidence(Record):
    """Which sets of five opened the test envelope, as the signer saw it: the commitment matched the key that came out."""

    header_digest: Hex32
    sets: tuple[tuple[Index, ...], ...]


class RetirementEvidence(OfToken):
    """What the token listed for this dealing after its transport key was destroyed."""

    transport_keys: Count
    shards: Count


class BlockSeen(Record):
    """A block as the endpoints showed it."""

    number: Count
    hash: Hex32
    time: Count


class ContractSeen(Record):
    """The contract as read back at one finalized block."""

    block: BlockSeen
    runtime_digest: Hex32
    roster_digest: Hex32
    ceremony: Hex32
    n: Count
    k: Count
    halting: Count
    epoch: Count
    sequence: Count
    head: Hex32
    genesis_root: Hex32


class Effects(Record):
    """What an act makes of the contract: written down before it is sent, compared with what is proven after."""

    head: Hex32
    sequence: Count
    epoch: Count
    halted: bool
    genesis_root: Hex32


class Payment(Record):
    """Who pays, at which of his nonces: all that is sent for one act takes the same one, so that a chain takes one of them at most."""

    payer: Address
    nonce: Count
