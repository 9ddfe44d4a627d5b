"""kill -9 of the real thing: SoftHSM tokens, spawned agents, a local node; after each kill the same command again (row 1's real part).

One ceremony takes many kills: each command is run until it ends by itself, and every time it ends at the next call (`killing`). A budgeted
sweep kills before, in one ceremony, and after, in another, each kind of entry; a full one at every file call, of each entry and custodian.
Agents write their marks in processes of their own, where the hook does not reach: those calls are swept on simulators.
"""

import contextlib
import io
import os
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from ceremony.errors import ApprovalError, CeremonyError, OutOfTurn
from ceremony.protocol.fold import fold
from ceremony.transcript.journal import TRANSCRIPT, read_book
from scripts.rehearsal import NAMES, OWED, Failed, Rehearsal
from tests.crash.killing import AFTER, BEFORE, CALLS, KINDS, Killer, run_in_group
from tests.crash.shape import Shape, differences, shape_of
from tests.crash.sweep import PROCESSES, uncrashed_shape
from tests.sweeps import Swept

KILLED_VERBS = frozenset({"run", "approve", "anchor"})
DONE_ALREADY = (ApprovalError.exit_code, OutOfTurn.exit_code)
"""What `approve` and `anchor` say when the kill came after the outcome was written."""
MOST = 5000
"""Kills of one command, at most: each call kills once."""


@dataclass(frozen=True)
class Played:
    """One ceremony: how it ended, what it is, what killed it."""

    fault: str
    shape: Shape
    killed: tuple[str, ...]


class KilledRehearsal(Rehearsal):
    """A rehearsal whose commands are killed, and run again, until each ends by itself."""

    def __init__(self, out: Path, module: str, targets: str, side: str) -> None:
        super().__init__(out, module)
        self.killed = out / "killed"
        self._targets, self._side = targets, side

    def approve(self) -> None:
        """The five who are owed first approve, as in the simulated ceremony that this one is compared with."""
        for name in NAMES[:5]:
            self._command("approve", str(self.directory), "--custodian", name, answers=True)

    def close(self) -> None:
        """The last entry, and the signatures of the same five."""
        self._command("run", str(self.directory), answers=True, expect=OWED)
        self.approve()

    def _command(self, *arguments: str, answers: bool = False, expect: int = 0, quiet: Path | None = None) -> None:
        if arguments[0] not in KILLED_VERBS:
            super()._command(*arguments, answers=answers, expect=expect, quiet=quiet)
            return
        accepted = {expect}
        for _ in range(MOST):
            code, said = self._run(arguments, answers=answers)
            if code != -signal.SIGKILL:
                break
            accepted |= set(DONE_ALREADY) if arguments[0] != "run" else set()
        if code not in accepted:
            raise Failed(f"{' '.join(arguments)}: {said[-600:]}", code)

    def _run(self, arguments: Sequence[str], *, answers: bool) -> tuple[int, str]:
        """One process group, from start to end."""
        handle = self._answers() if answers else None
        given = [*arguments, *(["--answers-fd", str(handle)] if answers else [])]
        killer = Killer(self.killed, self._targets, self._side, _command_name(arguments))
        with tempfile.TemporaryFile() as said:
            code = run_in_group(given, self.directory, killer, said.fileno())
            if handle is not None:
                os.close(handle)
            said.seek(0)
            return code, said.read().decode(errors="replace")


def _command_name(arguments: Sequence[str]) -> str:
    """The verb and, if there is one, the custodian."""
    return f"{arguments[0]} {arguments[-1]}" if "--custodian" in arguments else arguments[0]


def sweep(full: bool) -> Swept:
    """At every file call if `full`, else at each kind of entry; each side's ceremony ends as a simulated one that nobody killed."""
    targets = CALLS if full else KINDS
    with get_context("spawn").Pool(PROCESSES) as pool:
        before, after = pool.starmap(_play, [(targets, BEFORE), (targets, AFTER)], chunksize=1)
    faults = []
    for side, played in ((BEFORE, before), (AFTER, after)):
        faults += [f"{side}: {fault}" for fault in ([played.fault] if played.fault else differences(uncrashed_shape(), played.shape))]
    kills = len(before.killed) + len(after.killed)
    what = "calls" if full else "kinds of entry"
    return Swept(kills, tuple(faults), f"before {len(before.killed)} and after {len(after.killed)} {what}, in 2 ceremonies")


def _play(targets: str, side: str) -> Played:
    with tempfile.TemporaryDirectory(prefix="ceremony-killed-") as name:
        rehearsal = KilledRehearsal(Path(name), os.environ["CEREMONY_SOFTHSM_MODULE"], targets, side)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            code = rehearsal.play()
        killed = tuple(rehearsal.killed.read_text().splitlines()) if rehearsal.killed.exists() else ()
        try:
            book = read_book(rehearsal.directory / TRANSCRIPT)
            shape = shape_of(fold(book), book)
        except CeremonyError as error:
            return Played(f"{error.name}: {error.message}", {}, killed)
        return Played(f"exit code {code}: {said.getvalue()[-1500:]}" if code else "", shape, killed)
