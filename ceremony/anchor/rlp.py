"""RLP, Ethereum's encoding of byte strings and lists of them: one encoding for one item, all others refused. Pure."""

from typing import NoReturn, TypeAlias

from ceremony.errors import ChainLied

Item: TypeAlias = "bytes | tuple[Item, ...]"
"""What RLP encodes: a byte string, or a list of items."""

SIZE_LIMIT = 1 << 14
"""Bytes of one encoding that is read: a trie's largest node has under 600."""
DEPTH_LIMIT = 8
"""Lists within lists: a trie's node with all that can be embedded in it has 4."""

_STRING = 0x80
_LIST = 0xC0
_SHORT = 55


def encode_rlp(item: Item) -> bytes:
    """The one encoding of an item."""
    # SPEC Yellow Paper, appendix B
    if isinstance(item, tuple):
        payload = b"".join(map(encode_rlp, item))
        return _encode_head(_LIST, len(payload)) + payload
    if len(item) == 1 and item[0] < _STRING:
        return item
    return _encode_head(_STRING, len(item)) + item


def encode_number(value: int) -> bytes:
    """A number of at least 0 as RLP carries it: big-endian without leading zeros, so 0 is the empty string."""
    return value.to_bytes((value.bit_length() + 7) // 8)


def parse_number(item: Item) -> int:
    """The number that a byte string carries; ChainLied if it is a list or starts with a zero byte."""
    if isinstance(item, tuple) or item[:1] == b"\0":
        _refuse("what should be a number is a list or starts with a zero")
    return int.from_bytes(item)


def parse_rlp(data: bytes) -> Item:
    """The item that the bytes encode.

    Args:
        data: one whole encoding, at most SIZE_LIMIT bytes.

    Raises:
        ChainLied: it is cut short, followed by more, too large, nested too deeply, or not the one encoding of its item.
    """
    if not 0 < len(data) <= SIZE_LIMIT:
        _refuse(f"{len(data)} bytes are none or too many")
    item, end = _read(data, 0, len(data), DEPTH_LIMIT)
    if end != len(data):
        _refuse("bytes follow its end")
    return item


def _encode_head(kind: int, size: int) -> bytes:
    if size <= _SHORT:
        return bytes([kind + size])
    length = encode_number(size)
    return bytes([kind + _SHORT + len(length)]) + length


def _read(data: bytes, start: int, end: int, depth: int) -> tuple[Item, int]:
    """The item at `start` and where it ends, which is not after `end`; `depth` lists may be opened."""
    if data[start] < _STRING:
        return data[start : start + 1], start + 1
    first, last = _read_bounds(data, start, end)
    if data[start] >= _LIST:
        return _read_list(data, first, last, depth), last
    if last - first == 1 and data[first] < _STRING:
        _refuse("a byte that is its own encoding has a length before it")
    return data[first:last], last


def _read_list(data: bytes, first: int, last: int, depth: int) -> tuple[Item, ...]:
    if not depth:
        _refuse(f"lists are nested deeper than {DEPTH_LIMIT}")
    items = []
    while first < last:
        item, first = _read(data, first, last, depth - 1)
        items.append(item)
    return tuple(items)


def _read_bounds(data: bytes, start: int, end: int) -> tuple[int, int]:
    """First byte and end of the payload whose head stands at `start`."""
    size = data[start] - (_LIST if data[start] >= _LIST else _STRING)
    first = start + 1
    if size > _SHORT:
        first += size - _SHORT
        size = _parse_size(data[start + 1 : first])
    if first + size > end:
        _refuse("it ends early")
    return first, first + size


def _parse_size(length: bytes) -> int:
    size = int.from_bytes(length)
    if length[:1] == b"\0" or size <= _SHORT:
        _refuse("a length is not written in its shortest form")
    return size


def _refuse(why: str) -> NoReturn:
    message = f"this is not RLP: {why}"
    raise ChainLied(message)
