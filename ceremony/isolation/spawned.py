"""One spawned Python process with a deadline on every message (DOOR).

Spawned, never forked: a forked child could use its parent's logged-in PKCS#11 session (FACTS 2). The child gets a bare environment, and
its standard error goes nowhere, so nothing it knows can leak through either.
"""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import MappingProxyType, TracebackType
from typing import Self

from ceremony.errors import AgentCrashed, AgentTimeout, RecordError
from ceremony.isolation.frames import FRAME_LIMIT, Refusal, named_error
from ceremony.records.canonical import parse_canonical

START_DEADLINE = 60.0
"""Seconds for a message: RSA key generation on a slow smart card takes 30; a person at a PIN pad has as long."""
END_DEADLINE = 5.0
"""Seconds for a process to end by itself before it is killed."""
_PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH")
_NO_PLUGINS = MappingProxyType({"PYDANTIC_DISABLE_PLUGINS": "__all__"})
"""No code of anybody else's runs beside a secret, and none is looked for."""


class Spawned:
    """A child running `python -m module`; `ask` sends one line and waits for one line. It inherits no file but those named."""

    def __init__(self, module: str, who: str, *, inherited: Sequence[int] = ()) -> None:
        self.who = who
        environment = {**{name: os.environ[name] for name in _PASSED_ON if name in os.environ}, **_NO_PLUGINS}
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            pass_fds=tuple(inherited),
            bufsize=0,
        )
        if self._process.stdin is not None:
            os.set_blocking(self._process.stdin.fileno(), False)  # a child that reads nothing must not hang its parent

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def send(self, line: bytes, deadline: float = START_DEADLINE) -> None:
        """Hand one message over without waiting for its answer, so that several children can work at once.

        AgentTimeout when the child has not taken it after `deadline` seconds, AgentCrashed if it ended.
        """
        stream = self._process.stdin
        if stream is None or stream.closed:
            raise self._crashed()
        end, rest = time.monotonic() + deadline, line + b"\n"
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_WRITE)
            while rest:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise self._late(deadline)
                try:
                    rest = rest[os.write(stream.fileno(), rest) :]
                except OSError:
                    raise self._crashed() from None

    def receive(self, deadline: float = START_DEADLINE) -> bytes:
        """The next line the child writes; AgentTimeout after `deadline` seconds (the child is killed), AgentCrashed if it ended.

        A refusal is raised as the named error it stands for.
        """
        line = self._read_line(deadline)
        try:
            refusal = Refusal.parse(line) if parse_canonical(line, limit=FRAME_LIMIT).get("kind") == "refusal" else None
        except RecordError:
            raise self._crashed() from None
        if refusal is not None:
            raise named_error(refusal, self.who)
        return line

    def ask(self, line: bytes, deadline: float = START_DEADLINE) -> bytes:
        """Send one message and wait for its answer."""
        self.send(line)
        return self.receive(deadline)

    def close(self) -> None:
        """End the child: closing its input asks it to; then it is killed."""
        process = self._process
        if process.stdin is not None:
            with suppress(OSError):  # the child is gone already, which is what is wanted
                process.stdin.close()
        try:
            process.wait(END_DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    def _read_line(self, deadline: float) -> bytes:
        stream = self._process.stdout
        if stream is None or stream.closed:
            raise self._crashed()
        end, chunks, size = time.monotonic() + deadline, [], 0
        with selectors.DefaultSelector() as selector:
            selector.register(stream, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0.0, end - time.monotonic())):
                    raise self._late(deadline)
                chunk = os.read(stream.fileno(), 1 << 16)
                size += len(chunk)
                if not chunk or size > FRAME_LIMIT:
                    raise self._crashed()
                chunks.append(chunk)
                if chunk.endswith(b"\n"):
                    return b"".join(chunks)[:-1]

    def _late(self, deadline: float) -> AgentTimeout:
        self._process.kill()
        message = f"{self.who} did not answer within {deadline:g} s and was ended"
        return AgentTimeout(message, culprits=(self.who,))

    def _crashed(self) -> AgentCrashed:
        self._process.kill()
        code = self._process.wait()
        message = f"{self.who} ended unexpectedly (exit status {code})"
        return AgentCrashed(message, culprits=(self.who,))
