"""Benchmarks: each figure beside its floor in the same run, and the ratio. Reported, never asserted."""

import contextlib
import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from ceremony.cli import run_command
from ceremony.records.roster_entries import RunStarted
from scripts.rehearsal import Rehearsal
from tests.simulators.ceremony_directory import SimulatedCeremony

RUNS = 5
SECONDS = 0.5
"""From here on a figure is shown in seconds."""
LENGTHS = (1_000, 2_500, 5_000, 10_000)


def main() -> int:
    """Print the rows asked for (all but gas when none is named: it compiles and fetches what nothing else needs)."""
    rows: dict[str, Callable[[], None]] = {"help": bench_help, "verify": bench_verify, "linear": bench_linear, "rehearsal": bench_rehearsal}
    named = {**rows, "gas": bench_gas, "custody": bench_custody}
    unknown = [name for name in sys.argv[1:] if name not in named]
    if unknown:
        print(f"There is no row {', '.join(unknown)}; there are {', '.join(named)}.", file=sys.stderr)  # noqa: T201 - for people
        return 2
    for name in sys.argv[1:] or rows:
        named[name]()
    return 0


def bench_help() -> None:
    """`ceremony --help` beside an empty Python start."""
    row("ceremony --help", timed_command("-m", "ceremony", "--help"), "empty Python start", timed_command("-c", "pass"))


def bench_verify() -> None:
    """`verify` of one simulated ceremony, as a whole process and in this one, beside hashing its lines alone."""
    with simulated() as ceremony:
        arguments = verify_arguments(ceremony)
        data = (ceremony.directory / "transcript").read_bytes()
        whole = timed_command("-m", "ceremony", *arguments)
        inside = timed(lambda: silent(arguments))
        row(f"verify, {data.count(10)} entries, whole process", whole, "empty Python start", timed_command("-c", "pass"))
        row(f"verify, {data.count(10)} entries, inside", inside, "hashing the lines alone", timed(lambda: hash_lines(data)))


def bench_linear() -> None:
    """`verify` of ever longer transcripts: the time for one entry must not grow."""
    for length in LENGTHS:
        with simulated(length) as ceremony:
            arguments = verify_arguments(ceremony)
            data = (ceremony.directory / "transcript").read_bytes()
            seconds = timed(lambda: silent(arguments), runs=1)  # noqa: B023 - used in this round only
            print(f"verify, {data.count(10):6} entries: {seconds:7.3f} s, {seconds / data.count(10) * 1e6:6.0f} us an entry")  # noqa: T201


def bench_rehearsal() -> None:
    """A rehearsal on real parts, tokens and plan made before the clock starts, beside the tokens' own calls alone."""
    with tempfile.TemporaryDirectory() as out:
        marks: dict[str, float] = {}
        rehearsal = Rehearsal(Path(out), os.environ["CEREMONY_SOFTHSM_MODULE"])
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            code = rehearsal.play(lambda stage, _rehearsal: marks.update({stage: time.monotonic()}))
        end = time.monotonic()
        calls = token_calls(rehearsal)
        print(f"rehearsal exit code {code}; stages (s): " + stage_times(marks, end))  # noqa: T201
        row("rehearsal, tokens made before, with doctor", end - marks["examine"], "the tokens' calls alone", calls)
        row("rehearsal, from run to verdict", end - marks["deal"], "the tokens' calls alone", calls)


def stage_times(marks: dict[str, float], end: float) -> str:
    """How long each stage took."""
    spans = pairwise([*marks.values(), end])
    return ", ".join(f"{name} {after - start:.2f}" for name, (start, after) in zip(marks, spans, strict=True))


def bench_gas() -> None:
    """One anchor by our contract and by its peers, on one node."""
    from scripts import gas_bench  # noqa: PLC0415 - loads the ABI encoder

    gas_bench.bench_gas()


def bench_custody() -> None:
    """Opening by five tokens, sealing, sharing."""
    from scripts import custody_bench  # noqa: PLC0415 - loads its peers

    custody_bench.bench_custody(timed, row)


def token_calls(rehearsal: Rehearsal) -> float:
    """Seconds that the ceremony's calls take on one token, times seven: key births, signatures, unwrap, derives, destruction."""
    from scripts.token_floor import time_calls  # noqa: PLC0415 - loads PKCS#11

    return time_calls(rehearsal)


def simulated(entries: int = 0) -> "contextlib.AbstractContextManager[SimulatedCeremony]":
    """A closed simulated ceremony in a directory that goes away; padded with run entries up to about `entries`."""

    @contextlib.contextmanager
    def manager() -> "contextlib.AbstractContextManager[SimulatedCeremony]":  # type: ignore[misc]
        with tempfile.TemporaryDirectory() as out:
            ceremony = SimulatedCeremony(Path(out), 1)
            ceremony.start()
            note = RunStarted(tool="0x" + "00" * 32, self_tests=("padding",))
            ceremony.conduct(lambda c: [c.write(note) for _ in range(entries)])
            ceremony.play()
            yield ceremony

    return manager()


def verify_arguments(ceremony: SimulatedCeremony) -> list[str]:
    """The auditor's command for a simulated ceremony."""
    lines = (ceremony.directory / "transcript").read_text().splitlines()
    digest = next(entry["roster_digest"] for line in lines if (entry := json.loads(line)["body"])["kind"] == "roster_confirmed")
    return ["verify", str(ceremony.directory), "--roster", digest, "--offline", "--rehearsal"]


def silent(arguments: list[str]) -> None:
    """One command in this process, its output thrown away."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        run_command(arguments)


def hash_lines(data: bytes) -> None:
    """The least that any verifier must do."""
    for line in data.split(b"\n"):
        hashlib.sha256(b"\0" + line).digest()


def timed(work: Callable[[], object], runs: int = RUNS) -> float:
    """Median seconds of some runs."""
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def timed_command(*arguments: str) -> float:
    """Median seconds of a whole Python process."""
    command = [sys.executable, *arguments]
    return timed(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False))  # noqa: S603


def row(what: str, seconds: float, floor: str, least: float) -> None:
    """One figure, its floor, the ratio."""
    print(f"{what}: {_shown(seconds)}; {floor}: {_shown(least)}; ratio {seconds / least:.3g}")  # noqa: T201


def _shown(seconds: float) -> str:
    return f"{seconds:.3f} s" if seconds >= SECONDS else f"{seconds * 1000:.3f} ms"


if __name__ == "__main__":
    sys.exit(main())
