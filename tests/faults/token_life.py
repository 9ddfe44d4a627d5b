"""One ceremony on real SoftHSM tokens, kept as it stood before each thing that custodian 3's token does in its life.

Tokens, agents and conductor are the product's; agents are forked (`tests.faults.forked`), people, dealer and chain are simulators.
Custodian 3 is in both opening sets. Its token has the shim in front of its module, the six others have not.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ceremony.cli.people import REHEARSAL_SO_PIN
from ceremony.conductor import custody, enrolling
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody
from ceremony.conductor.dealing import abandon
from ceremony.conductor.opening import open_ceremony
from ceremony.conductor.running import owed_to_run, take
from ceremony.errors import TokenIncapable
from ceremony.hsm.agents import ask
from ceremony.hsm.initialise import init_token, make_softhsm_directory
from ceremony.hsm.messages import Done, Login, OpenToken, Probe, Probed
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.plan import TokenPlan
from ceremony.records.plan_text import parse_plan
from ceremony.transcript.journal import TRANSCRIPT, Journal
from tests.crash.sweep import in_child
from tests.faults.forked import ForkedAgent
from tests.faults.shim import Shim
from tests.simulators.ceremony_directory import FILES, NAMES, SimulatedCeremony, plan_text
from tests.simulators.custody import KEY, sealed_to
from tests.simulators.ports import PIN
from tests.simulators.randomness import Stream
from tests.softhsm import CONFIG, module

WATCHED = 3
SERIALS = "serials"
SEED = 1


class TokenCeremony(SimulatedCeremony):
    """A ceremony in `base` whose seven tokens are SoftHSM's; the watched one is reached through `shim`."""

    def __init__(self, base: Path, shim: Shim, seed: int = SEED) -> None:
        super().__init__(base, seed)
        self.base = base
        self._shim = shim

    @property
    def serials(self) -> list[str]:
        """The tokens' serial numbers, custodian 1's first."""
        return (self.base / SERIALS).read_text().split()

    def config(self, index: int) -> Path:
        """Of one token."""
        return self.base / "tokens" / str(index) / CONFIG

    def make_tokens(self) -> None:
        """Seven, each in a directory of its own, by the product's own code in processes of their own."""

        def make(index: int) -> str:
            config = make_softhsm_directory(self.config(index).parent)
            return init_token(module(), str(config), NAMES[index - 1].lower(), REHEARSAL_SO_PIN, PIN)

        serials = [in_child(lambda index=index: make(index)) for index in range(1, len(NAMES) + 1)]
        (self.base / SERIALS).write_text("\n".join(serials))

    def start(self) -> None:
        """Entry 0, unless it stands already."""
        if (self.directory / TRANSCRIPT).exists():
            return
        text = plan_text()
        for index, serial in enumerate(self.serials, 1):
            text = text.replace(f'"sim{index}"', f'"{serial}"')
        with Journal(self.directory, self._clock, create=True) as journal:
            open_ceremony(journal, parse_plan(text), text, FILES, Stream(self._seed, "ceremony id")(32))

    @contextmanager
    def custody(self) -> Iterator[Custody]:
        """What follows a closed ceremony."""
        place = self.directory / "custody"
        with (
            Journal(self.directory, self._clock) as journal,
            Conductor(journal, self.ports()) as conductor,
            Journal(place, self._clock, create=not (place / TRANSCRIPT).exists(), kind=CustodyEntry) as written,
        ):
            yield Custody(conductor, written)

    def prompts(self) -> int:
        """How often the watched token's PIN was asked for."""
        return self.people.asked.count((f"custodian {WATCHED} {NAMES[WATCHED - 1]}", f"PIN {self.serials[WATCHED - 1]}"))

    def _open_agent(self, who: str, token: TokenPlan) -> ForkedAgent:
        index = self.serials.index(token.serial) + 1
        config = self.config(index)
        path = str(self._shim.path) if index == WATCHED else module()
        return ForkedAgent(OpenToken(who=who, serial=token.serial, module=path, config=str(config), mark_directory=str(config.parent)))


@dataclass(frozen=True)
class Moment:
    """One thing the watched token does."""

    name: str
    act: Callable[[TokenCeremony], object]
    """Does it."""
    done: Callable[[TokenCeremony], bool] | None = None
    """Whether it is done; None for what may be done again and again."""
    step: tuple[StepKind, int] | None = None
    """The step that `run` takes for it, and its part; None for commands of their own."""


def _step(name: str, kind: StepKind, part: int) -> Moment:
    def act(ceremony: TokenCeremony) -> None:
        ceremony.conduct(lambda c: take(c, [step for step in owed_to_run(c) if (step.kind, step.part) == (kind, part)][:1]))

    return Moment(name, act, lambda ceremony: is_done(state_of(ceremony), kind, part), (kind, part))


def is_done(state: State, kind: StepKind, part: int) -> bool:
    """Whether this step is done, in the dealing that stands; a token is clean when nothing is owed from it."""
    if kind is StepKind.DISCARD:
        return all(index != part for _, index, _ in state.outstanding())
    return any(Step(kind, part, series) in state.done for series in (0, state.dealing))


def state_of(ceremony: SimulatedCeremony) -> State:
    """What its entries add up to."""
    return ceremony.conduct(lambda _c: None)


def _unseal(ceremony: TokenCeremony) -> None:
    with ceremony.custody() as here:
        key, _ = custody.unseal(here, sealed_to(here.conductor.state), "test", (WATCHED, 4, 5, 6, 7))
        if key != KEY:
            raise AssertionError


def _prove(ceremony: TokenCeremony) -> None:
    with ceremony.custody() as here:
        wrong = custody.prove(here, (WATCHED,))
        if wrong:
            raise NotProven(wrong[0].error)


def _examine(ceremony: TokenCeremony) -> None:
    """`ceremony doctor`, for this token."""
    token = state_of(ceremony).plan.custodian[WATCHED - 1].token[0]
    who = f"custodian {WATCHED} {NAMES[WATCHED - 1]}"
    agent = ceremony.ports().open_agent(who, token)
    try:
        ask(agent, Login(pin=ceremony.people.pin(who, token.serial)), Done)
        rows = ask(agent, Probe(), Probed).capabilities
    finally:
        agent.close()
    if not all(row.able for row in rows):
        raise NotProven(TokenIncapable.__name__)


class NotProven(Exception):
    """`prove` and `doctor` go on past what fails, and say so; here its error ends the moment."""


def _approved(ceremony: TokenCeremony) -> bool:
    return WATCHED in state_of(ceremony).approvals


def _signed(ceremony: TokenCeremony) -> bool:
    return Step(StepKind.SIGN, WATCHED) not in ceremony.owed(state_of(ceremony))


MOMENTS: Mapping[str, Moment] = MappingProxyType(
    {
        moment.name: moment
        for moment in (
            _step("enrol", StepKind.ENROL, WATCHED),
            _step("transport", StepKind.TRANSPORT, WATCHED),
            _step("deal", StepKind.DEAL, 0),
            _step("load", StepKind.LOAD, WATCHED),
            _step("discard", StepKind.DISCARD, WATCHED),
            Moment("examine", _examine),
            _step("answer a challenger", StepKind.HOLDING, 1),
            _step("challenge", StepKind.HOLDING, WATCHED),
            _step("open", StepKind.OPEN_TEST, 1),
            _step("witness", StepKind.WITNESS, WATCHED),
            _step("retire", StepKind.RETIRE, WATCHED),
            Moment("approve", lambda ceremony: ceremony.approve(WATCHED), _approved),
            Moment("sign", lambda ceremony: ceremony.approve(WATCHED), _signed),
            Moment("unseal", _unseal),
            Moment("prove", _prove),
        )
    },
)


def play_life(base: Path, shim: Shim, keep: Path) -> None:
    """Play the ceremony in `base`; before each moment, a copy of everything in `keep`."""
    ceremony = TokenCeremony(base, shim)
    ceremony.make_tokens()
    ceremony.start()

    def kept(name: str) -> None:
        shutil.copytree(base, keep / name)

    owed_first = {(StepKind.ENROL, WATCHED): "enrol", (StepKind.DEAL, 0): "deal", (StepKind.LOAD, WATCHED): "load"}
    owed_first |= {(StepKind.HOLDING, 1): "answer a challenger", (StepKind.HOLDING, WATCHED): "challenge", (StepKind.OPEN_TEST, 1): "open"}
    owed_first |= {(StepKind.WITNESS, WATCHED): "witness", (StepKind.RETIRE, WATCHED): "retire"}

    def run(c: Conductor) -> None:
        while owed := owed_to_run(c):
            first = owed[0]
            if first.kind is StepKind.TRANSPORT:
                enrolling.transports(c, [step for step in owed if step.part != WATCHED])
                kept("transport")
                owed = owed_to_run(c)
            elif name := owed_first.get((first.kind, first.part)):
                kept(name)
            take(c, owed)
        c.rise()

    ceremony.conduct(run)
    for index in (1, 2):
        ceremony.approve(index)
    kept("approve")
    for index in (WATCHED, 4, 5):
        ceremony.approve(index)
    ceremony.anchor()
    ceremony.run()
    for index in (1, 2):
        ceremony.approve(index)
    kept("sign")
    for index in (WATCHED, 4, 5):
        ceremony.approve(index)
    kept("unseal")
    kept("prove")
    shutil.copytree(keep / "enrol", keep / "examine")


def keep_discard(base: Path, shim: Shim, keep: Path) -> None:
    """The dealing thrown away when the watched token holds its shard and its transport key, and its turn to clean up."""
    restore(base, keep / "challenge")

    def act(c: Conductor) -> None:
        abandon(c, "the operator asked for a new one")
        while (owed := owed_to_run(c))[0].part != WATCHED:
            take(c, owed)

    ceremony = TokenCeremony(base, shim)
    ceremony.conduct(act)
    shutil.copytree(base, keep / "discard")


def restore(base: Path, kept: Path) -> None:
    """Put what was kept into `base`; SoftHSM's configurations name their places in full."""
    shutil.rmtree(base, ignore_errors=True)
    shutil.copytree(kept, base)
    for index in range(1, len(NAMES) + 1):
        place = base / "tokens" / str(index)
        lines = (place / CONFIG).read_text().splitlines()
        (place / CONFIG).write_text("\n".join((f"directories.tokendir = {place}/tokens", *lines[1:])) + "\n")
