"""A few secret bytes for one X25519 key, bound to what they are about: what seeds and answers travel in.

All bytes (`binding` as in `ceremony.shards.binding`, its label saying what the box is for):

    key = HKDF-SHA256(ikm = X25519(ephemeral, receiver), salt = ephemeral public || receiver public, length 32, info = binding)
    box = ephemeral public, 32 bytes || ChaCha20-Poly1305(key, nonce 0, plain, aad = binding), 16 bytes longer than `plain`

The nonce may be 0 because the key belongs to one ephemeral key, which seals one box.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ceremony.errors import ShareError
from ceremony.shards.binding import derive_bound, require_length

KEY_BYTES = 32
OVERHEAD = KEY_BYTES + 16
"""Ephemeral public key and Poly1305's tag."""
_NONCE = bytes(12)


def public_key(private: bytes) -> bytes:
    """The 32-byte public half of 32 private bytes; ShareError for another length."""
    return _private(private).public_key().public_bytes_raw()


def seal_box(plain: bytes, receiver: bytes, ephemeral: bytes, binding: bytes) -> bytes:
    """`plain` for the holder of `receiver`'s private half, and only under this binding; 48 bytes longer.

    Args:
        plain: what is sealed; its length shows.
        receiver: X25519 public key, 32 bytes.
        ephemeral: 32 random bytes, never used again.
        binding: of `encode_binding`.

    Raises:
        ShareError: a key of another length, or of small order.
    """
    require_length(receiver, KEY_BYTES, "a receiver's key")
    private = _private(ephemeral)
    shown = private.public_key().public_bytes_raw()
    key = derive_bound(_agree(private, receiver), salt=shown + receiver, binding=binding)
    return shown + ChaCha20Poly1305(key).encrypt(_NONCE, plain, binding)


def open_box(box: bytes, private: bytes, binding: bytes) -> bytes:
    """What was sealed; ShareError when it was sealed to another key, under another binding, or changed."""
    receiver = _private(private)
    shown, sealed = box[:KEY_BYTES], box[KEY_BYTES:]
    require_length(shown, KEY_BYTES, "an ephemeral key")
    key = derive_bound(_agree(receiver, shown), salt=shown + receiver.public_key().public_bytes_raw(), binding=binding)
    try:
        return ChaCha20Poly1305(key).decrypt(_NONCE, sealed, binding)
    except InvalidTag:
        message = "it was sealed to another key or for another purpose, or changed on the way"
        raise ShareError(message) from None


def _private(data: bytes) -> X25519PrivateKey:
    require_length(data, KEY_BYTES, "an X25519 key")
    return X25519PrivateKey.from_private_bytes(data)


def _agree(private: X25519PrivateKey, public: bytes) -> bytes:
    try:
        return private.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:  # SPEC RFC 7748 6.1: an all-zero result means a point of small order
        message = "an X25519 key is a point of small order"
        raise ShareError(message) from None
