"""The words that contracts are spoken to in: 32 bytes each, big-endian. Pure."""

from ceremony.errors import RecordError

WORD = 32
"""Bytes of an EVM word."""
ADDRESS = 20
"""Bytes of an address."""


def require_size(data: bytes, size: int) -> bytes:
    """The bytes; RecordError unless there are exactly `size` of them."""
    if len(data) != size:
        message = f"{len(data)} bytes where {size} belong"
        raise RecordError(message)
    return data


def require_range(value: int, bits: int) -> int:
    """The number; RecordError unless it fits `bits` unsigned bits."""
    if isinstance(value, bool) or not 0 <= value < 1 << bits:
        message = f"{value} is not a uint{bits}"
        raise RecordError(message)
    return value


def encode_word(value: int, bits: int = 256) -> bytes:
    """The number as one word, big-endian; RecordError unless it fits `bits` unsigned bits."""
    return require_range(value, bits).to_bytes(WORD)
