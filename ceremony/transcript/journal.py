"""The transcript on disk (DOOR): one file, append only, fsynced, locked; a torn tail is dropped only when it can be nothing else.

A line counts once it ends in a newline and was fsynced. After a crash the file may end in the beginning of an entry, and after a power cut
in zeros that stand for bytes never written: that tail is cut off, since nobody can have acted on it. Whatever else is wrong is refused, and
then nothing is touched. A mirror, if there is one, gets every line after the first medium (T2).
"""

import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from ceremony.disk import (
    make_directory,
    named_faults,
    read_limited,
    read_open,
    require_ordinary,
    require_own,
    sync_directory,
    write_whole,
)
from ceremony.errors import CeremonyError, DirectoryBusy, DirectoryError, DiskError, TornTail, TranscriptError
from ceremony.records.base import RECORD_LIMIT
from ceremony.records.entries import Body, Entry
from ceremony.transcript.book import Book, parse_transcript
from ceremony.transcript.checkpoint_file import CheckpointFile

TRANSCRIPT = "transcript"
LOCK = "lock"
TRANSCRIPT_LIMIT = 1 << 30
"""Bytes of a transcript file: 100,000 entries of 10,000."""
_AFTER_A_CRASH = (
    "If a command was interrupted, `ceremony run DIR` cuts off the entry it had begun; else stop, and take the file from an unaltered copy."
)
_BEGINNING = b'{"at":"'
"""How the canonical bytes of every entry begin."""


class Journal:
    """The transcript of one ceremony directory, open for appending under its lock. Use as a context manager.

    Args:
        directory: the ceremony directory; it and the file must exist unless `create`.
        now: the wall clock, for people only; order never comes from it.
        mirror: a second directory for the same lines.
        create: make a new transcript; refused when there is one.
        kind: what its entries are.
    """

    def __init__(
        self, directory: Path, now: Callable[[], str], *, mirror: Path | None = None, create: bool = False, kind: type[Entry] = Entry
    ) -> None:
        self.directory = directory
        self._now = now
        self._mirror = mirror
        self._create = create
        self._lock = -1
        self._places = (directory, *((mirror,) if mirror else ()))
        self._files: list[int] = []
        self._spoilt = False
        self._kind = kind
        self.book = Book(kind)
        self.torn = 0
        """Bytes of an entry cut short by a crash that were cut off on opening; it never counted."""

    def __enter__(self) -> Self:
        try:
            with named_faults(self.directory):
                self._open()
        except CeremonyError:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def append(self, body: Body, require: Callable[[Entry], None]) -> Entry:
        """Write one entry, if `require` lets it pass, and make it durable on every medium; DiskError means that it does not count."""
        self._require_unspoilt()
        entry = self.book.next_entry(body, self._now())
        require(entry)
        line = entry.encode()
        try:
            with named_faults(self.directory):
                for handle in self._files:
                    write_whole(handle, line + b"\n")
                    os.fsync(handle)
                self._require_in_place()
        except CeremonyError:
            self._take_back()
            raise
        return self.book.append(line)

    def _open(self) -> None:
        places = self._places
        if self._create:
            _require_new(places)
            make_directory(self.directory)
        elif not (self.directory / TRANSCRIPT).exists():
            raise _missing(self.directory, self._mirror)
        require_own(self.directory)
        self._lock = os.open(self.directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._take(self._lock)
        if self._mirror is not None:
            make_directory(self._mirror)
            require_own(self._mirror)
        for place in places:
            self._files.append(_open_file(place / TRANSCRIPT))
            self._take(self._files[-1])  # too: the lock's file can be taken away while this command holds it, and another one made
            sync_directory(place)  # the file's name: it may have been made by a run that did not get this far
        copies = [_read_lines(handle, place) for handle, place in zip(self._files, places, strict=True)]
        longest = max(copies, key=len)
        _require_one_history(copies, longest, places)
        self.book = parse_transcript(longest, self._kind)
        CheckpointFile(self.directory).signed(self.book)  # refused before a torn tail is cut off: what was signed may not get lost
        for handle, copy in zip(self._files, copies, strict=True):
            self.torn = max(self.torn, os.fstat(handle).st_size - len(copy))
            _settle(handle, copy, longest)

    def _take(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another command is acting on {self.directory}"
            raise DirectoryBusy(message, culprits=(str(self.directory),)) from None

    def _require_in_place(self) -> None:
        """Raise DirectoryError when a copy was replaced or moved away while this command writes it: nobody would ever read the line."""
        for handle, place in zip(self._files, self._places, strict=True):
            path = place / TRANSCRIPT
            held, found = os.fstat(handle), os.stat(path, follow_symlinks=False)  # noqa: PTH116 - what tests can break
            if not os.path.samestat(held, found):
                message = f"{path} was replaced by another file while it was written"
                raise DirectoryError(message, culprits=(str(path),), remedy="Find out who did; put the file back that was there before.")

    def _require_unspoilt(self) -> None:
        if self._spoilt:
            message = "a line that does not count could not be cut off; nothing may follow it"
            raise DiskError(message, culprits=(str(self.directory),))

    def _take_back(self) -> None:
        """After a failed write, cut each copy back to the entries that count; where that fails too, this journal takes no more."""
        size = sum(len(line) + 1 for line in self.book.lines)
        for handle in self._files:
            try:
                os.ftruncate(handle, size)
            except OSError:
                self._spoilt = True

    def _close(self) -> None:
        for handle in (*self._files, *([self._lock] if self._lock >= 0 else [])):
            with suppress(OSError):  # what counts was fsynced, so closing has nothing to lose, and the handle is gone in any case
                os.close(handle)
        self._files, self._lock = [], -1


def read_book(path: Path, kind: type[Entry] = Entry) -> Book:
    """Read a transcript without its lock, for `status` and `verify`; DirectoryError when there is none.

    A torn tail is refused here: only the command that holds the lock may cut it off.
    """
    data = read_limited(path, TRANSCRIPT_LIMIT)
    if data is None:
        raise _missing(path.parent, None)
    _require_small(data, path)
    try:
        return parse_transcript(data, kind)
    except TornTail as error:
        raise TornTail(error.message, culprits=error.culprits, remedy=_AFTER_A_CRASH) from None


def _require_new(places: Sequence[Path]) -> None:
    for path in (place / TRANSCRIPT for place in places):
        if path.exists():
            message = f"{path} is there already; nothing is ever overwritten"
            remedy = "Go on with `ceremony run DIR`, or choose a new directory."
            raise DirectoryError(message, culprits=(str(path),), remedy=remedy)


def _missing(directory: Path, mirror: Path | None) -> DirectoryError:
    copy = mirror / TRANSCRIPT if mirror else None
    remedy = "Start a ceremony with `ceremony run PLAN --dir DIR`."
    if copy is not None and copy.exists():
        remedy = f"Its mirror is there: copy {copy} to {directory / TRANSCRIPT}, then run the same command again."
    return DirectoryError(f"{directory} holds no transcript", culprits=(str(directory),), remedy=remedy)


def _open_file(path: Path) -> int:
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        require_ordinary(handle, path)
    except CeremonyError:
        os.close(handle)
        raise
    return handle


def _read_lines(handle: int, place: Path) -> bytes:
    """All whole lines of a file; TornTail when what follows them cannot be what a crash left."""
    data = read_open(handle, TRANSCRIPT_LIMIT)
    _require_small(data, place / TRANSCRIPT)
    whole = data.rfind(b"\n") + 1
    begun = data[whole:].rstrip(b"\0")
    if len(data) - whole > RECORD_LIMIT or not (begun.startswith(_BEGINNING) or _BEGINNING.startswith(begun)):
        message = f"{place / TRANSCRIPT} ends in {len(data) - whole} bytes that are not the beginning of an entry"
        raise TornTail(message, culprits=(str(place),))
    return data[:whole]


def _require_small(data: bytes, path: Path) -> None:
    if len(data) > TRANSCRIPT_LIMIT:
        message = f"{path} is larger than any transcript"
        raise TranscriptError(message, culprits=(str(path),))


def _require_one_history(copies: Sequence[bytes], longest: bytes, places: Sequence[Path]) -> None:
    for copy, place in zip(copies, places, strict=True):
        if not longest.startswith(copy):
            message = f"the copies of the transcript differ: {place} is not the beginning of the longest one"
            raise TranscriptError(message, culprits=(str(place),))


def _settle(handle: int, copy: bytes, longest: bytes) -> None:
    """Cut a torn tail off, bring a shorter copy up to the longest, and make both durable."""
    if os.fstat(handle).st_size != len(copy):
        os.ftruncate(handle, len(copy))
    if len(copy) < len(longest):
        write_whole(handle, longest[len(copy) :])
    os.fsync(handle)  # a line written before a crash may not have been durable yet; from here on people act on it
