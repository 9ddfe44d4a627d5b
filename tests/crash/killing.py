"""Runs one `ceremony` command and ends its process group by SIGKILL at the first call that has not killed one yet (row 1, real part).

The hook lives here, not in the product: it stands around the functions of `os`. The command runs in a fork of a process that has loaded
everything, since seventy starts would take longer than all else; its agents are started as ever, and die with its group.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ceremony.cli import run_command
from tests.crash.calls import Call, Calls

KINDS, CALLS = "kinds", "calls"
BEFORE, AFTER = "before", "after"
APPEND = "transcript/journal.py:append"
ENTRY = b'{"at":'
SECONDS = 120.0
"""For one command; the longest takes ten."""
PAUSE = 0.01


class Killer:
    """Knows which calls have killed a process already."""

    def __init__(self, killed: Path, targets: str, side: str, command: str) -> None:
        self._killed = killed
        self._done = set(killed.read_text().splitlines()) if killed.exists() else set()
        self._targets, self._side = targets, side
        self._entry = f"the start of {command}"
        self._seen: Counter[str] = Counter()

    def around(self, call: Call, perform: Callable[[], Any]) -> Any:
        """Die before the call or after it, if that is due."""
        if call.op == "write" and bytes(call.argument).startswith(ENTRY):
            self._entry = _entry_name(bytes(call.argument))
            self._seen.clear()
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
            name = f"{call.op} {call.site} @ {self._entry}"
            self._seen[name] += 1
            return f"{name} #{self._seen[name]}"
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


def run_in_group(command: Sequence[str], directory: Path, killer: Killer, said: int) -> int:
    """The command's exit code (or minus the signal that ended it), run as a process group of its own that writes to `said`."""
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setsid()
            sys.stdout = sys.stderr = os.fdopen(os.dup(said), "w")
            with Calls(directory, killer.around).watched():
                code = run_command(list(command))
        except BaseException:  # noqa: BLE001 - the child's end, whatever it is, is the parent's finding
            traceback.print_exc()
        sys.stdout.flush()
        os._exit(code)
    return _wait(child)


def _wait(child: int) -> int:
    end = time.monotonic() + SECONDS
    while not (found := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            raise TimeoutError
        time.sleep(PAUSE)
    return os.waitstatus_to_exitcode(found[1])
