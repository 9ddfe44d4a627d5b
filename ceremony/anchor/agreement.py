"""Several endpoints, one answer: they must agree on a finalized block, and on everything read at it (P7: disagreement stops)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from ceremony.anchor.chain import ChainReader
from ceremony.anchor.reading import read_contract
from ceremony.errors import ChainLied, ChainMismatch, NotFinal
from ceremony.records.evidence import BlockSeen, ContractSeen

T = TypeVar("T")
PAUSE_GROWTH = 1.2
PAUSE_LIMIT = 6.0
"""Seconds between two looks: half a mainnet block."""


@dataclass(frozen=True)
class Agreement:
    """A block that every endpoint asked knows as final, and who was asked."""

    block: BlockSeen
    endpoints: tuple[str, ...]


def require_chain(readers: Sequence[ChainReader], chain_id: int) -> None:
    """Raise ChainMismatch naming every endpoint that serves another chain than `chain_id`."""
    wrong = tuple(f"{reader.name} serves chain {found}" for reader in readers if (found := reader.chain_id()) != chain_id)
    if wrong:
        message = f"the plan's chain is {chain_id}"
        raise ChainMismatch(message, culprits=wrong)


def agree_final(readers: Sequence[ChainReader]) -> Agreement:
    """The newest block that all endpoints call final, known to all by one hash; ChainLied names those that differ."""
    number = min(reader.finalized().number for reader in readers)
    blocks = {reader.name: reader.block(number) for reader in readers}
    first = next(iter(blocks.values()))
    if any(block != first for block in blocks.values()):
        message = f"the endpoints know block {number} by different hashes or times"
        raise ChainLied(message, culprits=tuple(f"{name}: {block.hash}" for name, block in blocks.items()))
    return Agreement(first, tuple(blocks))


def see_contract(readers: Sequence[ChainReader], address: str) -> ContractSeen:
    """The contract as all endpoints show it at the block they agree on; ChainLied names those that differ."""
    block = agree_final(readers).block
    seen = {reader.name: read_contract(reader, address, block) for reader in readers}
    first = next(iter(seen.values()))
    if any(other != first for other in seen.values()):
        message = f"the endpoints show the contract {address} differently at block {block.number}"
        raise ChainLied(message, culprits=tuple(seen))
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
    """One fact read from every endpoint; ChainLied when they differ."""
    found = {reader.name: look(reader) for reader in readers}
    first = next(iter(found.values()))
    if any(other != first for other in found.values()):
        message = f"the endpoints differ on {what}"
        raise ChainLied(message, culprits=tuple(found))
    return first


