"""Everything the conductor reaches the world through. Real doors and simulators implement the same ports."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ceremony.anchor.chain import ChainReader, ChainWriter
from ceremony.custody import messages as c
from ceremony.errors import OutOfTurn
from ceremony.hsm.agents import AgentPort
from ceremony.records.evidence import FileDigest
from ceremony.records.plan import TokenPlan

if TYPE_CHECKING:
    from ceremony.conductor.custody import Custody


class People(Protocol):
    """The people in the room. `who` names the person as screens do ("custodian 3 Ada", "the operator")."""

    def tell(self, line: str) -> None:
        """Show progress."""
        ...

    def confirm(self, who: str, lines: Sequence[str], question: str) -> None:
        """Show `lines` and ask for an exact "Yes"; Declined otherwise."""
        ...

    def pin(self, who: str, serial: str) -> str:
        """The PIN of one token, never shown; asked once."""
        ...

    def dice(self, who: str) -> str | None:
        """The rolls of a custodian's die, from a rehearsal's answers; None when the person types them at the terminal, into the agent."""
        ...

    def statement(self, who: str, question: str) -> str:
        """One sentence in the person's own words."""
        ...


class DealerPort(Protocol):
    """A dealer, in a process of its own."""

    def open_dealing(self, request: c.OpenDealing) -> c.DealingReady:
        """Accept the people."""
        ...

    def reveal_system(self) -> c.SystemRevealed:
        """Show the system's points."""
        ...

    def deal(self, request: c.Deal) -> c.DealtOut:
        """Wrap the shards."""
        ...

    def close(self) -> None:
        """Make sure it is gone."""
        ...


class CombinerPort(Protocol):
    """A combiner, in a process of its own: it takes one question."""

    def combine(self, request: c.Combine | c.Join) -> c.Combined:
        """Open one envelope; OpeningError names who answered wrongly."""
        ...

    def rewrap(self, request: c.Rewrap) -> c.WrappedAnew:
        """Wrap one envelope's payload key to another dealing; OpeningError names who answered wrongly."""
        ...

    def reopen(self, request: c.Reopen) -> c.PayloadSeen:
        """See that a payload's key is there; OpeningError names who answered wrongly."""
        ...

    def close(self) -> None:
        """Make sure it is gone."""
        ...


class BlobStore(Protocol):
    """Where wrapped shards wait for their tokens."""

    def store(self, dealing: int, wrapped: Mapping[tuple[int, int], bytes]) -> None:
        """Make all blobs of a dealing durable, by custodian and number of the token."""
        ...

    def load(self, dealing: int, custodian: int, token: int) -> bytes | None:
        """One blob, or None when it is gone."""
        ...

    def destroy(self, dealing: int) -> None:
        """Destroy all blobs of a dealing and read back that they are gone."""
        ...


@dataclass(frozen=True)
class Finality:
    """How long to wait for the chain, in seconds."""

    seconds: float = 3600.0
    """Mainnet takes 13 to 20 minutes; an hour means that something is wrong."""
    pause: float = 0.2
    """Before the second look; it grows from there."""
    margin: float = 1200.0
    """What an act must have left to live when it is published, or it may die before it is final: mainnet at its slowest, 20 minutes."""
    patience: float = 180.0
    """For a transaction to get into a block, before more is paid for it: fifteen of mainnet's blocks."""


@dataclass
class Ports:
    """The doors of one run."""

    people: People
    open_agent: Callable[[str, TokenPlan], AgentPort]
    open_dealer: Callable[[], DealerPort]
    open_combiner: Callable[[], CombinerPort]
    blobs: BlobStore
    entropy: Callable[[int], bytes]
    readers: Sequence[ChainReader]
    open_writer: Callable[[], ChainWriter]
    tool: str
    """SHA-256 of the toolkit's own files, hex with 0x."""
    finality: Finality = Finality()
    open_predecessor: "Callable[[Ports], AbstractContextManager[Custody]]" = field(default_factory=lambda: no_predecessor)
    """The closed ceremony that hands over, with its custody journal, under its lock; its agents come through the ports given."""


def no_predecessor(_ports: Ports) -> "AbstractContextManager[Custody]":
    """Of a first ceremony: OutOfTurn."""
    message = "this ceremony's plan names no predecessor"
    raise OutOfTurn(message)


@dataclass(frozen=True)
class Start:
    """What entry 0 needs beside the plan."""

    plan_text: str
    files: tuple[FileDigest, ...]
    directory: Path
