"""Attribute names of `ceremony.hsm.template` to and from Cryptoki's codes and bytes."""

from collections.abc import Mapping

from pkcs11.constants import Attribute
from pkcs11.mechanisms import KeyType

from ceremony.hsm.cryptoki import parse_number
from ceremony.hsm.token import Attributes

_KEY_TYPE = "key_type"


def code(name: str) -> Attribute:
    """CKA_..., by its name in small letters."""
    return Attribute[name.upper()]


def encode_attributes(attributes: Mapping[str, bool | str]) -> dict[Attribute, bool | int | bytes]:
    """A flat template, key types as numbers."""
    return {code(name): KeyType[value].value if isinstance(value, str) else value for name, value in attributes.items()}


def parse_attribute(name: str, data: bytes | None) -> Attributes:
    """One attribute as read back, under its name; nothing when the token gave nothing, or no boolean where one belongs."""
    if name == _KEY_TYPE:
        number = parse_number(data or b"")
        return {} if number is None else {name: _type_name(number)}
    # SPEC PKCS#11 2.40: CK_BBOOL is one byte, 0 or 1.
    return {name: data == b"\1"} if data in {b"\0", b"\1"} else {}


def parse_nested(prefix: str, names: list[str], found: Mapping[int, bytes] | None) -> Attributes:
    """The named attributes of a nested template, flat, each under prefix and name."""
    flat: dict[str, bool | str] = {}
    for name in names:
        for known, value in parse_attribute(name, (found or {}).get(code(name))).items():
            flat[prefix + known] = value
    return flat


def _type_name(number: int) -> str:
    known = {int(kind): kind.name for kind in KeyType}
    return str(known.get(number, f"0x{number:x}"))


