"""`python -m tests.unit.isolation.peeping`: a plain user's process tries everything on their own dealer, combiner and agent; prints JSON.

What it can do to an ordinary child of its own stands beside it, so that "refused" means that hardening refused it.
"""

import ctypes
import errno
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ceremony.custody.spawned import SpawnedCombiner, SpawnedDealer
from ceremony.errors import CeremonyError, MemoryNotLocked
from ceremony.isolation.spawned import Spawned
from tests.unit.custody.dealt_people import TERMS

PATIENCE = 20.0
FILES = ("mem", "environ", "maps", "auxv")
_ATTACH, _DETACH = 16, 17


class Iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def main() -> None:
    """Try them all."""
    found = {name: _hardened(start) for name, start in HARDENED.items()}
    json.dump({"ordinary": dict(_ordinary()), **found, "lock": _locking()}, sys.stdout)


def attempts(pid: int) -> Iterator[tuple[str, str]]:
    """How each attempt on a process ended: "open", or the error's name."""
    for name in FILES:
        yield name, _tried(lambda name=name: os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY)))
    yield "fd", _tried(lambda: [path.readlink() for path in Path(f"/proc/{pid}/fd").iterdir()])
    yield "ptrace", _tried(lambda: _ptrace(pid))
    yield "process_vm_readv", _tried(lambda: _read_across(pid))


def _tried(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return "open"


def _ptrace(pid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(_ATTACH, pid, None, None):
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(pid, 0)
    libc.ptrace(_DETACH, pid, None, None)


def _read_across(pid: int) -> None:
    """Where does not matter: whether it may is decided before (EPERM), and an address that is none is EFAULT."""
    libc, into = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(1)
    here, there = Iovec(ctypes.addressof(into), 1), Iovec(1, 1)
    libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
    if ctypes.get_errno() != errno.EFAULT:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def _ordinary() -> Iterator[tuple[str, str]]:
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        yield from attempts(child.pid)
        child.communicate(b"\n")


@contextmanager
def _dealer() -> Iterator[int]:
    dealer = SpawnedDealer()
    dealer.open_dealing(TERMS)
    try:
        yield dealer.pid
    finally:
        dealer.close()


@contextmanager
def _combiner() -> Iterator[int]:
    combiner = SpawnedCombiner()
    try:
        _wait(combiner.pid)
        yield combiner.pid
    finally:
        combiner.close()


@contextmanager
def _agent() -> Iterator[int]:
    with Spawned("ceremony.hsm.agent_process", "an agent") as agent:
        _wait(agent.pid)
        yield agent.pid


def _wait(pid: int) -> None:
    """It hardens itself before it reads the first message, which is not sent yet."""
    end = time.monotonic() + PATIENCE
    while _tried(lambda: os.close(os.open(f"/proc/{pid}/mem", os.O_RDONLY))) == "open" and time.monotonic() < end:
        time.sleep(0.01)


HARDENED = {"dealer": _dealer, "combiner": _combiner, "agent": _agent}


def _hardened(start: Callable[[], object]) -> dict[str, str]:
    with start() as pid:
        return dict(attempts(pid))


def _locking() -> dict[str, object]:
    """Where memory cannot be locked: recorded; and refused, if the plan requires it, with nothing dealt."""
    dealer, strict = SpawnedDealer(), SpawnedDealer()
    try:
        recorded = dealer.open_dealing(TERMS).memory_locked
        try:
            strict.open_dealing(TERMS.model_copy(update={"require_locked_memory": True}))
        except CeremonyError as error:
            return {"recorded": recorded, "refused": isinstance(error, MemoryNotLocked), "next": error.next_step}
        return {"recorded": recorded, "refused": False}
    finally:
        dealer.close()
        strict.close()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        os.environ["TMPDIR"] = name
        main()
