"""The scoreboard: one line a row, PASS or FAIL for what was measured just now, "not measured" for everything else, never green for that.

Rows are measured by the same sweeps as in the tests, in full; each is imported when its turn comes, so that one that is broken fails alone.
"""

import argparse
import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from tests.sweeps import Swept

REHEARSAL_SECONDS, VERIFY_SECONDS = 10.0, 1.0
PURE_ROOMS = ("records", "acts", "shards", "quorum", "protocol")
PURE_TESTS = (*(f"tests/unit/{room}" for room in PURE_ROOMS), "tests/properties", "tests/unit/transcript", "tests/unit/verify")
BYPASSES = 45
SHOWN = 5
"""Faults printed under a row; the count is in the row."""


@dataclass(frozen=True)
class Measured:
    """What a row came to; `passed` is None when it was not measured."""

    figure: str
    passed: bool | None
    faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """One row of THREATS' scoreboard. `measure` gets whether the long real sweep was asked for; no measure: another issue's."""

    name: str
    target: str
    issue: str = "ceremony"
    measure: Callable[[bool], Measured] | None = None


def main() -> int:
    """Print the rows; 1 if a measured one failed."""
    parser = argparse.ArgumentParser(prog="scripts/scoreboard", description=__doc__)
    parser.add_argument("--real", action="store_true", help="row 1: kill the real parts at every call (about an hour)")
    parser.add_argument("--rows", help="only these, separated by commas")
    options = parser.parse_args()
    numbers = [int(number) for number in options.rows.split(",")] if options.rows else list(ROWS)
    if unknown := [number for number in numbers if number not in ROWS]:
        parser.error(f"there is no row {', '.join(map(str, unknown))}")
    passed = [show(number, ROWS[number], real=options.real) for number in numbers]
    return int(False in passed)


def show(number: int, row: Row, *, real: bool) -> bool | None:
    """Measure one row and print its line; whether it passed."""
    found = measure(row, real=real)
    word = f"not measured ({found.figure})" if found.passed is None else "PASS" if found.passed else "FAIL"
    figure = "" if found.passed is None else f"{found.figure}; "
    _say(f"{number:3}  {word:6}  {row.name}: {figure}target {row.target}")
    for fault in found.faults[:SHOWN]:
        _say(f"             {fault}")
    return found.passed


def measure(row: Row, *, real: bool) -> Measured:
    """The row's figure; whatever escapes from a sweep is a failed row, not the end of the scoreboard."""
    if row.measure is None:
        return Measured(f"later issue: {row.issue}", None)
    try:
        return row.measure(real)
    except ModuleNotFoundError as error:
        return Measured(f"{error.name} is not there", None)
    except Exception:  # noqa: BLE001 - likewise
        return Measured("the sweep itself broke", passed=False, faults=(traceback.format_exc(),))


def swept(*names: str, least: int = 1) -> Callable[[bool], Measured]:
    """A row measured by these modules' `sweep(full)`, all of it; fewer than `least` cases are no success."""

    def run(_real: bool) -> Measured:
        return _join([importlib.import_module(name).sweep(full=True) for name in names], least)

    return run


def crashes(real: bool) -> Measured:
    """Row 1: all N on simulators; on real parts each kind of entry, or all N."""
    simulated = swept("tests.crash.states", "tests.crash.sweep")(real)
    on_real = importlib.import_module("tests.crash.real_kills").sweep(full=real)
    figure = f"simulators: {simulated.figure}; real parts: {on_real.tried} kills ({on_real.note}), {len(on_real.faults)} faults"
    return Measured(figure, bool(simulated.passed) and not on_real.faults and on_real.tried > 0, (*simulated.faults, *on_real.faults))


def token_kills(_real: bool) -> Measured:
    """Row 3: about an hour on two processors."""
    return _join([importlib.import_module("tests.faults.token_sweep").sweep_kills(full=True)], least=1)


def token_codes(_real: bool) -> Measured:
    """Row 5: hours: a case takes a fifth of a second of CPU, and there are 46,592."""
    return _join([importlib.import_module("tests.faults.token_sweep").sweep_codes(full=True)], least=1)


def disk(_real: bool) -> Measured:
    """Row 4: injected errors, and the kernel's own where this machine can make them."""
    injected = swept("tests.faults.disk_faults")(_real)
    ways = {name: way() for name, way in importlib.import_module("tests.faults.real_disk").WAYS.items()}
    own = ", ".join(f"{name} {way.tried if way else 'not measured'}" for name, way in ways.items())
    faults = tuple(fault for way in ways.values() if way for fault in way.faults)
    return Measured(f"{injected.figure}; kernel's own: {own}", bool(injected.passed) and not faults, (*injected.faults, *faults))


def tested(path: str, what: str) -> Callable[[bool], Measured]:
    """A row measured by a test file."""

    def run(_real: bool) -> Measured:
        if not Path(path).exists():
            return Measured(f"{path} is not there", None)
        ended = _pytest(path)
        last = ended.stdout.strip().splitlines()[-1:] or [ended.stderr[-300:]]
        return Measured(f"{what}: {last[0]}", ended.returncode == 0)

    return run


def coverage(_real: bool) -> Measured:
    """Row 29: branch coverage of the pure rooms by their own tests."""
    with tempfile.TemporaryDirectory() as name:
        report = Path(name) / "coverage.json"
        rooms = [f"--cov=ceremony.{room}" for room in PURE_ROOMS]
        ended = _pytest(*PURE_TESTS, *rooms, "--cov-branch", f"--cov-report=json:{report}", COVERAGE_FILE=f"{name}/data")
        if not report.exists():
            return Measured(f"no coverage report: {(ended.stdout + ended.stderr)[-200:]}", None)
        found = json.loads(report.read_text())
    short = tuple(
        f"{path}: {one['summary']['percent_covered']:.1f} %, lines {one['missing_lines']}, branches {one['missing_branches']}"
        for path, one in found["files"].items()
        if one["missing_lines"] or one["missing_branches"]
    )
    figure = f"{found['totals']['percent_covered']:.2f} % of pure rooms, {len(short)} of {len(found['files'])} files short"
    return Measured(figure, ended.returncode == 0 and not short, short)


def contract(_real: bool) -> Measured:
    """Row 19: about an hour."""
    from scripts import contract_rows  # noqa: PLC0415 - loads what only this row needs

    parts = [part() for part in (contract_rows.campaign, contract_rows.coverage, contract_rows.mutants)]
    return Measured("; ".join(figure for figure, _ in parts), all(passed for _, passed in parts))


def bypasses(real: bool) -> Measured:
    """Row 14: against the verifier, and against the contract."""
    from scripts import contract_rows  # noqa: PLC0415 - loads what only this row needs

    python = swept("tests.adversary.quorum_bypasses", least=BYPASSES)(real)
    figure, attempts, refused = contract_rows.bypasses()
    return Measured(f"in Python {python.figure}; {figure}", bool(python.passed) and refused and attempts >= BYPASSES, python.faults)


def symbolic(_real: bool) -> Measured:
    """Row 18: every symbolic property holds for the contract and fails for its broken twin; about an hour."""
    ended = subprocess.run(["scripts/contract_proofs", "halmos"], capture_output=True, text=True, check=False)  # noqa: S607 - ours
    lines = ended.stdout.strip().splitlines() or [ended.stderr[-300:]]
    wrong = tuple(line for line in lines[:-1] if (": counterexample" in line) != line.startswith("the twin of ") or ": not proven" in line)
    return Measured(lines[-1], ended.returncode == 0, wrong)


def speed(_real: bool) -> Measured:
    """Row 32: a whole rehearsal on real parts, from the tokens' making to the verdict, and `verify` as a process of its own."""
    from scripts.rehearsal import Rehearsal  # noqa: PLC0415 - loads what only this row needs

    with tempfile.TemporaryDirectory() as name, _quiet():
        rehearsal, marks = Rehearsal(Path(name), os.environ["CEREMONY_SOFTHSM_MODULE"]), {}

        def between(stage: str, _playing: Rehearsal) -> None:
            marks[stage] = time.monotonic()
            if stage == "verify":
                marks["verified"] = marks[stage] + _seconds([sys.executable, "-m", "ceremony", *rehearsal.verify_arguments()])

        began = time.monotonic()
        code = rehearsal.play(between)
    whole, verify = marks["verify"] - began, marks["verified"] - marks["verify"]
    tokens = marks["start_node"] - began
    figure = f"rehearsal {whole + verify:.1f} s, of it making tokens {tokens:.1f} s; verify {verify:.2f} s; exit {code}"
    return Measured(figure, code == 0 and whole + verify <= REHEARSAL_SECONDS and verify <= VERIFY_SECONDS)


ROWS: Mapping[int, Row] = MappingProxyType(
    {
        1: Row("kill -9 at every write, fsync and rename, then resume", "0 lost, 0 duplicate, all N", measure=crashes),
        2: Row("transcript torn at every byte of its last three entries", "0 misread", measure=swept("tests.crash.torn_tail")),
        3: Row("kill -9 before and after every PKCS#11 call", "all N satisfy P1", measure=token_kills),
        4: Row("EIO, ENOSPC, EROFS, EDQUOT at every file call", "named error, no partial claim", measure=disk),
        5: Row("every PKCS#11 call x 12 CKRs x {once, from then on}", "named error or harmless retry", measure=token_codes),
        6: Row("lying tokens", "25 of 25 caught, culprit named", measure=swept("tests.adversary.lying_tokens", least=25)),
        7: Row("128 subsets of seven x 1,000 seeds", "29 open, 99 refuse", measure=swept("tests.properties.test_subsets", least=128_000)),
        8: Row("published vectors", "100 %", measure=swept("tests.properties.test_published", least=674)),
        9: Row("every bit of shards and commitments flipped", "refused, culprit named", measure=swept("tests.properties.test_bitflips")),
        10: Row("every byte of a closed transcript mutated", "0 accepted", measure=swept("tests.adversary.transcript_bytes")),
        11: Row("every field and entry mutated", "0 accepted", measure=swept("tests.adversary.transcript_fields")),
        12: Row("case folders", "80+, every check failed by one", "later"),
        13: Row("second verifier, differential", "10,000 transcripts, 0 disagreements", "later"),
        14: Row(
            "quorum bypass attempts, in Python and on the contract",
            "45 each, 0 accepted",
            measure=bypasses,
        ),
        15: Row("stateful adversary", "20,000 x 50 steps, 0 violations", "later"),
        16: Row("lying or failing RPC at every call", "25 kinds, 0 false anchored", measure=swept("tests.faults.rpc_faults")),
        17: Row("reorg depth 1-64 at every stage", "never declared early", measure=swept("tests.faults.reorgs")),
        18: Row("symbolic properties of the contract", "15+, 0 counterexamples, every twin fails", measure=symbolic),
        19: Row("contract fuzz, invariants, coverage, mutants", "100 %, >= 95 % killed", measure=contract),
        20: Row("clock +-10 years, backwards", "verdict unchanged", measure=tested("tests/adversary/test_clocks.py", "clocks")),
        23: Row("seeded rehearsals on simulators with faults", "2,000, 0 violations", measure=swept("tests.seeded.sweep", least=2000)),
        24: Row("coverage-guided fuzzing of every parser", "only CeremonyError escapes", "later"),
        25: Row("a canary secret looked for everywhere", "0 hits", measure=swept("tests.secrets.canaries")),
        26: Row("memory of the parent scanned", "0 copies", measure=swept("tests.secrets.parents_memory")),
        27: Row("permissions, symlinks, races", "15 attacks, 0 wins", measure=swept("tests.adversary.directory_attacks", least=15)),
        28: Row("mutation score of the Python", ">= 95 % pure rooms, >= 85 % overall", "later"),
        29: Row("branch coverage of the pure rooms (overall: not measured, later)", "100 %", measure=coverage),
        32: Row("a full 5-of-7 rehearsal; verify", "<= 10 s; <= 1 s", measure=speed),
        33: Row("golden output of the verbs and errors there are", "100 %", measure=tested("tests/golden", "golden")),
    },
)


def _join(parts: Sequence[Swept], least: int) -> Measured:
    """One figure from one sweep or several."""
    faults = tuple(fault for part in parts for fault in part.faults)
    tried = sum(part.tried for part in parts)
    notes = "; ".join(f"{part.tried} tried{f' ({part.note})' if part.note else ''}" for part in parts)
    return Measured(f"{notes}, {len(faults)} faults", not faults and tried >= least, faults)


def _pytest(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})  # noqa: S603 - ours


def _seconds(command: Sequence[str]) -> float:
    start = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)  # noqa: S603 - our own program
    return time.monotonic() - start


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())
