"""What a process that holds a secret does first (DOOR): no core, no ptrace by its peers, locked memory where the system allows it."""

import ctypes
import os
import resource
from typing import BinaryIO, NoReturn

from ceremony.errors import AgentCrashed, CeremonyError
from ceremony.isolation.frames import FRAME_LIMIT, refuse

_PR_SET_DUMPABLE = 4
_MCL_CURRENT_AND_FUTURE = 3


def harden() -> bool:
    """Forbid core dumps and attaching; try to lock all memory. Returns whether locking worked (P6: recorded, not promised)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    return bool(libc.mlockall(_MCL_CURRENT_AND_FUTURE) == 0)


def own_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Standard input and output as the message pipe; whatever a library prints from now on goes nowhere."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return source, sink


def read_frame(source: BinaryIO) -> bytes:
    """The next message without its newline; empty when the parent has closed the pipe."""
    return source.readline(FRAME_LIMIT).removesuffix(b"\n")


def write_frame(sink: BinaryIO, line: bytes) -> None:
    """Send one message."""
    sink.write(line + b"\n")
    sink.flush()


def explain_refusal(error: BaseException) -> bytes:
    """Any error as a refusal line; an unforeseen one by its type only, since its text might hold a secret."""
    known = error if isinstance(error, CeremonyError) else AgentCrashed(f"unforeseen {type(error).__name__}")
    return refuse(known).encode()


def leave() -> NoReturn:
    """End at once, without running anything else."""
    os._exit(0)
