"""The roster digest: the contract's own hash of the governance addresses, which every custodian reads aloud."""

from collections.abc import Iterable

from ceremony.acts.typed import keccak256
from ceremony.records.base import from_hex

WORD = 32


def ascending(addresses: Iterable[str]) -> tuple[str, ...]:
    """Governance addresses (hex) in the contract's order."""
    return tuple(sorted(addresses))


def roster_digest(addresses: Iterable[str]) -> bytes:
    """Keccak-256 of the ascending addresses, each left-padded to a 32-byte word.

    # SPEC Solidity ABI: this is keccak256(abi.encodePacked(address[])).
    """
    return keccak256(b"".join(from_hex(address).rjust(WORD, b"\0") for address in ascending(addresses)))
