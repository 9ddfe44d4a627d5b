"""Real SoftHSM tokens for tests: made by the real command, isolated in directories of their own, copied where a fresh one is wanted."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ceremony.cli.people import REHEARSAL_PIN as PIN
from ceremony.hsm import messages as m
from ceremony.hsm.agents import SpawnedAgent, ask
from ceremony.isolation.spawned import START_DEADLINE

CONFIG = "softhsm2.conf"
WHO = "custodian 1 Ada"


def module() -> str:
    """SoftHSM's module, where scripts/setup put it; a missing variable is an error, never a skip."""
    return os.environ["CEREMONY_SOFTHSM_MODULE"]


@dataclass(frozen=True)
class RealToken:
    """A SoftHSM directory with one token in it."""

    directory: Path
    serial: str

    @property
    def config(self) -> Path:
        return self.directory / CONFIG

    @property
    def stores(self) -> list[Path]:
        """The directories that SoftHSM keeps its tokens in, one each."""
        return sorted((self.directory / "tokens").iterdir())

    def request(self, **changes) -> m.OpenToken:
        """The first message to its agent."""
        fields = {"serial": self.serial, "module": module(), "config": str(self.config), "mark_directory": str(self.directory / "marks")}
        return m.OpenToken(who=WHO, **{**fields, **changes})

    def open(self, deadline: float = START_DEADLINE, **changes) -> SpawnedAgent:
        """A spawned agent, nobody logged in."""
        return SpawnedAgent(self.request(**changes), deadline)

    def login(self, deadline: float = START_DEADLINE) -> SpawnedAgent:
        """A spawned agent, the user logged in."""
        agent = self.open(deadline)
        try:
            ask(agent, m.Login(pin=PIN), m.Done)
        except BaseException:
            agent.close()
            raise
        return agent


def make_token(directory: Path, label: str = "ada") -> RealToken:
    """A new token, by `ceremony token init`."""
    command = ["token", "init", "--rehearsal", "--json", "--module", module(), "--label", label, "--softhsm", str(directory)]
    done = subprocess.run([sys.executable, "-m", "ceremony", *command], capture_output=True, check=True, timeout=60)
    return RealToken(directory, json.loads(done.stdout)["serial"])


def copy_token(token: RealToken, directory: Path) -> RealToken:
    """The same token once more, in a directory of its own: what one test does to it, no other sees."""
    shutil.copytree(token.directory, directory)
    config = directory / CONFIG
    config.write_text(config.read_text().replace(str(token.directory.absolute()), str(directory.absolute())))
    return RealToken(directory, token.serial)
