"""RFC 8785 bytes of JSON values, written and read strictly: one value has exactly one spelling.

The subset used here has no floating point numbers and only ASCII member names, so sorting by code point is RFC 8785's
order. Strings are NFC and carry no control characters but newline and tab; writing refuses the same things as reading,
so what was written can always be read.
"""

import hashlib
import json
import re
import unicodedata
from typing import Any, NoReturn

from ceremony.errors import RecordError

Json = Any
"""None, bool, int, str, lists or tuples of these, and dicts with str keys; checked when written."""

INTEGER_LIMIT = 2**53 - 1
"""The largest whole number that every JSON reader carries exactly (RFC 8785, RFC 7493)."""
DEPTH_LIMIT = 16
"""Nested lists and objects: entries need about eight; deeper is an attack on the reader's stack."""
BYTES_LIMIT = 1 << 20
"""Bytes of one value: a plan of 64 KiB escaped, with room."""
DIGITS_LIMIT = 17
"""Characters of an integer: 16 digits and a sign; longer ones cost quadratic time to read."""

_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*"?', re.DOTALL)
"""A JSON string; the closing quote is optional so that matching never goes back over what it has read."""
_BRACKETS = b"[]{}"
_NO_BRACKETS = bytes(set(range(256)) - set(_BRACKETS))
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def encode_canonical(value: Json) -> bytes:
    """The RFC 8785 bytes of a JSON value.

    RecordError when it holds a float, a number too large, a bad string or anything that is not JSON.
    """
    _require_json(value, 0)
    # SPEC RFC 8785 3.2: no blanks, members sorted, only the required escapes, UTF-8.
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def parse_canonical(data: bytes, *, limit: int = BYTES_LIMIT) -> dict[str, Any]:
    """Read one JSON object from its canonical bytes.

    Args:
        data: exactly one object, nothing before or after it.
        limit: the most bytes accepted.

    Raises:
        RecordError: anything else: doubled members, floats, another spelling (BOM, blanks, escapes, order), depth.
    """
    if len(data) > limit:
        _refuse(f"{len(data)} bytes are more than the {limit} allowed")
    require_shallow(data)
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_unique,
            parse_int=_integer,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except ValueError as error:
        # A JSONDecodeError's text has no input in it; a UnicodeDecodeError's has one byte.
        _refuse(f"not JSON in UTF-8: {error}")
    if not isinstance(value, dict):
        _refuse("not a JSON object")
    if encode_canonical(value) != data:
        _refuse("not in the canonical spelling of RFC 8785 (blanks, order of members, or escapes)")
    return value


def digest_canonical(value: Json) -> bytes:
    """SHA-256 of a value's RFC 8785 bytes; 32 bytes."""
    return hashlib.sha256(encode_canonical(value)).digest()


def require_shallow(data: bytes) -> None:
    """Raise RecordError for deep nesting before a JSON reader sees it: that reader recurses, and can overrun the process's stack."""
    depth = 0
    for bracket in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_LIMIT:
            _refuse(f"nested deeper than {DEPTH_LIMIT} levels")


def _require_json(value: Json, depth: int) -> None:
    if isinstance(value, str):
        _require_text(value)
    elif value is None or isinstance(value, bool):
        return
    elif isinstance(value, int):
        _require_integer(value)
    elif isinstance(value, dict | list | tuple):
        _require_members(value, depth)
    else:
        _refuse(f"{type(value).__name__} is not allowed in a record")


def _require_members(value: dict[Any, Json] | list[Json] | tuple[Json, ...], depth: int) -> None:
    if depth == DEPTH_LIMIT:
        _refuse(f"nested deeper than {DEPTH_LIMIT} levels")
    if isinstance(value, dict):
        for name in value:
            if not isinstance(name, str) or not name.isascii():
                _refuse("a member's name is not ASCII text")
            _require_text(name)
        value = list(value.values())
    for member in value:
        _require_json(member, depth + 1)


def _require_integer(value: int) -> None:
    if abs(value) > INTEGER_LIMIT:
        _refuse("a whole number beyond 2^53-1: use a string")


def _require_text(text: str) -> None:
    if _FORBIDDEN.search(text):
        _refuse("a string holds a control character")
    if not text.isascii() and not unicodedata.is_normalized("NFC", text):
        _refuse("a string is not in Unicode's normal form NFC")


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("a member's name stands twice in one object")
    return members


def _integer(text: str) -> int:
    if len(text) > DIGITS_LIMIT:
        _refuse("a whole number beyond 2^53-1: use a string")
    return int(text)


def _no_float(_text: str) -> NoReturn:
    _refuse("a number that is not a whole number")


def _refuse(message: str) -> NoReturn:
    raise RecordError(message)
