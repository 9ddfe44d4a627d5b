"""What `scripts/contract_proofs` runs: halmos on each property and on its broken twin, and slither."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.contract_twins import TWINS, patched

CONTRACTS = Path("contracts")
COPIED = ("src", "symbolic", "foundry.toml", "solc-shim", "package.json")
LIMIT = 1800
"""Seconds for one run of halmos; what has not ended by then is not proven."""
QUICK_LIMIT = "60s"
BRANCH_LIMIT = "2s"
"""For one branch: what is given up sooner is walked although nothing leads there, and its loops never end."""
PASSED, COUNTEREXAMPLE = 0, 1


@dataclass(frozen=True)
class Proofs:
    """How many properties are proven, and how many of the broken twins failed theirs."""

    proven: int
    caught: int
    tried: int
    faults: tuple[str, ...]

    @property
    def figure(self) -> str:
        """As the scoreboard has it."""
        return f"{self.proven} proven of {self.tried}, {self.caught} twins failed of {self.tried}"


def main() -> int:
    """Run what is asked; 1 if anything is not proven, not caught or not explained."""
    parser = argparse.ArgumentParser(prog="scripts/contract_proofs", description=__doc__)
    parser.add_argument("what", choices=("halmos", "slither", "all"))
    parser.add_argument("--only", default="", help="properties whose name has this")
    parser.add_argument("--no-twins", action="store_true", help="only the contract itself")
    options = parser.parse_args()
    fine = True
    if options.what != "slither":
        found = halmos(options.only, twins=not options.no_twins)
        _say(found.figure)
        fine = not found.faults
    if options.what != "halmos":
        fine = slither() and fine
    return int(not fine)


def halmos(only: str = "", *, twins: bool = True) -> Proofs:
    """Every property on the contract, where it must hold, and on its twin, where it must not."""
    names = [name for name in TWINS if only in name]
    faults, proven, caught = [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        whole = _project(Path(folder) / "whole")
        for name in names:
            word = _prove(whole, name)
            proven += word == "proven"
            if word != "proven":
                faults.append(f"{name}: {word}")
        for name in names if twins else ():
            source = patched((CONTRACTS / "src/Ceremony.sol").read_text(), name)
            twin = _project(Path(folder) / name, source, keep=name.split(".")[0])
            word = _prove(twin, name, "the twin of ")
            caught += word == "counterexample"
            if word != "counterexample":
                faults.append(f"the twin of {name}: {word}")
            shutil.rmtree(twin)
    return Proofs(proven, caught, len(names), tuple(faults))


def slither() -> bool:
    """Whether slither's findings are exactly those that slither.md explains."""
    command = ["slither", ".", "--config-file", "slither.config.json", "--json", "-"]
    ended = subprocess.run(command, cwd=CONTRACTS, capture_output=True, text=True, check=False)  # noqa: S603 - pinned
    answer = json.loads(ended.stdout or '{"success": false}')
    if not answer["success"]:
        _say(f"slither: did not run: {answer.get('error')} {ended.stderr[-500:]}")
        return False
    found = {(one["check"], one["elements"][0]["name"] if one["elements"] else "") for one in answer["results"].get("detectors", [])}
    explained = set(re.findall(r"^- `([\w-]+)` in `(\w+)`: ", (CONTRACTS / "slither.md").read_text(), re.MULTILINE))
    for check, where in sorted(found - explained):
        _say(f"slither: not explained: `{check}` in `{where}`")
    for check, where in sorted(explained - found):
        _say(f"slither: explained, but not found: `{check}` in `{where}`")
    _say(f"slither: {len(found)} findings, {len(found & explained)} explained")
    return found == explained


def _project(folder: Path, source: str | None = None, keep: str | None = None) -> Path:
    """A copy of the contract's project, perhaps with another source and only one file of properties."""
    folder.mkdir()
    for name in COPIED:
        path = CONTRACTS / name
        (shutil.copytree if path.is_dir() else shutil.copy)(path, folder / name)
    (folder / "node_modules").symlink_to((CONTRACTS / "node_modules").resolve())
    if source is not None:
        (folder / "src/Ceremony.sol").write_text(source)
    for path in (folder / "symbolic").glob("*.t.sol"):
        if keep is not None and path.name != f"{keep}.t.sol":
            path.unlink()
    return folder


def _prove(project: Path, name: str, before: str = "") -> str:
    """Run one property: "proven", "counterexample", or why it is neither."""
    began = time.monotonic()
    contract, function = name.split(".")
    report = project / "report.json"
    report.unlink(missing_ok=True)
    command = ["halmos", "--root", ".", "--forge-build-out", "out-symbolic", "--contract", contract, "--match-test", f"{function}\\("]
    command += ["--loop", "40", "--solver", "yices", "--solver-timeout-assertion", QUICK_LIMIT, "--early-exit", "--no-status"]
    command += ["--solver-timeout-branching", BRANCH_LIMIT, "--json-output", report.name]
    environment = {**os.environ, "FOUNDRY_PROFILE": "symbolic"}
    try:
        ended = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=LIMIT, check=False)  # noqa: S603
        word = _word(report, ended.stdout + ended.stderr)
    except subprocess.TimeoutExpired:
        word = f"not proven: no end in {LIMIT} s"
    _say(f"{before}{name}: {word} ({time.monotonic() - began:.0f} s)")
    return word


def _word(report: Path, output: str) -> str:
    if not report.exists():
        return f"not proven: halmos ended without a report: {output[-300:]}"
    results = [one for tests in json.loads(report.read_text())["test_results"].values() for one in tests]
    if len(results) != 1:
        return f"not proven: {len(results)} results"
    code, bounds = results[0]["exitcode"], results[0]["num_bounded_loops"]
    if code == COUNTEREXAMPLE and re.search("Counterexample: ", output):
        return "counterexample"
    if "not been fully explored" in " ".join(output.split()):
        return "not proven: halmos did not explore every path"
    return "proven" if code == PASSED and not bounds else f"not proven: halmos says {code}, {bounds or 0} loops cut"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())
