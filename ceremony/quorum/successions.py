"""What was carried over from one dealing to the next, as one digest that five approve (pure)."""

from collections.abc import Iterable

from ceremony.records.base import to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.succession_entries import Rewrapped


def list_digest(carried: Iterable[Rewrapped]) -> str:
    """SHA-256, hex, of the RFC 8785 array of the header digests that the files carry, in the order of the list."""
    return to_hex(digest_canonical([one.origin for one in sorted(carried, key=lambda one: one.number)]))
