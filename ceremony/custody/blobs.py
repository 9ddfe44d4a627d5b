"""Where wrapped shards wait for their tokens (DOOR): one file each, durable before the first unwrap, destroyed with read-back."""

from collections.abc import Mapping
from pathlib import Path

from ceremony.disk import make_directory, named_faults, read_limited, require_no_link, sync_directory, write_new
from ceremony.errors import DiskError
from ceremony.records.base import FIRST_TOKEN

BLOBS = "blobs"
BLOB_LIMIT = 1 << 12
"""Bytes of one blob: RSA-2048 gives 256, a share sealed for a plain import has 80."""


class BlobDirectory:
    """`DIR/blobs`. A blob cannot be opened without its token, or its token's agent; still it goes as soon as it is not needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / BLOBS

    def store(self, dealing: int, wrapped: Mapping[tuple[int, int], bytes]) -> None:
        """Make all blobs of a dealing durable, by custodian and number of the token; DiskError: then the dealing must be abandoned."""
        require_no_link(self._directory)
        make_directory(self._directory)
        for (custodian, token), blob in wrapped.items():
            write_new(self._path(dealing, custodian, token), blob)

    def load(self, dealing: int, custodian: int, token: int) -> bytes | None:
        """One blob, or None when it is gone."""
        return read_limited(self._path(dealing, custodian, token), BLOB_LIMIT)

    def destroy(self, dealing: int) -> None:
        """Remove every blob of a dealing; DiskError when one is still there afterwards."""
        require_no_link(self._directory)  # or another ceremony's blobs would go
        with named_faults(self._directory):
            for name in self._names(dealing):
                (self._directory / name).unlink()
            left = self._names(dealing)
            if self._directory.is_dir():
                sync_directory(self._directory)
        if left:
            message = f"blobs are still there: {', '.join(left)}"
            raise DiskError(message, culprits=left)

    def _names(self, dealing: int) -> tuple[str, ...]:
        """The dealing's files, unfinished ones too; none when the directory was never made (a glob would take "forbidden" for "none")."""
        start = f"dealing-{dealing}-"
        try:  # an unfinished one has a dot before its name
            return tuple(sorted(path.name for path in self._directory.iterdir() if path.name.removeprefix(".").startswith(start)))
        except FileNotFoundError:
            return ()

    def _path(self, dealing: int, custodian: int, token: int) -> Path:
        twin = f"-token-{token}" if token != FIRST_TOKEN else ""
        return self._directory / f"dealing-{dealing}-shard-{custodian}{twin}.wrapped"
