"""What is being verified: the entries, what they add up to, the checkpoint, and what the reader brings along (pure)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from ceremony.anchor.agreement import Agreement, agree_among, agree_on
from ceremony.anchor.artifacts.artifact import Artifact, find_artifact
from ceremony.anchor.chain import ChainReader
from ceremony.anchor.proven import NO_ROOT, Proven, prove_contract
from ceremony.errors import CeremonyError, ChainLied
from ceremony.protocol.state import State
from ceremony.records.entries import Entry
from ceremony.records.structs import Genesis
from ceremony.transcript.book import Book

B = TypeVar("B")


@dataclass(frozen=True)
class Trust:
    """What the reader brings along from outside, and whether they admit a rehearsal.

    Attributes:
        roster: the roster digest that the custodians read aloud, hex.
        contract: the contract's address, hex.
        readers: endpoints to ask; none when the chain is not to be checked.
        needed: how many of them must answer, and agree; those that are silent beyond that are left out.
        depth: blocks that make one final by the reader's own rule; 0 when the endpoints tell what the chain calls final.
        pinned: a block (number and hash) that the reader knows to be final; then it is the one that everything is proven at.
        rehearsal: a rehearsal is admitted; it never improves a verdict.
    """

    roster: str | None = None
    contract: str | None = None
    readers: Sequence[ChainReader] = ()
    needed: int = 1
    depth: int = 0
    pinned: tuple[int, str] | None = None
    rehearsal: bool = False


@dataclass(frozen=True)
class Subject:
    """A transcript that reads and follows the protocol, ready for every other check."""

    book: Book
    state: State
    note: bytes | None
    trust: Trust
    _by_kind: dict[str, list[Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.book:
            self._by_kind.setdefault(entry.body.kind, []).append(entry)

    def entries(self, *kinds: str) -> list[Entry]:
        """All entries of these kinds, in order."""
        return sorted((entry for kind in kinds for entry in self._by_kind.get(kind, [])), key=lambda entry: entry.index)

    def bodies(self, kind: type[B]) -> Iterator[tuple[Entry, B]]:
        """Every entry of one kind with its body."""
        name = kind.model_fields["kind"].default  # type: ignore[attr-defined]
        for entry in self._by_kind.get(name, []):
            if isinstance(entry.body, kind):
                yield entry, entry.body

    @property
    def n(self) -> int:
        """How many custodians there are."""
        return self.state.plan.quorum.n

    @cached_property
    def agreed(self) -> Agreement:
        """The final block that the endpoints agree on, or the pinned one; ChainLied when an endpoint has another block in its place."""
        agreed = agree_among(self.trust.readers, self.trust.needed)
        if self.trust.pinned is None:
            return agreed
        number, name = self.trust.pinned
        block = agree_on(agreed.readers, number)
        if block.hash != name:
            message = f"block {number} is {name} as you know it, and {block.hash} as the endpoints show it"
            raise ChainLied(message, culprits=tuple(reader.name for reader in agreed.readers))
        return replace(agreed, block=block)

    @cached_property
    def proven(self) -> Proven | None:
        """The contract, proven through every endpoint at the agreed block; None when there is no contract or nobody to ask."""
        contract = self.state.contract
        if contract is None or not self.trust.readers:
            return None
        return [prove_contract(reader, contract, self.agreed.block, self.artifact, self.genesis_root) for reader in self.readers][-1]

    @property
    def genesis_root(self) -> str:
        """The contract's genesis root once the proposed act was taken: its own, or the one that stood when a rotation was proposed."""
        proposed = self.state.proposed
        if proposed is None:
            return NO_ROOT
        return proposed.act.root if isinstance(proposed.act, Genesis) else proposed.seen.genesis_root

    @property
    def readers(self) -> Sequence[ChainReader]:
        """The endpoints that answer; none when the chain is not to be checked."""
        return self.agreed.readers if self.trust.readers else ()

    @cached_property
    def artifact(self) -> Artifact:
        """The contract artifact that entry 0 names; RecordError when this installation carries no such one."""
        return find_artifact(self.state.opened.files)


@contextmanager
def blamed(entry: Entry) -> Iterator[None]:
    """Whatever is refused inside is this entry's fault, and says so first."""
    try:
        yield
    except CeremonyError as error:
        where = f"entry {entry.index}"
        if where not in error.culprits:
            error.culprits = (where, *error.culprits)
        raise
