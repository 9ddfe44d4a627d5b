"""EIP-712 for flat structs: enough for every act, small enough to read, and no signer's library in between.

Members are string, bool, address, bytes32 and uint8 to uint256; no arrays, no nested structs, no bytes.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NoReturn

from sha3 import keccak_256

from ceremony.errors import RecordError

Value = str | int | bool | bytes | tuple[bytes, ...]
Fields = Sequence[tuple[str, str]]
"""(name, type) of each member, in the order that is part of the type."""

WORD = 32
ADDRESS_BYTES = 20
_UINT = re.compile(r"uint([1-9]\d{0,2})")
_UINT_STEP = 8
_UINT_LIMIT = 256


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (the padding before SHA-3's final one); 32 bytes."""
    return bytes(keccak_256(data).digest())


def encode_type(type_name: str, fields: Fields) -> str:
    """A struct's type in words: `Mail(address from,string contents)` (EIP-712, encodeType)."""
    return f"{type_name}({','.join(f'{kind} {name}' for name, kind in fields)})"


def hash_struct(type_name: str, fields: Fields, values: Mapping[str, Value]) -> bytes:
    """EIP-712's hashStruct: Keccak-256 of the type's hash and the encoded members.

    Args:
        type_name: the struct's name.
        fields: (name, type) of each member, in order.
        values: str for string, bool for bool, int for uintN, 20 bytes for address (a tuple of such for address[]), 32 bytes
            for bytes32.

    Raises:
        RecordError: a member is missing, unknown, of another type or out of range.
    """
    names = [name for name, _ in fields]
    if len(set(names)) != len(names) or set(names) != set(values):
        _refuse(f"{type_name} has the members {', '.join(names)} and no others")
    # SPEC EIP-712: hashStruct(s) = keccak256(typeHash || encodeData(s)).
    members = b"".join(_encode_member(name, kind, values[name]) for name, kind in fields)
    return keccak256(keccak256(encode_type(type_name, fields).encode()) + members)


def domain_separator(
    *, name: str, version: str, chain_id: int, verifying_contract: bytes | None = None, salt: bytes | None = None
) -> bytes:
    """The 32-byte EIP-712 domain separator; contract (20 bytes) and salt (32 bytes) are members only when given."""
    # SPEC EIP-712: the members of EIP712Domain keep this order; absent ones are left out of the type.
    members: list[tuple[str, str, Value | None]] = [
        ("name", "string", name),
        ("version", "string", version),
        ("chainId", "uint256", chain_id),
        ("verifyingContract", "address", verifying_contract),
        ("salt", "bytes32", salt),
    ]
    present = [(member, kind, value) for member, kind, value in members if value is not None]
    fields = tuple((member, kind) for member, kind, _ in present)
    return hash_struct("EIP712Domain", fields, {member: value for member, _, value in present})


def typed_digest(separator: bytes, struct_hash: bytes) -> bytes:
    """The 32 bytes to sign, from a domain separator and a struct's hash, 32 bytes each."""
    if len(separator) != WORD or len(struct_hash) != WORD:
        _refuse("a domain separator and a struct's hash have 32 bytes each")
    # SPEC EIP-712, EIP-191 version 0x01.
    return keccak256(b"\x19\x01" + separator + struct_hash)


def _encode_member(name: str, kind: str, value: Value) -> bytes:
    if kind == "string" and isinstance(value, str):
        return keccak256(_encode_text(name, value))
    if kind == "bool" and isinstance(value, bool):
        return int(value).to_bytes(WORD, "big")
    if kind == "bytes32" and isinstance(value, bytes) and len(value) == WORD:
        return value
    if kind == "address" and isinstance(value, bytes) and len(value) == ADDRESS_BYTES:
        return value.rjust(WORD, b"\0")
    if kind == "address[]" and isinstance(value, tuple):
        # SPEC EIP-712: an array is the hash of its encoded members, one after the other.
        return keccak256(b"".join(_encode_member(name, "address", each) for each in value))
    bits = _uint_bits(kind)
    if bits and isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << bits:
        return value.to_bytes(WORD, "big")
    message = f"{name} is not a {kind} that can be signed"
    raise RecordError(message)


def _encode_text(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        _refuse(f"{name} is not Unicode text")


def _uint_bits(kind: str) -> int:
    """N of uintN; 0 for any other type."""
    match = _UINT.fullmatch(kind)
    bits = int(match[1]) if match else 0
    return bits if bits <= _UINT_LIMIT and bits % _UINT_STEP == 0 else 0


def _refuse(message: str) -> NoReturn:
    raise RecordError(message)
