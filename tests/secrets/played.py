"""A real 5-of-7 ceremony on SoftHSM with PINs that nobody else has, in which a leaky dealing comes first: everything it leaves is kept.

Each command is a process of its own, with a directory, a home and a place for temporary files of its own, allowed to dump core.
"""

import atexit
import contextlib
import json
import os
import pty
import resource
import secrets
import select
import shutil
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Any

from ceremony.errors import DealingError
from scripts.rehearsal import NAMES, OWED, Failed, Rehearsal
from tests.secrets.onlooker import Onlooker
from tests.secrets.spy import read_notes, write_spy
from tests.simulators.ports import rolls_of

SECONDS = 300
DICED = f"custodian 1 {NAMES[0]}"
HOUSE = Path(__file__).parent.parent.parent


class Watched(Rehearsal):
    """A rehearsal whose commands run apart. `private` holds what the test knows and no search may see; all else is searched."""

    def __init__(self, base: Path, module: str) -> None:
        super().__init__(base / "out", module)
        self.private = base / "private"
        self.shots = base / "shots"
        self.seen = base / "seen"
        for path in (self.out, self.private, self.shots, self.seen, *(self.out / name for name in ("said", "cwd", "home", "tmp"))):
            path.mkdir()
        self.notes = self.private / "notes"
        self.honest = write_spy(self.private / "honest", self.notes)
        self.leaky = write_spy(self.private / "leaky", self.private / "leaked", leaky=True)
        self.pins = {name: f"canary-{secrets.token_hex(8)}" for name in NAMES}
        self.onlooker = Onlooker(self.seen / "processes")
        self._said = 0

    # --- what is done ---

    def everything(self) -> int:
        """The ceremony, then custody; the exit code of the first part that failed."""
        with self.onlooker, (self.out / "said" / "rehearsal").open("w") as stream, contextlib.redirect_stderr(stream):
            return self.play() or self.custody()

    def deal(self) -> None:
        """First with a dealer that leaks what it knows, to see that this is found; then with the honest one."""
        self._run("run", str(self.plan), "--dir", str(self.directory), expect=DealingError.exit_code, leaky=True, moments=("end",))
        (self.leaked,) = list((self.out / "tmp").iterdir())
        self.leaked = self.leaked.rename(self.private / self.leaked.name)
        self._run("run", str(self.directory), expect=OWED, moments=("dealt", "opened", "end"))

    def custody(self) -> int:
        """An envelope is sealed, opened by five, and one custodian proves at a terminal."""
        plain = self.out / "cwd" / "payroll"
        plain.write_bytes(b"the payroll\n" * 1000)
        master, sealed, opened = (str(self.out / "cwd" / name) for name in ("master.pub", "sealed", "opened"))
        self._command("master", str(self.directory), "-o", master)
        self._command("seal", "--master", master, str(plain), "-o", sealed)
        self._run("unseal", sealed, str(self.directory), "-o", opened, "--reason", "a test", moments=("unsealed", "end"))
        self._command("dice", "check", str(self.directory), "--custodian", NAMES[0], answers=True)
        return self._at_a_terminal("prove", str(self.directory), "--custodian", NAMES[0])

    # --- how ---

    def write_plan(self) -> None:
        """The rehearsal's plan, and the first custodian's dice."""
        super().write_plan()
        self.plan.write_text(self.plan.read_text().replace(f'name = "{NAMES[0]}"\n', f'name = "{NAMES[0]}"\ndice = true\n'))

    def _init_token(self, number: int, name: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "tests.secrets.fresh_token", self.module, str(self._token(number)), name.lower()]
        reading, writing = os.pipe()
        os.write(writing, self.pins[name].encode())
        os.close(writing)
        try:
            return subprocess.Popen(command, stdin=reading, stdout=subprocess.PIPE, cwd=HOUSE)
        finally:
            os.close(reading)

    def _answers(self) -> int:
        answers = {"yes": True, "pins": dict(zip(self.serials, self.pins.values(), strict=True)), "statement": "A test."}
        answers["dice"], answers["salts"] = {DICED: rolls_of(DICED)}, {DICED: self.salt()}
        reading, writing = os.pipe()
        os.write(writing, json.dumps(answers).encode())
        os.close(writing)
        return reading

    def _command(self, *arguments: str, answers: bool = False, expect: int = 0, quiet: Path | None = None) -> None:
        """What deals and opens nothing runs in this process, which is quicker; what it says is kept too."""
        self._said += 1
        told = self.out / "said" / f"{self._said}-{arguments[0]}"
        with told.open("w") as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            super()._command(*arguments, answers=answers, expect=expect, quiet=None)

    def verify(self) -> int:
        """The auditor's command."""
        with (self.out / "said" / "verify").open("w") as stream, contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            return super().verify()

    def _run(
        self, *arguments: str, answers: bool = True, expect: int = 0, leaky: bool = False, moments: tuple[str, ...] = ()
    ) -> None:
        """One command in a process of its own, which keeps snapshots of itself at these moments."""
        handles = (self._answers(),) if answers else ()
        given = [*arguments, *(["--answers-fd", str(handles[0])] if answers else [])]
        self._said += 1
        place = self.shots / f"{self._said}-{arguments[0]}-{'leaky' if leaky else 'honest'}"
        place.mkdir()
        interpreter = self.leaky if leaky else self.honest
        places = {"shots": str(place), "directory": str(self.directory), "interpreter": str(interpreter)}
        asked = {"command": given, "moments": moments, **places}
        told = self.out / "said" / f"{place.name}"
        with told.with_suffix(".out").open("wb") as out, told.with_suffix(".err").open("wb") as err:
            done = subprocess.run(
                [sys.executable, "-m", "tests.secrets.parent", json.dumps(asked)],
                stdout=out, stderr=err, pass_fds=handles, cwd=self.out / "cwd", env=self._environment(), preexec_fn=_allow_core,
                timeout=SECONDS, check=False,
            )  # fmt: skip
        for handle in handles:
            os.close(handle)
        if done.returncode != expect:
            sys.stderr.write(told.with_suffix(".err").read_text())
            raise Failed(" ".join(arguments), done.returncode)

    def _environment(self) -> dict[str, str]:
        own = {"HOME": str(self.out / "home"), "TMPDIR": str(self.out / "tmp"), "PYTHONPATH": str(HOUSE)}
        return {**os.environ, **own}

    def _at_a_terminal(self, *arguments: str) -> int:
        """The command as a person runs it: at a terminal, where the PIN is typed. What the terminal showed is kept."""
        pid, terminal = pty.fork()
        if not pid:
            os.chdir(self.out / "cwd")
            os.execve(sys.executable, [sys.executable, "-m", "ceremony", *arguments], self._environment())  # noqa: S606 - our own
        shown, typed, end = b"", False, time.monotonic() + SECONDS
        while time.monotonic() < end and select.select([terminal], [], [], SECONDS)[0]:
            try:
                shown += os.read(terminal, 1 << 16)
            except OSError:  # Linux's way to say that nobody is at the other end any more
                break
            if b"PIN of token" in shown and not typed:
                typed = True
                time.sleep(0.2)  # the prompt is written before the echo is off
                os.write(terminal, self.pins[NAMES[0]].encode() + b"\n")
        (self.out / "said" / "terminal").write_bytes(shown)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def salt(self) -> str:
        """The words of the honest dealing's salt, which a rehearsal says aloud."""
        said = [path.read_text() for path in (self.out / "said").glob("*-run-honest.err")]
        found = [line.partition("salt: ")[2] for text in said for line in text.splitlines() if "salt: " in line]
        return found[0] if found else ""

    # --- what is known ---

    @property
    def known(self) -> list[dict[str, Any]]:
        """What the honest dealer and the combiners knew."""
        return read_notes(self.notes)

    @property
    def leaks(self) -> list[dict[str, Any]]:
        """What the leaky dealer knew."""
        return read_notes(self.private / "leaked")


def _allow_core() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@cache
def watched() -> Watched:
    """One such ceremony a process, played when it is first asked for, taken away at the end."""
    base = Path(tempfile.mkdtemp(prefix="ceremony-secrets-"))
    atexit.register(shutil.rmtree, base, ignore_errors=True)
    found = Watched(base, os.environ["CEREMONY_SOFTHSM_MODULE"])
    code = found.everything()
    assert not code, (code, *(path.read_text(errors="replace")[-2000:] for path in (found.out / "said").iterdir()))
    return found
