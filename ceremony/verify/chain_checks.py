"""Checks against the chain itself, over every endpoint that answers, at one block that they agree on or the reader has pinned.

State is proven against that block's hash; what no proof covers (receipts, older blocks) must be the same for all of them.
"""

from collections.abc import Iterator

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.anchor.agreement import require_chain, require_same
from ceremony.anchor.events import replay
from ceremony.anchor.proven import require_header, require_history, told_by
from ceremony.anchor.reading import code_digest
from ceremony.anchor.standing import require_receipt, require_runtime, says_of
from ceremony.errors import ChainMismatch
from ceremony.records.act_entries import ActVoided, Anchored, Deployed, Proposed
from ceremony.records.base import to_hex
from ceremony.records.entries import Entry
from ceremony.records.evidence import BlockSeen
from ceremony.verify.report import Finding, Verdict, pending, proven
from ceremony.verify.state import Subject, blamed

ENOUGH_SOURCES = 2
BLOCKS_LIMIT = 256
"""Blocks asked for at each endpoint: a ceremony names four, and one more for every act that died."""


def endpoints_agree(subject: Subject) -> Finding:
    """Enough endpoints serve the plan's chain and know one final block by one hash; a single one is taken at its word."""
    if not subject.trust.readers:
        return Finding("no endpoint was asked", "nothing", Verdict.CHAIN_NOT_CHECKED)
    block, silent = subject.agreed.block, subject.agreed.silent
    require_chain(subject.readers, subject.state.plan.chain.id)
    for reader in subject.readers:
        require_header(reader, block)
    sources = len(set(_names(subject)))
    note = f"; silent: {', '.join(silent)}" if silent else ""
    if subject.trust.pinned:
        return proven(f"block {block.number} {block.hash} is the one pinned by the reader; {sources} endpoints show it{note}")
    limit = Verdict.VERIFIED if sources >= ENOUGH_SOURCES else Verdict.SINGLE_SOURCE
    count = f"{sources} of {sources + len(silent)} endpoints agree on" if limit is Verdict.VERIFIED else "one endpoint shows"
    final = f"block {block.number}, {subject.trust.depth} blocks deep," if subject.trust.depth else f"final block {block.number}"
    return proven(f"{count} {final} {block.hash}{note}", limit)


def blocks_stand_on_chain(subject: Subject) -> Finding:
    """Every block that an entry names is on chain, final, with that hash and time: deadlines are judged by these (DESIGN 4.12)."""
    named = dict(_blocks(subject))
    if not named or not subject.trust.readers:
        return pending("no block was checked on chain")
    if len(named) > BLOCKS_LIMIT:
        message = f"the entries name {len(named)} blocks, more than the {BLOCKS_LIMIT} that are asked for"
        raise ChainMismatch(message)
    final = subject.agreed.block.number
    for block, entry in named.items():
        with blamed(entry), told_by(*subject.readers):
            _require_block(subject, block, final)
    alone = len(set(_names(subject))) < ENOUGH_SOURCES and any(True for _ in subject.bodies(ActVoided))
    limit = Verdict.SINGLE_SOURCE if alone else Verdict.VERIFIED  # whether a stopped act had died rests on these blocks alone
    return proven(f"{len(named)} blocks, up to {max(block.number for block in named)}, of {final} final ones", limit)


def contract_stands_on_chain(subject: Subject) -> Finding:
    """The code on chain, proven by its hash in the account, is the local rebuild, byte for byte: roster, ceremony, n, k and all (T18)."""
    seen = subject.proven
    if seen is None:
        return pending("no contract was checked on chain")
    terms = subject.state.terms
    with told_by(*subject.readers):
        require_runtime(seen.code, subject.artifact, terms)
    numbers = f"{terms['k']} of {len(terms['roster'])}, halting {terms['halting']}"
    return proven(f"code hash {code_digest(seen.code)}, roster {to_hex(roster_digest(terms['roster']))}, {numbers}")


def genesis_stands_on_chain(subject: Subject) -> Finding:
    """The contract's genesis root, proven in its storage, is this act's, and is anchored."""
    state, seen = subject.state, subject.proven
    if seen is None:
        return pending("no contract was checked on chain")
    if seen.counters.sequence == 0:
        if state.anchored:
            message = f"at final block {seen.block.number} the contract has taken no act, but the transcript has a receipt"
            raise ChainMismatch(message, culprits=_names(subject))
        return pending("the contract has taken no act")
    if state.predecessor and state.proposed is None:
        return pending("no act is proposed")
    if to_hex(seen.genesis_root) != subject.genesis_root or not seen.anchored:
        message = f"the contract took a genesis that this transcript does not know: {to_hex(seen.genesis_root)}"
        raise ChainMismatch(message, culprits=_names(subject))
    if state.anchored is None:
        return pending("the chain has the act, the transcript not yet its receipt")
    return proven(f"genesis root {to_hex(seen.genesis_root)} in storage of block {seen.block.number}")


def history_is_whole(subject: Subject) -> Finding:
    """The contract's events, from its deployment on, replayed: they give the proven head, so none is missing, added or altered."""
    state, seen = subject.state, subject.proven
    if seen is None or not state.contract or not state.first_block or not seen.counters.sequence or state.proposed is None:
        return pending("no act was checked on chain")
    act, first, roster = state.proposed.act, state.first_block.number, roster_digest(state.terms["roster"])
    events = [require_history(reader, state.contract, first, seen, roster) for reader in subject.readers][-1]
    if len(events) <= act.sequence and state.anchored is None:
        return pending("the contract has not taken the act")
    if len(events) <= act.sequence or not says_of(events[act.sequence], act, digest(state.contract_act(act))):
        message = f"act {act.sequence} that the contract took is not the one approved here"
        raise ChainMismatch(message, culprits=_names(subject))
    if replay(events[: act.sequence], roster).roster_digest != roster_digest(state.committee.roster.values()):
        message = "those who approved the act were not the contract's roster then"
        raise ChainMismatch(message, culprits=_names(subject))
    standing = f"epoch {seen.counters.epoch}{', HALTED' if seen.counters.halted else ''}"
    return proven(f"head {to_hex(seen.head)} after {seen.counters.sequence - 1 - act.sequence} later acts, {standing}")


def receipt_stands_on_chain(subject: Subject) -> Finding:
    """The transaction named in the transcript succeeded in the block named there, and shows this very event."""
    state, readers = subject.state, subject.readers
    if not readers or state.anchored is None or state.proposed is None or state.contract is None:
        return pending("no receipt was checked on chain")
    anchored = state.anchored
    act, block = state.proposed.act, anchored.block
    receipt = require_same(readers, "the receipt", lambda reader: reader.receipt(anchored.transaction))
    if receipt is None:
        message = f"the chain has no receipt of {anchored.transaction}"
        raise ChainMismatch(message, culprits=_names(subject))
    with told_by(*subject.readers):
        require_receipt(receipt, state.contract, act, digest(state.contract_act(act)), block)
    return proven(f"block {block.number} {block.hash}, transaction {anchored.transaction}")


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
    found = require_same(subject.readers, f"block {block.number}", lambda reader: reader.block(block.number))
    if found != block:
        message = f"block {block.number} is {found.hash} of {found.time} on chain, {block.hash} of {block.time} in the entry"
        raise ChainMismatch(message, remedy="It was reorganised away or invented: ask other endpoints and custodians.")


def _names(subject: Subject) -> tuple[str, ...]:
    return tuple(reader.name for reader in subject.readers)
