"""Standard output and standard error as people and programs meet them (DOOR): full, closed, or read by somebody who went away.

A reader who has seen enough (`| head -1`) is no fault: the rest is dropped, and the command goes on to its own exit code. A full disk is
one, and has a name.
"""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from ceremony.disk import named_faults
from ceremony.errors import DiskError

OUTPUT = "standard output"


class Shown(io.TextIOWrapper):
    """Text for whoever reads it. Once it cannot be written the stream leads nowhere, so that nothing fails again, also not at the end.

    Args:
        stream: where text went so far; its open file is used.
        fatal: whether a failure that is not the reader's going away is a DiskError; else it is dropped (there is no way to say it).
    """

    def __init__(self, stream: TextIO, *, fatal: bool) -> None:
        super().__init__(stream.buffer, stream.encoding, stream.errors, "\n", stream.isatty())
        self._fatal = fatal
        self.lost = False

    def write(self, text: str, /) -> int:
        """Take text; DiskError when an earlier part of it could not be written."""
        return self._try(lambda: io.TextIOWrapper.write(self, text)) or len(text)

    def flush(self) -> None:
        """Write what was taken; DiskError when that fails."""
        self._try(lambda: io.TextIOWrapper.flush(self))

    def _try(self, act: Callable[[], int | None]) -> int | None:
        with named_faults(Path(OUTPUT)):
            try:
                return act()
            except OSError as error:
                self._lose()
                if self._fatal and not isinstance(error, BrokenPipeError):
                    raise
        return None

    def _lose(self) -> None:
        self.lost = True
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


def guard_output() -> None:
    """Have failures of this process's standard output and standard error met here; one that is closed stays so."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = Shown(sys.stdout, fatal=True)
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = Shown(sys.stderr, fatal=False)


def settle_output() -> None:
    """Write what is still kept of a stream that broke, or drop it, before the interpreter tries and fails; DiskError as `Shown.flush`."""
    if isinstance(sys.stdout, Shown):
        sys.stdout.flush()


def is_lost() -> bool:
    """Whether standard output goes nowhere since it failed."""
    return isinstance(sys.stdout, Shown) and sys.stdout.lost


def require_reader() -> None:
    """Raise DiskError when standard output was lost: for whoever writes for ever."""
    if is_lost():
        message = f"nobody reads {OUTPUT} any more"
        raise DiskError(message, culprits=(OUTPUT,), remedy="Run the same command again, and keep reading what it says.")
