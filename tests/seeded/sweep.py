"""Seeded rehearsals, many of them (row 23): `python -m tests.seeded.sweep SEED` plays one again and says what became of it."""

import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from ceremony.conductor.conductor import Conductor
from ceremony.conductor.running import owed_to_run, take
from ceremony.conductor.self_test import self_test
from ceremony.records.roster_entries import RunStarted
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT
from tests.crash.driven import DrivenCeremony
from tests.crash.sweep import PROCESSES, in_child
from tests.seeded.judge import judge_closed, judge_waiting
from tests.seeded.rehearsal import Ended, Rehearsal
from tests.seeded.remember import remember
from tests.seeded.schedule import Schedule, draw
from tests.simulators.ceremony_directory import NO_DIGEST
from tests.sweeps import Swept

STEM = 1
"""Seed of the ceremony that all stages are copies of."""
STAGES = ("start", "start", "start", "deal", "load", "holding", "open-test", "retire", "deploy", "approve", "anchor", "sign")
"""Where rehearsals start, in turn by their seed: at entry 0, or before the first step of this kind."""
LEFT = {
    "start": 100, "deal": 80, "load": 70, "holding": 65, "open-test": 50,
    "retire": 40, "deploy": 30, "approve": 25, "anchor": 12, "sign": 10,
}  # fmt: skip
"""How much of a ceremony is left then, in percent: troubles come so much sooner."""
ALL = 2000
BUDGET = 500
"""For CI: a rehearsal takes a quarter of a second of CPU, so that 2,000 take nine minutes of it."""
MEMORY = Path("/dev/shm")  # noqa: S108 - directories of our own in it, with names nobody can guess
EVERY = 100


def sweep(full: bool) -> Swept:
    """2,000 seeds, or as many as CI has time for."""
    return sweep_seeds(range(ALL if full else BUDGET), loud=full)


def sweep_seeds(seeds: Iterable[int], *, loud: bool = False) -> Swept:
    """These seeds, on two processes."""
    faults: list[str] = []
    struck: Counter[str] = Counter()
    refusals: Counter[str] = Counter()
    whole = tried = 0
    with room() as stages, get_context("fork").Pool(PROCESSES, remember) as pool:
        for tried, (start, kinds, names, wrong) in enumerate(pool.imap_unordered(partial(_play, stages), seeds, chunksize=4), 1):
            faults += wrong
            struck.update(kinds)
            refusals.update(names)
            whole += start == "start"
            if loud and not tried % EVERY:
                print(f"{tried} rehearsals, {len(faults)} violations", file=sys.stderr, flush=True)  # noqa: T201 - progress
    note = (
        f"{whole} from entry 0, the others from {len(set(STAGES)) - 1} later stages of one ceremony; {sum(struck.values())} troubles of "
        f"{len(struck)} kinds struck; {sum(refusals.values())} commands ended in {len(refusals)} named ways"
    )
    return Swept(tried, tuple(faults), note)


def play(stages: Path, seed: int, base: Path) -> tuple[Schedule, Ended]:
    """Play one seed in `base`, an empty directory or none, from its stage, and judge it."""
    schedule = draw(seed)
    stage = STAGES[schedule.start % len(STAGES)]
    shutil.copytree(stages / stage, base, dirs_exist_ok=True)
    for trouble in schedule.troubles:
        trouble.left = trouble.left * LEFT[stage] // 100
    rehearsal = Rehearsal(base, schedule)
    try:
        ended = rehearsal.play()
        if not ended.faults:
            ended.faults += (judge_waiting if ended.waits else judge_closed)(ended.ceremony)
            rehearsal.use()
    except Exception:  # noqa: BLE001 - whatever escapes is a violation (P8)
        ended = rehearsal.ended
        ended.faults.append(traceback.format_exc())
    return schedule, ended


def bytes_of(base: Path) -> bytes:
    """What a rehearsal leaves to the world."""
    places = (TRANSCRIPT, CHECKPOINT, f"custody/{TRANSCRIPT}")
    return b"".join((base / "ceremony" / name).read_bytes() for name in places if (base / "ceremony" / name).exists())


@contextmanager
def room() -> Iterator[Path]:
    """One faultless ceremony as it stood at each stage, in a directory of that name; gone with the context."""
    with tempfile.TemporaryDirectory(prefix="ceremony-stages-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        problems = in_child(lambda: _play_stem(Path(name)))
        if problems:
            raise AssertionError(problems)
        yield Path(name)


def _play_stem(keep: Path) -> list[str]:
    remember()
    ceremony = DrivenCeremony(keep / "stem", STEM)
    ceremony.start()

    def kept(kind: str) -> None:
        if kind in STAGES and not (keep / kind).exists():
            shutil.copytree(ceremony.base, keep / kind)

    def run(c: Conductor) -> None:
        if c.state.closing is None:
            c.write(RunStarted(tool=NO_DIGEST, self_tests=self_test()))
        while owed := owed_to_run(c):
            kept(owed[0].kind)
            take(c, owed)
        c.rise()

    kept("start")
    state = ceremony.conduct(run)
    while owed := ceremony.owed(state):
        kept(owed[0].kind)
        ceremony.take(owed[0], state)
        state = ceremony.conduct(run)
    return sorted({name for name in STAGES if not (keep / name).exists()})


def _play(stages: Path, seed: int) -> tuple[str, list[str], list[str], list[str]]:
    with tempfile.TemporaryDirectory(dir=stages) as name:
        schedule, ended = play(stages, seed, Path(name))
    repeat = f"seed {seed} (again: .venv/bin/python -m tests.seeded.sweep {seed})"
    struck = [str(trouble.kind) for trouble in schedule.troubles if trouble.struck]
    return STAGES[schedule.start % len(STAGES)], struck, ended.refusals, [f"{repeat}: {fault}" for fault in ended.faults]


def main(seed: int) -> int:
    """Play one seed and tell all."""
    remember()
    with room() as stages, tempfile.TemporaryDirectory(dir=stages) as name:
        began = time.process_time()
        schedule, ended = play(stages, seed, Path(name))
    lines = [f"from {STAGES[schedule.start % len(STAGES)]}; {time.process_time() - began:.2f} s of CPU"]
    lines += [f"{'struck' if one.struck else 'never came'}: {one}" for one in schedule.troubles]
    lines += [f"its commands ended in: {', '.join(ended.refusals) or 'nothing but success'}", *ended.faults]
    print("\n".join(lines))  # noqa: T201 - a program for people
    return int(bool(ended.faults))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
