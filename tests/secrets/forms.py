"""What a secret looks like in memory or in a file: every form is cut to pieces, so that a copy half overwritten is found too."""

import base64
import os
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ceremony.acts.words import encode_words

PIECE = 12
"""Bytes of a piece of something binary: 96 bits are met by no accident. No piece holds a line's end, which is how grep tells them apart."""
LEAST = 7
"""A piece is longer than this; bytes with so many line's ends that none is are left to the other forms (one secret in 10,000)."""
TEXT_PIECE = 20
"""Characters of a piece of something written out: 66 bits at least (decimal)."""
BYTES = 32
LIMB = 30
"""Bits of one digit of a Python integer, kept in 32 (CPython on every 64-bit system; FACTS 2)."""


@dataclass(frozen=True)
class Needle:
    """A piece of one form of a secret."""

    secret: str
    form: str
    piece: bytes


def number(secret: str, value: int) -> list[Needle]:
    """A scalar of 32 bytes; DER and PKCS#8 hold its big-endian bytes."""
    data = value.to_bytes(BYTES, "big")
    digits = [value >> shift & (1 << LIMB) - 1 for shift in range(0, BYTES * 8, LIMB)]
    limbs = struct.pack(f"<{len(digits)}I", *digits)
    forms = {"integer's digits": limbs, "decimal": str(value).encode()}
    return [*raw(secret, data), *(needle for form, found in forms.items() for needle in _cut(secret, form, found))]


def raw(secret: str, data: bytes) -> list[Needle]:
    """Bytes, at least 16 of them."""
    written = {
        "hex": data.hex(),
        "HEX": data.hex().upper(),
        "reversed hex": data[::-1].hex(),
        "base64": base64.b64encode(data).decode().rstrip("="),
        "base64url": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "escaped": repr(data)[2:-1],
        "words": encode_words(data[: 2 * (len(data) // 2)]),
    }
    forms = {"bytes": data, "reversed bytes": data[::-1], **{form: text.encode() for form, text in written.items()}}
    return [needle for form, found in forms.items() for needle in _cut(secret, form, found)]


def text(secret: str, words: str) -> list[Needle]:
    """Something typed: its characters, their hex and base64, and as UTF-16."""
    data = words.encode()
    forms = {"characters": data, "UTF-16": words.encode("utf-16-le"), "hex": data.hex().encode(), "base64": base64.b64encode(data)[:-4]}
    return [Needle(secret, form, found) for form, found in forms.items()]


def _cut(secret: str, form: str, found: bytes) -> Iterator[Needle]:
    """A piece from the beginning and one from the end; of an integer the last digit is left out, since it holds few bits."""
    binary = "bytes" in form or "digits" in form
    whole = found[:-4] if "digits" in form else found
    for size in range(PIECE if binary else TEXT_PIECE, LEAST, -1):
        pieces = [whole[at : at + size] for at in range(len(whole) - size + 1)]
        if good := [piece for piece in pieces if b"\n" not in piece]:
            yield from (Needle(secret, form, piece) for piece in {good[0], good[-1]})
            return


def hits(place: Path, needles: Sequence[Needle]) -> dict[tuple[str, str], set[str]]:
    """The files, below a directory or the one that is named, in which each (secret, form) is found."""
    found: dict[tuple[str, str], set[str]] = {}
    by_piece: dict[bytes, list[Needle]] = {}
    for needle in needles:
        by_piece.setdefault(needle.piece, []).append(needle)
    with tempfile.NamedTemporaryFile() as pieces:
        pieces.write(b"".join(piece + b"\n" for piece in by_piece))
        pieces.flush()
        command = ["grep", "-r", "-a", "-o", "-H", "--null", "-F", "-f", pieces.name, str(place)]
        done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "LC_ALL": "C"})
    assert done.returncode in {0, 1}, done.stderr.decode()
    for line in done.stdout.split(b"\n")[:-1]:  # no splitlines: a piece may hold other ends of lines
        file, _, piece = line.partition(b"\0")
        for needle in by_piece[piece]:
            found.setdefault((needle.secret, needle.form), set()).add(file.decode())
    return found
