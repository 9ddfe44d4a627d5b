"""kill -9 and power cuts at every file call of a whole ceremony on simulators, then resume (scoreboard row 1).

Each case is a process of its own that ends by SIGKILL at one call; a second one resumes and judges. `points` are the calls there are,
`crash_at` plays one case, `cases` chooses them. Every N is swept by `states`, which needs no process a case.
"""

import json
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ceremony.protocol.fold import fold
from ceremony.records.entries import Entry
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.crash.calls import Call, Calls
from tests.crash.driven import ACKNOWLEDGED, DrivenCeremony, watched
from tests.crash.judge import judge_closed, judge_crashed
from tests.crash.power import PowerDisk
from tests.crash.shape import Shape, shape_of
from tests.sweeps import Swept

PROCESSES = 2
"""At once: what a small CI machine has."""
EVERY = 29
"""One real kill at every 29th call: a prime, so that it falls on all kinds in turn. `states` takes all calls."""
DOUBLE = 23
"""In a full sweep, every 23rd call is killed, and every 23rd of the resume."""
RESUME_SEED = 1000
SEED = 1


class Variant(StrEnum):
    """How it ends at the call."""

    BEFORE = "killed before"
    AFTER = "killed after"
    HALF = "killed half-way through"
    LOST = "power cut after: whatever was not fsynced is gone"
    TORN = "power cut after: names survive, unsynced bytes are torn"


@dataclass(frozen=True)
class Case:
    """One crash, and one more in the resume when `again` is not 0. `mirrored`: the transcript is kept on two media."""

    point: int
    variant: Variant
    again: int = 0
    mirrored: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a case; no faults: it passed."""

    case: Case
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Point:
    """One call of the uncrashed run."""

    number: int
    op: str
    label: str


def count_points(*, mirrored: bool = False) -> int:
    """How many file calls the ceremony's own code makes."""
    return len(points(mirrored=mirrored))


@cache
def points(*, mirrored: bool = False) -> tuple[Point, ...]:
    """All calls of an uncrashed run, in order."""
    return tuple(Point(*row) for row in _uncrashed(mirrored)[0])


@cache
def uncrashed_shape() -> Shape:
    """What an uncrashed run ends as."""
    shape: Shape = _uncrashed(mirrored=False)[1]
    return shape


def cases(*, full: bool) -> Iterator[Case]:
    """Processes to end: every 29th call, the ways of ending in turn, without a mirror and with one; and some that end twice."""
    for turn, point in enumerate(points()[::EVERY]):
        yield Case(point.number, _variant(turn, point))
    for turn, point in enumerate(points(mirrored=True)[:: EVERY if full else EVERY * 5]):
        yield Case(point.number, _variant(turn, point), mirrored=True)
    yield from double_cases(DOUBLE if full else DOUBLE * 5)


def sweep(full: bool) -> Swept:
    """End and resume real processes; `full`: more of them."""
    outcomes = run_sweep(cases(full=full))
    faults = tuple(f"{outcome.case}: {fault}" for outcome in outcomes for fault in outcome.faults)
    return Swept(len(outcomes), faults, f"{sum(bool(outcome.case.again) for outcome in outcomes)} of them killed twice")


def _variant(turn: int, point: Point) -> Variant:
    variant = tuple(Variant)[turn % len(Variant)]
    return Variant.BEFORE if variant is Variant.HALF and point.op != "write" else variant


def double_cases(step: int) -> Iterator[Case]:
    """Every `step`-th call killed, and in each of these resumes a kill at calls spread over it."""
    return (Case(number, Variant.BEFORE, again) for number in range(1, count_points() + 1, step) for again in range(1, 200, step))


def run_sweep(chosen: Iterable[Case]) -> list[Outcome]:
    """Play all cases, two at a time; the outcomes in order of finishing."""
    points(), points(mirrored=True), uncrashed_shape()
    with get_context("fork").Pool(PROCESSES) as pool:
        return list(pool.imap_unordered(play, chosen, chunksize=1))


def crash_at(point: int, variant: Variant = Variant.BEFORE) -> tuple[str, ...]:
    """Play one case; its faults."""
    return play(Case(point, variant)).faults


def play(case: Case) -> Outcome:
    """Crash, judge what is left, resume (perhaps crash and resume once more), judge."""
    with tempfile.TemporaryDirectory(prefix="ceremony-crash-") as name:
        base = Path(name)
        faults = crash(base, SEED, case.point, case.variant, mirrored=case.mirrored)
        remade = dealing_in_hand(base)
        if case.again and not faults:
            faults = crash(base, RESUME_SEED, case.again, case.variant, mirrored=case.mirrored, may_finish=True)
            remade = remade or dealing_in_hand(base)
        if not faults:
            faults = in_child(lambda: resume(base, remade=remade, mirrored=case.mirrored))
        return Outcome(case, tuple(faults))


def in_child(work: Callable[[], Any]) -> Any:
    """Do `work` in a forked child and hand its JSON result back; the child's own death by SIGKILL gives None."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            result = work()
        except BaseException:  # noqa: BLE001 - the child's end, whatever it is, is the parent's finding
            result = [traceback.format_exc()]
        with os.fdopen(writing, "w") as stream:
            json.dump(result, stream)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        text = stream.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return None
    return json.loads(text)


def remember_lines() -> None:
    """In this process, read each line of a transcript once, not once a command: reading is pure, and two thirds of a sweep's time."""
    Entry.parse = classmethod(cache(Entry.parse.__func__))  # type: ignore[method-assign, attr-defined, assignment]


def die() -> None:
    """End this process as the kernel ends it: nothing is flushed, nothing is cleaned up."""
    os.kill(os.getpid(), signal.SIGKILL)


def crash(base: Path, seed: int, number: int, variant: Variant, *, mirrored: bool, may_finish: bool = False) -> list[str]:
    """Play in `base` up to one call, end there, and judge what is left."""
    ended = in_child(lambda: _play_to(DrivenCeremony(base, seed, mirrored=mirrored), number, variant))
    if ended is not None:
        return [] if may_finish and ended == ["finished"] else [f"no call {number}: {ended}"]
    return judge_crashed(DrivenCeremony(base, seed, mirrored=mirrored))


def _play_to(ceremony: DrivenCeremony, number: int, variant: Variant) -> list[str]:
    remember_lines()
    disk = PowerDisk(watched(ceremony))

    def around(call: Call, perform: Callable[[], Any]) -> Any:
        if call.number == number and variant is Variant.BEFORE:
            die()
        if call.number == number and variant is Variant.HALF:
            calls.real["write"](os.open(call.path, os.O_WRONLY | os.O_APPEND), call.argument[: len(call.argument) // 2])
            die()
        result = perform()
        disk.note(call)
        if call.number == number:
            if variant in {Variant.LOST, Variant.TORN}:
                disk.cut(names_survive=variant is Variant.TORN)
            die()
        return result

    calls = Calls(ceremony.base, around)
    with calls.watched():
        ceremony.play()
    return ["finished"]


def resume(base: Path, *, remade: bool, mirrored: bool) -> list[str]:
    """Play on from what stands in `base`, then judge."""
    remember_lines()
    ceremony = DrivenCeremony(base, RESUME_SEED + 1, mirrored=mirrored)
    ceremony.play()
    return judge_closed(ceremony, uncrashed_shape(), remade=remade)


def dealing_in_hand(base: Path) -> bool:
    """Whether the crash fell between the opening of a dealing and the seven durable blobs: then it may be, and must be, thrown away."""
    acknowledged = [json.loads(line)["body"]["kind"] for line in DrivenCeremony(base, SEED).books.lines(ACKNOWLEDGED)]
    path = base / "ceremony" / TRANSCRIPT
    written = [json.loads(line)["body"]["kind"] for line in path.read_bytes().split(b"\n")[:-1]] if path.exists() else []
    return "dealing_opened" in written and written.count("dealt") < 1 and acknowledged.count("dealt") < 1


def _uncrashed(mirrored: bool) -> list[Any]:
    def work() -> list[Any]:
        seen: list[tuple[int, str, str]] = []

        def around(call: Call, perform: Callable[[], Any]) -> Any:
            seen.append((call.number, call.op, call.label))
            return perform()

        with tempfile.TemporaryDirectory(prefix="ceremony-crash-") as name:
            ceremony = DrivenCeremony(Path(name), SEED, mirrored=mirrored)
            with Calls(ceremony.base, around).watched():
                ceremony.play()
            written = read_book(ceremony.directory / TRANSCRIPT)
            shape = shape_of(fold(written), written)
            faults = judge_closed(ceremony, shape, remade=False)
        if faults:
            raise AssertionError(faults)
        return [seen, shape]

    result: list[Any] = in_child(work)
    if len(result) != len(("points", "shape")):
        raise AssertionError(result)
    return result
