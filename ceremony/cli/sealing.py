"""What `ceremony master`, `seal`, `envelope` and `unseal` do with files: streams in constant memory, named only once they are whole."""

import os
import stat
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ceremony.cli.wiring import now, read_custody, read_state
from ceremony.conductor.custody import master_key, require_not_succeeded
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.sealed import ParsedHeader, encode_header, parse_header, wrap_key
from ceremony.custody.stream import KEY, NONCE, seal_stream
from ceremony.disk import is_common, named_faults, read_limited, write_new, write_new_stream
from ceremony.errors import AnswerError, DirectoryError, RecordError
from ceremony.quorum.dealings import parse_points
from ceremony.records.base import RECORD_LIMIT
from ceremony.records.custody_entries import MasterKey
from ceremony.records.evidence import EnvelopeHeader, SealedHeader

ENTROPY_BYTES = 48
DESCRIPTION_LIMIT = 150
"""Characters: size and time are added, and an envelope's description has 200."""
STREAM = "-"
"""Names standard input or output."""


def read_master(place: Path) -> MasterKey:
    """The master key in a file that `ceremony master` wrote, or a closed ceremony's; RecordError, DirectoryError, OutOfTurn."""
    if place.is_dir():
        book, state = read_state(place)
        key = master_key(state)
        require_not_succeeded(read_custody(place, book, state))
        return key
    data = read_limited(place, RECORD_LIMIT)
    if data is None:
        message = f"there is no file {place}"
        raise DirectoryError(message, culprits=(str(place),), remedy="Name a directory, or what `ceremony master DIR -o FILE` wrote.")
    with named_record(str(place), "Name a closed ceremony's directory, or what `ceremony master DIR -o FILE` wrote."):
        return MasterKey.parse(data.strip())


def write_master(directory: Path, target: Path) -> MasterKey:
    """Write a closed ceremony's master key to a new file."""
    require_new(str(target))
    key = read_master(directory)
    write_new(target, key.encode() + b"\n")
    return key


def seal_file(master: MasterKey, source: str, target: str, description: str) -> EnvelopeHeader:
    """Seal a file (or standard input) to a new file (or standard output); what it says of itself."""
    require_new(target)
    with open_source(source) as plain:
        header, file_key = seal_envelope(
            ceremony=master.ceremony,
            dealing=master.dealing,
            n=master.n,
            commitments=parse_points(master.commitments),
            description=f"{description} ({plain.size}, sealed {now()})",
            entropy=os.urandom(ENTROPY_BYTES),
        )
        key = os.urandom(KEY)
        sealed = SealedHeader(header=header, wrapped=wrap_key(file_key, key))
        write_stream(target, _whole(encode_header(sealed, key), seal_stream(key, os.urandom(NONCE), plain)))
    return header


def require_description(text: str | None, otherwise: str) -> str:
    """What an envelope will say it holds: one line, NFC, single blanks; AnswerError for what nobody could read, or what is too long.

    Args:
        text: as given with --description, if it was.
        otherwise: what is said if it was not; the name of a file may be anything.
    """
    line = unicodedata.normalize("NFC", text or otherwise)
    fits = line.isprintable() and 0 < len(line := " ".join(line.split())) <= DESCRIPTION_LIMIT
    if fits:
        return line
    message = f"the description must be one line of at most {DESCRIPTION_LIMIT} printable characters"
    if text:
        raise AnswerError(message, culprits=("--description",))
    message += f", and the file's name gives none: {otherwise!a}"
    raise AnswerError(message, culprits=(ascii(otherwise),), remedy="Say what it holds with --description TEXT.")


def read_header(source: str) -> ParsedHeader:
    """What a sealed file says of itself; RecordError when it is none."""
    with open_source(source) as sealed:
        return read_open_header(sealed, source)


def read_open_header(sealed: "Source", name: str) -> ParsedHeader:
    """The same of a file that is open, up to its payload."""
    with named_record(name, "Name a file that `ceremony seal` or `adopt` made; if it is one, take it from an unaltered copy."):
        return parse_header(sealed)


@contextmanager
def named_record(name: str, remedy: str) -> Iterator[None]:
    """Have a RecordError name the file that was read."""
    try:
        yield
    except RecordError as error:
        message = f"{name}: {error.message}"
        raise RecordError(message, culprits=(name,), remedy=remedy) from None


def write_stream(target: str, chunks: Iterable[bytes]) -> None:
    """Write chunks to a new file, mode 0600, which gets its name once it is whole and durable; or to standard output as they come."""
    if target == STREAM:
        for chunk in chunks:
            with named_faults(Path("standard output")):
                sys.stdout.buffer.write(chunk)
                sys.stdout.buffer.flush()
        return
    write_new_stream(Path(target), chunks)


def require_new(target: str) -> None:
    """Raise DirectoryError when the file is there already (a link too), its directory is not, or everybody may swap files in it."""
    path, place = Path(target), Path(target).parent
    if target == STREAM:
        return
    if os.path.lexists(path):
        message = f"{path} is there already; nothing is ever overwritten"
    elif not place.is_dir():
        message = f"there is no directory {place}"
    elif is_common(place):
        message = f"everybody may rename what stands in {place}"
    else:
        return
    raise DirectoryError(message, culprits=(str(path),), remedy="Name a new file.")


class Source:
    """Bytes from a file or a pipe; whatever fails while reading is named after it."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, Path(name)

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end; DirectoryError or DiskError."""
        with named_faults(self._name):
            return self._file.read(size)

    @property
    def size(self) -> str:
        """In words, for people; what comes through a pipe has none yet."""
        found = os.fstat(self._file.fileno())
        return f"{found.st_size} bytes" if stat.S_ISREG(found.st_mode) else "of unknown size"


@contextmanager
def open_source(source: str) -> Iterator[Source]:
    """A file, or standard input, to read bytes from; DirectoryError when it cannot be read."""
    if source == STREAM:
        yield Source(sys.stdin.buffer, "standard input")
        return
    with named_faults(Path(source)):
        file = os.fdopen(os.open(source, os.O_RDONLY | os.O_CLOEXEC), "rb")
    with file:
        yield Source(file, source)


def _whole(header: bytes, payload: Iterable[bytes]) -> Iterator[bytes]:
    yield header
    yield from payload
