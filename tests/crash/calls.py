"""Every file call that the ceremony's own code makes, counted and handed to whoever wants to kill, cut or spoil it.

The functions of `os` are replaced in this process only (a forked child). A call counts when the innermost frame that is not the standard
library's belongs to `ceremony/` and its path lies under the watched directory: what simulated parts remember is their own business.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceremony import errors

HOUSE = str(Path(errors.__file__).parent) + os.sep
TESTS = str(Path(__file__).parent.parent) + os.sep
CHANGING = ("write", "fsync", "rename", "replace", "link", "symlink", "unlink", "remove", "mkdir", "rmdir", "ftruncate", "truncate")
LOOKING = ("read", "pread", "listdir", "scandir", "stat", "fstat", "close")
OPEN = "open"
CREATE = "create"
DISK = "disk.py"


@dataclass(frozen=True)
class Call:
    """One call: its number from 1 (changing calls and looking ones are numbered apart), what it does, to what, from where."""

    number: int
    op: str
    path: str
    site: str
    """File and function of the ceremony's code, without `ceremony.disk`, which every door goes through."""
    kind: str
    """Kind of the entry that is being written, or was written last."""
    argument: Any
    """The second argument: the bytes of a write, the target of a rename."""
    handle: int = -1
    """The open file, where the call is given one."""

    @property
    def label(self) -> str:
        """What makes two calls alike enough for a budgeted sweep: where it comes from, and in which part of the ceremony."""
        return f"{self.op} {self.site} @ {self.kind}"


Around = Callable[[Call, Callable[[], Any]], Any]
"""Gets the call and a function that performs it; returns what the call returns."""


class Calls:
    """The calls of one process under one directory.

    Args:
        base: the directory that is watched.
        around: decides what becomes of each call.
        looking: also count calls that only look (open for reading, read, list, stat) and those that close.
    """

    def __init__(self, base: Path, around: Around, *, looking: bool = False) -> None:
        self._base = f"{base.resolve()}{os.sep}"
        self._around = around
        self._ops = (*CHANGING, *(LOOKING if looking else ()))
        self._looking = looking
        self._kind = "nothing"
        self._inside = False
        self.real: dict[str, Callable[..., Any]] = {}
        self.count = 0

    @contextmanager
    def watched(self) -> Iterator["Calls"]:
        """Watch while the context lasts."""
        for op in (*self._ops, OPEN):
            self.real[op] = getattr(os, op)
            setattr(os, op, self._wrapper(op, self.real[op]))
        try:
            yield self
        finally:
            for op, real in self.real.items():
                setattr(os, op, real)

    def _wrapper(self, op: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if self._inside:
                return real(*given, **named)
            self._inside = True
            try:
                seen = self._see(op, given)
                return self._around(seen, lambda: real(*given, **named)) if seen else real(*given, **named)
            finally:
                self._inside = False

        return call

    def _see(self, op: str, given: tuple[Any, ...]) -> Call | None:
        site = _site()
        if site is None or not given:
            return None
        path, argument = _path(given[0]), given[1] if len(given) > 1 else None
        if not f"{path}{os.sep}".startswith(self._base):
            return None
        if op == OPEN:
            creates = isinstance(argument, int) and bool(argument & os.O_CREAT)
            if not creates and not self._looking:
                return None
            op = CREATE if creates else OPEN
        if op == "write" and bytes(argument).startswith(b'{"at":'):
            self._kind = str(json.loads(bytes(argument))["body"]["kind"])
        self.count += 1
        return Call(self.count, op, path, site, self._kind, argument, given[0] if isinstance(given[0], int) else -1)


def _site() -> str | None:
    """Where in the ceremony's code a call comes from; None when it comes from elsewhere."""
    frame = sys._getframe(3)
    door = ""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(TESTS):
            return None
        if name.startswith(HOUSE):
            here = f"{name.removeprefix(HOUSE)}:{frame.f_code.co_name}"
            if not name.endswith(DISK):
                return f"{here}{door}"
            door = door or f" ({frame.f_code.co_name})"
        frame = frame.f_back  # type: ignore[assignment] - the loop ends at None
    return None


def _path(given: Any) -> str:
    if isinstance(given, int):
        return os.readlink(f"/proc/self/fd/{given}").removesuffix(" (deleted)")  # noqa: PTH115 - a string with a mark, not a path
    return os.path.abspath(os.fsdecode(given))  # noqa: PTH100 - resolving would follow the very links that are under test
