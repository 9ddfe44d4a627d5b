"""The high-water mark's file beside its token (DOOR): written whole, fsynced, renamed into place, before a signature exists."""

from pathlib import Path

from ceremony.disk import make_directory, read_limited, replace_whole, require_own
from ceremony.errors import CeremonyError, MarkError
from ceremony.quorum.replay import Mark

MARK_LIMIT = 4096
"""Bytes of a mark: it has seven short fields."""


class MarkFile:
    """Marks of one token, one file a ceremony."""

    def __init__(self, directory: Path, serial: str) -> None:
        self._directory = directory
        self._serial = "".join(c if c.isalnum() else "_" for c in serial)

    def read(self, ceremony: str) -> Mark | None:
        """The mark for this ceremony (id in hex), or None when there is none; MarkError when its file was spoilt.

        DirectoryError when another user may change it: a mark that others set forbids nothing.
        """
        path = self._path(ceremony)
        data = read_limited(path, MARK_LIMIT)
        if data is None:
            return None
        require_own(self._directory)
        try:
            return Mark.parse(data)
        except CeremonyError as error:
            message = f"the mark {path} is not whole: {error.message}"
            raise MarkError(message, culprits=(str(path),)) from None

    def write(self, mark: Mark) -> None:
        """Make `mark` durable; DiskError when the disk does not take it, and then the old mark still stands."""
        make_directory(self._directory)
        require_own(self._directory)
        replace_whole(self._path(mark.ceremony), mark.encode())

    def _path(self, ceremony: str) -> Path:
        return self._directory / f"{self._serial}-{ceremony[2:18]}.mark"
