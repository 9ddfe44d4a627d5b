"""RFC 8785 bytes: one value, one spelling; everything else is refused by name."""

import hashlib
import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ceremony.errors import RecordError
from ceremony.records.canonical import DEPTH_LIMIT, INTEGER_LIMIT, digest_canonical, encode_canonical, parse_canonical

NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126))
TEXTS = st.text(st.sampled_from('aZ0 "\\/\n\t\u00e4\u00fc\u20ac\ufb33\U0001f600\u2028'))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-INTEGER_LIMIT, INTEGER_LIMIT) | TEXTS.filter(lambda text: "\ufb33" not in text),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@given(st.dictionaries(NAMES, VALUES))
def test_the_bytes_are_those_of_an_independent_implementation_and_read_back(value: dict[str, Any]) -> None:
    data = encode_canonical(value)
    assert data == rfc8785.dumps(value)
    assert parse_canonical(data) == value


# From RFC 8785 3.2.2 and 3.2.3, without the floats: escapes, literals, order of members.
def test_the_rfcs_example() -> None:
    text = '\u20ac$\nA\'B"\\\\"/'
    value = {"string": text, "literals": [None, True, False], "numbers": [333333333, 4, 2, 0]}
    assert encode_canonical(value) == (
        b'{"literals":[null,true,false],"numbers":[333333333,4,2,0],"string":"\xe2\x82\xac$\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.0, "float"),
        (b"bytes", "bytes"),
        ({"a": {1, 2}}, "set"),
        (INTEGER_LIMIT + 1, "use a string"),
        (-INTEGER_LIMIT - 1, "use a string"),
        ({1: "a"}, "name is not ASCII"),
        ({"\u00e4": 1}, "name is not ASCII"),
        ({"a\x7f": 1}, "control character"),
        ("a\x00", "control character"),
        ("a\r\n", "control character"),
        ("\x85", "control character"),
        ("\ud800", "control character"),
        ("a\u0308", "NFC"),
        (["a", ["e\u0301"]], "NFC"),
        (nested(DEPTH_LIMIT + 1), "nested deeper"),
    ],
)
def test_what_has_no_spelling_is_not_written(value: object, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        encode_canonical(value)


@pytest.mark.parametrize("value", [INTEGER_LIMIT, -INTEGER_LIMIT, True, None, "tab\t and newline\n", (1, 2), nested(DEPTH_LIMIT)])
def test_what_lies_just_inside_the_limits_is_written(value: object) -> None:
    assert json.loads(encode_canonical(value)) == json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'"a"', "not a JSON object"),
        (b'{"a":1', "not JSON"),
        (b'{"a":1}{}', "not JSON"),
        (b'{"a":"\xff"}', "not JSON in UTF-8"),
        (b'\xef\xbb\xbf{"a":1}', "not JSON"),
        (b'{"a":1}\n', "canonical"),
        (b' {"a":1}', "canonical"),
        (b'{"a": 1}', "canonical"),
        (b'{"b":1,"a":2}', "canonical"),
        (b'{"a":1,"a":1}', "twice"),
        (b'{"x":{"a":1,"a":2}}', "twice"),
        (b'{"a":-0}', "canonical"),
        (b'{"a":1.0}', "not a whole number"),
        (b'{"a":1e3}', "not a whole number"),
        (b'{"a":1e999}', "not a whole number"),
        (b'{"a":NaN}', "not a whole number"),
        (b'{"a":-Infinity}', "not a whole number"),
        (b'{"a":9007199254740992}', "use a string"),
        (b'{"a":-9007199254740992}', "use a string"),
        (b'{"a":%s}' % (b"9" * 18), "use a string"),
        (b'{"a":%s}' % (b"9" * 100_000), "use a string"),
        (b'{"a":"\\u0041"}', "canonical"),
        (b'{"a":"\\/"}', "canonical"),
        (b'{"a":"\\u000a"}', "canonical"),
        (b'{"a":"\\u0000"}', "control character"),
        (b'{"a":"\\ud800"}', "control character"),
        (b'{"a":"\\u007f"}', "control character"),
        (b'{"a":"a\xcc\x88"}', "NFC"),
        (b'{"\xc3\xa4":1}', "ASCII"),
        (b'{"a":' * 17 + b"1" + b"}" * 17, "nested deeper"),
        (b"[" * 500_000, "nested deeper"),
    ],
)
def test_every_other_spelling_is_refused_by_name(data: bytes, why: str) -> None:
    with pytest.raises(RecordError, match=why):
        parse_canonical(data)


def test_more_bytes_than_the_limit_are_not_even_read() -> None:
    assert parse_canonical(b'{"a":1}', limit=7) == {"a": 1}
    with pytest.raises(RecordError, match="7 bytes are more than the 6 allowed"):
        parse_canonical(b'{"a":1}', limit=6)
    with pytest.raises(RecordError, match="more than the 1048576 allowed"):
        parse_canonical(b'{"a":"%s"}' % (b"x" * (1 << 20)))


@given(st.binary(max_size=40))
def test_nothing_but_a_record_error_leaves_the_parser(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except RecordError:
        return
    assert encode_canonical(value) == data


@given(st.dictionaries(NAMES, VALUES, min_size=1), st.data())
def test_a_flipped_bit_is_refused_or_is_another_value(value: dict[str, Any], data: st.DataObject) -> None:
    encoded = bytearray(encode_canonical(value))
    bit = data.draw(st.integers(0, 8 * len(encoded) - 1))
    encoded[bit // 8] ^= 1 << bit % 8
    try:
        assert parse_canonical(bytes(encoded)) != value
    except RecordError:
        return


def test_the_digest_is_sha_256_of_the_bytes() -> None:
    assert digest_canonical({"b": 1, "a": [True]}) == hashlib.sha256(b'{"a":[true],"b":1}').digest()
    assert digest_canonical("text") == hashlib.sha256(b'"text"').digest()
