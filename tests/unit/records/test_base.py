"""The shape of facts: frozen, strict, nothing extra, canonical bytes; and the fields they are made of."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from ceremony.errors import RecordError
from ceremony.records import base
from ceremony.records.base import Record, explain, from_hex, kinds_of, parse_tagged, to_hex


class Fact(Record):
    name: base.Plain
    count: base.Count
    digest: base.Hex32
    parts: tuple[base.Index, ...] = ()


GOOD = Fact(name="Ada", count=1, digest="0x" + "11" * 32, parts=(1, 2))


def accepts(kind, value):
    try:
        TypeAdapter(kind).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def test_a_record_is_read_as_it_was_written():
    assert Fact.parse(GOOD.encode()) == GOOD
    assert GOOD.encode() == b'{"count":1,"digest":"0x' + b"11" * 32 + b'","name":"Ada","parts":[1,2]}'


def test_a_record_does_not_change():
    with pytest.raises(ValidationError):
        GOOD.count = 2


@pytest.mark.parametrize(
    "change",
    [
        (b'"count":1', b'"count":"1"'),
        (b'"count":1', b'"count":true'),
        (b'"count":1', b'"count":null'),
        (b'"count":1', b'"count":-1'),
        (b'"count":1,', b""),
        (b'"count":1', b'"count":1,"count":1'),
        (b'"count":1', b'"count":01'),
        (b'"count":1', b'"count":1.0'),
        (b'"count":1', b'"count": 1'),
        (b'"parts":[1,2]', b'"parts":[1,2],"z":1'),
        (b'"parts":[1,2]', b'"parts":[0]'),
        (b'"parts":[1,2]', b'"parts":[33]'),
        (b'"parts":[1,2]', b'"parts":{}'),
        (b'"Ada"', b'["Ada"]'),
    ],
)
def test_any_other_spelling_or_type_is_refused(change):
    data = GOOD.encode()
    assert change[0] in data
    with pytest.raises(RecordError):
        Fact.parse(data.replace(*change))


@given(st.binary(max_size=60))
def test_only_named_errors_leave_the_reader(data):
    with pytest.raises(RecordError):
        Fact.parse(data)


def test_an_explanation_names_fields_and_never_values():
    with pytest.raises(ValidationError) as found:
        Fact.model_validate({"name": "secret-5e\n", "count": "secret-5e", "digest": "secret-5e", "parts": "secret-5e", "more": "secret-5e"})
    text = explain(found.value)
    assert "secret-5e" not in text
    assert text.startswith("name: ")
    assert text.count("; ") == 2


def test_a_record_that_is_wrong_as_a_whole_says_so():
    with pytest.raises(ValidationError) as found:
        TypeAdapter(Annotated[int, Field(ge=1)]).validate_python(0)
    assert explain(found.value).startswith("record: ")


class Longer(base.OfToken):
    name: base.Plain


def test_what_came_later_is_left_out_where_it_says_nothing_new():
    old = b'{"name":"Ada"}'
    assert Longer.parse(old) == Longer(name="Ada", token_number=1)
    assert Longer(name="Ada").encode() == Longer(name="Ada", token_number=1).encode() == old


def test_what_came_later_is_written_where_it_says_something():
    twin = b'{"name":"Ada","token_number":2}'
    assert Longer(name="Ada", token_number=2).encode() == twin
    assert Longer.parse(twin).token_number == 2


@pytest.mark.parametrize(
    "line",
    [b'{"name":"Ada","token_number":1}', b'{"name":"Ada","token_number":0}', b'{"name":"Ada","token_number":5}', b'{"token_number":2}'],
)
def test_no_fact_has_two_spellings(line):
    with pytest.raises(RecordError):
        Longer.parse(line)


# --- fields ---

TEXTS = {
    base.Hex32: ("0x" + "ab" * 32, [
        "0x" + "AB" * 32, "ab" * 32, "0x" + "ab" * 31, "0x" + "ab" * 33, "0x" + "ab" * 32 + "\n", "0X" + "ab" * 32,
    ]),
    base.Address: ("0x" + "ab" * 20, ["0x" + "Ab" * 20, "0x" + "ab" * 19, "0x" + "ab" * 20 + "\n", "0x" + "gg" * 20]),
    base.Point33: ("0x02" + "ab" * 32, ["0x04" + "ab" * 32, "0x02" + "ab" * 31, "0x00", "0x02" + "ab" * 64]),
    base.Point65: ("0x04" + "ab" * 64, ["0x02" + "ab" * 64, "0x04" + "ab" * 32, "0x06" + "ab" * 64]),
    base.Signature65: (
        "0x" + "ab" * 64 + "1b",
        ["0x" + "ab" * 64, "0x" + "ab" * 64 + "00", "0x" + "ab" * 64 + "01", "0x" + "ab" * 64 + "1d", "0x" + "ab" * 64 + "1B"],
    ),
    base.HexBytes: ("0xab", ["0x", "0xa", "ab", "0xab\n", "0x" + "ab" * (1 << 16)]),
    base.Instant: (
        "2026-02-28T23:59:59Z",
        [
            "2026-02-30T00:00:00Z", "2026-02-28T24:00:00Z", "2026-02-28T23:59:60Z", "2026-02-28 23:59:59Z", "2026-02-28T23:59:59",
            "2026-02-28T23:59:59.0Z", "2026-02-28T23:59:59+00:00", "2026-2-28T23:59:59Z", "2026-02-28T23:59:59Z\n", "0000-01-01T00:00:00Z",
            "\u0662\u0660\u0662\u0666-02-28T23:59:59Z", "",
        ],
    ),
    base.Plain: ("Ada Lovelace", ["", " Ada", "Ada ", "A\nda", "A\tda", "A\u200bda", "A\u202eda", "e\u0301", "x" * 201, "\u00a0", "\x00"]),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "good", "bad"), [(kind, good, bad) for kind, (good, wrong) in TEXTS.items() for bad in wrong])
def test_a_text_has_one_right_shape(kind, good, bad):
    assert accepts(kind, good)
    assert not accepts(kind, bad)
    assert not accepts(kind, 7)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (base.Count, (0, 2**53 - 1), (-1, 2**53, 1.0, "1", True, None)),
        (base.Index, (1, 32), (0, 33, -1, 1.0, "1", True)),
    ],
)
def test_a_number_has_its_range(kind, good, bad):
    assert all(accepts(kind, value) for value in good)
    assert not any(accepts(kind, value) for value in bad)


@given(st.binary())
def test_hex_there_and_back(data):
    assert from_hex(to_hex(data)) == data
    assert to_hex(data).startswith("0x")


class Here(Record):
    kind: Literal["here"] = "here"
    at: base.Count


class There(Record):
    kind: Literal["there"] = "there"


KINDS = kinds_of(Annotated[Here | There, Field(discriminator="kind")], "kind")


def test_a_tagged_record_is_read_as_the_kind_it_names():
    assert dict(KINDS) == {"here": Here, "there": There}
    assert parse_tagged(Here(at=1).encode(), "kind", KINDS) == Here(at=1)


@pytest.mark.parametrize("line", [b'{"at":1}', b'{"kind":"nowhere"}', b'{"kind":1}', b'{"kind":null}', b'{"kind":["here"]}'])
def test_a_record_of_no_known_kind_is_refused(line):
    with pytest.raises(RecordError, match="is none of here, there"):
        parse_tagged(line, "kind", KINDS)


def test_a_tagged_record_must_be_whole():
    with pytest.raises(RecordError, match="at"):
        parse_tagged(b'{"kind":"here"}', "kind", KINDS)
