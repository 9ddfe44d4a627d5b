"""The shim of `pkcs11_shim.c`: built once a process with the system's C compiler, copied for a token, told what to do, and read."""

import atexit
import os
import shlex
import shutil
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

SOURCE = Path(__file__).with_name("pkcs11_shim.c")
LINE = 32
"""Bytes of a line in the log, as in the C source."""


class How(StrEnum):
    """What becomes of a call: the shim's own letters."""

    NOTHING = "-"
    REFUSED = "c"
    """Answered with a code, never made."""
    LOST = "l"
    """Made, and answered with a code nevertheless."""
    KILLED_BEFORE = "k"
    KILLED_AFTER = "K"
    ALL_KILLED_BEFORE = "a"
    """Whatever is in the process group: the conductor too."""
    ALL_KILLED_AFTER = "A"

    @property
    def words(self) -> str:
        """As a fault is reported."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True)
class Order:
    """At which call, counted from 1, what happens; 0 is never. `lasting`: at every call from then on."""

    at: int = 0
    how: How = How.NOTHING
    code: int = 0
    lasting: bool = False


class Shim:
    """One token's shim at `path`, in front of `module`; its name says SoftHSM, whose rules the ceremony then applies."""

    def __init__(self, directory: Path, module: str) -> None:
        self.path = directory / "softhsm2_shim.so"
        self._module = module
        self._log = directory / "softhsm2_shim.so.log"
        if not self.path.exists():
            shutil.copy(built(), self.path)
        self.order(Order())

    def order(self, order: Order) -> None:
        """From the next process on: this, and the count begins anew."""
        line = f"{order.at} {order.how} {order.code:x} {int(order.lasting)}"
        self.path.with_name(f"{self.path.name}.control").write_text(f"{self._module}\n{line}\n")
        self._log.write_bytes(b"")

    def calls(self) -> tuple[str, ...]:
        """The functions called since the last order."""
        data = self._log.read_bytes()
        return tuple(data[at : at + LINE].decode().rstrip() for at in range(0, len(data), LINE))

    def count(self, function: str) -> int:
        """How often this one was called."""
        return Counter(self.calls())[function]


@cache
def built() -> Path:
    """The shared object; a missing compiler is an error, never a skip (scripts/setup sees to one)."""
    directory = Path(tempfile.mkdtemp(prefix="ceremony-shim-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    out = directory / "shim.so"
    compiler = shlex.split(os.environ["CEREMONY_CC"])
    options = ("-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-fvisibility=hidden")
    subprocess.run([*compiler, *options, "-o", out, SOURCE, "-ldl"], check=True)
    return out
