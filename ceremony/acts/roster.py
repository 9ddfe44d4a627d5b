"""The roster: governance addresses in the contract's order, and their digest, which every custodian reads aloud (pure)."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from ceremony.acts.typed import WORD, keccak256
from ceremony.errors import RecordError
from ceremony.records.base import from_hex

ADDRESS = 20
"""Bytes of an address."""
MAX_ROSTER = 32
"""One bit each in the contract's uint32 bitmap."""


def ascending(addresses: Iterable[str]) -> tuple[str, ...]:
    """Governance addresses (hex) in the contract's order."""
    return tuple(sorted(addresses))


def roster_digest(addresses: Iterable[str]) -> bytes:
    """The 32-byte digest of these addresses (hex), put in order."""
    return hash_roster([from_hex(address) for address in ascending(addresses)])


def hash_roster(addresses: Sequence[bytes]) -> bytes:
    """Keccak-256 of the addresses as they stand, a word each."""
    # SPEC Solidity ABI: this is keccak256(abi.encodePacked(address[])).
    return keccak256(encode_addresses(addresses))


def encode_addresses(addresses: Sequence[bytes]) -> bytes:
    """Addresses (20 bytes each) as 32-byte words, one after the other; RecordError for another size."""
    if any(len(address) != ADDRESS for address in addresses):
        message = f"an address has {ADDRESS} bytes"
        raise RecordError(message)
    return b"".join(address.rjust(WORD, b"\0") for address in addresses)


def require_roster(roster: Sequence[bytes]) -> Sequence[bytes]:
    """The roster; RecordError unless it is 1 to 32 addresses of 20 bytes, strictly ascending, none of them zero."""
    if not 1 <= len(roster) <= MAX_ROSTER or any(len(address) != ADDRESS for address in roster):
        message = f"a roster is 1 to {MAX_ROSTER} addresses of {ADDRESS} bytes"
        raise RecordError(message)
    if any(left >= right for left, right in pairwise([bytes(ADDRESS), *roster])):
        message = "a roster is strictly ascending: in order, each address once, none of them zero"
        raise RecordError(message)
    return roster
