"""The payload of a sealed file: a stream of authenticated chunks (pure). Source: C2SP age v1, "Payload".

    nonce       = 16 random bytes, before the first chunk
    payload key = HKDF-SHA256(ikm = the payload's 16-byte key, salt = nonce, info = "payload"), 32 bytes
    chunk i     = ChaCha20-Poly1305(payload key, nonce = i as 11 bytes, big-endian || 1 if it is the last, else 0)

Chunks hold 65,536 bytes, the last may hold fewer, and none only if it is the first. So a chunk moved, dropped, cut or added does not open.
"""

from collections.abc import Iterator
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ceremony.errors import OpeningError

CHUNK = 1 << 16
"""Bytes of plaintext in each chunk but the last."""
TAG = 16
NONCE = 16
KEY = 16
"""Bytes of a payload's key."""
CHUNKS_LIMIT = 1 << 48
_NO_PAYLOAD = "the file ends before its payload"
_TOO_LARGE = "it is larger than a payload can be"
_EMPTY_END = "its payload ends in an empty chunk"


class Source(Protocol):
    """Where bytes come from."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        ...


def seal_stream(key: bytes, nonce: bytes, source: Source) -> Iterator[bytes]:
    """The payload of `source`: the nonce, then each chunk sealed. Memory is two chunks, whatever the size.

    Args:
        key: the payload's key, 16 bytes, of one file only.
        nonce: 16 fresh random bytes.
        source: the plaintext.
    """
    yield nonce
    cipher = ChaCha20Poly1305(payload_key(key, nonce))
    for number, chunk, last in _chunks(source, CHUNK):
        yield cipher.encrypt(_nonce(number, last=last), chunk, None)


def open_stream(key: bytes, source: Source) -> Iterator[bytes]:
    """Each chunk's plaintext, once that chunk is authenticated; OpeningError when one is not, or the stream is cut short or added to."""
    nonce = _read_whole(source, NONCE)
    if len(nonce) != NONCE:
        raise _broken(_NO_PAYLOAD)
    cipher = ChaCha20Poly1305(payload_key(key, nonce))
    for number, chunk, last in _chunks(source, CHUNK + TAG):
        try:
            plain = cipher.decrypt(_nonce(number, last=last), chunk, None)
        except InvalidTag:
            what = f"chunk {number} of its payload was changed, moved, cut or added to"
            raise _broken(what) from None
        if last and number and not plain:
            raise _broken(_EMPTY_END)
        yield plain


def payload_key(key: bytes, nonce: bytes) -> bytes:
    """The 32 bytes that the chunks are sealed under."""
    return HKDF(algorithm=SHA256(), length=32, salt=nonce, info=b"payload").derive(key)


def _chunks(source: Source, size: int) -> Iterator[tuple[int, bytes, bool]]:
    """Number, bytes, and whether it is the last: one is read ahead to know."""
    chunk = _read_whole(source, size)
    for number in range(CHUNKS_LIMIT):
        following = _read_whole(source, size) if len(chunk) == size else b""
        yield number, chunk, not following
        if not following:
            return
        chunk = following
    raise _broken(_TOO_LARGE)


def _read_whole(source: Source, size: int) -> bytes:
    """Exactly `size` bytes, or what is left: a pipe gives fewer at a time."""
    parts, left = [], size
    while left and (part := source.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def _broken(what: str) -> OpeningError:
    message = f"the sealed file does not open: {what}"
    return OpeningError(message, remedy="Get an unaltered copy of the file. Nothing of that part was released.")
