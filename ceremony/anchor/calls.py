"""Acts as calldata: the act's words, who approves, and their signatures (pure).

The rules themselves live in `contracts/src/Ceremony.sol`; here is only their encoding. Which members an act has stands in `acts.digest`.
"""

from collections.abc import Mapping, Sequence

from ceremony.acts.digest import FIELDS, members
from ceremony.acts.roster import encode_addresses, require_roster
from ceremony.acts.typed import Value, keccak256
from ceremony.anchor.artifacts.words import WORD, encode_word, require_size
from ceremony.errors import ApprovalError, RecordError
from ceremony.records.structs import OnChain

SELECTOR = 4
"""Bytes that name a function."""
_V_BASE = 27
_MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_APPROVALS = "uint32,bytes32[]"
"""A bitmap, and the parts: see `encode_approvals`."""


def selector(signature: str) -> bytes:
    """The first four bytes of a signature's hash: how the Solidity ABI names functions and errors."""
    return keccak256(signature.encode())[:SELECTOR]


def act_type(name: str) -> str:
    """An act's members as an ABI tuple: `(bytes32,uint64,...)`."""
    return f"({','.join(kind for _, kind in FIELDS[name])})"


def act_selector(name: str) -> bytes:
    """The selector of the function that takes this act: it has the act's name, in lower case."""
    return selector(f"{name.lower()}({act_type(name)},{_APPROVALS})")


def encode_act(act: OnChain) -> bytes:
    """An act's members as ABI words, its roster (if it has one) behind them; RecordError for a value out of range."""
    head, tail, values = [], b"", members(act)
    kinds = dict(FIELDS[act.type])
    for name, value in values.items():
        if isinstance(value, tuple):
            head.append(encode_word(len(values) * WORD))  # the only member of no fixed size, so it follows right behind
            tail = encode_word(len(value)) + encode_addresses(value)
        else:
            head.append(_encode_member(kinds[name], value))
    return b"".join(head) + tail


def encode_call(act: OnChain, bitmap: int, parts: Sequence[bytes]) -> bytes:
    """Calldata that sends an act with its approvals, as the ABI's one canonical encoding; RecordError for a value out of range."""
    words, selected = encode_act(act), act_selector(act.type)
    approvals = encode_word(len(parts)) + b"".join(require_size(part, WORD) for part in parts)
    if act.type == "Rotate":  # SPEC Solidity ABI: a tuple that holds an array stands behind the head, which says where
        head = encode_word(3 * WORD) + encode_word(bitmap, 32) + encode_word(3 * WORD + len(words))
        return selected + head + words + approvals
    return selected + words + encode_word(bitmap, 32) + encode_word(len(words) + 2 * WORD) + approvals


def encode_approvals(signatures: Mapping[bytes, bytes], roster: Sequence[bytes]) -> tuple[int, tuple[bytes, ...]]:
    """The bitmap of who approves, and for each of the roster the two words of a compact signature, or the bare address as one.

    Args:
        signatures: 65 bytes r||s||v (v 27 or 28, low s) for each approving address; all of them are included.
        roster: all governance addresses (20 bytes), strictly ascending.

    Raises:
        ApprovalError: a signature is malformed, or its signer is not on the roster.
        RecordError: the roster is not one.
    """
    require_roster(roster)
    foreign = sorted(set(signatures) - set(roster))
    if foreign:
        message = "approvals of keys that are not on the roster"
        raise ApprovalError(message, culprits=tuple(f"0x{address.hex()}" for address in foreign))
    parts: list[bytes] = []
    for address in roster:
        parts += _compact(address, signatures[address]) if address in signatures else (encode_addresses([address]),)
    return sum(1 << position for position, address in enumerate(roster) if address in signatures), tuple(parts)


def _compact(address: bytes, signature: bytes) -> tuple[bytes, bytes]:
    # SPEC EIP-2098: the parity of y in the top bit of s, which a low s (EIP-2) leaves free
    s, parity = int.from_bytes(signature[WORD : 2 * WORD]), int.from_bytes(signature[2 * WORD :]) - _V_BASE
    if len(signature) != 2 * WORD + 1 or parity not in (0, 1) or not 1 <= s <= _MAX_S:
        message = "an approval is 65 bytes r, s, v with low s and v 27 or 28"
        raise ApprovalError(message, culprits=(f"0x{address.hex()}",))
    return signature[:WORD], encode_word(s | parity << 255)


def _encode_member(kind: str, value: Value) -> bytes:
    if isinstance(value, int):
        return encode_word(value, int(kind.removeprefix("uint")))
    if not isinstance(value, bytes):
        message = f"a {kind} is no member of an act on chain"
        raise RecordError(message)
    return require_size(value, WORD)
