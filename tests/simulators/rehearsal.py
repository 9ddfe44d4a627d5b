"""A seeded rehearsal on simulators, ended by `verify`: the same seed gives the same bytes (P9)."""

import json
import sys
from pathlib import Path

from ceremony.cli import run_command
from tests.simulators.ceremony_directory import SimulatedCeremony

EXIT_CHAIN_NOT_CHECKED = 11
"""What `verify --offline` reaches at best: nobody may believe a simulated chain."""


def rehearse(out: Path, seed: int) -> int:
    """Play and verify; 0 when every check passes and only the chain is left unchecked."""
    ceremony = SimulatedCeremony(out, seed, tell=lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201 - for people
    ceremony.play()
    lines = (ceremony.directory / "transcript").read_text().splitlines()
    digest = next(entry["roster_digest"] for line in lines if (entry := json.loads(line)["body"])["kind"] == "roster_confirmed")
    code = run_command(["verify", str(ceremony.directory), "--roster", digest, "--offline", "--rehearsal"])
    return 0 if code == EXIT_CHAIN_NOT_CHECKED else code or 1
