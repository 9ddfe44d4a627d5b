"""Entries of one dealing: from fresh randomness to seven proven shards, or to its abandonment."""

from typing import Literal

from ceremony.records.base import Count, Hex32, Index, OfToken, Plain, Point33, Record, Signature65
from ceremony.records.evidence import Attributes, EnvelopeHeader, HoldingEvidence, OpeningEvidence, RetirementEvidence
from ceremony.records.structs import Attestation


class DealingOpened(Record):
    """Intent: a dealer process runs and takes sealed seeds to this one-time X25519 key."""

    kind: Literal["dealing_opened"] = "dealing_opened"
    dealing: Count
    dealer_key: Hex32


class ContributionCommitted(Record):
    """A hash of the commitment points of one source of randomness, before anyone has shown theirs (T20)."""

    kind: Literal["contribution_committed"] = "contribution_committed"
    dealing: Count
    source: Plain
    digest: Hex32


class ContributionRevealed(Record):
    """The commitment points behind that hash."""

    kind: Literal["contribution_revealed"] = "contribution_revealed"
    dealing: Count
    source: Plain
    points: tuple[Point33, ...]


class Dealt(Record):
    """The Feldman commitments, and the digests of the wrapped shards, one for each token that is to hold one, that are durable on disk."""

    kind: Literal["dealt"] = "dealt"
    dealing: Count
    commitments: tuple[Point33, ...]
    wrapped: tuple[Hex32, ...]
    memory_locked: bool


class LoadBegun(OfToken):
    """Intent: the token is about to take its shard."""

    kind: Literal["load_begun"] = "load_begun"
    dealing: Count
    custodian: Index


class Loaded(OfToken):
    """The token holds exactly one shard of this dealing, with these attributes."""

    kind: Literal["loaded"] = "loaded"
    dealing: Count
    custodian: Index
    attributes: Attributes


class HoldingBegun(OfToken):
    """Intent: this token's agent challenges all the others; its custodian signs what it saw."""

    kind: Literal["holding_begun"] = "holding_begun"
    dealing: Count
    custodian: Index


class HoldingAttested(OfToken):
    """What that agent saw, signed."""

    kind: Literal["holding_attested"] = "holding_attested"
    dealing: Count
    custodian: Index
    evidence: HoldingEvidence
    attestation: Attestation
    signature: Signature65


class TestSealed(Record):
    """A fresh envelope to the dealing's master public key, for the opening that proves recovery (T8)."""

    kind: Literal["test_sealed"] = "test_sealed"
    dealing: Count
    header: EnvelopeHeader


class OpeningBegun(Record):
    """Intent: these five tokens answer for the test envelope."""

    kind: Literal["opening_begun"] = "opening_begun"
    dealing: Count
    round: Count
    custodians: tuple[Index, ...]


class Opened(Record):
    """These five opened it."""

    kind: Literal["opened"] = "opened"
    dealing: Count
    round: Count
    custodians: tuple[Index, ...]


class OpeningWitnessBegun(Record):
    """Intent: this custodian's agent signs the openings it took part in."""

    kind: Literal["opening_witness_begun"] = "opening_witness_begun"
    dealing: Count
    custodian: Index


class OpeningAttested(Record):
    """The openings that this custodian took part in, signed."""

    kind: Literal["opening_attested"] = "opening_attested"
    dealing: Count
    custodian: Index
    evidence: OpeningEvidence
    attestation: Attestation
    signature: Signature65


class RetireBegun(OfToken):
    """Intent: the token destroys its transport key."""

    kind: Literal["retire_begun"] = "retire_begun"
    dealing: Count
    custodian: Index


class Retired(OfToken):
    """Read back: no transport key and one shard of this dealing are left, signed."""

    kind: Literal["retired"] = "retired"
    dealing: Count
    custodian: Index
    evidence: RetirementEvidence
    attestation: Attestation
    signature: Signature65


class BlobsDestroyed(Record):
    """The wrapped shards on disk are gone, read back."""

    kind: Literal["blobs_destroyed"] = "blobs_destroyed"
    dealing: Count


class DealingAbandoned(Record):
    """This dealing is thrown away; what its tokens hold of it is owed for destruction."""

    kind: Literal["dealing_abandoned"] = "dealing_abandoned"
    dealing: Count
    reason: Plain


class DiscardBegun(OfToken):
    """Intent: the token destroys whatever it holds of an abandoned dealing."""

    kind: Literal["discard_begun"] = "discard_begun"
    dealing: Count
    custodian: Index


class Discarded(OfToken):
    """Read back: nothing of the abandoned dealing is left in this token."""

    kind: Literal["discarded"] = "discarded"
    dealing: Count
    custodian: Index
    shards: Count
    transport_keys: Count
