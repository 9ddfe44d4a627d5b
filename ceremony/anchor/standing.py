"""What must be true of the contract that stands on chain, whoever deployed it (pure)."""

from collections.abc import Mapping, Sequence

from ceremony.acts.digest import members
from ceremony.acts.roster import roster_digest
from ceremony.anchor.artifacts.artifact import Artifact
from ceremony.anchor.artifacts.deployment import Terms, runtime_code
from ceremony.anchor.chain import Receipt
from ceremony.anchor.events import TOPICS, ActEvent, next_head, parse_event
from ceremony.anchor.reading import code_digest
from ceremony.errors import ChainLied, ChainMismatch
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen, ContractSeen, Effects
from ceremony.records.structs import Genesis, OnChain, ProposedAct


def require_standing(seen: ContractSeen, artifact: Artifact, terms: Terms, roster: Sequence[str] | None = None) -> None:
    """Raise ChainMismatch unless the code is the local rebuild, byte for byte, and every number reads back as planned (T18).

    `roster` are the addresses that must be in charge, ascending, if another roster than that of the creation code must be by now.
    """
    expected: dict[str, str | int] = {
        "runtime_digest": code_digest(runtime_code(artifact, **terms)),
        "roster_digest": to_hex(roster_digest(terms["roster"] if roster is None else roster)),
        "ceremony": to_hex(terms["ceremony_id"]),
        "n": len(terms["roster"]),
        "k": terms["k"],
        "halting": terms["halting"],
    }
    wrong = tuple(f"{name} is {getattr(seen, name)}, must be {value}" for name, value in expected.items() if getattr(seen, name) != value)
    if wrong:
        message = "the contract on chain is not the one this ceremony deploys"
        raise ChainMismatch(message, culprits=wrong)


def require_runtime(code: bytes, artifact: Artifact, terms: Terms) -> None:
    """Raise ChainMismatch unless the code is the local rebuild, byte for byte; every number that the contract answers stands in it."""
    if code != runtime_code(artifact, **terms):
        message = "the code on chain is not the one this ceremony deploys"
        culprit = f"its SHA-256 is {code_digest(code)}, must be {code_digest(runtime_code(artifact, **terms))}"
        raise ChainMismatch(message, culprits=(culprit,))


def head_after(act: ProposedAct, digest: bytes) -> str:
    """The contract head once this act, with this digest, was taken."""
    return to_hex(next_head(from_hex(act.head), digest))


def effects_of(act: ProposedAct, digest: bytes, *, genesis_root: str = "", halted: bool = False) -> Effects:
    """What the act makes of the contract. A rotation leaves the genesis root (hex) and a halt as they are: say how they are."""
    head, sequence = head_after(act, digest), act.sequence + 1
    if isinstance(act, Genesis):
        return Effects(head=head, sequence=sequence, epoch=act.epoch, halted=False, genesis_root=act.root)
    return Effects(head=head, sequence=sequence, epoch=act.epoch + 1, halted=halted, genesis_root=genesis_root)


def says_of(event: ActEvent, act: OnChain, digest: bytes) -> bool:
    """Whether the event is this act's and says of it what it says itself; the head proves the digest alone, so the rest is compared."""
    said: Mapping[str, object] = members(act)
    return (event.act, event.digest) == (act.type, digest) and all(_said(said, name) == value for name, value in event.fields.items())


def _said(said: Mapping[str, object], name: str) -> object:
    """What an act says under an event's name: a rotation's event also shows the new roster's digest, and the epoch that it makes."""
    if "roster" not in said or name == "roster":
        return said.get(name)
    roster = said["roster"]
    digest_of = roster_digest(to_hex(address) for address in roster) if isinstance(roster, tuple) else b""
    return {"rosterDigest": digest_of, "epoch": int(str(said["epoch"])) + 1}.get(name)


def require_receipt(receipt: Receipt, contract: str, act: ProposedAct, digest: bytes, block: BlockSeen) -> ActEvent:
    """Raise ChainLied unless the receipt shows exactly this act, taken by this contract in this block; returns its event."""
    if not receipt.succeeded or (receipt.block_number, receipt.block_hash) != (block.number, block.hash):
        message = f"transaction {receipt.transaction} did not succeed in block {block.number} {block.hash}"
        raise ChainLied(message, culprits=(receipt.transaction,))
    logs = [log for log in receipt.logs if log.address == contract and log.topics and log.topics[0] == TOPICS[act.type]]
    if len(logs) != 1:
        message = f"transaction {receipt.transaction} shows {len(logs)} {act.type} events of {contract}, not one"
        raise ChainLied(message, culprits=(receipt.transaction,))
    event = parse_event(logs[0].topics, logs[0].data)
    if event.sequence != act.sequence or not says_of(event, act, digest):
        message = f"the {act.type} event in {receipt.transaction} is of another act"
        raise ChainLied(message, culprits=(receipt.transaction,))
    return event
