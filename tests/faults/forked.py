"""The real agent process without its start: forked from this process instead of spawned, which takes half a second less.

Everything else is the product's: its main loop, its pipes, its hardening, its end. The door forbids forking because a child could use its
parent's logged-in session (FACTS 2); the parent here never loads a PKCS#11 module, and must not.
"""

import os
import signal
import time
from contextlib import suppress
from typing import BinaryIO

from ceremony.hsm import agent_process, agents, holder, pkcs11
from ceremony.hsm.agents import SpawnedAgent
from ceremony.hsm.messages import OpenToken
from ceremony.isolation.spawned import Spawned

LOADED = (holder, pkcs11)
"""Here, so that no child imports them anew."""
HANDLES = 256
DEADLINE = 20.0
"""Seconds for an answer: every one takes less than a second, a machine under load three."""
PAUSE = 0.002


class Fork:
    """What `Spawned` asks of a process, for a forked one."""

    def __init__(self) -> None:
        reading, self_in = os.pipe()
        self_out, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            _become_agent(reading, writing)
        os.close(reading)
        os.close(writing)
        self.stdin: BinaryIO = os.fdopen(self_in, "wb", buffering=0)
        self.stdout: BinaryIO = os.fdopen(self_out, "rb", buffering=0)
        os.set_blocking(self_in, False)
        self._status: int | None = None

    def kill(self) -> None:
        """End it, if it is not waited for yet."""
        if self._status is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float = DEADLINE) -> int:
        """Its exit status; killed when it does not end in time."""
        end = time.monotonic() + timeout
        while self._status is None:
            found, status = os.waitpid(self.pid, os.WNOHANG)
            if found:
                self._status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                self.kill()
                end += DEADLINE
            else:
                time.sleep(PAUSE)
        return self._status


class ForkedProcess(Spawned):
    """As the spawned one."""

    def __init__(self, _module: str, who: str) -> None:
        self.who = who
        self._process = Fork()  # type: ignore[assignment] - as much of a Popen as `Spawned` uses


class ForkedAgent(SpawnedAgent):
    """As the spawned one."""

    def __init__(self, request: OpenToken) -> None:
        spawned, agents.Spawned = agents.Spawned, ForkedProcess
        try:
            super().__init__(request, DEADLINE)
        finally:
            agents.Spawned = spawned


def _become_agent(reading: int, writing: int) -> None:
    try:
        os.dup2(reading, 0)
        os.dup2(writing, 1)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)
        os.closerange(3, HANDLES)
        agent_process.main()
    finally:
        os._exit(1)
