"""A whole ceremony on simulators in one directory: the same conductor, fold, journal and files as the real one."""

from collections.abc import Callable
from pathlib import Path

from ceremony.anchor.artifacts.artifact import load_artifact, name_artifact
from ceremony.conductor import anchoring
from ceremony.conductor.approving import approve, require_owed
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.opening import open_ceremony
from ceremony.conductor.ports import Finality, Ports
from ceremony.conductor.running import run
from ceremony.custody.blobs import BlobDirectory
from ceremony.hsm.token import Token
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.records.evidence import FileDigest
from ceremony.records.plan import TokenPlan
from ceremony.records.plan_text import parse_plan
from ceremony.transcript.checkpoint_file import CheckpointFile
from ceremony.transcript.journal import TRANSCRIPT, Journal, read_book
from tests.simulators.chain import SimulatedChain
from tests.simulators.ports import PIN, LocalAgent, LocalCombiner, LocalDealer, Willing
from tests.simulators.randomness import Clock, Stream
from tests.simulators.tokens import SimulatedToken

NO_DIGEST = "0x" + "00" * 32
FILES = (FileDigest(name="tool", sha256=NO_DIGEST), name_artifact(load_artifact()))
SITES = ("Lisbon", "Oslo", "Zurich", "Vienna", "Dublin", "Turin", "Ghent")
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus")
COMMITS = ("release manifest", "model hash", "snapshot log root")


TWIN, IMPORTER = 3, 5
BACKUP = f"""
[[custodian.token]]
serial = "sim{10 + TWIN}"
module = "/simulated"
roles = ["shard"]
"""
APART = f"""roles = ["sign"]

[[custodian.token]]
serial = "sim{10 + IMPORTER}"
module = "/simulated"
roles = ["shard"]
plain_import = "it cannot unwrap"
"""


def twin_plan() -> str:
    """The same with a twin token of custodian TWIN, and custodian IMPORTER's shard in a token of its own that cannot unwrap."""
    text, module = plan_text("Simulated rehearsal with twins"), 'module = "/simulated"\n'
    for index, more in ((TWIN, BACKUP), (IMPORTER, APART)):
        place = f'serial = "sim{index}"\n{module}'
        assert place in text
        text = text.replace(place, place + more)
    return text


def plan_text(title: str = "Simulated rehearsal") -> str:
    """The plan that simulated ceremonies follow."""
    head = f"""version = 1
title = "{title}"
rehearsal = true
expires = "2030-01-01T00:00:00Z"
approval_hours = 72

[quorum]
n = 7
k = 5
halting = 3

[chain]
id = 31337
endpoints = ["http://127.0.0.1:8545"]
contract = "deploy"
"""
    commits = "".join(f'\n[[commits]]\nname = "{name}"\nsha256 = "{"0" * 63}{number}"\n' for number, name in enumerate(COMMITS, 1))
    people = "".join(
        f'\n[[custodian]]\nname = "{name}"\naffiliation = "Firm {index}"\nsite = "{site}"\n\n[[custodian.token]]\nserial = "sim{index}"\n'
        f'module = "/simulated"\n'
        for index, (name, site) in enumerate(zip(NAMES, SITES, strict=True), 1)
    )
    return head + commits + people


class SimulatedCeremony:
    """Drives a ceremony in `directory` to its end, from wherever it stands.

    Args:
        directory: holds the ceremony directory and the simulated parts' own memory.
        seed: of all randomness.
        make_token: another kind of token for some custodian (a liar).
        tell: progress.
        plan: the plan's text, if it is another one than `plan_text`'s.
    """

    def __init__(
        self,
        directory: Path,
        seed: int,
        *,
        make_token: Callable[..., Token] = SimulatedToken,
        tell: Callable[[str], None] = lambda _line: None,
        clock: Callable[[], str] | None = None,
        plan: str | None = None,
    ) -> None:
        self.directory = directory / "ceremony"
        self._parts = directory / "parts"
        self._parts.mkdir(parents=True, exist_ok=True)
        self._seed = seed
        self._plan = plan or plan_text()
        self._make_token = make_token
        self.people = Willing(tell)
        self._clock = clock or Clock()
        self.chain = SimulatedChain(self._parts / "chain.json")
        self._dealers = Stream(seed, "dealer")
        self._entropy = Stream(seed, "conductor")

    def play(self) -> State:
        """The whole ceremony: start or resume, approve, anchor, close; returns the final state."""
        self.start()
        state = self.run()
        while owed := self.owed(state):
            self.take(owed[0], state)
            state = self.run()
        return state

    def start(self) -> None:
        """Entry 0, unless it stands already."""
        path = self.directory / TRANSCRIPT
        if path.exists() and path.stat().st_size:
            return
        text = self._plan
        with Journal(self.directory, self._clock, create=not path.exists()) as journal:
            if not len(journal.book):
                open_ceremony(journal, parse_plan(text), text, FILES, Stream(self._seed, "ceremony id")(32))

    def run(self) -> State:
        """`ceremony run DIR`."""
        return self.conduct(run)

    def approve(self, index: int) -> State:
        """`ceremony approve DIR --custodian NAME`."""

        def act(c: Conductor) -> None:
            checkpoint = CheckpointFile(self.directory)
            owed = require_owed(c.state, c.journal.book, checkpoint.signed(c.journal.book), index)
            c.seat(index)
            approve(c, checkpoint, index, owed.act)

        return self.conduct(act)

    def anchor(self) -> State:
        """`ceremony anchor DIR`."""
        return self.conduct(lambda c: anchoring.anchor(c, Step(StepKind.ANCHOR, 0, c.state.attempt)))

    def take(self, step: Step, state: State) -> None:
        """Whatever command is owed."""
        if step.kind in {StepKind.APPROVE, StepKind.CONSENT, StepKind.SIGN}:
            self.approve(step.part)
        elif step.kind is StepKind.ANCHOR:
            self.anchor()
        else:  # pragma: no cover - `run` takes every other step
            message = f"nobody takes {step} at {state.size}"
            raise AssertionError(message)

    def conduct(self, act: Callable[[Conductor], object]) -> State:
        """One command, under the lock."""
        with Journal(self.directory, self._clock) as journal, Conductor(journal, self.ports()) as conductor:
            act(conductor)
            return conductor.state

    def owed(self, state: State) -> tuple[Step, ...]:
        """What is owed, the checkpoint's signatures counted."""
        return state.owed(CheckpointFile(self.directory).signed(read_book(self.directory / TRANSCRIPT)))

    def ports(self) -> Ports:
        """Every port, simulated."""
        return Ports(
            people=self.people,
            open_agent=self._open_agent,
            open_dealer=lambda: LocalDealer(self._dealers),
            open_combiner=LocalCombiner,
            blobs=BlobDirectory(self.directory),
            entropy=self._entropy,
            readers=(self.chain,),
            open_writer=lambda: self.chain,
            tool=NO_DIGEST,
            finality=Finality(seconds=1e9, pause=0.0),
        )

    def _open_agent(self, who: str, token: TokenPlan) -> LocalAgent:
        number = int(token.serial.removeprefix("sim"))
        stream = Stream(self._seed, f"token {number}")
        simulated = self._make_token(self._parts / f"{token.serial}.json", stream, serial=token.serial, pin=PIN, number=number)
        return LocalAgent(simulated, self._parts / "marks", Stream(self._seed, f"agent {number}"), who)


