"""Checkpoints as the field writes them: C2SP tlog-checkpoint bodies in C2SP signed notes (both at c2sp.org).

Governance keys sign the `Checkpoint` act (EIP-712), not the note's text; the note carries those signatures under a
signature type of their own, so that ordinary note readers skip them, as the specification demands for unknown types.
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from ceremony.errors import RecordError

HASH_BYTES = 32
KEY_ID_BYTES = 4
ADDRESS_BYTES = 20
NOTE_LIMIT = 1 << 16
"""Bytes of a note: 64 signatures of the longest kind we read."""
SIGNATURE_LIMIT = 64
"""Signatures of one note: 32 custodians and as many witnesses; the specification asks for 16 at least."""
SIGNATURE_BYTES_LIMIT = 512
"""Bytes of one signature: ours have 65, a witness's cosignature 72."""
TEXT_LIMIT = 200
SIZE_LIMIT = 2**53 - 1
SIGNATURE_TYPE = b"\xff" + b"ceremony EIP-712 Checkpoint v1"
"""C2SP signed-note: 0xff marks a type without an assigned byte and is followed by a longer name."""

_SIGNER = "custodian-"
_DASH = "\u2014 "
_SIZE = re.compile(r"0|[1-9][0-9]{0,15}")


@dataclass(frozen=True)
class Checkpoint:
    """The transcript named `origin` has exactly `size` entries and this RFC 6962 root (32 bytes).

    RecordError when it cannot be written.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        _require_text(self.origin, "a checkpoint's origin")
        if self.origin != self.origin.strip():
            _refuse("a checkpoint's origin begins or ends with a blank")
        if not 0 <= self.size <= SIZE_LIMIT:
            _refuse("a checkpoint's size is not a number of entries")
        if len(self.root) != HASH_BYTES:
            _refuse(f"a checkpoint's root has {HASH_BYTES} bytes")


@dataclass(frozen=True)
class NoteSignature:
    """One line below a note: the signer's name (no blanks, no plus), the 4-byte id of their key, and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        _require_name(self.name)
        if len(self.key_id) != KEY_ID_BYTES or not 1 <= len(self.signature) <= SIGNATURE_BYTES_LIMIT:
            _refuse(f"the signature of {self.name} has a wrong length")


def encode_body(checkpoint: Checkpoint) -> bytes:
    """The note's text: origin, size and root, a line each."""
    # SPEC C2SP tlog-checkpoint: no extension lines.
    return f"{checkpoint.origin}\n{checkpoint.size}\n{_base64(checkpoint.root)}\n".encode()


def parse_body(data: bytes) -> Checkpoint:
    """Read a checkpoint's text; RecordError unless it is exactly three lines in the one right spelling."""
    lines = _decode(data).split("\n")
    if len(lines) != 4 or lines[3]:  # noqa: PLR2004 - three lines, each ended by a newline
        _refuse("a checkpoint has three lines: origin, size and root")
    origin, size, root = lines[:3]
    if not _SIZE.fullmatch(size):
        _refuse("a checkpoint's size is not a decimal number without leading zeros")
    return Checkpoint(origin, int(size), _parse_base64(root))


def encode_note(checkpoint: Checkpoint, signatures: Sequence[NoteSignature]) -> bytes:
    """The signed note, signatures in the order given; RecordError when there are none, too many, or two of one key."""
    _require_signatures(signatures)
    # SPEC C2SP signed-note: text, a blank line, then lines of em dash, name and base64(key id || signature).
    lines = "".join(f"{_DASH}{one.name} {_base64(one.key_id + one.signature)}\n" for one in signatures)
    return encode_body(checkpoint) + b"\n" + lines.encode()


def parse_note(data: bytes) -> tuple[Checkpoint, tuple[NoteSignature, ...]]:
    """Read a signed note; the signatures are well-formed but not yet verified. RecordError for any other spelling."""
    if len(data) > NOTE_LIMIT:
        _refuse(f"a checkpoint of {len(data)} bytes is longer than the {NOTE_LIMIT} allowed")
    body, blank, lines = data.partition(b"\n\n")
    text = _decode(lines)
    if not blank or not text.endswith("\n"):
        _refuse("a signed checkpoint is its text, an empty line, and lines of signatures")
    checkpoint = parse_body(body + b"\n")
    rows = text.removesuffix("\n").split("\n")
    if len(rows) > SIGNATURE_LIMIT:
        _refuse(f"{len(rows)} signatures are more than the {SIGNATURE_LIMIT} allowed")
    signatures = tuple(_parse_signature(row) for row in rows)
    _require_signatures(signatures)
    return checkpoint, signatures


def key_id(name: str, address: bytes) -> bytes:
    """The 4 bytes by which a note names a governance key (20-byte address) under a signer's name.

    RecordError when one is malformed.
    """
    _require_name(name)
    if len(address) != ADDRESS_BYTES:
        _refuse(f"an address has {ADDRESS_BYTES} bytes")
    # SPEC C2SP signed-note: SHA-256(name || 0x0A || signature type || public key)[:4].
    return hashlib.sha256(name.encode() + b"\n" + SIGNATURE_TYPE + address).digest()[:KEY_ID_BYTES]


def name_of(custodian: int) -> str:
    """How a note calls a custodian, by index."""
    return f"{_SIGNER}{custodian}"


def index_of(name: str) -> int:
    """The custodian's index in a signer's name ("custodian-3"); RecordError for any other name."""
    digits = name.removeprefix(_SIGNER)
    if not (digits.isascii() and digits.isdecimal()) or name_of(int(digits)) != name:
        _refuse(f"{name!r} is not a custodian's name")
    return int(digits)


def _parse_signature(line: str) -> NoteSignature:
    parts = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(parts) != 2:  # noqa: PLR2004 - a name and a signature
        _refuse("a signature's line is a dash, a name and base64, a blank between them")
    payload = _parse_base64(parts[1])
    return NoteSignature(parts[0], payload[:KEY_ID_BYTES], payload[KEY_ID_BYTES:])


def _require_signatures(signatures: Sequence[NoteSignature]) -> None:
    if not 1 <= len(signatures) <= SIGNATURE_LIMIT:
        _refuse(f"a signed checkpoint has 1 to {SIGNATURE_LIMIT} signatures, not {len(signatures)}")
    lines = [(one.name, one.key_id) for one in signatures]
    doubled = sorted({name for name, key in lines if lines.count((name, key)) > 1})
    if doubled:
        message = f"one key's signature stands twice under a checkpoint: {', '.join(doubled)}"
        raise RecordError(message, culprits=tuple(doubled))


def _require_name(name: str) -> None:
    _require_text(name, "a signer's name")
    if "+" in name or any(character.isspace() for character in name):
        _refuse("a signer's name holds a blank or a plus")


def _require_text(text: str, what: str) -> None:
    if not 1 <= len(text) <= TEXT_LIMIT or not text.isprintable() or not unicodedata.is_normalized("NFC", text):
        _refuse(f"{what} must be 1 to {TEXT_LIMIT} printable characters in Unicode's normal form NFC")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _parse_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _refuse("not base64 (RFC 4648 4)")
    if _base64(data) != text:
        _refuse("base64 with stray bits or without its padding")
    return data


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        _refuse("a checkpoint is not UTF-8")


def _refuse(message: str) -> NoReturn:
    raise RecordError(message)
