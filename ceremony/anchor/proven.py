"""The contract at one block, believed for its proofs: whoever answers can withhold, but not invent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ceremony.anchor.artifacts.artifact import Artifact
from ceremony.anchor.artifacts.words import encode_word
from ceremony.anchor.chain import ChainReader
from ceremony.anchor.contract import Counters, index_key, parse_counters, slot_key
from ceremony.anchor.events import ActEvent, History, parse_event, replay
from ceremony.anchor.header import Header, parse_header
from ceremony.anchor.proof import parse_proof, prove_account, prove_slots, require_code
from ceremony.errors import ChainError, ChainLied, ChainMismatch
from ceremony.records.base import from_hex
from ceremony.records.evidence import BlockSeen

FIRST_EPOCH = 1
NO_ROOT = "0x" + "00" * 32
"""Asked about when there is no root to ask about; the contract anchors none such."""


@dataclass(frozen=True)
class Proven:
    """The contract's code and state as of a block.

    Attributes:
        block: the block whose hash vouches for the rest.
        code: its runtime code.
        head: the hash chain over all acts, 32 bytes.
        counters: acts taken, epoch, whether it is halted.
        genesis_root: 32 bytes, zeros before the genesis.
        rotated_roster: digest of the roster in charge after a rotation, 32 bytes; zeros in epoch 1.
        anchored: whether the root that was asked about is anchored.
    """

    block: BlockSeen
    code: bytes
    head: bytes
    counters: Counters
    genesis_root: bytes
    rotated_roster: bytes
    anchored: bool

    def roster_digest(self, first: bytes) -> bytes:
        """The digest of the roster in charge; `first` is the one in the creation code."""
        return first if self.counters.epoch == FIRST_EPOCH else self.rotated_roster


def prove_contract(reader: ChainReader, address: str, block: BlockSeen, artifact: Artifact, root: str) -> Proven:
    """Read and prove the contract through one endpoint.

    Args:
        reader: the endpoint; it is named in every error.
        address: the contract's, hex.
        block: the block that was agreed on or pinned.
        artifact: says which variable lies in which slot.
        root: the root (hex) of which it is asked whether it is anchored.

    Raises:
        ChainMismatch: the endpoint proves that no contract, or other code, stands there.
        ChainLied: what it answers is not what the block's hash vouches for.
    """
    keys = {name: slot_key(artifact, name) for name in ("head", "sequence", "genesisRoot", "rotatedRosterDigest")}
    keys["anchored"] = index_key(artifact, "anchored", from_hex(root))
    with told_by(reader):
        header = require_header(reader, block)
        nodes, answers = parse_proof(reader.proof(address, tuple(keys.values()), block.number), from_hex(address), keys.values())
        account = prove_account(header, from_hex(address), nodes)
        if account is None:
            message = f"no contract stands at {address} in block {block.number}"
            raise ChainMismatch(message, culprits=(address,))
        code = reader.code(address, block.number)
        require_code(account, code)
        slots = prove_slots(account, keys.values(), answers)
    found = {name: slots[key] for name, key in keys.items()}
    return Proven(
        block=block,
        code=code,
        head=encode_word(found["head"]),
        counters=parse_counters(found["sequence"]),
        genesis_root=encode_word(found["genesisRoot"]),
        rotated_roster=encode_word(found["rotatedRosterDigest"]),
        anchored=found["anchored"] == 1,
    )


def require_header(reader: ChainReader, block: BlockSeen) -> Header:
    """The block's header as the endpoint shows it; ChainLied unless its hash, recomputed, is the block's, and number and time too."""
    with told_by(reader):
        header = parse_header(reader.header(block.number))
        if (header.number, header.hash, header.time) != (block.number, block.hash, block.time):
            agreed, shown = f"{block.hash} of {block.time}", f"{header.hash} of {header.time}"
            message = f"block {block.number} was agreed to be {agreed}; the header shown is {shown}"
            raise ChainLied(message)
    return header


def require_history(reader: ChainReader, address: str, first: int, seen: Proven, roster: bytes) -> tuple[ActEvent, ...]:
    """The contract's events since block `first`; ChainLied unless they add up to the proven state: no act is missing, added or another.

    What an event says beside its act's digest is the endpoint's word until it is compared with that act (`standing.says_of`).

    `roster` is the digest of the roster in the creation code, 32 bytes.
    """
    with told_by(reader):
        events = tuple(parse_event(log.topics, log.data) for log in reader.logs(address, first, seen.block.number))
        history = replay(events, roster)
        state = History(seen.head, seen.counters.sequence, seen.counters.epoch, seen.counters.halted, seen.roster_digest(roster))
        if history != state:
            shown, truth = f"{history.sequence} acts, head 0x{history.head.hex()}", f"{state.sequence} acts, head 0x{state.head.hex()}"
            message = f"the events shown add up to {shown}; proven are {truth}"
            raise ChainLied(message)
    return events


@contextmanager
def told_by(*readers: ChainReader) -> Iterator[None]:
    """Whatever is refused inside was told by these endpoints: they are named beside what is wrong."""
    try:
        yield
    except ChainError as error:
        error.culprits = tuple(dict.fromkeys((*(reader.name for reader in readers), *error.culprits)))
        raise
