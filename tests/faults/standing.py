"""What stands in a directory at one moment, to be put back file by file: the same inodes, so that open files stay what they were."""

import os
import tempfile
from pathlib import Path


class Standing:
    """The files below `base` as they are now."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._kept = Path(tempfile.mkdtemp(prefix="kept-", dir=base.parent))
        self._files: dict[Path, bytes] = {}
        self._directories = {path for path in base.rglob("*") if path.is_dir()}
        for number, path in enumerate(path for path in base.rglob("*") if path.is_file()):
            self._files[path] = path.read_bytes()
            os.link(path, self._kept / str(number))

    def restore(self) -> None:
        """Put everything back."""
        for path in sorted(self._base.rglob("*"), reverse=True):
            if path.is_dir():
                if path not in self._directories:
                    path.rmdir()
            else:
                path.unlink()
        for number, (path, data) in enumerate(self._files.items()):
            kept = self._kept / str(number)
            if kept.read_bytes() != data:
                kept.write_bytes(data)
            os.link(kept, path)

    def forget(self) -> None:
        """Let go of the copies."""
        for path in self._kept.iterdir():
            path.unlink()
        self._kept.rmdir()
