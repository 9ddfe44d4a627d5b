"""Pieces of an endpoint's JSON answers, each checked for shape before it is believed. Pure."""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

from ceremony.errors import ChainLied

NUMBER_LIMIT = 64
"""Hex digits of a number: the EVM has none above 256 bits."""
DATA_LIMIT = 1 << 14
"""Bytes of data of no fixed size: a trie's node has under 600, a header's extra data on any chain known a few thousand."""

_HEX = re.compile(r"0x([0-9a-fA-F]*)")


def require_object(answer: Any) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    """The answer, which must be a JSON object; ChainLied otherwise."""
    if not isinstance(answer, Mapping):
        _refuse("an answer, or a part of it, is not an object")
    return answer


def require_list(answer: Mapping[str, Any], name: str, limit: int) -> list[Any]:
    """The member `name`, a list of at most `limit` items; ChainLied otherwise."""
    found = answer.get(name)
    if not isinstance(found, list) or len(found) > limit:
        _refuse(f"{name} is not a list of at most {limit}")
    return found


def parse_quantity(answer: Mapping[str, Any], name: str) -> int:
    """The member `name`, a number of at most 256 bits; ChainLied otherwise. Leading zeros are let pass: some clients send them."""
    # SPEC EIP-1474, Quantity
    digits = _digits(answer.get(name), name)
    if not 0 < len(digits) <= NUMBER_LIMIT:
        _refuse(f"{name} is not a number of at most 256 bits")
    return int(digits, 16)


def parse_data(answer: Mapping[str, Any], name: str, size: int | None = None) -> bytes:
    """The member `name`, `size` bytes or, without `size`, at most DATA_LIMIT; ChainLied otherwise."""
    return parse_bytes(answer.get(name), name, size)


def parse_bytes(text: Any, name: str, size: int | None = None) -> bytes:  # noqa: ANN401 - JSON
    """The bytes of a `0x` text, `size` of them or, without `size`, at most DATA_LIMIT; ChainLied otherwise."""
    # SPEC EIP-1474, Data
    digits = _digits(text, name)
    if len(digits) % 2 or (len(digits) != 2 * size if size is not None else len(digits) > 2 * DATA_LIMIT):
        _refuse(f"{name} is not {'data' if size is None else f'{size} bytes'} in hex")
    return bytes.fromhex(digits)


def _digits(text: Any, name: str) -> str:  # noqa: ANN401 - JSON
    found = _HEX.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        _refuse(f"{name} is missing or not hex")
    return found[1]


def _refuse(why: str) -> NoReturn:
    message = f"an answer has not the shape it should have: {why}"
    raise ChainLied(message)
