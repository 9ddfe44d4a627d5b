"""Several endpoints, one answer: they must agree on a finalized block, and on everything read at it (P7: disagreement stops)."""

import time
from collections.abc import Callable, Mapping, Sequence
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


def majority(readers: Sequence[ChainReader]) -> int:
    """How many must answer while a ceremony acts: more than half, so that one of three may be cut off, and two never decide apart."""
    return len(readers) // 2 + 1


def require_chain(readers: Sequence[ChainReader], chain_id: int, needed: int | None = None) -> None:
    """Raise ChainMismatch naming every endpoint that serves another chain than `chain_id`."""
    found = _ask(readers, lambda reader: reader.chain_id(), needed)
    wrong = tuple(f"{name} serves chain {served}" for name, served in found.items() if served != chain_id)
    if wrong:
        message = f"the plan's chain is {chain_id}"
        raise ChainMismatch(message, culprits=wrong)


def agree_final(readers: Sequence[ChainReader]) -> Agreement:
    """The newest block that a majority answers for, and all who answer call final, by one hash; EndpointsDisagree says who says what."""
    return agree_among(readers, majority(readers))


def agree_among(readers: Sequence[ChainReader], needed: int) -> Agreement:
    """The same among those endpoints that answer; ChainUnreachable names the silent ones when fewer than `needed` do."""
    finals = _ask(readers, lambda reader: reader.finalized(), needed)
    number = min(final.number for final in finals.values())
    blocks = _ask([reader for reader in readers if reader.name in finals], lambda reader: reader.block(number), needed)
    answering = tuple({reader.name: reader for reader in readers if reader.name in blocks}.values())
    silent = tuple(dict.fromkeys(reader.name for reader in readers if reader.name not in blocks))
    return Agreement(_one_block(blocks), answering, silent)


def agree_on(readers: Sequence[ChainReader], number: int) -> BlockSeen:
    """The block with this number, the same for all endpoints; EndpointsDisagree says who says what."""
    blocks = _ask(readers, lambda reader: reader.block(number))
    return _one_block(blocks)


def _one_block(blocks: Mapping[str, BlockSeen]) -> BlockSeen:
    number = next(iter(blocks.values())).number
    return _one(blocks, f"the endpoints know block {number} by different hashes or times", lambda block: f"{block.hash} of {block.time}")


def see_contract(readers: Sequence[ChainReader], address: str) -> ContractSeen:
    """The contract as all who answer, a majority, show it at the block they agree on; EndpointsDisagree says who says what."""
    agreed = agree_final(readers)
    seen = _ask(agreed.readers, lambda reader: read_contract(reader, address, agreed.block), majority(readers))
    different = f"the endpoints show the contract {address} differently at block {agreed.block.number}"
    return _one(seen, different, lambda each: f"sequence {each.sequence}, head {each.head}")


def require_same(readers: Sequence[ChainReader], what: str, look: Callable[[ChainReader], T], needed: int | None = None) -> T:
    """One fact read from every endpoint, or at least from `needed`; EndpointsDisagree when they differ."""
    return _one(_ask(readers, look, needed), f"the endpoints differ on {what}", lambda each: str(each)[:ANSWER_SHOWN])


def _one(found: Mapping[str, T], different: str, show: Callable[[T], str]) -> T:
    """What all say; EndpointsDisagree keeps what each said, as `show` puts it."""
    first = next(iter(found.values()))
    if any(other != first for other in found.values()):
        raise EndpointsDisagree(different, {name: show(each) for name, each in found.items()})
    return first


def _ask(readers: Sequence[ChainReader], look: Callable[[ChainReader], T], needed: int | None = None) -> dict[str, T]:
    """Each endpoint's answer, by its name; ChainUnreachable, naming the silent, when fewer than `needed` (all, if None) answer."""
    found: dict[str, T] = {}
    silent: dict[str, ChainUnreachable] = {}
    for reader in readers:
        try:
            found[reader.name] = look(reader)
        except ChainUnreachable as error:
            if needed is None:
                raise
            silent[reader.name] = error
    needed = max(1, needed or 0)
    if len(found) < needed:
        why = next(iter(silent.values())).message if silent else "no more of them have different names"
        message = f"{len(found)} of {len(readers)} endpoints answer, {needed} must: {why}"
        raise ChainUnreachable(message, culprits=tuple(silent))
    return found


def wait_final(
    readers: Sequence[ChainReader],
    reached: Callable[[BlockSeen], bool],
    tell: Callable[[str], None],
    *,
    seconds: float,
    pause: float,
) -> BlockSeen:
    """Wait until `reached` says so of a finalized block that a majority agrees on; NotFinal after `seconds`.

    Args:
        readers: the endpoints.
        reached: judges a finalized block; may raise.
        tell: shows progress to people, once for each new final block.
        seconds: the longest wait; mainnet finality takes 13 to 20 minutes.
        pause: seconds before the second look; it grows to PAUSE_LIMIT, so that a slow chain is not asked without end.
    """
    end, told = time.monotonic() + seconds, -1
    missed: tuple[str, ...] = ()
    while True:
        agreed = agree_final(readers)
        block = agreed.block
        if agreed.silent and agreed.silent != missed:
            tell(f"      no answer from {', '.join(agreed.silent)}; going on with {len(agreed.readers)} of {len(readers)} endpoints")
        missed = agreed.silent
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
