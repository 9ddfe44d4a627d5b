"""Boxes: opened by their receiver under their binding, and by nobody and under nothing else; the bytes are what their description says."""

import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ceremony.errors import ShareError
from ceremony.shards.box import KEY_BYTES, OVERHEAD, open_box, public_key, seal_box

RECEIVER, EPHEMERAL, BINDING = b"\x11" * 32, b"\x22" * 32, b"a label\n{}\n"
PLAIN = b"five of these open the envelope."
BOX = seal_box(PLAIN, public_key(RECEIVER), EPHEMERAL, BINDING)


def sealed_again() -> bytes:
    """After the module's own description, HKDF from HMAC."""
    ours, theirs = X25519PrivateKey.from_private_bytes(EPHEMERAL), X25519PrivateKey.from_private_bytes(RECEIVER)
    shown = ours.public_key().public_bytes_raw()
    salt = shown + theirs.public_key().public_bytes_raw()
    extracted = hmac.digest(salt, ours.exchange(theirs.public_key()), "sha256")
    key = hmac.digest(extracted, BINDING + b"\x01", "sha256")
    return shown + ChaCha20Poly1305(key).encrypt(bytes(12), PLAIN, BINDING)


def test_the_bytes_are_what_a_second_implementation_computes() -> None:
    assert sealed_again() == BOX
    assert len(BOX) == len(PLAIN) + OVERHEAD


def test_its_receiver_opens_it() -> None:
    assert open_box(BOX, RECEIVER, BINDING) == PLAIN


@pytest.mark.parametrize(("private", "binding"), [(b"\x12" * 32, BINDING), (RECEIVER, BINDING + b" "), (EPHEMERAL, BINDING)])
def test_nobody_else_does_nor_under_another_binding(private: bytes, binding: bytes) -> None:
    with pytest.raises(ShareError, match="another key or for another purpose"):
        open_box(BOX, private, binding)


def test_every_flipped_byte_and_every_other_length_is_refused() -> None:
    flipped = [BOX[:at] + bytes([BOX[at] ^ 1]) + BOX[at + 1 :] for at in range(len(BOX))]
    for wrong in (*flipped, BOX[:-1], BOX + b"\0", BOX[:KEY_BYTES], BOX[:31], b"", bytes(32) + BOX[32:]):
        with pytest.raises(ShareError):
            open_box(wrong, RECEIVER, BINDING)


def test_keys_that_are_none_are_refused() -> None:
    with pytest.raises(ShareError, match="small order"):
        seal_box(PLAIN, bytes(32), EPHEMERAL, BINDING)
    for receiver, ephemeral in ((public_key(RECEIVER)[:31], EPHEMERAL), (public_key(RECEIVER), EPHEMERAL + b"\0")):
        with pytest.raises(ShareError, match="must have 32"):
            seal_box(PLAIN, receiver, ephemeral, BINDING)
    with pytest.raises(ShareError, match="must have 32"):
        open_box(BOX, RECEIVER[:31], BINDING)
