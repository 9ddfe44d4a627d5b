"""Attribute names to and from Cryptoki's codes and bytes."""

import pytest
from pkcs11.constants import Attribute
from pkcs11.mechanisms import KeyType

from ceremony.hsm.attributes import code, encode_attributes, parse_attribute, parse_nested
from ceremony.hsm.cryptoki import encode_number, parse_number
from ceremony.hsm.template import EXPECTED, UNWRAP, asked_attributes
from ceremony.hsm.token import Role

NAMES = sorted({name.removeprefix(UNWRAP) for names in EXPECTED.values() for name in names})


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_code(name):
    assert code(name) == Attribute[name.upper()]


@pytest.mark.parametrize("role", Role)
def test_a_template_goes_out_and_comes_back(role):
    asked = asked_attributes(role)
    back = {}
    for attribute, value in encode_attributes(asked).items():
        data = bytes([value]) if isinstance(value, bool) else encode_number(value)
        back.update(parse_attribute(attribute.name.lower(), data))
    assert back == asked


def test_a_key_type_is_a_number_outside():
    assert encode_attributes({"key_type": "EC"}) == {Attribute.KEY_TYPE: KeyType.EC.value}
    assert parse_attribute("key_type", encode_number(KeyType.RSA)) == {"key_type": "RSA"}


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("sign", b"\1", {"sign": True}),
        ("sign", b"\0", {"sign": False}),
        ("sign", b"\2", {}),
        ("sign", b"", {}),
        ("sign", b"\1\0", {}),
        ("sign", None, {}),
        ("key_type", None, {}),
        ("key_type", b"", {}),
        ("key_type", b"\3", {}),
        ("key_type", encode_number(0x7777), {"key_type": "0x7777"}),
    ],
)
def test_what_is_no_value_is_absent(name, data, found):
    assert parse_attribute(name, data) == found


def test_a_nested_template_is_laid_flat():
    found = {code("sensitive"): b"\1", code("extractable"): b"\0", code("key_type"): encode_number(KeyType.EC), code("sign"): b"\7"}
    names = ["sensitive", "extractable", "key_type", "sign", "derive"]
    assert parse_nested(UNWRAP, names, found) == {"unwrap.sensitive": True, "unwrap.extractable": False, "unwrap.key_type": "EC"}


def test_no_nested_template_is_nothing():
    assert parse_nested(UNWRAP, ["sensitive"], None) == {}
    assert parse_nested(UNWRAP, ["sensitive"], {}) == {}


@pytest.mark.parametrize("data", [b"", b"\1", bytes(7), bytes(9)])
def test_a_number_has_one_length(data):
    assert parse_number(data) is None


@pytest.mark.parametrize("value", [0, 1, 3, 2**32, 2**64 - 1])
def test_numbers_go_out_and_come_back(value):
    assert parse_number(encode_number(value)) == value
