"""Rows 14 and 19 of the scoreboard, as far as the contract goes: bypasses, fuzz and invariants, coverage, mutants, by its own tools."""

import os
import re
import subprocess
from pathlib import Path

CONTRACTS = Path(__file__).parent.parent / "contracts"
SECONDS = 4 * 3600
_TESTS = re.compile(r"(\d+) tests passed, (\d+) failed")
_COVERAGE = re.compile(r"src/Ceremony\.sol\s*\|\s*([\d.]+)% \(\d+/\d+\)\s*\|\s*[\d.]+% \(\d+/\d+\)\s*\|\s*([\d.]+)%")


def bypasses() -> tuple[str, int, bool]:
    """Every attempt to get past the contract's quorum: figure, how many there are, whether all were refused."""
    found = _TESTS.findall(_run("forge", "test", "--match-test", "test_bypass_"))
    if not found:
        return "the contract's did not end", 0, False
    passed, failed = map(int, found[-1])
    return f"on the contract {passed + failed} attempts, {failed} accepted", passed + failed, not failed


def campaign() -> tuple[str, bool]:
    """Every contract test with 10,000 fuzz runs and invariants of 375 runs of 500 calls."""
    ended = _run("forge", "test", FOUNDRY_PROFILE="campaign")
    found = _TESTS.findall(ended)
    if not found:
        return "the campaign did not end", False
    passed, failed = found[-1]
    return f"campaign 10,000 and 375 x 500: {passed} passed, {failed} failed", failed == "0"


def coverage() -> tuple[str, bool]:
    """Lines and branches of the contract."""
    out = _run("forge", "coverage", "--no-match-test", "theArtifactIs", FOUNDRY_PROFILE="mutants", FOUNDRY_DYNAMIC_TEST_LINKING="false")
    found = _COVERAGE.search(out)
    if not found:
        return "no coverage was printed", False
    return f"lines {found[1]} %, branches {found[2]} %", found[1] == found[2] == "100.00"


def mutants() -> tuple[str, bool]:
    """Every mutant that compiles; its own exit code says whether enough are killed."""
    ended = subprocess.run([CONTRACTS / "mutants", "--jobs", "2"], capture_output=True, text=True, timeout=SECONDS, check=False)  # noqa: S603
    last = next((line for line in reversed(ended.stdout.splitlines()) if "killed" in line), "no result")
    return f"mutants: {last.strip()}", ended.returncode == 0


def _run(*command: str, **environment: str) -> str:
    ended = subprocess.run(  # noqa: S603 - the contract's own tools
        command, cwd=CONTRACTS, env={**os.environ, **environment}, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return ended.stdout + ended.stderr
