"""A sealed file: an age v1 file (C2SP) whose one stanza only five tokens together can open (pure).

    age-encryption.org/v1
    -> ceremony/v1
    base64 of the canonical `SealedHeader`, in lines of 64 characters, the last one shorter (perhaps empty)
    --- base64 of HMAC-SHA256(HKDF-SHA256(ikm = payload's key, salt = "", info = "header"), all of the above up to and with "---")
    the payload (`ceremony.custody.stream`)

Base64 is the standard alphabet without padding. The payload's key is wrapped in the stanza:

    wrapped = ChaCha20-Poly1305(key = the envelope's 32-byte file key, nonce = 12 zero bytes, associated data = "ceremony/wrapped-key/v1",
              plaintext = 16 bytes); the file key is of this one envelope, so it seals one message
"""

import base64
import binascii
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ceremony.custody.stream import Source
from ceremony.errors import OpeningError, RecordError
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import EnvelopeHeader, SealedHeader

INTRODUCTION = b"age-encryption.org/v1"
STANZA = b"-> ceremony/v1"
END = b"---"
COLUMNS = 64
LINE_LIMIT = 128
"""Bytes of a line: the longest has 64."""
LINES_LIMIT = 1024
_WRAPPING = b"ceremony/wrapped-key/v1"
_ZEROS = bytes(12)


def wrap_key(file_key: bytes, payload_key: bytes) -> str:
    """The payload's key (16 bytes) under the envelope's file key (32 bytes); hex of 32 bytes."""
    return to_hex(ChaCha20Poly1305(file_key).encrypt(_ZEROS, payload_key, _WRAPPING))


def unwrap_key(file_key: bytes, sealed: SealedHeader) -> bytes:
    """The payload's key, 16 bytes; OpeningError when the stanza was changed."""
    try:
        return ChaCha20Poly1305(file_key).decrypt(_ZEROS, from_hex(sealed.wrapped), _WRAPPING)
    except InvalidTag:
        message = "the sealed file's key is not wrapped under the key that its header commits to: the file was changed"
        raise OpeningError(message) from None


def encode_header(sealed: SealedHeader, payload_key: bytes) -> bytes:
    """Everything before the payload."""
    body = base64.b64encode(sealed.encode()).rstrip(b"=")
    lines = [body[at : at + COLUMNS] for at in range(0, len(body) + 1, COLUMNS)]
    text = b"\n".join([INTRODUCTION, STANZA, *lines, END])
    return text + b" " + base64.b64encode(_mac(payload_key, text)).rstrip(b"=") + b"\n"


class ParsedHeader:
    """What stands before the payload, read but not yet believed: its authentication needs the payload's key."""

    def __init__(self, sealed: SealedHeader, text: bytes, mac: bytes) -> None:
        self.sealed = sealed
        self._text = text
        self._mac = mac

    @property
    def envelope(self) -> EnvelopeHeader:
        """The envelope that five tokens open."""
        return self.sealed.header

    def require_authentic(self, payload_key: bytes) -> None:
        """Raise OpeningError unless the header is the one that was written with this payload."""
        if not hmac.compare_digest(_mac(payload_key, self._text), self._mac):
            message = "the sealed file's header was changed"
            raise OpeningError(message)


def parse_header(source: Source) -> ParsedHeader:
    """Read everything before the payload, and no byte more; RecordError when it is not a sealed file of this kind."""
    lines = [_line(source), _line(source)]
    if lines != [INTRODUCTION, STANZA]:
        message = "this is not a file that `ceremony seal` made"
        raise RecordError(message)
    while not (line := _line(source)).startswith(END + b" "):
        lines.append(line)
        if len(lines) > LINES_LIMIT or len(line) > COLUMNS:
            raise _malformed()
    body = lines[2:]
    if not body or len(body[-1]) == COLUMNS or any(len(full) != COLUMNS for full in body[:-1]):
        raise _malformed()
    sealed = SealedHeader.parse(_decode(b"".join(body)))
    return ParsedHeader(sealed, b"\n".join([*lines, END]), _decode(line[len(END) + 1 :]))


def _line(source: Source) -> bytes:
    """The next line, byte by byte: the payload begins right behind the last one."""
    line = b""
    while (byte := source.read(1)) != b"\n":
        line += byte
        if not byte or len(line) > LINE_LIMIT:
            raise _malformed()
    return line


def _decode(text: bytes) -> bytes:
    """Standard base64 without padding, in its one canonical form."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if base64.b64encode(data).rstrip(b"=") != text:
        raise _malformed()
    return data


def _mac(payload_key: bytes, text: bytes) -> bytes:
    key = HKDF(algorithm=SHA256(), length=32, salt=b"", info=b"header").derive(payload_key)
    return hmac.digest(key, text, "sha256")


def _malformed() -> RecordError:
    return RecordError("the header of the sealed file is cut short or malformed")
