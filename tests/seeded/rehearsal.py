"""One seeded rehearsal: people run the command that is owed until the transcript is closed, whatever the schedule does to them; then judge.

What never varies is shared: a rehearsal starts from a copy of one faultless ceremony as it stood at one of its stages (stage 0: nothing but
entry 0), so that its randomness, its troubles and all that follows are the seed's own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from ceremony.conductor import custody
from ceremony.conductor.closing import name_others
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody
from ceremony.conductor.dealing import abandon
from ceremony.errors import CeremonyError, NotFinal, OpeningError
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.records.act_entries import AbortAsked
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.plan import TokenPlan
from ceremony.transcript.journal import Journal
from tests.crash.driven import AccountedJournal, DrivenCeremony
from tests.seeded.faulty import FaultyAgent, FaultyChain, FaultyJournal, FaultyPeople, FaultyToken, Killed, Struck, faulty_disk
from tests.seeded.schedule import CUSTODIANS, Dice, Kind, Schedule
from tests.simulators.ceremony_directory import NAMES
from tests.simulators.chain import BLOCK_SECONDS
from tests.simulators.custody import KEY, sealed_to
from tests.simulators.ports import PIN
from tests.simulators.randomness import Stream

STEM = 1
"""Seed of the ceremony that the stages are copies of."""
MOST_COMMANDS = 60
"""A rehearsal takes twelve, and a few more for each trouble."""
DAY = 86_400
NOBODYS = frozenset({"DealingError"})
"""Errors that may come without a culprit."""


@dataclass
class Ended:
    """What became of a rehearsal."""

    ceremony: "SeededCeremony"
    state: State | None = None
    faults: list[str] = field(default_factory=list)
    waits: bool = False
    """Fewer than five are left, so that nothing goes on (P2, P7)."""
    refusals: list[str] = field(default_factory=list)
    """Names of the errors that its commands ended in."""


class SeededCeremony(DrivenCeremony):
    """A driven ceremony whose parts are struck by the troubles of a schedule."""

    def __init__(self, base: Path, schedule: Schedule) -> None:
        super().__init__(base, schedule.seed)
        self.struck = Struck(schedule.troubles)
        self.people = FaultyPeople()
        self.people.struck = self.struck
        self.chain = FaultyChain(base / "parts" / "chain.json")
        self.chain.struck = self.struck
        self._kind: Any = type("Token", (FaultyToken,), {"struck": self.struck})
        self._command = 0

    def journal(self, *, create: bool = False) -> AccountedJournal:
        """The directory's journal, as the commands open it."""
        journal = FaultyJournal(self.directory, self._now, create=create)
        journal.books, journal.struck = self.books, self.struck
        return journal

    def conduct(self, act: Callable[[Conductor], object]) -> State:
        """One command; every token that was gone is back, but for the dead."""
        self._command += 1
        self.struck.gone = dict.fromkeys(self.struck.dead, "TokenMissing")
        with faulty_disk(self.base, self.struck):
            return super().conduct(act)

    def look(self) -> State:
        """Nobody's command."""
        with self.journal() as journal:
            return Conductor(journal, self.ports()).state

    @contextmanager
    def custody(self) -> Iterator[Custody]:
        """What follows the closed transcript."""
        with (
            self.journal() as journal,
            Conductor(journal, self.ports()) as conductor,
            Journal(self.directory / "custody", self._now, create=True, kind=CustodyEntry) as written,
        ):
            yield Custody(conductor, written)

    def _open_agent(self, who: str, token: TokenPlan) -> FaultyAgent:
        number = int(token.serial.removeprefix("sim"))
        made = partial(Stream, self._seed * 1000 + self._command)  # nobody's randomness goes on where a command ended
        simulated = self._kind(self._parts / f"{token.serial}.json", made(f"token {number}"), serial=token.serial, pin=PIN, number=number)
        agent = FaultyAgent(simulated, self._parts / "marks", made(f"agent {number}"), who)
        agent.struck, agent.number = self.struck, number
        return agent


class Rehearsal:
    """Plays one schedule in `base`."""

    def __init__(self, base: Path, schedule: Schedule) -> None:
        self.ceremony = SeededCeremony(base, schedule)
        self.ended = Ended(self.ceremony)
        self._dice = Dice(schedule.seed, "people")
        self._state: State | None = None
        """As of the last command, if it ended well."""

    def play(self) -> Ended:
        """To the closed transcript, and an opening and proofs after it."""
        for _ in range(MOST_COMMANDS):
            if not self._go_on():
                break
        else:
            self.ended.faults.append(f"not closed after {MOST_COMMANDS} commands; the last ones ended in {self.ended.refusals[-5:]}")
        return self.ended

    def use(self) -> None:
        """Once it is closed: five to seven are asked to open an envelope, and all to prove, with tokens that are gone or lie among them."""
        struck, state = self.ceremony.struck, self.ended.state
        if state is None or self.ended.waits:
            return
        asked = tuple(index for index in state.plan.indices if index <= state.plan.quorum.k + self._dice.below(3))
        struck.liars = {index for index in asked if not self._dice.below(6)}
        struck.dead |= {index for index in asked if not self._dice.below(12)}
        bad = struck.liars | struck.dead
        struck.troubles, struck.gone = (), dict.fromkeys(struck.dead, "TokenMissing")
        with self.ceremony.custody() as here:
            self.ended.faults += _judge_opening(here, asked, bad)
            wrong = {one.custodian for one in custody.prove(here, tuple(state.plan.indices))}
        if wrong != bad:
            self.ended.faults.append(f"{sorted(bad)} are gone or lie, and {sorted(wrong)} did not prove that they hold their shards")

    def _go_on(self) -> bool:
        """One more command; False when nothing is owed any more."""
        if self._state is None:
            self._try(self.ceremony.look)
        state, self._state = self._state, None
        if state is None:
            return True
        self.ended.state = state
        owed = self.ceremony.owed(state)
        if owed and not self._disturb(state):
            self._try(partial(self._take, owed, state))
        return bool(owed) and not self.ended.waits

    def _take(self, owed: tuple[Step, ...], state: State) -> State:
        ceremony, living = self.ceremony, [step for step in owed if step.part not in self.ceremony.struck.dead]
        if owed[0].kind in {StepKind.APPROVE, StepKind.SIGN} and not living:
            others = [NAMES[index - 1] for index in state.plan.indices if index not in ceremony.struck.dead]
            self.ended.waits = owed[0].kind is StepKind.APPROVE or len(others) < state.plan.quorum.k
            return state if self.ended.waits else ceremony.conduct(lambda c: name_others(c, ", ".join(others)))
        if owed[0].kind in {StepKind.APPROVE, StepKind.SIGN}:
            return ceremony.approve(living[0].part)
        if owed[0].kind is StepKind.ANCHOR:
            return ceremony.anchor()
        return ceremony.conduct(_abandon) if self._stuck(state) else ceremony.run()

    def _stuck(self, state: State) -> bool:
        """Whether an error that only a new dealing mends has come twice in a row, and the dealing may still be thrown away."""
        return self.ended.refusals[-2:] == ["DealingError"] * 2 and not state.proposed

    def _try(self, command: Callable[[], State]) -> None:
        """A command may end in a named error that says whom to blame and what to do, or be killed (P8)."""
        try:
            self._state = command()
        except CeremonyError as error:
            self.ended.refusals.append(error.name)
            if not (error.culprits or error.name in NOBODYS) or not error.message or not error.next_step:
                self.ended.faults.append(f"{error.name} names nobody, or no way on: {error.message}")
            if isinstance(error, NotFinal):
                self._wait()
        except Killed:
            self.ended.refusals.append("killed")

    # --- what happens between two commands ---

    def _disturb(self, state: State) -> bool:
        """Troubles that need no command's help; whether a command was run for one."""
        struck, waits = self.ceremony.struck, state.act_owed is not None and not state.anchored
        if len(state.enrolled) == CUSTODIANS and (trouble := struck.strikes(Kind.MARK_LOST)):
            for mark in (self.ceremony.base / "parts" / "marks").glob(f"sim{trouble.whose}-*"):
                mark.unlink()
        if (waits or state.anchored) and len(struck.dead) < CUSTODIANS - state.plan.quorum.k and (trouble := struck.strikes(Kind.DEAD)):
            struck.dead.add(trouble.whose)
        if waits and (trouble := struck.strikes(Kind.TOO_MANY_DEAD)):
            struck.dead |= {(trouble.whose + by) % CUSTODIANS + 1 for by in (0, 2, 4)}
        if waits and not state.aborting and not state.anchoring and (trouble := struck.strikes(Kind.STOPPED)):
            self._try(partial(self._stop, trouble.whose))
            return True
        if state.dealt and not state.proposed and struck.strikes(Kind.NEW_DEALING):
            self._try(partial(self.ceremony.conduct, _abandon))
            return True
        return False

    def _stop(self, custodian: int) -> State:
        asked = partial(AbortAsked, custodian=custodian, reason="the model hash is last week's")
        state = self.ceremony.conduct(lambda c: c.write(asked(attempt=c.state.attempt)))
        self._wait()
        return state

    def _wait(self) -> None:
        """Until the act that stands is dead, finally, if one waits; else a day."""
        state, chain = self.ended.state, self.ceremony.chain
        now = chain.block(chain._data["height"]).time
        until = state.proposed.act.deadline if state and state.proposed else now + DAY
        chain._data["height"] += max(0, until - now) // BLOCK_SECONDS + 3
        chain._save()


def _abandon(c: Conductor) -> None:
    abandon(c, "the operator asked for a new one")


def _judge_opening(here: Custody, asked: tuple[int, ...], bad: set[int]) -> list[str]:
    """Five right answers open, fewer do not (P2), and whoever did not answer rightly is named either way."""
    c, expected = here.conductor, sorted(bad & set(asked))
    sealed, opened = sealed_to(c.state), len(asked) - len(expected) >= c.state.plan.quorum.k
    try:
        key, done = custody.unseal(here, sealed, "rehearsal", asked)
    except OpeningError as error:
        named = [index for index in asked if any(f"custodian {index} " in culprit for culprit in error.culprits)]
        return [] if not opened and named == expected else [f"{asked} without {expected}: {error.message} {error.culprits}"]
    named = [one.custodian for one in done.wrong]
    return [] if opened and key == KEY and named == expected else [f"{asked} without {expected} opened it; named as wrong: {named}"]
