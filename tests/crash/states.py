"""Every state of the disk that a crash can leave, gathered in one run, each resumed once: all N in minutes.

A process that is killed, and a machine whose power is cut, leave nothing but files. So one run is watched, the files are read at each of
its calls as each way of ending would leave them, and equal states are resumed once. `sweep.play` ends real processes, one a case.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.crash.calls import Call, Calls
from tests.crash.driven import DrivenCeremony, watched
from tests.crash.judge import judge_crashed
from tests.crash.power import PowerDisk
from tests.crash.sweep import PROCESSES, SEED, Variant, dealing_in_hand, in_child, resume, uncrashed_shape
from tests.sweeps import Swept


@dataclass(frozen=True)
class State:
    """Directories and files, by their path from the base."""

    directories: frozenset[str]
    files: dict[str, bytes] = field(hash=False)

    @property
    def name(self) -> str:
        """Equal states have equal names."""
        whole = hashlib.sha256(repr((sorted(self.directories), sorted(self.files.items()))).encode())
        return whole.hexdigest()[:32]

    def write(self, base: Path) -> None:
        """Make `base` hold this state."""
        base.mkdir()
        for name in sorted(self.directories):
            (base / name).mkdir(exist_ok=True)
        for name, data in self.files.items():
            (base / name).write_bytes(data)


@dataclass(frozen=True)
class Crash:
    """One call and the way it ended."""

    label: str
    variant: str
    number: int


EVERY = 11
"""A budgeted sweep resumes one state of each label (site and entry kind) and every 11th: a prime, so that it falls on all kinds in turn."""


def sweep(full: bool) -> Swept:
    """Every call of a ceremony, ended in every way, with a mirror too; each distinct state judged, resumed and judged again.

    `full`: all of them, not a budgeted part.
    """
    parts = [_sweep(mirrored=False, full=full), *([_sweep(mirrored=True, full=True)] if full else [])]
    note = "; ".join(part.note for part in parts)
    return Swept(sum(part.tried for part in parts), tuple(fault for part in parts for fault in part.faults), note)


def _sweep(*, mirrored: bool, full: bool) -> Swept:
    uncrashed_shape()
    with tempfile.TemporaryDirectory(prefix="ceremony-states-") as name:
        found = _found(Path(name), mirrored=mirrored)
        chosen = found if full else _budgeted(found)
        cases = [(f"{name}/{state}", mirrored, crashes[0]) for state, crashes in chosen.items()]
        with get_context("fork").Pool(PROCESSES) as pool:
            faults = [fault for some in pool.imap_unordered(_judge, cases, chunksize=1) for fault in some]
    tried, every = sum(map(len, chosen.values())), sum(map(len, found.values()))
    note = f"{tried} of {every} crashes{' with a mirror' if mirrored else ''}, {len(chosen)} of {len(found)} distinct states"
    return Swept(tried, tuple(faults), note)


def _found(out: Path, *, mirrored: bool) -> dict[str, list[Crash]]:
    found = in_child(lambda: _gather(out, mirrored=mirrored))
    if not isinstance(found, dict):
        raise AssertionError(found)  # noqa: TRY004 - what the child said is the finding
    return {state: [Crash(*crash) for crash in crashes] for state, crashes in found.items()}


def _budgeted(found: dict[str, list[Crash]]) -> dict[str, list[Crash]]:
    seen: set[str] = set()
    chosen = {}
    for place, (state, crashes) in enumerate(found.items()):
        labels = {crash.label for crash in crashes}
        if labels - seen or not place % EVERY:
            chosen[state] = crashes
            seen |= labels
    return chosen


def _judge(case: tuple[str, bool, Crash]) -> list[str]:
    base, mirrored, crash = Path(case[0]), case[1], case[2]
    faults = judge_crashed(DrivenCeremony(base, SEED, mirrored=mirrored))
    if not faults:
        remade = dealing_in_hand(base)
        faults = in_child(lambda: resume(base, remade=remade, mirrored=mirrored)) or []
    return [f"call {crash.number} ({crash.label}), {crash.variant}: {fault}" for fault in faults]


def _gather(out: Path, *, mirrored: bool) -> dict[str, list[tuple[str, str, int]]]:
    """Run once; write each new state below `out`; the crashes that leave it."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    with tempfile.TemporaryDirectory(prefix="ceremony-crash-") as name:
        ceremony = DrivenCeremony(Path(name), SEED, mirrored=mirrored)
        disk = PowerDisk(watched(ceremony))

        def keep(call: Call, variant: Variant, state: State) -> None:
            crashes = found.setdefault(state.name, [])
            crashes.append((call.label, variant, call.number))
            if len(crashes) == 1:
                state.write(out / state.name)

        def around(call: Call, perform: Any) -> Any:
            before = read_state(ceremony.base)
            keep(call, Variant.BEFORE, before)
            if call.op == "write":
                keep(call, Variant.HALF, half_written(before, ceremony.base, call))
            result = perform()
            disk.note(call)
            after = read_state(ceremony.base)
            keep(call, Variant.AFTER, after)
            keep(call, Variant.LOST, cut(after, ceremony, disk, names_survive=False))
            keep(call, Variant.TORN, cut(after, ceremony, disk, names_survive=True))
            return result

        with Calls(ceremony.base, around).watched():
            ceremony.play()
    return found


def read_state(base: Path) -> State:
    """What stands in `base` now."""
    directories, files = set(), {}
    for path in base.rglob("*"):
        name = str(path.relative_to(base))
        if path.is_dir():
            directories.add(name)
        else:
            files[name] = path.read_bytes()
    return State(frozenset(directories), files)


def half_written(state: State, base: Path, call: Call) -> State:
    """The state in which a write got half-way."""
    name = os.path.relpath(call.path, base)
    return State(state.directories, {**state.files, name: state.files[name] + call.argument[: len(call.argument) // 2]})


def cut(state: State, ceremony: DrivenCeremony, disk: PowerDisk, *, names_survive: bool) -> State:
    """The state after a power cut: of the watched directories only what was durable, of all others everything."""
    base = ceremony.base.resolve()
    tops = tuple(str(top.resolve()) for top in watched(ceremony))
    directories, files = disk.survivors({f"{base}/{name}": data for name, data in state.files.items()}, names_survive=names_survive)
    return State(
        frozenset(_apart(state.directories, base, tops)) | {os.path.relpath(name, base) for name in directories},
        {name: state.files[name] for name in _apart(state.files, base, tops)}
        | {os.path.relpath(name, base): data for name, data in files.items()},
    )


def _apart(names: Any, base: Path, tops: tuple[str, ...]) -> Iterator[str]:
    """The names that lie beside the watched directories."""
    return (name for name in names if not any(f"{base}/{name}/".startswith(f"{top}/") for top in tops))
