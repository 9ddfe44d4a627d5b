"""Runs one `ceremony` command and ends its process group by SIGKILL at the first call that has not killed one yet (row 1, real part).

python -m tests.crash.killing KILLED DIR kinds|calls before|after COMMAND...: KILLED is a file with a line a kill, DIR the ceremony's.
The hook lives here, not in the product: it stands around the functions of `os`.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ceremony.cli import run_command
from tests.crash.calls import Call, Calls

KINDS, CALLS = "kinds", "calls"
BEFORE, AFTER = "before", "after"
APPEND = "transcript/journal.py:append"
ENTRY = b'{"at":'


class Killer:
    """Knows which calls have killed a process already."""

    def __init__(self, killed: Path, targets: str, side: str) -> None:
        self._killed = killed
        self._done = set(killed.read_text().splitlines()) if killed.exists() else set()
        self._targets, self._side = targets, side
        self._entry = "nothing"

    def around(self, call: Call, perform: Callable[[], Any]) -> Any:
        """Die before the call or after it, if that is due."""
        if call.op == "write" and bytes(call.argument).startswith(ENTRY):
            self._entry = _entry_name(bytes(call.argument))
        target = self._target(call)
        if self._side == BEFORE:
            self._die_at(target)
        result = perform()
        if self._side == AFTER:
            self._die_at(target)
        return result

    def _target(self, call: Call) -> str:
        """What this call is called in the list of kills; empty when it is none."""
        if self._targets == CALLS:
            return f"{call.op} {call.site} @ {self._entry}"
        wanted = "write" if self._side == BEFORE else "fsync"
        return call.kind if call.op == wanted and call.site.startswith(APPEND) else ""

    def _die_at(self, target: str) -> None:
        if not target or target in self._done:
            return
        with self._killed.open("a") as stream:
            stream.write(target + "\n")
        os.killpg(0, signal.SIGKILL)


def _entry_name(line: bytes) -> str:
    """An entry's kind and whose it is; half a line has none."""
    try:
        body = json.loads(line)["body"]
    except ValueError:
        return "half a line"
    return f"{body['kind']}({body.get('custodian') or body.get('source') or body.get('round') or ''})"


def main() -> int:
    """The command's exit code, if it lives to have one."""
    killed, directory, targets, side, *command = sys.argv[1:]
    killer = Killer(Path(killed), targets, side)
    with Calls(Path(directory), killer.around).watched():
        return run_command(command)


if __name__ == "__main__":
    sys.exit(main())
