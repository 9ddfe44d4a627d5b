"""A simulated ceremony that succeeds a closed one, on the same chain: four custodians stay, with their tokens, three are new."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody, register
from ceremony.conductor.opening import open_ceremony
from ceremony.conductor.ports import Ports
from ceremony.errors import TokenMissing
from ceremony.protocol.steps import StepKind
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.plan import TokenPlan
from ceremony.records.plan_text import parse_plan
from ceremony.transcript.journal import TRANSCRIPT, Journal
from tests.simulators.ceremony_directory import FILES, SimulatedCeremony, plan_text
from tests.simulators.custody import sealed_to
from tests.simulators.played_on import state_of
from tests.simulators.ports import LocalAgent
from tests.simulators.randomness import Stream
from tests.simulators.rotating import RotatingChain
from tests.simulators.stages import Stage, ceremony_at, run_until

NEW = {5: ("Hana", "sim26"), 6: ("Ivo", "sim27"), 7: ("Jin", "sim28")}
"""Custodians of the successor who were none before, and their tokens' serials."""
SPOILT = "sealed by a stranger"
"""An envelope of this name has tags that fit no token."""
ENVELOPES = ("payroll", "root password", "model key")


class SuccessorCeremony(SimulatedCeremony):
    """The successor in `directory`/successor of the ceremony in `directory`/ceremony. Tokens, chain and marks are theirs together."""

    def __init__(self, directory: Path, seed: int, **parts: Any) -> None:
        super().__init__(directory, seed, **parts)
        self.before, self.directory = self.directory, directory / "successor"
        self.chain = RotatingChain(self._parts / "chain.json")
        self._lost: set[str] = set()

    def lose(self, *serials: str) -> None:
        """From now on nobody finds these tokens."""
        self._lost |= set(serials)

    def _open_agent(self, who: str, token: TokenPlan) -> LocalAgent:
        if token.serial in self._lost:
            message = f"there is no token {token.serial}"
            raise TokenMissing(message, culprits=(who,))
        return super()._open_agent(who, token)

    def start(self) -> None:
        """Entry 0, unless it stands already."""
        path = self.directory / TRANSCRIPT
        if path.exists() and path.stat().st_size:
            return
        text = self.plan_text()
        with Journal(self.directory, self._clock, create=not path.exists()) as journal:
            if not len(journal.book):
                open_ceremony(journal, parse_plan(text), text, FILES, Stream(self._seed, "successor id")(32))

    def plan_text(self) -> str:
        """The predecessor's plan, with its contract and with the new custodians."""
        with self.predecessor(self.ports()) as old:
            state = old.conductor.state
            named = f'[succeeds]\nceremony = "{state.opened.ceremony}"\ndirectory = "{self.before}"\n\n[quorum]'
            text = plan_text().replace("[quorum]", named).replace('"deploy"', f'"{state.contract}"')
        for index, (name, serial) in NEW.items():
            text = text.replace(f'name = "{("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus")[index - 1]}"', f'name = "{name}"')
            text = text.replace(f'serial = "sim{index}"', f'serial = "{serial}"')
        return text

    def ports(self) -> Ports:
        """Every port, simulated, and the way to those who hand over."""
        found = super().ports()
        found.open_predecessor = self.predecessor
        return found

    @contextmanager
    def predecessor(self, ports: Ports) -> Iterator[Custody]:
        """The closed ceremony with its custody journal."""
        place = self.before / "custody"
        with (
            Journal(self.before, self._clock) as journal,
            Conductor(journal, ports) as conductor,
            Journal(place, self._clock, create=not place.exists(), kind=CustodyEntry) as written,
        ):
            yield Custody(conductor, written)


def successor_at(
    place: Path, seed: int = 7, envelopes: tuple[str, ...] = ENVELOPES, *, twins: bool = False, **parts: Any
) -> SuccessorCeremony:
    """A successor, not begun, of a closed ceremony with these envelopes registered."""
    ceremony_at(Stage.CLOSED, place, twins=twins)
    ceremony = SuccessorCeremony(place, seed, **parts)
    with ceremony.predecessor(ceremony.ports()) as old:
        for number, description in enumerate(envelopes):
            sealed = sealed_to(old.conductor.state, description, entropy=bytes([number + 1]) * 48)
            spoilt = sealed.header.model_copy(update={"tags": sealed.header.tags[::-1]})
            register(old, sealed.model_copy(update={"header": spoilt}) if description == SPOILT else sealed)
    return ceremony


def handed_over(ceremony: SuccessorCeremony, kind: StepKind) -> SuccessorCeremony:
    """Play it until a step of this kind is owed."""
    ceremony.start()
    run_until(ceremony, kind)
    while (owed := ceremony.owed(state_of(ceremony))) and owed[0].kind is not kind:
        if owed[0].kind in {StepKind.APPROVE, StepKind.ANCHOR, StepKind.CONSENT, StepKind.SIGN}:
            ceremony.take(owed[0], state_of(ceremony))
        run_until(ceremony, kind)
    return ceremony
