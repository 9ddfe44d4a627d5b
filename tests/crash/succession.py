"""Power fails before or after every line that a succession writes to either journal, once its rotation is on chain; then it is resumed.

`python -m tests.crash.succession` tries all of them; CI every eleventh.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ceremony.protocol.steps import StepKind
from ceremony.records.entries import Body, Entry
from ceremony.transcript.journal import Journal
from tests.simulators.played_on import kinds
from tests.simulators.successor import SuccessorCeremony, handed_over, successor_at

ONCE = ("envelopes_listed", "rewrapped", "reopened", "succession_proposed")
OLD = 7
SEED = 8


class PowerCut(BaseException):
    """Nobody catches it."""


def rotated(place: Path) -> Path:
    """A succession, in an empty directory, whose rotation is on chain; nothing is carried over yet."""
    handed_over(successor_at(place, envelopes=("payroll",)), StepKind.LIST)
    return place


def cut_and_resume(start: Path, place: Path, at: int, *, after: bool) -> str | None:
    """What is wrong after power failed at line `at` and the succession went on; None when nothing is, StopIteration past the last line."""
    shutil.copytree(start, place)
    ceremony = SuccessorCeremony(place, SEED)
    with _power_fails(at, after=after) as left, suppress(PowerCut):
        ceremony.play()
    if left[0] >= 0:
        raise StopIteration
    state = ceremony.play()
    found = kinds(ceremony)
    wrong = [f"{kind}: {found.count(kind)}" for kind in ONCE if found.count(kind) != 1]
    if found.count("shard_destroyed") != OLD or state.closing is None:
        wrong.append("not all old shards were destroyed, or it is not closed")
    shutil.rmtree(place)
    return "; ".join(wrong) or None


def sweep(places: Iterable[int]) -> Iterator[tuple[str, str | None]]:
    """(where, what is wrong or None) for each place, before and after its line, as far as there are lines."""
    with tempfile.TemporaryDirectory(prefix="ceremony-succession-") as name:
        start = rotated(Path(name) / "start")
        for at in places:
            for after in (False, True):
                where = f"line {at} {'after' if after else 'before'}"
                try:
                    yield where, cut_and_resume(start, Path(name) / "case", at, after=after)
                except StopIteration:
                    return


@contextmanager
def _power_fails(at: int, *, after: bool) -> Iterator[list[int]]:
    """Journals whose line `at` from now on is never written, or is the last; yields how many are left until then."""
    append, left = Journal.append, [at]

    def cut(journal: Journal, body: Body, *arguments: Any) -> Entry:
        left[0] -= 1
        if left[0] == -1 and not after:
            raise PowerCut
        entry = append(journal, body, *arguments)
        if left[0] == -1:
            raise PowerCut
        return entry

    Journal.append = cut  # type: ignore[method-assign]
    try:
        yield left
    finally:
        Journal.append = append  # type: ignore[method-assign]


def main() -> int:
    """All of them, with progress; 1 when anything is wrong."""
    faults, tried = 0, 0
    for where, wrong in sweep(range(1000)):
        tried += 1
        faults += wrong is not None
        if wrong or not tried % 20:
            print(f"{where}: {wrong or 'carried on'}", flush=True)  # noqa: T201 - a program for people
    print(f"succession: power failed at {tried} places, {faults} faults")  # noqa: T201 - likewise
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
