"""A program started as a plain user's would be: whoever runs the tests (root, in a container) can do what row 25's attackers cannot."""

import ctypes
import json
import resource
import subprocess
import sys
from typing import Any

_PR_CAPBSET_DROP = 24
_CAPABILITIES = 64
"""More than there are; the kernel refuses the rest."""
MEMLOCK = 1 << 16
"""Bytes that may be locked: too few for a Python process."""
SECONDS = 60


def give_up() -> None:
    """From the next exec on no capability is left, not even root's; and hardly any memory may be locked. Runs in the child, before exec."""
    libc = ctypes.CDLL(None)
    for capability in range(_CAPABILITIES):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_MEMLOCK, (MEMLOCK, MEMLOCK))


def ask_plain(module: str, *arguments: str) -> Any:
    """What `python -m module` prints, as JSON, run without privileges."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS, preexec_fn=give_up)
    assert not done.returncode, done.stderr.decode()[-2000:]
    return json.loads(done.stdout)
