"""The EIP-712 digest of every act: which struct has which fields, in which domain (DESIGN 4.7)."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from ceremony.acts.typed import Value, domain_separator, hash_struct, typed_digest
from ceremony.errors import RecordError
from ceremony.records.base import from_hex
from ceremony.records.structs import Domain, Struct, TypedAct

VERSION = "1"

_PLACE = (
    ("transcriptRoot", "bytes32"),
    ("transcriptSize", "uint64"),
    ("epoch", "uint64"),
    ("seq", "uint64"),
    ("deadline", "uint64"),
    ("head", "bytes32"),
)
"""How every act after the genesis ends."""
# SPEC EIP-712: member order is part of the type; `size`, `epoch` and the like are uint64 in the contract too.
FIELDS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "Enrolment": (
            ("ceremony", "bytes32"),
            ("planDigest", "bytes32"),
            ("epoch", "uint64"),
            ("custodian", "uint8"),
            ("serial", "string"),
            ("governanceKey", "address"),
        ),
        "Transport": (
            ("ceremony", "bytes32"),
            ("dealing", "uint64"),
            ("custodian", "uint8"),
            ("serial", "string"),
            ("keyDigest", "bytes32"),
        ),
        "Attestation": (
            ("subject", "string"),
            ("ceremony", "bytes32"),
            ("dealing", "uint64"),
            ("custodian", "uint8"),
            ("evidence", "bytes32"),
        ),
        "EnvelopeApproval": (
            ("ceremony", "bytes32"),
            ("dealing", "uint64"),
            ("header", "bytes32"),
            ("description", "string"),
            ("reason", "string"),
            ("opening", "bytes32"),
        ),
        "Genesis": (
            ("root", "bytes32"),
            ("size", "uint64"),
            ("planDigest", "bytes32"),
            ("epoch", "uint64"),
            ("seq", "uint64"),
            ("deadline", "uint64"),
            ("head", "bytes32"),
        ),
        "Anchor": (("kind", "uint8"), ("root", "bytes32"), ("size", "uint64"), ("metadata", "bytes32"), *_PLACE),
        "Release": (("artifact", "bytes32"), ("manifest", "bytes32"), ("predecessor", "bytes32"), *_PLACE),
        "Rotate": (("roster", "address[]"), *_PLACE),
        "Halt": (("reason", "bytes32"), *_PLACE),
        "Resume": (("reason", "bytes32"), *_PLACE),
        "Succession": (
            ("predecessor", "bytes32"),
            ("ceremony", "bytes32"),
            ("dealing", "uint64"),
            ("envelopes", "uint64"),
            ("listDigest", "bytes32"),
            ("cutoff", "uint64"),
            ("size", "uint64"),
            ("root", "bytes32"),
        ),
        "Checkpoint": (("origin", "string"), ("size", "uint64"), ("root", "bytes32")),
    },
)
ON_CONTRACT = frozenset({"Genesis", "Anchor", "Release", "Rotate", "Halt", "Resume", "Checkpoint"})
"""Acts signed in the contract's domain; the others are signed in the ceremony's own, before any contract exists."""


def separator(domain: Domain) -> bytes:
    """The 32-byte domain separator; RecordError unless exactly one of contract and salt is given."""
    if (domain.contract is None) == (domain.salt is None):
        message = "a signing domain has either a contract or a ceremony id, never both or none"
        raise RecordError(message)
    return domain_separator(
        name=domain.name,
        version=VERSION,
        chain_id=domain.chain_id,
        verifying_contract=None if domain.contract is None else from_hex(domain.contract),
        salt=None if domain.salt is None else from_hex(domain.salt),
    )


def digest(act: TypedAct) -> bytes:
    """The 32 bytes that a governance key signs for this act; RecordError when the act is in the wrong kind of domain."""
    if (act.struct.type in ON_CONTRACT) != (act.domain.contract is not None):
        message = f"{act.struct.type} is signed in the wrong domain"
        raise RecordError(message)
    return typed_digest(separator(act.domain), hash_struct(act.struct.type, FIELDS[act.struct.type], members(act.struct)))


def members(struct: Struct) -> dict[str, Value]:
    """A struct's members by their EIP-712 names, in order: bytes for hashes and addresses, int for numbers, str for text."""
    return {name: _encode(kind, getattr(struct, _field(name))) for name, kind in FIELDS[struct.type]}


def _field(name: str) -> str:
    """What a record calls a member: `plan_digest` for planDigest, `sequence` for seq."""
    return "sequence" if name == "seq" else "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def _encode(kind: str, value: Any) -> Value:  # noqa: ANN401 - as pydantic gives it
    if kind == "address[]":
        return tuple(from_hex(each) for each in value)
    found: Value = from_hex(value) if kind in {"bytes32", "address"} else value
    return found
