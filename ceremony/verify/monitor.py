"""What a monitor makes of the contract: what it sees there, proven, and what of it the transcript does not explain (P7, T14)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.anchor.agreement import agree_among, agree_on, require_chain
from ceremony.anchor.artifacts.artifact import find_artifact
from ceremony.anchor.chain import ChainReader
from ceremony.anchor.events import ActEvent
from ceremony.anchor.proven import NO_ROOT, prove_contract, require_history
from ceremony.anchor.standing import require_runtime, says_of
from ceremony.errors import Alarm, ChainMismatch, CodeDrift, ForkSeen, HaltSeen, OutOfTurn, RosterChanged, UnknownAct
from ceremony.protocol.state import State
from ceremony.records.act_entries import Proposed
from ceremony.records.base import to_hex
from ceremony.records.evidence import BlockSeen
from ceremony.records.structs import OnChain
from ceremony.transcript.book import Book

ALL_OF_THEM = 1 << 64
"""A sequence number that no act has."""


@dataclass(frozen=True)
class Sighting:
    """The contract at one final block that enough endpoints agree on: its state proven, its events complete.

    Attributes:
        block: that block.
        head: the contract head, hex.
        sequence: acts taken.
        epoch: of the roster in charge.
        halted: whether it is halted.
        roster: digest of the roster in charge, hex.
        events: one for each act taken, in order.
        silent: endpoints that did not answer.
    """

    block: BlockSeen
    head: str
    sequence: int
    epoch: int
    halted: bool
    roster: str
    events: tuple[ActEvent, ...]
    silent: tuple[str, ...]


class Monitor:
    """Looks at one ceremony's contract; remembers what was final when it last looked.

    Args:
        book: the transcript.
        state: what it adds up to; OutOfTurn unless the contract stands.
        readers: endpoints.
        needed: how many of them must answer, and agree.
    """

    def __init__(self, book: Book, state: State, readers: Sequence[ChainReader], needed: int) -> None:
        if state.contract is None or state.first_block is None:
            message = "no contract stands yet, so there is nothing to watch"
            raise OutOfTurn(message)
        self._state, self._contract, self._first = state, state.contract, state.first_block
        self._readers, self._needed = readers, needed
        acts = tuple(_proposals(book))
        self._known = {digest(state.contract_act(act)): act for act in acts}
        self._before = min((act.sequence for act in acts), default=ALL_OF_THEM) if state.predecessor else 0
        """Acts with a lower number stand in the transcripts of those who handed over."""
        self._last: Sighting | None = None

    def look(self) -> Sighting:
        """See the contract once; the Alarm, EndpointsDisagree, ChainLied or ChainUnreachable that it gives reason to."""
        seen = self._see()
        for alarm in self._judge(seen):
            raise alarm
        self._last = seen
        return seen

    def _see(self) -> Sighting:
        agreed = agree_among(self._readers, self._needed)
        require_chain(agreed.readers, self._state.plan.chain.id)
        self._require_no_fork(agreed.readers, agreed.block)
        address, artifact, terms = self._contract, find_artifact(self._state.opened.files), self._state.terms
        first = roster_digest(terms["roster"])
        for reader in agreed.readers:
            try:
                proven = prove_contract(reader, address, agreed.block, artifact, NO_ROOT)
                require_runtime(proven.code, artifact, terms)
            except ChainMismatch as error:
                raise CodeDrift(error.message, culprits=error.culprits) from None
            events = require_history(reader, address, self._first.number, proven, first)
        return Sighting(
            block=agreed.block,
            head=to_hex(proven.head),
            sequence=proven.counters.sequence,
            epoch=proven.counters.epoch,
            halted=proven.counters.halted,
            roster=to_hex(proven.roster_digest(first)),
            events=tuple(sorted(events, key=lambda event: event.sequence)),
            silent=agreed.silent,
        )

    def _require_no_fork(self, readers: Sequence[ChainReader], newest: BlockSeen) -> None:
        """The oldest block that is known to be final, and the newest: a fork between them changes the newest too."""
        for block in (self._first, *([self._last.block] if self._last else [])):
            if block.number > newest.number:
                continue  # an endpoint that is behind is not a fork
            found = agree_on(readers, block.number)
            if found != block:
                message = f"block {block.number} was final as {block.hash}, and is {found.hash} now"
                raise ForkSeen(message, culprits=tuple(reader.name for reader in readers))

    def _judge(self, seen: Sighting) -> Iterator[Alarm]:
        """Every reason for an alarm, the most telling first: a halt or a rotation is also an act that the transcript does not know."""
        last = self._last
        if last and (seen.sequence < last.sequence or seen.events[: last.sequence] != last.events):
            yield ForkSeen(f"act {last.sequence - 1} was final, and the contract has taken {seen.sequence} acts now")
        if seen.roster != to_hex(roster_digest(self._in_charge())):
            yield RosterChanged(f"epoch {seen.epoch} has the roster {seen.roster}", culprits=("the roster",))
        if seen.halted:
            yield HaltSeen(f"the contract is halted since act {max(e.sequence for e in seen.events if e.act == 'Halt')}")
        for event in seen.events[self._before :]:
            if event.digest not in self._known:
                what = f"act {event.sequence} ({event.act}) is not in the transcript"
                yield UnknownAct(what, culprits=(f"digest {to_hex(event.digest)}",))
            elif not says_of(event, self._known[event.digest], event.digest):
                yield UnknownAct(f"act {event.sequence} ({event.act}) is shown with other fields than were approved")

    def _in_charge(self) -> tuple[str, ...]:
        """The governance addresses that must be the contract's roster now."""
        state = self._state
        return state.roster_at(state.committee.epoch if state.anchored is None else state.epoch)


def _proposals(book: Book) -> Iterator[OnChain]:
    return (entry.body.act for entry in book if isinstance(entry.body, Proposed))
