"""A disk whose power can be cut: it knows what was made durable and can throw everything else away.

kill -9 loses nothing that was written; a power cut loses whatever was not fsynced, names too unless their directory was. The model is the
strict reading of POSIX: a file's bytes are durable at its fsync; a name made, changed or removed is durable at its directory's fsync.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.crash.calls import Call


@dataclass
class Content:
    """One file, whatever its names: its bytes as of the last fsync."""

    durable: bytes = b""


class PowerDisk:
    """What would survive a power cut of the directories `tops`; whatever lies beside them is another's."""

    def __init__(self, tops: Iterable[Path]) -> None:
        self._tops = tuple(top.resolve() for top in tops)
        found = [path for top in self._tops for path in (top, *top.rglob("*")) if path.exists()]
        self._directories = {str(path) for path in found if path.is_dir()}
        self._names = {str(path): Content(path.read_bytes()) for path in found if path.is_file()}
        self._durable_directories = set(self._directories)
        self._durable_names = dict(self._names)

    def note(self, call: Call) -> None:
        """Take in a call that was just performed."""
        match call.op:
            case "create":
                self._names.setdefault(call.path, Content())
            case "mkdir":
                self._directories.add(call.path)
            case "rename" | "replace":
                self._names[str(call.argument)] = self._names.pop(call.path)
            case "link":
                self._names[str(call.argument)] = self._names[call.path]
            case "unlink" | "remove":
                self._names.pop(call.path, None)
            case "fsync":
                self._sync(call.path)
            case _:
                pass

    def survivors(self, files: Mapping[str, bytes], *, names_survive: bool) -> tuple[set[str], dict[str, bytes]]:
        """The directories and files that stand after a power cut, when `files` stand now under the watched directories.

        Args:
            files: every file by its path, with its bytes as written.
            names_survive: the kinder file systems write names at once: then only bytes are lost, and of an unsynced file the first half
                of what is new survives (a torn tail).
        """
        if names_survive:
            return set(self._directories), {name: _torn(content.durable, files[name]) for name, content in self._names.items()}
        directories = {name for name in self._durable_directories if self._stands(_parent(name))}
        return directories, {name: content.durable for name, content in self._durable_names.items() if _parent(name) in directories}

    def cut(self, *, names_survive: bool) -> None:
        """Put the directories into their state after a power cut."""
        files = {name: Path(name).read_bytes() for name in self._names}
        directories, left = self.survivors(files, names_survive=names_survive)
        self._wipe()
        for name in sorted(directories):
            Path(name).mkdir(exist_ok=True)
        for name, data in left.items():
            Path(name).write_bytes(data)

    def _stands(self, directory: str) -> bool:
        """Whether a directory stands after a power cut: one of the watched ones, or one beside them."""
        if directory in self._durable_directories:
            return self._stands(_parent(directory))
        return directory not in self._directories

    def _wipe(self) -> None:
        for top in self._tops:
            for path in sorted((top, *top.rglob("*")), reverse=True):
                if path.exists():
                    path.rmdir() if path.is_dir() else path.unlink()

    def _sync(self, path: str) -> None:
        if path in self._names:
            self._names[path].durable = Path(path).read_bytes()
            return
        elsewhere = {name: content for name, content in self._durable_names.items() if _parent(name) != path}
        self._durable_names = elsewhere | {name: content for name, content in self._names.items() if _parent(name) == path}
        self._durable_directories |= {name for name in self._directories if _parent(name) == path}


def _parent(name: str) -> str:
    return str(Path(name).parent)


def _torn(durable: bytes, written: bytes) -> bytes:
    return written[: (len(durable) + len(written)) // 2] if written.startswith(durable) else written[: len(written) // 2]
