"""The same with the kernel's own errors: fsync broken by strace, a file size limit, a full file system (row 4's real part).

Each way is a function that gives what was tried, or None where this machine cannot do it: then the scoreboard says "not measured".
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ceremony.errors import CeremonyError, DiskError
from ceremony.transcript.journal import TRANSCRIPT, Journal
from tests.sweeps import Swept

ENTRIES = 300
LIMIT = 5000
FSYNCS = range(1, 9)
"""The fsyncs that are broken: the directories', the opened file's, and those of the first entries."""
SECONDS = 60


def limited() -> Swept:
    """A file that may not grow beyond a limit (EFBIG, half-way through a line)."""
    with tempfile.TemporaryDirectory(prefix="ceremony-limit-") as name:
        return _swept([_judge(Path(name) / "ceremony", [], limit=LIMIT)])


def traced() -> Swept | None:
    """The n-th fsync answers EIO, by strace; None without strace, or where tracing is forbidden."""
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        return None
    found = []
    for number in FSYNCS:
        with tempfile.TemporaryDirectory(prefix="ceremony-trace-") as name:
            command = [strace, "-f", "-o", os.devnull, "-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={number}"]
            found.append(_judge(Path(name) / "ceremony", command))
    return _swept(found)


def full() -> Swept | None:
    """A file system of 64 KiB that fills up (ENOSPC); None for those who may not mount one."""
    with tempfile.TemporaryDirectory(prefix="ceremony-full-") as name, _mounted(Path(name)) as mounted:
        return _swept([_judge(Path(name) / "ceremony", [])]) if mounted else None


WAYS: dict[str, Callable[[], Swept | None]] = {"file size limit": limited, "strace EIO": traced, "full tmpfs": full}


@contextmanager
def _mounted(place: Path) -> Iterator[bool]:
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        yield False
        return
    try:
        yield True
    finally:
        subprocess.run(["umount", str(place)], check=True)


def _judge(directory: Path, tracer: Sequence[str], limit: int = 0) -> list[str]:
    """Append until the disk fails; then the error has its name, what was acknowledged stands, and the next command goes on."""

    def limits() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    command = [*tracer, sys.executable, "-m", "tests.faults.append_many", str(directory), str(ENTRIES)]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS, preexec_fn=limits if limit else None
    )
    acknowledged = len(ended.stdout.split())
    faults = []
    if ended.returncode != DiskError.exit_code or ended.stderr.split() != [DiskError.__name__]:
        faults.append(f"ended with {ended.returncode}: {ended.stderr[-500:]}")
    return faults + _judge_left(directory, acknowledged)


def _judge_left(directory: Path, acknowledged: int) -> list[str]:
    try:
        with Journal(directory, lambda: "2026-01-01T00:00:01Z", create=not (directory / TRANSCRIPT).exists()) as journal:
            standing = len(journal.book)
    except CeremonyError as error:
        return [f"it cannot be opened again: {error.message}"]
    return [] if standing >= acknowledged else [f"{acknowledged} entries were acknowledged, {standing} stand"]


def _swept(found: list[list[str]]) -> Swept:
    return Swept(len(found), tuple(fault for some in found for fault in some))
