"""The conductor: one state, one journal, the ports; takes the next owed step until somebody else must act."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Self

from ceremony.conductor.ports import Ports
from ceremony.errors import CeremonyError, TokenError
from ceremony.hsm.agents import AgentPort, ask
from ceremony.hsm.messages import Describe, Done, Follow, FoundMark, Login, Logout, MarkReply, Opened, Place, ReadMark
from ceremony.protocol.fold import apply, fold, require_allowed
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind, person_of, wording_of
from ceremony.quorum.replay import Extension, Mark
from ceremony.records.base import to_hex
from ceremony.records.entries import Body, Entry
from ceremony.records.evidence import TokenSeen
from ceremony.records.roster_entries import MarkFounded
from ceremony.transcript.journal import Journal

SIGNER_FIRST = "Bring that token as well, and run the same command again: a token that only holds a shard does nothing without it."


class Conductor:
    """Everything the step handlers share. Use as a context manager: leaving it logs every token out and ends every process."""

    def __init__(self, journal: Journal, ports: Ports) -> None:
        self.journal = journal
        self.ports = ports
        self.state: State = fold(journal.book)
        self.file_keys: dict[int, str] = {}
        """Keys of test envelopes opened in this run, by round; after a crash the round is simply opened again."""
        self._agents: dict[tuple[int, int], AgentPort] = {}
        """By custodian and number of the token."""
        self._seated: set[tuple[int, int]] = set()
        self._sitting = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for agent in self._agents.values():
            agent.close()
        self._agents.clear()

    # --- the transcript ---

    def write(self, body: Body) -> Entry:
        """Append one entry, if the protocol allows it here, and take it into the state."""
        entry = self.journal.append(body, lambda entry: require_allowed(self.state, entry))
        apply(self.state, entry)
        return entry

    def begin(self, step: Step, intent: Callable[[], Body]) -> None:
        """Write a step's intent, unless a run before this one has (then the outcome was lost, and the token is asked)."""
        if step not in self.state.begun:
            self.write(intent())

    @property
    def size(self) -> int:
        """Entries so far."""
        return len(self.journal.book)

    @property
    def root(self) -> str:
        """The transcript's root so far, hex."""
        return to_hex(self.journal.book.root())

    def announce(self, step: Step) -> None:
        """Tell who takes a step now, and what they do."""
        plan = self.state.plan_of(step)
        wording = wording_of(plan, step)
        role = f"the {wording.actor}" if wording.actor == "operator" else wording.actor
        who = person_of(plan, step) if wording.actor == "custodian" else role
        self.ports.people.tell(f"[{self.size:3}] {who} {wording.does}")

    # --- custodians ---

    def who(self, index: int) -> str:
        """A custodian as screens and errors name them."""
        return self.state.plan.who(index)

    def whose(self, step: Step) -> str:
        """The token that a step is about, as screens and errors name it."""
        return self.state.plan.whose(step.part, step.token)

    def place(self, index: int, dealing: int | None = None) -> Place:
        """Where a custodian's keys of a dealing are found."""
        return Place(ceremony=self.state.opened.ceremony, dealing=dealing or self.state.dealing, custodian=index)

    def agent(self, index: int, token: int | None = None) -> AgentPort:
        """The agent of one of the custodian's tokens (None: of the one that signs), started when first needed."""
        whose = self._whose(index, token)
        if whose not in self._agents:
            with self._dropping(whose):
                self._open(whose)
                self._show_transcript(whose)
        return self._agents[whose]

    def describe(self, index: int, token: int | None = None) -> TokenSeen:
        """What the token says about itself."""
        return ask(self.agent(index, token), Describe(), Opened).token

    def start_agents(self) -> None:
        """Start all agents at once: their start-up takes longer than anything they do."""
        fresh = [whose for whose in self.state.plan.tokens if whose not in self._agents]
        for whose in fresh:
            self._open(whose)
        for whose in fresh:
            with self._dropping(whose):
                self._show_transcript(whose)

    def extension(self, mark: Mark | None) -> Extension:
        """The transcript as it stands, with the proof that it extends the one of a token's mark (none fits when it does not)."""
        tree, size = self.journal.book.tree, self.size
        seen = min(mark.size, size) if mark else size
        return Extension(size=size, root=self.root, proof=tuple(to_hex(node) for node in tree.consistency(seen, size)))

    def seat(self, index: int, token: int | None = None) -> AgentPort:
        """The agent of a token (None: the one that signs), logged in for this sitting: the PIN is asked once a sitting, tried once."""
        whose = self._whose(index, token)
        agent = self.agent(*whose)
        if whose not in self._seated:
            serial = self.state.plan.token(*whose).serial
            pin = None if self.describe(*whose).protected_pin else self.ports.people.pin(self.who(index), serial)
            with self._dropping(whose):
                ask(agent, Login(pin=pin), Done)
                self._show_transcript(whose)
            self._seated.add(whose)
        return agent

    def require_signer(self, index: int, *, seated: bool = True) -> None:
        """Raise what is wrong with the custodian's token that signs, in words for whoever came with another of theirs."""
        number = self.state.plan.custodian[index - 1].signer
        try:
            _ = self.seat(index) if seated else self.describe(index)
        except TokenError as error:
            message = f"{self.who(index)} needs the token that signs (token {number}): {error.message}"
            raise type(error)(message, culprits=(self.state.plan.whose(index, number),), remedy=SIGNER_FIRST) from None

    def seats(self, tokens: Iterable[tuple[int, int]]) -> dict[tuple[int, int], AgentPort]:
        """Several tokens' agents, logged in."""
        return {whose: self.seat(*whose) for whose in tokens}

    def sit(self, sitting: str) -> None:
        """Begin another sitting: every session of the one before is closed first (T10)."""
        if sitting != self._sitting:
            self.rise()
            self._sitting = sitting

    def first_mark(self, index: int, token: int) -> None:
        """A token that holds a shard, and does not sign, has its mark from its first key on, as the others have from their enrolment."""
        agent, ceremony = self.agent(index, token), self.state.opened.ceremony
        if ask(agent, ReadMark(ceremony=ceremony), MarkReply).mark is None:
            ask(agent, FoundMark(ceremony=ceremony, size=self.size, root=self.root), Done)

    def _whose(self, index: int, token: int | None) -> tuple[int, int]:
        return index, token or self.state.plan.custodian[index - 1].signer

    def _open(self, whose: tuple[int, int]) -> None:
        plan = self.state.plan
        self._agents[whose] = self.ports.open_agent(plan.whose(*whose), plan.token(*whose))

    @contextmanager
    def _dropping(self, whose: tuple[int, int]) -> Iterator[None]:
        """An agent that failed is let go: its process may have ended, and asked again it would hide why."""
        try:
            yield
        except CeremonyError:
            if whose in self._agents:
                self._agents.pop(whose).close()
            raise

    def _show_transcript(self, whose: tuple[int, int]) -> None:
        """Every token sees the transcript before it does anything: an old copy, or another history, ends here (P4)."""
        agent, ceremony = self._agents[whose], self.state.opened.ceremony
        mark = ask(agent, ReadMark(ceremony=ceremony), MarkReply).mark
        if mark is not None:
            ask(agent, Follow(ceremony=ceremony, extension=self.extension(mark)), Done)
        elif self._has_had_mark(*whose):
            self._found_mark(*whose)

    def _has_had_mark(self, index: int, token: int) -> bool:
        if token == self.state.plan.custodian[index - 1].signer:
            return index in self.state.enrolled
        return any((step.kind, step.part, step.token) == (StepKind.TRANSPORT, index, token) for step in self.state.done)

    def _found_mark(self, index: int, token: int) -> None:
        """A known token's high-water mark is gone: its custodian's Yes founds it anew, as an entry (DESIGN 4.9)."""
        who, ceremony = self.state.plan.whose(index, token), self.state.opened.ceremony
        lines = (
            f"The high-water mark beside the token of {who} is missing.",
            "It is what keeps the token from signing two different acts, and from following an old copy of the transcript.",
            "If nobody moved or replaced this token's files, stop and find out why.",
        )
        self.ports.people.confirm(who, lines, "Found it anew at the transcript as it stands?")
        size, root = self.size, self.root
        if not self.state.closing:
            self.write(MarkFounded(custodian=index, token_number=token, size=size, root=root))
        ask(self._agents[index, token], FoundMark(ceremony=ceremony, size=size, root=root), Done)

    def rise(self) -> None:
        """Log every token out."""
        for whose in sorted(self._seated):
            self._seated.discard(whose)
            try:
                ask(self._agents[whose], Logout(), Done)
            except CeremonyError:  # a token that is gone is logged out; the step that needs it will say so
                self._agents.pop(whose).close()
