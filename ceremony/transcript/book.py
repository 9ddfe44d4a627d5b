"""The transcript in memory: entries in order, their leaf hashes, and the tree over them (pure).

A leaf is the entry's line without its newline (RFC 6962 leaf hash). Each entry carries the leaf hash of the one before, so a changed,
dropped, inserted or moved line is named at once, whatever root the reader holds.
"""

from collections.abc import Iterator

from ceremony.errors import CeremonyError, TornTail, TranscriptError
from ceremony.records.base import to_hex
from ceremony.records.entries import Body, Entry
from ceremony.transcript.merkle import Tree, leaf_hash

ENTRY_LIMIT = 100_000
"""Entries of one transcript: a ceremony writes about a hundred; `verify` stays linear far beyond that."""
FIRST_PREVIOUS = "0x" + "00" * 32
"""What entry 0 carries as the leaf hash of the entry before it."""


class Book:
    """Entries 0 to size-1, growing only at the end; all of one `kind`: a ceremony's, or those of its custody."""

    def __init__(self, kind: type[Entry] = Entry) -> None:
        self._kind = kind
        self.entries: list[Entry] = []
        self.lines: list[bytes] = []
        self.tree = Tree()

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def root(self, size: int | None = None) -> bytes:
        """RFC 6962 root of the first `size` entries (all when None)."""
        return self.tree.root(len(self) if size is None else size)

    def next_entry(self, body: Body, at: str) -> Entry:
        """The entry that would record `body` next."""
        return self._kind(index=len(self), previous=self._previous(), at=at, body=body)

    def append(self, line: bytes) -> Entry:
        """Take one line as the next entry; TranscriptError names the entry when it does not belong here."""
        place = len(self)
        if place >= ENTRY_LIMIT:
            message = f"more than {ENTRY_LIMIT} entries"
            raise TranscriptError(message)
        try:
            entry = self._kind.parse(line)
        except CeremonyError as error:
            message = f"entry {place} cannot be read: {error.message}"
            raise TranscriptError(message, culprits=(f"entry {place}",)) from None
        self._require_place(entry, place)
        self.entries.append(entry)
        self.lines.append(line)
        self.tree.append(leaf_hash(line))
        return entry

    def _require_place(self, entry: Entry, place: int) -> None:
        if entry.index != place:
            message = f"entry {place} says it is entry {entry.index}: an entry was dropped, inserted or moved here"
            raise TranscriptError(message, culprits=(f"entry {place}",))
        if entry.previous != self._previous():
            culprit = f"entry {place - 1}" if place else "entry 0"
            message = f"entry {place} follows another {culprit} than the one that stands here: {culprit} was changed"
            raise TranscriptError(message, culprits=(culprit,))

    def _previous(self) -> str:
        return to_hex(self.tree.leaf(len(self) - 1)) if len(self) else FIRST_PREVIOUS


def parse_transcript(data: bytes, kind: type[Entry] = Entry) -> Book:
    """Read a whole transcript of such entries; every line ends in a newline, the last one too (TornTail when it does not)."""
    book = Book(kind)
    lines = data.split(b"\n")
    if lines.pop():
        message = f"the last line (entry {len(lines)}) has no newline: the file was cut short or added to"
        raise TornTail(message, culprits=(f"entry {len(lines)}",))
    for line in lines:
        book.append(line)
    return book
