"""How the ceremony reaches agents: the AGENT PORT, and the door that spawns one process a token (DESIGN 4.8)."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from ceremony.errors import RecordError, TokenLied
from ceremony.hsm.messages import ContributeDice, Opened, OpenToken, Reply, Request, parse_reply
from ceremony.isolation.spawned import START_DEADLINE, Spawned

PERSON_DEADLINE = 3600.0
"""Seconds to roll and type a hundred dice."""
R = TypeVar("R", bound=Reply)
T = TypeVar("T")


class AgentPort(Protocol):
    """One custodian's agent, wherever it runs."""

    who: str

    @property
    def opened(self) -> Opened:
        """What the token said about itself when it was opened; raises the named error when it could not be."""
        ...

    def send(self, request: Request) -> None:
        """Hand a request over; several agents can then work at once."""
        ...

    def receive(self) -> Reply:
        """The reply to the oldest request sent; raises the named error the agent refused with."""
        ...

    def close(self) -> None:
        """Let the agent go."""
        ...


def ask(agent: AgentPort, request: Request, reply: type[R]) -> R:
    """Ask one agent one thing; TokenLied when it answers something else."""
    agent.send(request)
    return expect(agent, reply)


def expect(agent: AgentPort, reply: type[R]) -> R:
    """The reply to what was sent, of the type that belongs to it."""
    answer = agent.receive()
    if not isinstance(answer, reply):
        message = f"{agent.who} answered {answer.reply} to another question"
        raise TokenLied(message, culprits=(agent.who,))
    return answer


class SpawnedAgent:
    """An agent in a process of its own.

    Args:
        request: which token it serves.
        deadline: seconds for each reply.
    """

    def __init__(self, request: OpenToken, deadline: float = START_DEADLINE) -> None:
        self.who = request.who
        self._deadline = self._patience = deadline
        self._process = Spawned("ceremony.hsm.agent_process", request.who)
        self._process.send(request.encode())
        self._opened: Opened | None = None

    @property
    def pid(self) -> int:
        """Process id, for tests that end an agent in mid-work."""
        return self._process.pid

    @property
    def opened(self) -> Opened:
        """What the token said about itself when it was opened; raises the named error when it could not be."""
        if self._opened is None:
            self._opened = self._read(Opened.parse)
        return self._opened

    def send(self, request: Request) -> None:
        """Hand a request over."""
        _ = self.opened
        self._patience = PERSON_DEADLINE if isinstance(request, ContributeDice) else self._deadline
        self._process.send(request.encode())

    def receive(self) -> Reply:
        """The reply."""
        return self._read(parse_reply)

    def close(self) -> None:
        """End the process."""
        self._process.close()

    def _read(self, parse: Callable[[bytes], T]) -> T:
        line = self._process.receive(self._patience)
        try:
            return parse(line)
        except RecordError as error:
            message = f"{self.who} answered something that is no reply: {error.message}"
            raise TokenLied(message, culprits=(self.who,)) from None


def mark_directory(config: str | None, mark: str | None) -> Path:
    """Where a token's high-water mark is kept: as the plan says, else beside its configuration, else in the user's state directory."""
    if mark:
        return Path(mark)
    return Path(config).parent if config else Path.home() / ".local" / "state" / "ceremony"
