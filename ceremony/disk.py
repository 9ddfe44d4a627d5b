"""Files that must survive a power cut (DOOR): written whole, fsynced, and their directory too. Disk faults become named errors here.

And files that nobody else may bend: a new file is one that nobody had before, what is read is an ordinary file, and what a ceremony keeps
stands where no other user of the machine can put something else in its place (row 27).
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ceremony.errors import DirectoryError, DiskError

_ONLY_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""O_EXCL: a file that stood there before may be somebody else's, open in their hands or another name of a file that must not change."""
_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
"""O_NONBLOCK: a FIFO put in a file's place must not keep its reader for ever."""
_FRESH = ".new"
"""What is to replace a file stands beside it under this name: only in directories that are a ceremony's or a token's own."""
_PART = ".part"
_PART_NAME = 200
"""Bytes of a file's name that its part file repeats: with dots, random digits and suffix it stays below the 255 that a name may have."""
_PART_RANDOM = 8
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
        named = error.filename2 or error.filename
        where = str(path if named is None or isinstance(named, int) else named)  # a number is an open file's
        kind = DirectoryError if isinstance(error, _OTHERS_FAULT) or error.errno == errno.ELOOP else DiskError
        message = f"{where}: {error.strerror or type(error).__name__}"
        raise kind(message, culprits=(where,)) from None


def read_limited(path: Path, limit: int) -> bytes | None:
    """The file's bytes, one more than `limit` at most (so that its reader sees that it is too long); None when there is no file.

    DirectoryError for what is no ordinary file: a FIFO, a device.
    """
    with named_faults(path):
        try:
            handle = os.open(path, _READ)
        except FileNotFoundError:
            return None
        try:
            require_ordinary(handle, path)
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


def require_ordinary(handle: int, path: Path) -> None:
    """Raise DirectoryError unless the open file is an ordinary one."""
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        message = f"{path} is no ordinary file"
        raise DirectoryError(message, culprits=(str(path),), remedy="Find out who put it there; nothing was read from it.")


def require_own(directory: Path) -> None:
    """Raise DirectoryError unless only this user and root can change what stands in `directory`, or swap it for another.

    A link to it may be one's own; directories above it may be anybody's, if not everybody may rename what stands in them.
    """
    with named_faults(directory):
        link, found = os.lstat(directory), os.stat(directory)  # noqa: PTH116 - these two are what tests can break
        above = [place for place in directory.resolve().parents if is_common(place)]
    remedy = f"Make it yours alone: `chmod go-w {directory}`; or choose another directory."
    if not {link.st_uid, found.st_uid} <= {0, os.geteuid()}:
        message, remedy = f"{directory} belongs to another user", "Choose a directory of your own."
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        message = f"other users may write in {directory}"
    elif above:
        message, remedy = f"everybody may rename what stands in {above[0]}, also {directory}", "Choose a directory elsewhere."
    else:
        return
    raise DirectoryError(message, culprits=(str(directory),), remedy=remedy)


def require_no_link(directory: Path) -> None:
    """Raise DirectoryError when a directory that a ceremony makes for itself is a symbolic link to another one."""
    with named_faults(directory):
        linked = directory.is_symlink()
    if linked:
        message = f"{directory} is a symbolic link, and none is made there"
        raise DirectoryError(message, culprits=(str(directory),), remedy="Find out who put it there, and take it away.")


def is_common(directory: Path) -> bool:
    """Whether everybody may rename and remove what others put there (in /tmp, where the sticky bit is set, nobody may)."""
    with named_faults(directory):
        mode = directory.stat().st_mode
    return bool(mode & stat.S_IWOTH) and not mode & stat.S_ISVTX


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
    """The same of many parts, in constant memory. What was written of a file that does not become whole is gone again.

    Until it is whole it is called `.NAME.RANDOM.part`, in the same directory: a name that nobody can have chosen before, so that no file of
    anybody's is ever in its way. Only a process that is killed leaves it behind.
    """
    with named_faults(path):
        fresh = _name_part(path)
        handle = _open_part(fresh, path)
        try:
            _write(handle, chunks)
            _name_new(fresh, path)
        finally:
            with suppress(OSError):  # it has its name now; or it did not become whole
                fresh.unlink(missing_ok=True)
        sync_directory(path.parent)


def replace_whole(path: Path, data: bytes) -> None:
    """Replace a file in one step: whatever happens, either the old content stands or the new one."""
    fresh = path.with_name(path.name + _FRESH)
    with named_faults(path):
        _write(_create(fresh), (data,))
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


def _name_part(path: Path) -> Path:
    """What a new file is called until it is whole."""
    start = os.fsencode(path.name)[:_PART_NAME]
    return path.with_name(f".{os.fsdecode(start)}.{os.urandom(_PART_RANDOM).hex()}{_PART}")


def _open_part(fresh: Path, path: Path) -> int:
    """A file that nobody had before, mode 0600; what fails is said of the name that people know."""
    try:
        return os.open(fresh, _ONLY_NEW, 0o600)
    except OSError as error:
        error.filename = str(path)
        raise


def _write(handle: int, chunks: Iterable[bytes]) -> None:
    """Write all to an open file, make it durable, and close it whatever happens."""
    try:
        for chunk in chunks:
            write_whole(handle, chunk)
        os.fsync(handle)
    finally:
        os.close(handle)


def _create(path: Path) -> int:
    """A file that is new, mode 0600. What a crash left under this name, or somebody put there, is taken away, never written to."""
    try:
        return os.open(path, _ONLY_NEW, 0o600)
    except FileExistsError:
        path.unlink()
        return os.open(path, _ONLY_NEW, 0o600)
