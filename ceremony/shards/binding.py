"""How every hash of this room says what it is about: one rule, one thing to get right in a second implementation.

    binding(label, fields) = label || 0x0A || RFC 8785 bytes of the object `fields` || 0x0A

`label` is ASCII such as `ceremony/tag/v1` and never used for two purposes. In `fields`, bytes are lower-case hex after
`0x`, numbers are JSON integers, texts are JSON strings. RFC 8785 output has no raw newline, so a binding can be
followed by bytes of fixed length (marked `|| tail` where that happens) and still has one reading only. Secrets are
never put into `fields`: they are tails or key material.
"""

import hashlib
from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ceremony.errors import ShareError
from ceremony.records.canonical import encode_canonical

DIGEST_BYTES = 32
Field = bytes | int | str | Sequence[bytes]


def encode_binding(label: str, **fields: Field) -> bytes:
    """The binding of these fields under this label."""
    return label.encode() + b"\n" + encode_canonical({name: _plain(value) for name, value in fields.items()}) + b"\n"


def hash_bound(binding: bytes, tail: bytes = b"") -> bytes:
    """SHA-256(binding || tail), 32 bytes; the tail's length is fixed by the label."""
    return hashlib.sha256(binding + tail).digest()


def derive_bound(secret: bytes, *, salt: bytes, binding: bytes, length: int = DIGEST_BYTES) -> bytes:
    """HKDF-SHA256 (RFC 5869) of `secret`, with the binding as info; `length` bytes."""
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=binding).derive(secret)


def require_length(data: bytes, length: int, what: str) -> None:
    """Raise ShareError unless `data` has exactly `length` bytes; `what` names it."""
    if len(data) != length:
        message = f"{what} has {len(data)} bytes, must have {length}"
        raise ShareError(message)


def _plain(value: Field) -> object:
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, int | str):
        return value
    return [_plain(one) for one in value]
