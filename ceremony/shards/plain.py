"""A share on its way into a token that cannot unwrap: sealed to a one-time X25519 key of the token's agent (pure).

The host that runs this agent sees the share in the clear for a moment; a plan must allow that by name, and `verify` says so. Bytes, with
`binding` as in `ceremony.shards.binding`:

    import key   = DER SubjectPublicKeyInfo of an X25519 key, 44 bytes (RFC 8410)
    sealed share = box (`ceremony.shards.box`) of the scalar, 32 bytes, to that key under binding("ceremony/plain-import/v1",
                   {"ceremony": 32 bytes, "dealing": number, "custodian": number, "serial": text}), 80 bytes

The binding names the token, so a share that was sealed for one of a custodian's tokens opens for no other.
"""

from collections.abc import Callable

from ceremony.errors import ShareError
from ceremony.shards.binding import encode_binding, require_length
from ceremony.shards.box import KEY_BYTES, open_box, public_key, seal_box
from ceremony.shards.field import SCALAR_BYTES, encode_scalar, require_scalar
from ceremony.shards.secret import CEREMONY_BYTES

# SPEC RFC 8410 4: SubjectPublicKeyInfo {{id-X25519}, BIT STRING of 32 bytes}.
_PREFIX = bytes.fromhex("302a300506032b656e032100")
IMPORT_KEY_BYTES = len(_PREFIX) + KEY_BYTES


def draw_import_key(entropy: Callable[[int], bytes]) -> bytes:
    """The private half of a one-time import key, 32 bytes."""
    return entropy(KEY_BYTES)


def encode_import_key(private: bytes) -> bytes:
    """The public half of an import key, 44 bytes of DER."""
    return _PREFIX + public_key(private)


def is_import_key(data: bytes) -> bool:
    """Whether these bytes are the public half of an import key."""
    return len(data) == IMPORT_KEY_BYTES and data.startswith(_PREFIX)


def seal_share(scalar: int, import_key: bytes, ephemeral_private: bytes, binding: bytes) -> bytes:
    """A share that only this import key opens; 80 bytes.

    Args:
        scalar: the share's value.
        import_key: 44 bytes of DER.
        ephemeral_private: 32 random bytes, never used again.
        binding: of `bind_import`.

    Raises:
        ShareError: the scalar is out of range, something has another length, or the key is of small order.
    """
    if not is_import_key(import_key):
        message = "no import key"
        raise ShareError(message)
    return seal_box(encode_scalar(require_scalar(scalar)), import_key[len(_PREFIX) :], ephemeral_private, binding)


def open_share(sealed: bytes, private: bytes, binding: bytes) -> int:
    """The share's value, 1 to n - 1; ShareError when it was sealed to another key or place, changed, or is out of range."""
    plain = open_box(sealed, private, binding)
    require_length(plain, SCALAR_BYTES, "a share")
    # FACTS 2: a token takes a scalar beyond the order without complaint, so the range is checked before it sees one.
    return require_scalar(int.from_bytes(plain, "big"))


def bind_import(*, ceremony: bytes, dealing: int, custodian: int, serial: str) -> bytes:
    """What a sealed share is bound to; ShareError when the ceremony id has another length."""
    require_length(ceremony, CEREMONY_BYTES, "a ceremony id")
    return encode_binding("ceremony/plain-import/v1", ceremony=ceremony, dealing=dealing, custodian=custodian, serial=serial)
