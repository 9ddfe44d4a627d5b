"""Real NSS tokens for tests: made by the real command, each in a directory of its own, served by a spawned agent."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ceremony.cli.people import REHEARSAL_PIN as PIN
from ceremony.hsm import messages as m
from ceremony.hsm.agents import SpawnedAgent, ask

WHO = "custodian 1 Ada, token 2"


def module() -> str:
    """NSS's module, where scripts/setup put it; a missing variable is an error, never a skip."""
    return os.environ["CEREMONY_NSS_MODULE"]


@dataclass(frozen=True)
class NssToken:
    """A directory with NSS's databases."""

    directory: Path
    serial: str

    def open(self, **changes) -> SpawnedAgent:
        """A spawned agent, nobody logged in."""
        fields = {"serial": self.serial, "module": module(), "config": str(self.directory), "mark_directory": str(self.directory / "marks")}
        return SpawnedAgent(m.OpenToken(who=WHO, **{**fields, **changes}))

    def login(self) -> SpawnedAgent:
        """A spawned agent, the user logged in."""
        agent = self.open()
        try:
            ask(agent, m.Login(pin=PIN), m.Done)
        except BaseException:
            agent.close()
            raise
        return agent


def init(directory: Path) -> subprocess.CompletedProcess[bytes]:
    """`ceremony token init --nss`."""
    command = ["token", "init", "--rehearsal", "--json", "--module", module(), "--label", "ada", "--nss", str(directory)]
    return subprocess.run([sys.executable, "-m", "ceremony", *command], capture_output=True, check=False, timeout=60)


def make_nss_token(directory: Path) -> NssToken:
    """A new token."""
    done = init(directory)
    assert done.returncode == 0, done
    return NssToken(directory, json.loads(done.stdout)["serial"])
