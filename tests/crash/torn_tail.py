"""The transcript torn at every byte of its last three entries, after every phase, with and without a mirror (row 2).

A tail is what is left of the file (cut), cut and filled with zeros as file systems do, or cut and filled with garbage. Opening the torn
file must give a beginning of what was written, never anything else, or a named error that leaves the file alone; with a whole copy on the
other medium it must give all of it. A second part goes on from there: where nothing was lost, the ceremony closes as if nothing had been;
where acknowledged entries are lost, it closes and `verify` finds no lie, or somebody's token or the protocol refuses by name.
"""

import contextlib
import io
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ceremony.cli import run_command
from ceremony.errors import CeremonyError
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.report import Verdict
from tests.crash.calls import Call, Calls
from tests.crash.driven import MIRROR, DrivenCeremony
from tests.crash.states import State, read_state
from tests.crash.sweep import PROCESSES, SEED, in_child, remember_lines, resume, uncrashed_shape
from tests.sweeps import Swept

PHASES = (
    "ceremony_opened", "custody_stated", "roster_confirmed", "dealt", "loaded", "holding_attested", "test_sealed", "opened",
    "opening_attested", "retired", "blobs_destroyed", "deployed", "proposed", "approved", "anchored", "closing_named",
)  # fmt: skip
"""The last entry of each phase."""
BUDGET = ("custody_stated", "dealt", "retired", "proposed", "approved", "closing_named")
TAILS = {"cut": lambda _size: b"", "zeros": bytes, "garbage": lambda size: (b"\xa5\n{]\x00" * size)[:size]}
MUST_RECOVER = frozenset({"cut", "zeros"})
LAST = 3
STEP = 83
"""A budgeted sweep tears at every 83rd byte, and at each end of a line and the byte before and after it."""
FILE, SIGNED = f"ceremony/{TRANSCRIPT}", f"ceremony/{CHECKPOINT}"
ANYTHING, REFUSED = -1, -2
"""A checkpoint beside a transcript that has lost some of its entries: five have signed them, so nobody goes on without."""


@dataclass(frozen=True)
class Phase:
    """What stood on the disk after the last entry of a phase, and the line that came next."""

    kind: str
    state: State
    following: bytes

    @property
    def lines(self) -> bytes:
        """The transcript."""
        return self.state.files[FILE]

    def with_transcript(self, data: bytes, mirror: bytes | None) -> State:
        """The same disk with other bytes in the transcript, and perhaps a copy of it on a second medium."""
        files = {**self.state.files, FILE: data}
        if mirror is None:
            return replace(self.state, files=files)
        return State(self.state.directories | {MIRROR}, {**files, f"{MIRROR}/{TRANSCRIPT}": mirror})


def sweep(full: bool) -> Swept:
    """All phases at all bytes if `full`, else a budgeted part."""
    uncrashed_shape()
    chosen = [phase for phase in phases() if full or phase.kind in BUDGET]
    work: list[tuple[str, Phase, Any]] = [("tear", phase, full) for phase in chosen]
    work += [("go on", phase, lost) for phase in chosen for lost in range(LAST + 1 if full or phase.kind == PHASES[-1] else 2)]
    with get_context("fork").Pool(PROCESSES) as pool:
        parts = pool.map(_part, work, chunksize=1)
    tried = {name: sum(swept.tried for (kind, _, _), swept in zip(work, parts, strict=True) if kind == name) for name in ("tear", "go on")}
    note = f"{tried['tear']} torn files, {tried['go on']} of them gone on from, after {len(chosen)} phases"
    return Swept(tried["tear"], tuple(fault for part in parts for fault in part.faults), note)


@cache
def phases() -> tuple[Phase, ...]:
    """The disk after each phase of one run."""
    kept: dict[str, State] = {}
    with tempfile.TemporaryDirectory(prefix="ceremony-torn-") as name:
        ceremony = DrivenCeremony(Path(name), SEED)
        last = ["nothing"]

        def around(call: Call, perform: Any) -> Any:
            if call.op == "write" and call.path.endswith(TRANSCRIPT):
                kept[last[0]] = read_state(ceremony.base)
                last[0] = call.kind
            return perform()

        with Calls(ceremony.base, around).watched():
            ceremony.play()
        kept[last[0]] = read_state(ceremony.base)
    whole = kept[last[0]].files[FILE].splitlines(keepends=True)
    shown = [Phase(kind, kept[kind], b"") for kind in PHASES]
    return tuple(replace(phase, following=_next(whole, phase.lines)) for phase in shown)


def _next(whole: list[bytes], lines: bytes) -> bytes:
    """The line after these; after the last one, any other that could have been begun."""
    place = lines.count(b"\n")
    return whole[place] if place < len(whole) else whole[1]


def _part(job: tuple[str, Phase, Any]) -> Swept:
    name, phase, argument = job
    work = (lambda: _tear(phase, full=argument)) if name == "tear" else (lambda: _go_on(phase, argument))
    tried, faults = in_child(work)
    return Swept(tried, tuple(f"after {phase.kind}: {fault}" for fault in faults))


# --- opening ---


def cuts(phase: Phase, *, full: bool) -> Iterator[int]:
    """The lengths at which the file is torn: in its last three entries, and in the one that comes next."""
    data = phase.lines + phase.following
    ends = [at + 1 for at, byte in enumerate(data) if byte == ord("\n")]
    first = ends[-LAST - 2] if len(ends) > LAST + 1 else 0
    near = {end + by for end in ends for by in (-1, 0, 1)}
    return (at for at in range(first, len(data)) if full or at in near or not at % STEP)


def _tear(phase: Phase, *, full: bool) -> tuple[int, list[str]]:
    remember_lines()
    tried, faults = 0, []
    with tempfile.TemporaryDirectory(prefix="ceremony-torn-") as name:
        base = Path(name) / "base"
        phase.with_transcript(b"", b"").write(base)
        for at in cuts(phase, full=full):
            for tail in TAILS:
                for case in _cases(phase, at, tail):
                    tried += 1
                    faults += [f"torn at byte {at}, {tail}, {case.name}: {fault}" for fault in judge_opened(base, case)]
    return tried, faults


@dataclass(frozen=True)
class Torn:
    """Bytes on each medium, and what opening them must give at least."""

    name: str
    written: bytes
    data: bytes
    mirror: bytes | None
    least: int
    """Whole lines that must come back; or ANYTHING, where a refusal will do, or REFUSED, where nothing else will."""


def _cases(phase: Phase, at: int, tail: str) -> Iterator[Torn]:
    written = phase.lines + phase.following
    torn = written[:at] + TAILS[tail](len(written) - at)
    whole, here = phase.lines, written[:at].count(b"\n")
    must = tail in MUST_RECOVER
    signed = SIGNED in phase.state.files and here < whole.count(b"\n")
    yield Torn("no mirror", written, torn, None, REFUSED if signed else here if must else ANYTHING)
    yield Torn("mirror whole", written, torn, whole, whole.count(b"\n") if must else ANYTHING)
    yield Torn("mirror torn", written, whole, torn, whole.count(b"\n") if must else ANYTHING)


def judge_opened(base: Path, case: Torn) -> list[str]:
    """Open torn files: a beginning of what was written, or a named error and the files as they were."""
    places = {base / FILE: case.data} | ({base / MIRROR / TRANSCRIPT: case.mirror} if case.mirror is not None else {})
    for path, data in places.items():
        path.write_bytes(data)
    ceremony = DrivenCeremony(base, SEED, mirrored=case.mirror is not None)
    faults = _judge_read(base / FILE, case)
    try:
        with ceremony.journal() as journal:
            lines = journal.book.lines
    except CeremonyError as error:
        touched = [path for path, data in places.items() if path.read_bytes() != data]
        refused = [f"refused ({error.name}), though it can be recovered"] if case.least >= 0 else []
        return [*faults, *refused, *(f"refused, but {path.name} was changed" for path in touched)]
    found = b"".join(line + b"\n" for line in lines)
    if case.least == REFUSED:
        faults.append(f"{len(lines)} entries were opened, though the checkpoint beside them is of more")
    if not case.written.startswith(found) or len(lines) < case.least:
        faults.append(f"misread: {len(lines)} entries, at least {case.least} expected")
    return faults + [f"{path} does not hold what was read" for path in places if path.read_bytes() != found]


def _judge_read(path: Path, case: Torn) -> list[str]:
    """A reader without the lock refuses a torn file, or reads a beginning of what was written."""
    try:
        book = read_book(path)
    except CeremonyError:
        return []
    found = b"".join(line + b"\n" for line in book.lines)
    return [] if found == case.data and case.written.startswith(found) else ["misread without the lock"]


# --- going on ---


def _go_on(phase: Phase, lost: int) -> tuple[int, list[str]]:
    lines = phase.lines.splitlines(keepends=True)
    if lost >= len(lines):
        return 0, []
    if not lost:
        torn = phase.lines + phase.following[: len(phase.following) // 2]
        mirrors = (None, phase.lines)
        return len(mirrors), [fault for mirror in mirrors for fault in _unharmed(phase.with_transcript(torn, mirror), mirror is not None)]
    torn = b"".join(lines[:-lost]) + lines[-lost][: len(lines[-lost]) // 2]
    return 2, [*_harmed(phase.with_transcript(torn, None), lost), *_unharmed(phase.with_transcript(torn, phase.lines), mirrored=True)]


def _unharmed(state: State, mirrored: bool) -> list[str]:
    """Nothing is lost: it closes as if nothing had been."""
    with tempfile.TemporaryDirectory(prefix="ceremony-torn-") as name:
        state.write(Path(name) / "base")
        return [f"going on: {fault}" for fault in in_child(lambda: resume(Path(name) / "base", remade=False, mirrored=mirrored))]


def _harmed(state: State, lost: int) -> list[str]:
    """Acknowledged entries are lost for good: it closes so that `verify` finds no lie, or it is refused by name."""
    with tempfile.TemporaryDirectory(prefix="ceremony-torn-") as name:
        base = Path(name) / "base"
        state.write(base)
        return [f"going on with {lost} lost: {fault}" for fault in in_child(lambda: _play_on(base))]


def _play_on(base: Path) -> list[str]:
    ceremony = DrivenCeremony(base, _seed(base))
    try:
        ceremony.play()
    except CeremonyError:
        return []
    code = verify(ceremony)
    return [] if code == Verdict.CHAIN_NOT_CHECKED else [f"it closed, and `verify` ends with {code}"]


def _seed(base: Path) -> int:
    """Another seed for each file: nobody's randomness goes on where it stood."""
    return SEED + len((base / FILE).read_bytes())


def verify(ceremony: DrivenCeremony) -> int:
    """The auditor's command."""
    lines = (ceremony.directory / TRANSCRIPT).read_text().splitlines()
    digest = next(entry["roster_digest"] for line in lines if (entry := json.loads(line)["body"])["kind"] == "roster_confirmed")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return run_command(["verify", str(ceremony.directory), "--roster", digest, "--offline", "--rehearsal"])
