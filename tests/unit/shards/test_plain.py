"""A share on its way into a token that cannot unwrap: for one agent's one-time key and one token, and a scalar in range."""

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ceremony.errors import ShareError
from ceremony.shards.box import seal_box
from ceremony.shards.field import ORDER
from ceremony.shards.plain import IMPORT_KEY_BYTES, bind_import, draw_import_key, encode_import_key, is_import_key, open_share, seal_share

PRIVATE = draw_import_key(lambda size: b"\x01" * size)
KEY = encode_import_key(PRIVATE)
PLACE = {"ceremony": b"\x02" * 32, "dealing": 1, "custodian": 5, "serial": "nss5"}
BINDING = bind_import(**PLACE)
SEALED = seal_share(12345, KEY, b"\x03" * 32, BINDING)


def test_the_key_is_what_everyone_else_writes() -> None:
    theirs = X25519PrivateKey.from_private_bytes(PRIVATE).public_key()
    assert theirs.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) == KEY
    assert len(KEY) == IMPORT_KEY_BYTES == 44


@pytest.mark.parametrize("other", [b"", KEY[:-1], KEY + b"\0", b"\x31" + KEY[1:], KEY[12:]])
def test_anything_else_is_no_import_key(other: bytes) -> None:
    assert is_import_key(KEY)
    assert not is_import_key(other)
    with pytest.raises(ShareError, match="no import key"):
        seal_share(1, other, b"\x03" * 32, BINDING)


def test_the_agent_opens_it() -> None:
    assert open_share(SEALED, PRIVATE, BINDING) == 12345
    assert len(SEALED) == 80


def test_the_bytes_never_change() -> None:
    assert BINDING == (
        b'ceremony/plain-import/v1\n{"ceremony":"0x' + b"02" * 32 + b'","custodian":5,"dealing":1,"serial":"nss5"}\n'
    )
    assert seal_box((12345).to_bytes(32, "big"), KEY[12:], b"\x03" * 32, BINDING) == SEALED


@pytest.mark.parametrize("change", [{"ceremony": bytes(32)}, {"dealing": 2}, {"custodian": 4}, {"serial": "nss6"}])
def test_it_opens_for_no_other_token_and_place(change: dict[str, object]) -> None:
    with pytest.raises(ShareError, match="sealed to another key"):
        open_share(SEALED, PRIVATE, bind_import(**{**PLACE, **change}))


def test_it_opens_with_no_other_key() -> None:
    with pytest.raises(ShareError):
        open_share(SEALED, bytes(32), BINDING)


@pytest.mark.parametrize("scalar", [0, ORDER, ORDER + 1])
def test_a_scalar_out_of_range_is_neither_sealed_nor_opened(scalar: int) -> None:
    with pytest.raises(ShareError):
        seal_share(scalar, KEY, b"\x03" * 32, BINDING)
    forged = seal_box(scalar.to_bytes(32, "big"), KEY[12:], b"\x03" * 32, BINDING)
    with pytest.raises(ShareError):
        open_share(forged, PRIVATE, BINDING)


@pytest.mark.parametrize("size", [31, 33])
def test_a_scalar_has_32_bytes(size: int) -> None:
    with pytest.raises(ShareError, match="32"):
        open_share(seal_box(b"\x01" * size, KEY[12:], b"\x03" * 32, BINDING), PRIVATE, BINDING)


def test_a_ceremony_id_has_32_bytes() -> None:
    with pytest.raises(ShareError):
        bind_import(**{**PLACE, "ceremony": b"short"})
