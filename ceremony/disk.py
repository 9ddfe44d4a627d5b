"""Files that must survive a power cut (DOOR): written whole, fsynced, and their directory too. Disk faults become named errors here."""

import errno
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ceremony.errors import DirectoryError, DiskError

_WHOLE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_FRESH = ".new"
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
"""What file systems without hard links say (FAT on a stick)."""
_CHUNK = 1 << 20
_OTHERS_FAULT = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)


@contextmanager
def named_faults(path: Path) -> Iterator[None]:
    """Turn operating system errors into DirectoryError (a wrong path or permission) or DiskError (the medium)."""
    try:
        yield
    except OSError as error:
        where = str(error.filename2 or error.filename or path)
        kind = DirectoryError if isinstance(error, _OTHERS_FAULT) else DiskError
        message = f"{where}: {error.strerror or type(error).__name__}"
        raise kind(message, culprits=(where,)) from None


def read_limited(path: Path, limit: int) -> bytes | None:
    """The file's bytes, one more than `limit` at most (so that its reader sees that it is too long); None when there is no file."""
    with named_faults(path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            return read_open(handle, limit)
        finally:
            os.close(handle)


def read_open(handle: int, limit: int) -> bytes:
    """All bytes of an open file from its beginning, but at most `limit` + 1."""
    chunks, size = [], 0
    while size <= limit and (chunk := os.pread(handle, min(_CHUNK, limit + 1 - size), size)):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


def make_directory(path: Path) -> None:
    """Make a directory, mode 0700, and those above it that are missing, each name durable; nothing when it is there."""
    with named_faults(path):
        if path.is_dir():
            return
        make_directory(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync_directory(path.parent)


def write_new(path: Path, data: bytes) -> None:
    """Make a new file durable, mode 0600, whole or not at all; DirectoryError when there is one: nothing is ever overwritten."""
    write_new_stream(path, (data,))


def write_new_stream(path: Path, chunks: Iterable[bytes]) -> None:
    """The same of many parts, in constant memory. What was written of a file that does not become whole is gone again."""
    fresh = path.with_name(path.name + _FRESH)
    with named_faults(path):
        try:
            _write(fresh, chunks)
            _name_new(fresh, path)
        finally:
            with suppress(OSError):  # it has its name now; or it did not become whole
                fresh.unlink(missing_ok=True)
        sync_directory(path.parent)


def replace_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step: whatever happens, either the old content stands or the new one."""
    fresh = path.with_name(path.name + _FRESH)
    with named_faults(path):
        _write(fresh, (data,))
        fresh.rename(path)
        sync_directory(path.parent)


def write_whole(handle: int, data: bytes) -> None:
    """Write all of `data` to an open file."""
    while data:
        data = data[os.write(handle, data) :]


def sync_directory(directory: Path) -> None:
    """Make new, renamed and removed names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _name_new(fresh: Path, path: Path) -> None:
    """Give a whole file its name; unlike a rename, a link never replaces what is there."""
    try:
        os.link(fresh, path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        fresh.rename(path)
        return


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    handle = os.open(path, _WHOLE, 0o600)
    try:
        for chunk in chunks:
            write_whole(handle, chunk)
        os.fsync(handle)
    finally:
        os.close(handle)
