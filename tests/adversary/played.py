"""One simulated ceremony, played once and kept as bytes: what an adversary starts from, and the keys that insiders among them hold."""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from coincurve import PrivateKey

from ceremony.acts.roster import roster_digest
from ceremony.conductor.opening import open_ceremony
from ceremony.records.plan_text import parse_plan
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT, Journal
from ceremony.verify.state import Trust
from tests.simulators.ceremony_directory import FILES, SimulatedCeremony, plan_text
from tests.simulators.chain import SimulatedChain
from tests.simulators.randomness import Stream

CUSTODIANS = range(1, 8)


@dataclass(frozen=True)
class Played:
    """A closed ceremony.

    Attributes:
        data: the transcript.
        note: the checkpoint.
        chain: the simulated chain's own memory (JSON).
        keys: every custodian's governance key, which no real token would give away.
        roster: the roster digest that the custodians read aloud.
        contract: the contract's address.
    """

    data: bytes
    note: bytes
    chain: str
    keys: Mapping[int, PrivateKey]
    roster: str
    contract: str

    @property
    def offline(self) -> Trust:
        """What a reader without an endpoint brings along; at best "chain not checked"."""
        return Trust(roster=self.roster, rehearsal=True)

    def endpoint(self, directory: Path, name: str, kind: type[SimulatedChain] = SimulatedChain) -> SimulatedChain:
        """An endpoint that serves this ceremony's chain; it remembers in a file of its own in `directory`."""
        path = directory / f"{name}.json"
        path.write_text(self.chain)
        endpoint = kind(path)
        endpoint.name = f"https://{name}.example"
        return endpoint

    def write(self, directory: Path) -> Path:
        """A directory that holds these two files and nothing else."""
        directory.mkdir(parents=True)
        (directory / TRANSCRIPT).write_bytes(self.data)
        (directory / CHECKPOINT).write_bytes(self.note)
        return directory


class RealCeremony(SimulatedCeremony):
    """A ceremony that is none of the rehearsals, as far as its plan and signatures go."""

    def start(self) -> None:
        text = plan_text("In earnest").replace("rehearsal = true", "rehearsal = false")
        with Journal(self.directory, self._clock, create=True) as journal:
            open_ceremony(journal, parse_plan(text), text, FILES, Stream(self._seed, "ceremony id")(32))


@cache
def play(seed: int = 1, kind: type[SimulatedCeremony] = SimulatedCeremony, clock: Callable[[], str] | None = None) -> Played:
    """Play a ceremony to its end (about two seconds), or give the one that was played before."""
    with tempfile.TemporaryDirectory(prefix="ceremony-played-") as name:
        ceremony = kind(Path(name), seed, clock=clock)
        state = ceremony.play()
        data, note = ((ceremony.directory / file).read_bytes() for file in (TRANSCRIPT, CHECKPOINT))
        parts = Path(name) / "parts"
        keys = {index: _governance_key(parts / f"sim{index}.json") for index in CUSTODIANS}
        roster = "0x" + roster_digest(state.terms["roster"]).hex()
        assert state.deployed is not None
        return Played(data, note, (parts / "chain.json").read_text(), keys, roster, state.deployed.contract)


def _governance_key(memory: Path) -> PrivateKey:
    keys: dict[str, list[str]] = json.loads(memory.read_text())["keys"]
    (only,) = [held for name, (held,) in keys.items() if name.startswith("governance/")]
    return PrivateKey(bytes.fromhex(only))
