"""What must be true of the contract that stands on chain, whoever deployed it (pure)."""

from ceremony.anchor.artifacts.artifact import Artifact
from ceremony.anchor.artifacts.deployment import Terms, runtime_code
from ceremony.anchor.chain import Receipt
from ceremony.anchor.contract import GENESIS_TOPIC, GenesisLog, next_head, parse_genesis_log
from ceremony.anchor.reading import code_digest
from ceremony.errors import ChainLied, ChainMismatch
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen, ContractSeen
from ceremony.records.structs import Genesis


def require_standing(seen: ContractSeen, artifact: Artifact, terms: Terms) -> None:
    """Raise ChainMismatch unless the code is the local rebuild, byte for byte, and every number reads back as planned (T18)."""
    expected = {
        "runtime_digest": code_digest(runtime_code(artifact, **terms)),
        "roster_digest": to_hex(terms["roster_digest"]),
        "ceremony": to_hex(terms["ceremony_id"]),
        "n": terms["n"],
        "k": terms["k"],
        "halting": terms["halting"],
    }
    wrong = tuple(f"{name} is {getattr(seen, name)}, must be {value}" for name, value in expected.items() if getattr(seen, name) != value)
    if wrong:
        message = "the contract on chain is not the one this ceremony deploys"
        raise ChainMismatch(message, culprits=wrong)


def head_after(act: Genesis, digest: bytes) -> str:
    """The contract head once this act, with this digest, was taken."""
    return to_hex(next_head(from_hex(act.head), digest))


def require_receipt(receipt: Receipt, contract: str, act: Genesis, digest: bytes, block: BlockSeen) -> GenesisLog:
    """Raise ChainLied unless the receipt shows exactly this act, taken by this contract in this block; returns its event."""
    if not receipt.succeeded or (receipt.block_number, receipt.block_hash) != (block.number, block.hash):
        message = f"transaction {receipt.transaction} did not succeed in block {block.number} {block.hash}"
        raise ChainLied(message, culprits=(receipt.transaction,))
    logs = [log for log in receipt.logs if log.address == contract and log.topics and log.topics[0] == GENESIS_TOPIC]
    if len(logs) != 1:
        message = f"transaction {receipt.transaction} shows {len(logs)} genesis events of {contract}, not one"
        raise ChainLied(message, culprits=(receipt.transaction,))
    event = parse_genesis_log(logs[0].topics, logs[0].data)
    said = (event.sequence, to_hex(event.root), event.size, to_hex(event.head), event.digest)
    if said != (act.sequence, act.root, act.size, head_after(act, digest), digest):
        message = f"the genesis event in {receipt.transaction} is of another act"
        raise ChainLied(message, culprits=(receipt.transaction,))
    return event
