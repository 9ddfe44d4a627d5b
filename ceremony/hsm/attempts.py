"""What a thief with the PIN would try on a token (DOOR): `ceremony doctor` tries it first, with throw-away keys (DESIGN 4.2).

Every attempt destroys what came of it. Only a refusal of the attempt itself counts as one: a token that went missing proves nothing.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pkcs11
from pkcs11.constants import Attribute, MechanismFlag
from pkcs11.mechanisms import KeyType, Mechanism

from ceremony.errors import TokenError, TokenFault, TokenIncapable
from ceremony.hsm.cryptoki import Template
from ceremony.hsm.session import TokenSession
from ceremony.hsm.token import Attributes

_AES_BITS = 256
VALUE = "value"


def attempt_unwrap(
    token: TokenSession, transport: int, wrapped: bytes, template: Template, read: Callable[[int], Attributes]
) -> Attributes | None:
    """Unwrap with this template; None when refused, else what `read` says of the key, and whether its value could be read."""
    session = token.require_login().handle
    try:
        key = token.cryptoki.unwrap(session, transport, wrapped, template)
    except TokenError as error:
        _require_refusal(error)
        return None
    try:
        return {**read(key), VALUE: bool(token.cryptoki.read(session, key, Attribute.VALUE))}
    finally:
        token.cryptoki.destroy(session, key)


def attempt_leak(token: TokenSession, key: Any) -> str:  # noqa: ANN401 - python-pkcs11 makes its classes as it goes
    """The first way that worked; empty when every one was refused."""
    session = token.require_login()
    for way, attempt in _WAYS.items():
        try:
            with token.named(way):
                attempt(session, key)
        except TokenError as error:
            _require_refusal(error)
        else:
            return way
    return ""


def _require_refusal(error: TokenError) -> None:
    if type(error) not in {TokenFault, TokenIncapable}:
        raise error


def _read_value(_session: pkcs11.Session, key: Any) -> None:  # noqa: ANN401 - likewise
    if not key[Attribute.VALUE]:
        message = "there is no value to read"
        raise TokenFault(message)


def _make_extractable(_session: pkcs11.Session, key: Any) -> None:  # noqa: ANN401 - likewise
    key[Attribute.EXTRACTABLE] = True


def _make_readable(_session: pkcs11.Session, key: Any) -> None:  # noqa: ANN401 - likewise
    key[Attribute.SENSITIVE] = False


def _make_signing(_session: pkcs11.Session, key: Any) -> None:  # noqa: ANN401 - likewise
    key[Attribute.SIGN] = True


def _copy_readable(_session: pkcs11.Session, key: Any) -> None:  # noqa: ANN401 - likewise
    key.copy({Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False, Attribute.TOKEN: False}).destroy()


def _wrap(session: pkcs11.Session, key: Any) -> None:  # noqa: ANN401 - likewise
    known = session.generate_key(KeyType.AES, _AES_BITS, store=False, capabilities=MechanismFlag.WRAP)
    try:
        known.wrap_key(key, mechanism=Mechanism.AES_KEY_WRAP_PAD)
    finally:
        known.destroy()


_WAYS: Mapping[str, Callable[[pkcs11.Session, Any], None]] = MappingProxyType(
    {
        "read the value of a shard": _read_value,
        "make a shard extractable": _make_extractable,
        "make a shard readable": _make_readable,
        "let a shard sign": _make_signing,
        "copy a shard into a readable key": _copy_readable,
        "wrap a shard under a known key": _wrap,
    },
)
