"""The structs that governance keys sign, as facts; `ceremony.acts` gives them their EIP-712 digest and their plain words."""

from typing import Annotated, Literal

from pydantic import Field

from ceremony.records.base import Address, Count, Hex32, Index, Plain, Record


class Domain(Record):
    """Where a signature is valid (EIP-712): a contract, or before one exists a ceremony (salt = its id). Exactly one of the two."""

    name: Literal["ceremony", "ceremony rehearsal"]
    chain_id: Count
    contract: Address | None
    salt: Hex32 | None


class Enrolment(Record):
    """"This governance key, born in the token with this serial, is custodian `custodian` of this ceremony"."""

    type: Literal["Enrolment"] = "Enrolment"
    ceremony: Hex32
    plan_digest: Hex32
    epoch: Count
    custodian: Index
    serial: Plain
    governance_key: Address


class Transport(Record):
    """"This key, of this token of mine, may receive my shard of this dealing"."""

    type: Literal["Transport"] = "Transport"
    ceremony: Hex32
    dealing: Count
    custodian: Index
    serial: Plain
    key_digest: Hex32


class Attestation(Record):
    """"I saw this": `evidence` is the SHA-256 of the canonical record in the same entry."""

    type: Literal["Attestation"] = "Attestation"
    subject: Literal["holding", "opening", "retirement", "answer", "destruction"]
    ceremony: Hex32
    dealing: Count
    custodian: Index
    evidence: Hex32


class EnvelopeApproval(Record):
    """"Whoever sealed it, this very envelope may be opened, for this reason": five of these stand in for tags that nobody trusts.

    `header` is its header digest; `opening` is the leaf hash of the custody journal's entry that asked for it.
    """

    type: Literal["EnvelopeApproval"] = "EnvelopeApproval"
    ceremony: Hex32
    dealing: Count
    header: Hex32
    description: Plain
    reason: Plain
    opening: Hex32


class Genesis(Record):
    """The act that five approve: write this root as the contract's first, once."""

    type: Literal["Genesis"] = "Genesis"
    root: Hex32
    size: Count
    plan_digest: Hex32
    epoch: Count
    sequence: Count
    deadline: Count
    head: Hex32


class Placed(Record):
    """Where every act after the genesis belongs: the transcript at its proposal entry, and the contract as it was then.

    `deadline` is in seconds of block time; `head` is the contract head before the act.
    """

    transcript_root: Hex32
    transcript_size: Count
    epoch: Count
    sequence: Count
    deadline: Count
    head: Hex32


class Anchor(Placed):
    """Write a root on chain. Of kind VOID it only spends its sequence number, so that the act whose digest is `root` can never follow."""

    type: Literal["Anchor"] = "Anchor"
    kind: Annotated[int, Field(ge=0, le=255)]
    root: Hex32
    size: Count
    metadata: Hex32


class Release(Placed):
    """Release an artifact as the successor of the one before it (zeros: the first)."""

    type: Literal["Release"] = "Release"
    artifact: Hex32
    manifest: Hex32
    predecessor: Hex32


class Rotate(Placed):
    """Hand over to a new roster: ascending addresses, as many as before."""

    type: Literal["Rotate"] = "Rotate"
    roster: Annotated[tuple[Address, ...], Field(min_length=1, max_length=32)]


class Halt(Placed):
    """Stop everything but rotation. `reason` is the SHA-256 of a text that stands off chain."""

    type: Literal["Halt"] = "Halt"
    reason: Hex32


class Resume(Placed):
    """End a halt."""

    type: Literal["Resume"] = "Resume"
    reason: Hex32


class Checkpoint(Record):
    """"The transcript with this origin has exactly `size` entries and this root"."""

    type: Literal["Checkpoint"] = "Checkpoint"
    origin: Plain
    size: Count
    root: Hex32


class Succession(Record):
    """"These envelopes, and no others, were carried over to our dealing; the shards of the predecessor's may be destroyed".

    `size` and `root` are the transcript's before the entry that proposes this; `list_digest` is the SHA-256 of the RFC 8785 array of the
    header digests, as sealed first, in order; `cutoff`, in seconds of block time, is when the predecessor's register was closed.
    """

    type: Literal["Succession"] = "Succession"
    predecessor: Hex32
    ceremony: Hex32
    dealing: Count
    envelopes: Count
    list_digest: Hex32
    cutoff: Count
    size: Count
    root: Hex32


OnChain = Genesis | Anchor | Release | Rotate | Halt | Resume
"""Acts that the contract takes."""
ProposedAct = Genesis | Rotate
"""Acts that a ceremony proposes: a first one its genesis, a successor the rotation to its roster."""
Struct = Annotated[Enrolment | Transport | Attestation | EnvelopeApproval | OnChain | Checkpoint | Succession, Field(discriminator="type")]


def covered(struct: ProposedAct | Checkpoint | Succession) -> tuple[int, str]:
    """Size and root (hex) of the transcript that a struct says it stands on."""
    return (struct.transcript_size, struct.transcript_root) if isinstance(struct, Rotate) else (struct.size, struct.root)


class TypedAct(Record):
    """What a token signs: a struct in its domain, never a bare digest (DESIGN 4.7)."""

    domain: Domain
    struct: Struct
