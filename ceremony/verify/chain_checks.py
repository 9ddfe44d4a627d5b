"""Checks against the chain itself, over every endpoint the reader names, at one finalized block that they agree on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ceremony.acts.digest import digest
from ceremony.anchor.agreement import agree_final, require_chain, require_same
from ceremony.anchor.chain import Log
from ceremony.anchor.contract import ANCHOR_TOPIC, AnchorLog, next_head, parse_anchor_log
from ceremony.anchor.reading import read_contract
from ceremony.anchor.standing import head_after, require_receipt, require_standing
from ceremony.errors import ChainError, ChainLied, ChainMismatch
from ceremony.records.act_entries import ActVoided, Anchored, Deployed, Proposed
from ceremony.records.base import from_hex, to_hex
from ceremony.records.entries import Entry
from ceremony.records.evidence import BlockSeen, ContractSeen
from ceremony.verify.report import Finding, Verdict, pending, proven
from ceremony.verify.state import Subject, blamed

ENOUGH_SOURCES = 2
BLOCKS_LIMIT = 256
"""Blocks asked for at each endpoint: a ceremony names four, and one more for every act that died."""


def endpoints_agree(subject: Subject) -> Finding:
    """All endpoints serve the plan's chain and know one finalized block by one hash; a single one is taken at its word."""
    readers = subject.trust.readers
    if not readers:
        return Finding("no endpoint was asked", "nothing", Verdict.CHAIN_NOT_CHECKED)
    require_chain(readers, subject.state.plan.chain.id)
    agreed = agree_final(readers)
    sources = len(set(_names(subject)))
    limit = Verdict.VERIFIED if sources >= ENOUGH_SOURCES else Verdict.SINGLE_SOURCE
    count = f"{sources} of {sources} endpoints agree on" if limit is Verdict.VERIFIED else "one endpoint shows"
    return proven(f"{count} final block {agreed.block.number} {agreed.block.hash}", limit)


def blocks_stand_on_chain(subject: Subject) -> Finding:
    """Every block that an entry names is on chain, final, with that hash and time: deadlines are judged by these (DESIGN 4.12)."""
    readers, named = subject.trust.readers, dict(_blocks(subject))
    if not named or not readers:
        return pending("no block was checked on chain")
    if len(named) > BLOCKS_LIMIT:
        message = f"the entries name {len(named)} blocks, more than the {BLOCKS_LIMIT} that are asked for"
        raise ChainMismatch(message)
    final = agree_final(readers).block.number
    for block, entry in named.items():
        with blamed(entry), told_by(subject):
            _require_block(subject, block, final)
    return proven(f"{len(named)} blocks, up to {max(block.number for block in named)}, of {final} final ones")


def contract_stands_on_chain(subject: Subject) -> Finding:
    """The code on chain is the local rebuild, byte for byte; roster, ceremony, n, k and halting number read back (T18)."""
    seen = _see(subject)
    if seen is None:
        return pending("no contract was checked on chain")
    return proven(f"code hash {seen.runtime_digest}, roster {seen.roster_digest}, {seen.k} of {seen.n}, halting {seen.halting}")


def genesis_stands_on_chain(subject: Subject) -> Finding:
    """The contract's genesis root, head and sequence are this act's, and whatever it took later follows from it in one hash chain."""
    state, seen = subject.state, _see(subject)
    if seen is None:
        return pending("no contract was checked on chain")
    if seen.sequence == 0:
        if state.anchored:
            message = f"at final block {seen.block.number} the contract has taken no act, but the transcript has a receipt"
            raise ChainMismatch(message, culprits=_names(subject))
        return pending("the contract has taken no act")
    if state.proposed is None or seen.genesis_root != state.proposed.act.root:
        message = f"the contract took a genesis that this transcript does not know: {seen.genesis_root}"
        raise ChainMismatch(message, culprits=_names(subject))
    owed = state.contract_act(state.proposed.act)
    with told_by(subject):
        head = _replay(subject, head_after(state.proposed.act, digest(owed)), seen)
    if head != seen.head:
        message = f"the acts shown give contract head {head}, the contract says {seen.head}"
        raise ChainLied(message, culprits=_names(subject))
    if state.anchored is None:
        return pending("the chain has the act, the transcript not yet its receipt")
    return proven(f"genesis root {seen.genesis_root}, head {seen.head}, {seen.sequence - 1} later acts")


def receipt_stands_on_chain(subject: Subject) -> Finding:
    """The transaction named in the transcript succeeded in the block named there, and shows this very event."""
    state, readers = subject.state, subject.trust.readers
    if not readers or state.anchored is None or state.proposed is None or state.deployed is None:
        return pending("no receipt was checked on chain")
    anchored = state.anchored
    act, block = state.proposed.act, anchored.block
    receipt = require_same(readers, "the receipt", lambda reader: reader.receipt(anchored.transaction))
    if receipt is None:
        message = f"the chain has no receipt of {anchored.transaction}"
        raise ChainMismatch(message, culprits=_names(subject))
    with told_by(subject):
        require_receipt(receipt, state.deployed.contract, act, digest(state.contract_act(act)), block)
    return proven(f"block {block.number} {block.hash}, transaction {anchored.transaction}")


def _see(subject: Subject) -> ContractSeen | None:
    """The contract over all endpoints at one block; None when there is no contract or nobody to ask."""
    deployed, readers = subject.state.deployed, subject.trust.readers
    if deployed is None or not readers:
        return None
    block: BlockSeen = agree_final(readers).block
    with told_by(subject):
        seen = require_same(readers, f"the contract {deployed.contract}", lambda reader: read_contract(reader, deployed.contract, block))
        require_standing(seen, subject.artifact, subject.state.terms)
    return seen


def _replay(subject: Subject, head: str, seen: ContractSeen) -> str:
    """The head after every later act that the chain shows, in the order of their sequence numbers."""
    deployed, readers = subject.state.deployed, subject.trust.readers
    if seen.sequence == 1 or deployed is None:
        return head
    first, last = deployed.seen.block.number, seen.block.number
    found = require_same(readers, "later acts", lambda r: r.transactions_with(deployed.contract, ANCHOR_TOPIC, first, last))
    events: list[AnchorLog] = []
    for transaction in list(dict.fromkeys(found))[: seen.sequence]:  # one transaction may hold several acts, none is left without any
        receipt = require_same(readers, "a receipt", lambda r: r.receipt(transaction))  # noqa: B023 - used in this round only
        events += _later(receipt.logs if receipt else (), deployed.contract)
    events.sort(key=lambda event: event.sequence)
    if len(events) != seen.sequence - 1 or [event.sequence for event in events] != list(range(1, seen.sequence)):
        message = f"the contract says that it took {seen.sequence - 1} acts after its genesis; {len(events)} are shown"
        raise ChainLied(message)
    for event in events:
        head = to_hex(next_head(from_hex(head), event.digest))
    return head


def _later(logs: Sequence[Log], contract: str) -> list[AnchorLog]:
    return [parse_anchor_log(log.topics, log.data) for log in logs if log.address == contract and log.topics[:1] == (ANCHOR_TOPIC,)]


def _blocks(subject: Subject) -> Iterator[tuple[BlockSeen, Entry]]:
    """Every block that an entry names, with that entry."""
    for entry in subject.book:
        if isinstance(entry.body, Deployed | Proposed | ActVoided | Anchored):
            yield entry.body.seen.block, entry
        if isinstance(entry.body, Anchored):
            yield entry.body.block, entry


def _require_block(subject: Subject, block: BlockSeen, final: int) -> None:
    if final < block.number:
        message = f"the newest block that all endpoints call final is {final}; the entry is of block {block.number}"
        raise ChainMismatch(message, remedy="Ask again once they have caught up; until then nothing is shown.")
    found = require_same(subject.trust.readers, f"block {block.number}", lambda reader: reader.block(block.number))
    if found != block:
        message = f"block {block.number} is {found.hash} of {found.time} on chain, {block.hash} of {block.time} in the entry"
        raise ChainMismatch(message, remedy="It was reorganised away or invented: ask other endpoints and custodians.")


@contextmanager
def told_by(subject: Subject) -> Iterator[None]:
    """Whatever is refused inside was told by the endpoints: they are named beside what is wrong."""
    try:
        yield
    except ChainError as error:
        error.culprits += tuple(name for name in _names(subject) if name not in error.culprits)
        raise


def _names(subject: Subject) -> tuple[str, ...]:
    return tuple(reader.name for reader in subject.trust.readers)
