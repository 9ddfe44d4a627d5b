"""Looks, while commands run, at the command line and environment of every process below this one: what `ps` shows to anybody."""

import os
import threading
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

PAUSE = 0.01
LOOKS = 5
"""At each process: until it runs its program, it shows its parent's command line."""


class Onlooker:
    """A thread that looks until its block ends; what it saw is one file a process, in `place`."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._ours = {os.getpid()}
        self._known: set[str] = set()
        self._looks: Counter[str] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.commands: set[bytes] = set()

    def __enter__(self) -> Self:
        self._place.mkdir()
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(PAUSE):
            fresh = set(filter(str.isdigit, os.listdir("/proc"))) - self._known  # noqa: PTH208 - names, a hundred times a second
            self._known |= {name for name in fresh if self._looks[name] == LOOKS - 1}
            self._looks.update(fresh)
            for name in sorted(fresh, key=int):  # parents first
                self._see(Path("/proc", name))

    def _see(self, process: Path) -> None:
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent not in self._ours:
                return
            self._ours.add(int(process.name))
            words = (process / "cmdline").read_bytes()
        except OSError:  # it has ended
            return
        self.commands.add(words)
        try:
            around = (process / "environ").read_bytes()
        except OSError:  # hardened: not even its own user may look, unless that is root
            around = b""
        with (self._place / process.name).open("ab") as out:
            out.write(words + b"\0" + around + b"\0")
