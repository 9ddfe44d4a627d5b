"""Several endpoints, one answer: they must agree on a finalized block, and on everything read at it (P7: disagreement stops)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ceremony.anchor.chain import ChainReader
from ceremony.anchor.reading import read_contract
from ceremony.errors import ChainMismatch, ChainUnreachable, EndpointsDisagree, NotFinal
from ceremony.records.evidence import BlockSeen, ContractSeen

T = TypeVar("T")
ANSWER_SHOWN = 200
"""Characters of an answer that are kept as evidence."""
PAUSE_GROWTH = 1.2
PAUSE_LIMIT = 6.0
"""Seconds between two looks: half a mainnet block."""


@dataclass(frozen=True)
class Agreement:
    """A block that every endpoint which answered knows as final, and who that is."""

    block: BlockSeen
    readers: tuple[ChainReader, ...]
    silent: tuple[str, ...] = ()
    """Endpoints that did not answer."""


def require_chain(readers: Sequence[ChainReader], chain_id: int) -> None:
    """Raise ChainMismatch naming every endpoint that serves another chain than `chain_id`."""
    wrong = tuple(f"{reader.name} serves chain {found}" for reader in readers if (found := reader.chain_id()) != chain_id)
    if wrong:
        message = f"the plan's chain is {chain_id}"
        raise ChainMismatch(message, culprits=wrong)


def agree_final(readers: Sequence[ChainReader]) -> Agreement:
    """The newest block that all endpoints call final, known to all by one hash; EndpointsDisagree says who says what."""
    return agree_among(readers, len(readers))


def agree_among(readers: Sequence[ChainReader], needed: int) -> Agreement:
    """The same among those endpoints that answer; ChainUnreachable names the silent ones when fewer than `needed` do."""
    finals: dict[str, tuple[ChainReader, BlockSeen]] = {}
    silent: dict[str, ChainUnreachable] = {}
    for reader in readers:
        try:
            finals[reader.name] = (reader, reader.finalized())
        except ChainUnreachable as error:
            silent[reader.name] = error
    if len(finals) < max(needed, 1):
        why = next(iter(silent.values())).message if silent else "no more of them have different names"
        message = f"{len(finals)} of {len(readers)} endpoints answer, {needed} must: {why}"
        raise ChainUnreachable(message, culprits=tuple(silent))
    answering = tuple(reader for reader, _ in finals.values())
    number = min(final.number for _, final in finals.values())
    return Agreement(agree_on(answering, number), answering, tuple(silent))


def agree_on(readers: Sequence[ChainReader], number: int) -> BlockSeen:
    """The block with this number, the same for all endpoints; EndpointsDisagree says who says what."""
    blocks = {reader.name: reader.block(number) for reader in readers}
    first = next(iter(blocks.values()))
    if any(block != first for block in blocks.values()):
        message = f"the endpoints know block {number} by different hashes or times"
        raise EndpointsDisagree(message, {name: f"{block.hash} of {block.time}" for name, block in blocks.items()})
    return first


def see_contract(readers: Sequence[ChainReader], address: str) -> ContractSeen:
    """The contract as all endpoints show it at the block they agree on; EndpointsDisagree says who says what."""
    block = agree_final(readers).block
    seen = {reader.name: read_contract(reader, address, block) for reader in readers}
    first = next(iter(seen.values()))
    if any(other != first for other in seen.values()):
        message = f"the endpoints show the contract {address} differently at block {block.number}"
        raise EndpointsDisagree(message, {name: f"sequence {each.sequence}, head {each.head}" for name, each in seen.items()})
    return first


def wait_final(
    readers: Sequence[ChainReader],
    reached: Callable[[BlockSeen], bool],
    tell: Callable[[str], None],
    *,
    seconds: float,
    pause: float,
) -> BlockSeen:
    """Wait until `reached` says so of a finalized block that all agree on; NotFinal after `seconds`.

    Args:
        readers: the endpoints.
        reached: judges a finalized block; may raise.
        tell: shows progress to people, once for each new final block.
        seconds: the longest wait; mainnet finality takes 13 to 20 minutes.
        pause: seconds before the second look; it grows to PAUSE_LIMIT, so that a slow chain is not asked without end.
    """
    end, told = time.monotonic() + seconds, -1
    while True:
        block = agree_final(readers).block
        if reached(block):
            return block
        if time.monotonic() > end:
            message = f"not final after {seconds:.0f} s; the newest final block is {block.number}"
            raise NotFinal(message, culprits=tuple(reader.name for reader in readers))
        if block.number != told:
            tell(f"      waiting for finality: final block {block.number}, {max(0.0, end - time.monotonic()):.0f} s left")
            told = block.number
        time.sleep(pause)
        pause = min(pause * PAUSE_GROWTH, PAUSE_LIMIT)


def require_same(readers: Sequence[ChainReader], what: str, look: Callable[[ChainReader], T]) -> T:
    """One fact read from every endpoint; EndpointsDisagree when they differ."""
    found = {reader.name: look(reader) for reader in readers}
    first = next(iter(found.values()))
    if any(other != first for other in found.values()):
        message = f"the endpoints differ on {what}"
        raise EndpointsDisagree(message, {name: str(each)[:ANSWER_SHOWN] for name, each in found.items()})
    return first


