"""`DIR/checkpoint` (DOOR): a C2SP signed note that gains one signature at a time, each time as a whole new file renamed into place."""

import os
from pathlib import Path

from ceremony.disk import named_faults, read_limited, replace_whole, sync_directory
from ceremony.errors import RecordError, TranscriptError
from ceremony.records.base import from_hex
from ceremony.records.structs import Checkpoint as CheckpointStruct
from ceremony.records.structs import TypedAct
from ceremony.transcript.book import Book
from ceremony.transcript.checkpoint import NOTE_LIMIT, Checkpoint, NoteSignature, encode_note, index_of, key_id, name_of, parse_note

CHECKPOINT = "checkpoint"


class CheckpointFile:
    """The closing checkpoint of one ceremony directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / CHECKPOINT

    def read(self) -> bytes | None:
        """The file's bytes, or None when there is none yet."""
        return read_limited(self._path, NOTE_LIMIT)

    def signed(self, book: Book) -> frozenset[int]:
        """The custodians whose signature stands in the file, if it is of the whole transcript; TranscriptError when of another one."""
        data = self.read()
        if data is None:
            return frozenset()
        checkpoint, signatures = parse_note(data)
        if checkpoint.size > len(book) or checkpoint.root != book.root(checkpoint.size):
            message = f"the checkpoint beside the transcript is of {checkpoint.size} entries, and not of these {len(book)}"
            raise TranscriptError(message, culprits=(str(self._path),))
        if checkpoint.size < len(book):
            return frozenset()
        return frozenset(index_of(one.name) for one in signatures)

    def add(self, act: TypedAct, custodian: int, address: str, signature: str) -> None:
        """Add one custodian's signature; a checkpoint of another size (other signers were named since) is kept beside, never lost."""
        struct = act.struct
        if not isinstance(struct, CheckpointStruct):
            message = f"{struct.type} is not a checkpoint"
            raise RecordError(message)
        body = Checkpoint(struct.origin, struct.size, from_hex(struct.root))
        standing: tuple[NoteSignature, ...] = ()
        data = self.read()
        if data is not None:
            there, standing = parse_note(data)
            if there != body:
                standing = ()
                self._keep(there.size)
        name = name_of(custodian)
        line = NoteSignature(name, key_id(name, from_hex(address)), from_hex(signature))
        others = tuple(one for one in standing if one.name != name)
        replace_whole(self._path, encode_note(body, tuple(sorted((*others, line), key=lambda one: index_of(one.name)))))

    def _keep(self, size: int) -> None:
        kept = self._path.with_name(f"{CHECKPOINT}-{size}")
        with named_faults(kept):
            if not kept.exists():
                os.link(self._path, kept)
                sync_directory(kept.parent)
