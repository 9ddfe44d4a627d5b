"""Steps on the chain: deploy, propose, wait out a stopped act, anchor, and name the closing signers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ceremony.acts.digest import digest
from ceremony.acts.render import instant
from ceremony.acts.roster import ascending, roster_digest
from ceremony.anchor.agreement import agree_final, require_chain, require_same, see_contract, wait_final
from ceremony.anchor.artifacts.artifact import find_artifact
from ceremony.anchor.artifacts.deployment import create2_address, create_address, creation_code, encode_factory_call, runtime_code
from ceremony.anchor.calls import encode_approvals, encode_call
from ceremony.anchor.chain import FACTORY, ChainReader
from ceremony.anchor.events import TOPICS
from ceremony.anchor.reading import code_digest
from ceremony.anchor.standing import head_after, require_receipt, require_standing
from ceremony.conductor.conductor import Conductor
from ceremony.errors import ApprovalError, CallReverted, ChainLied, ChainMismatch, DeadlinePassed, NotFinal, OutOfTurn
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.quorum.approvals import Approval, require_alive, require_quorum
from ceremony.records import act_entries as act
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen, ContractSeen
from ceremony.records.structs import Genesis, TypedAct

HOUR = 3600
"""Seconds."""
OPERATOR = "the operator"
NOT_FINAL_BLOCKS = 1000
"""Blocks above the final one to look through: mainnet has about 64 to 96 of them."""


def deploy(c: Conductor, step: Step) -> None:
    """The contract stands finally, and was compared and read back, before anything is proposed to it (DESIGN 4.10)."""
    require_chain(c.ports.readers, c.state.plan.chain.id)
    if step not in c.state.begun:
        c.write(_predict(c))
    begun = c.state.deploying
    if begun is None:  # pragma: no cover - the intent stands one line above
        raise AssertionError
    transaction = None if _stands(c, begun.contract) else _send_deployment(c, begun)
    _wait(c, lambda block: bool(c.ports.readers[0].code(begun.contract, block.number)))
    seen = see_contract(c.ports.readers, begun.contract)
    require_standing(seen, find_artifact(c.state.opened.files), c.state.terms)
    require_fresh(seen)
    c.write(act.Deployed(contract=begun.contract, transaction=transaction, seen=seen))


def propose(c: Conductor, step: Step) -> None:
    """The genesis act over everything so far, on the contract's state as it finally is (T24)."""
    seen = _see(c)
    require_fresh(seen)
    deadline = min(seen.block.time + c.state.plan.approval_hours * HOUR, _expiry(c.state))
    if deadline <= seen.block.time:
        message = f"the plan expired at {c.state.plan.expires}; the newest final block is of {instant(seen.block.time)}"
        raise DeadlinePassed(message, remedy="Start a new ceremony with a plan that has not expired.")
    proposal = Genesis(
        root=c.root,
        size=c.size,
        plan_digest=c.state.opened.plan_digest,
        epoch=seen.epoch,
        sequence=seen.sequence,
        deadline=deadline,
        head=seen.head,
    )
    c.write(act.Proposed(attempt=step.series, act=proposal, seen=seen))


def void(c: Conductor, step: Step) -> None:
    """Wait until the stopped act can never follow; if the chain took it before the stop, that is written instead (DESIGN 4.14)."""
    owed = require_act(c.state)
    seen = _see(c)
    if not _taken(seen, owed):
        _require_near(c, _genesis(owed).deadline - seen.block.time, _genesis(owed).deadline)
    _wait(c, lambda block: block.time > _genesis(owed).deadline or _taken(_see(c), owed))
    seen = _see(c)
    if _taken(seen, owed):
        anchor(c, step)
        return
    require_pinned(owed, seen)
    c.write(act.ActVoided(attempt=step.series, seen=seen))


def _require_near(c: Conductor, left: int, deadline: int) -> None:
    """Raise NotFinal, saying when to come back, unless the seconds left to the stopped act's deadline are few enough to wait for."""
    if left > c.ports.finality.seconds:
        message = f"the stopped act may still follow until {instant(deadline)} by the chain's clock, in {left // HOUR} hours"
        raise NotFinal(message, remedy="Run the same command again after that time; until then the act is ABORTING.")


def void_if_expired(c: Conductor) -> bool:
    """Write the end of a waiting act whose deadline has passed finally; whether it was so."""
    owed = c.state.act_owed
    if owed is None or c.state.anchored:
        return False
    seen = _see(c)
    if _taken(seen, owed) or seen.block.time <= _genesis(owed).deadline:
        return False
    require_pinned(owed, seen)
    c.write(act.ActVoided(attempt=c.state.attempt, seen=seen))
    return True


def anchor(c: Conductor, step: Step) -> None:
    """Publish the act with its approvals, once; wait until it is final; write the receipt."""
    owed = require_act(c.state)
    approvals = require_approved(c.state, owed)
    require_chain(c.ports.readers, c.state.plan.chain.id)
    first = agree_final(c.ports.readers).block.number
    seen = _see(c)
    if not _taken(seen, owed):
        require_going(c.state)
        require_pinned(owed, seen)
        require_alive(_genesis(owed), seen.block.time)
        require_margin(_genesis(owed), seen.block.time, c.ports.finality.margin)
    custodians = tuple(approval.custodian for approval in approvals)
    c.begin(
        Step(StepKind.ANCHOR, 0, step.series),
        lambda: act.AnchorBegun(attempt=step.series, digest=to_hex(digest(owed)), custodians=custodians),
    )
    if not _taken(seen, owed):
        _publish(c, owed, approvals)
    c.write(_receipt(c, step, owed, first))


def name_signers(c: Conductor, _step: Step) -> None:
    """The last entry: those who approved sign the closing checkpoint."""
    c.write(act.ClosingNamed(custodians=tuple(sorted(c.state.approvals))))


def require_margin(act: Genesis, chain_time: int, margin: float) -> None:
    """Raise DeadlinePassed, before anything is sent, when the act may die (both times in seconds of block time) before it is final."""
    if act.deadline - chain_time < margin:
        message = f"the act dies at {instant(act.deadline)}, in {act.deadline - chain_time} s; finality may take {margin:.0f} s"
        raise DeadlinePassed(message, culprits=("the act",), remedy="Nothing was sent. Let it die, then `ceremony run DIR` proposes anew.")


def require_act(state: State) -> TypedAct:
    """The act that is waiting; OutOfTurn when there is none."""
    owed = state.act_owed
    if owed is None or state.anchored:
        message = "no act is waiting"
        raise OutOfTurn(message, remedy="`ceremony status DIR` shows what is owed now.")
    return owed


def require_going(state: State) -> None:
    """Raise ApprovalError naming who stopped the act, if anyone did: a stopped act is never sent (DESIGN 4.14)."""
    if state.aborting is not None:
        who = state.plan.who(state.aborting.custodian)
        message = f"{who} has stopped this act: {state.aborting.reason}"
        raise ApprovalError(message, culprits=(who,), remedy="Run `ceremony run DIR`: it waits until the act is dead, then proposes anew.")


def require_approved(state: State, owed: TypedAct) -> tuple[Approval, ...]:
    """The valid approvals of the waiting act; QuorumError when they are too few (P2)."""
    given = [Approval(entry.custodian, entry.digest, entry.signature) for entry in state.approvals.values()]
    struct = _genesis(owed)
    return require_quorum(owed, given, state.roster, k=state.plan.quorum.k, epoch=struct.epoch, sequence=struct.sequence)


def require_fresh(seen: ContractSeen) -> None:
    """Raise ChainMismatch when the contract has taken an act already: its genesis is there, and this transcript does not know it."""
    if seen.sequence:
        message = f"the contract is at sequence {seen.sequence} already; this transcript, perhaps an old copy, knows no act on it"
        remedy = "Stop. Find the newest copy of the transcript and go on from that one."
        raise ChainMismatch(message, culprits=(f"genesis root {seen.genesis_root}",), remedy=remedy)


def require_pinned(owed: TypedAct, seen: ContractSeen) -> None:
    """Raise ChainMismatch when the contract is not in the state that the act was proposed on (T24)."""
    struct = _genesis(owed)
    if (seen.head, seen.sequence, seen.epoch) != (struct.head, struct.sequence, struct.epoch):
        message = f"the contract has moved on since the act was proposed: sequence {seen.sequence}, head {seen.head}"
        raise ChainMismatch(message, culprits=("the contract",), remedy="Stop: find out who acted on the contract.")


def _expiry(state: State) -> int:
    return int(datetime.fromisoformat(state.plan.expires).timestamp())


def _genesis(owed: TypedAct) -> Genesis:
    if not isinstance(owed.struct, Genesis):  # pragma: no cover - only genesis is proposed in this version
        raise AssertionError  # noqa: TRY004 - a fault of this program, not of a type
    return owed.struct


def _see(c: Conductor) -> ContractSeen:
    if c.state.deployed is None:  # pragma: no cover - the protocol deploys first
        raise AssertionError
    seen = see_contract(c.ports.readers, c.state.deployed.contract)
    require_standing(seen, find_artifact(c.state.opened.files), c.state.terms)
    return seen


def _taken(seen: ContractSeen, owed: TypedAct) -> bool:
    return seen.head == head_after(_genesis(owed), digest(owed))


def _wait(c: Conductor, reached: Callable[[BlockSeen], bool]) -> None:
    limits = c.ports.finality
    wait_final(c.ports.readers, reached, c.ports.people.tell, seconds=limits.seconds, pause=limits.pause)


# --- deploying ---


def _predict(c: Conductor) -> act.DeployBegun:
    creation, planned = creation_code(find_artifact(c.state.opened.files), **c.state.terms), c.state.plan.chain.contract
    block = agree_final(c.ports.readers).block
    if planned != "deploy":
        address, by = planned, "others, before"
    elif c.ports.readers[0].code(FACTORY, block.number):
        address, by = to_hex(create2_address(from_hex(FACTORY), from_hex(c.state.opened.ceremony), creation)), f"factory {FACTORY}"
    else:
        writer = c.ports.open_writer()
        payer, nonce = writer.payer(), writer.nonce()
        address, by = to_hex(create_address(from_hex(payer), nonce)), f"payer {payer} nonce {nonce}"
    digest_hex, roster = code_digest(creation), to_hex(roster_digest(c.state.terms["roster"]))
    runtime = code_digest(runtime_code(find_artifact(c.state.opened.files), **c.state.terms))
    lines = (
        f"Contract:       {address} on chain {c.state.plan.chain.id}, by {by}",
        f"Creation code:  {digest_hex} (SHA-256)",
        f"Runtime code:   {runtime} (SHA-256)",
        f"Roster digest:  {roster}",
        "It is powerless until five custodians approve its genesis.",
    )
    c.ports.people.confirm(OPERATOR, lines, "Deploy this contract?" if planned == "deploy" else "Use this contract?")
    return act.DeployBegun(contract=address, by=by, creation_code_digest=digest_hex, roster_digest=roster)


def _stands(c: Conductor, contract: str) -> bool:
    reader = c.ports.readers[0]
    return bool(reader.code(contract, agree_final(c.ports.readers).block.number))


def _send_deployment(c: Conductor, begun: act.DeployBegun) -> str | None:
    creation = creation_code(find_artifact(c.state.opened.files), **c.state.terms)
    if begun.by.startswith("others"):
        message = f"no contract stands at {begun.contract}"
        raise ChainMismatch(message, remedy='Deploy it first, or write contract = "deploy" into a new plan.')
    writer = c.ports.open_writer()
    c.ports.people.tell(f"      deploying the contract to {begun.contract}; {writer.payer()} pays")
    if begun.by.startswith("factory"):
        try:
            return writer.send(FACTORY, encode_factory_call(from_hex(c.state.opened.ceremony), creation))
        except CallReverted:  # it was sent before a crash and is on its way to finality
            return None
    payer = begun.by.split()
    if (writer.payer(), writer.nonce()) != (payer[1], int(payer[3])):
        return None  # likewise: that nonce is used up; if not by this deployment, finality will not come and says so
    return writer.send(None, creation)


# --- anchoring ---


def _publish(c: Conductor, owed: TypedAct, approvals: tuple[Approval, ...]) -> None:
    contract, struct = _contract(c), _genesis(owed)
    signatures = {from_hex(c.state.roster[one.custodian]): from_hex(one.signature) for one in approvals}
    approved = encode_approvals(signatures, [from_hex(address) for address in ascending(c.state.roster.values())])
    data = encode_call(struct, *approved)
    sent = _Sent()

    def reached(block: BlockSeen) -> bool:
        if _taken(_see(c), owed):
            return True
        require_alive(struct, block.time)
        if sent.is_due(block, c.ports.readers[0]):
            _send(c, contract, data, sent, block)
        return False

    _wait(c, reached)


@dataclass
class _Sent:
    """What was sent last. It is due again only when finality has moved on and it neither stands nor waits: it was dropped."""

    transaction: str | None = None
    final: int = -1

    def is_due(self, block: BlockSeen, reader: ChainReader) -> bool:
        if self.final < 0:
            return True
        return block.number > self.final and self.transaction is not None and not reader.knows(self.transaction)


def _send(c: Conductor, contract: str, data: bytes, sent: _Sent, block: BlockSeen) -> None:
    """Send: the same approvals give the same head, and the contract takes them once, however often they are sent."""
    writer = c.ports.open_writer()
    first = sent.final < 0
    sent.final = block.number
    try:
        sent.transaction = writer.send(contract, data)
    except CallReverted:
        if first and not _on_its_way(c, contract):
            raise
        return
    c.ports.people.tell(f"      published in transaction {sent.transaction}; {writer.payer()} pays")


def _on_its_way(c: Conductor, contract: str) -> bool:
    """Whether a run before this one has published: the event stands in a block that is not final yet."""
    reader = c.ports.readers[0]
    first = reader.finalized().number
    return bool(reader.transactions_with(contract, TOPICS["Genesis"], first, first + NOT_FINAL_BLOCKS))


def _receipt(c: Conductor, step: Step, owed: TypedAct, first: int) -> act.Anchored:
    contract, readers = _contract(c), c.ports.readers
    seen = _see(c)
    deployed = c.state.deployed
    first = min(first, deployed.seen.block.number if deployed else first)
    found = require_same(readers, "the genesis event", lambda r: r.transactions_with(contract, TOPICS["Genesis"], first, seen.block.number))
    if len(found) != 1:
        message = f"{len(found)} genesis events of {contract} are final, not one"
        raise ChainLied(message, culprits=tuple(reader.name for reader in readers))
    receipt = require_same(readers, "the receipt", lambda reader: reader.receipt(found[0]))
    if receipt is None:
        message = f"the endpoints have no receipt of {found[0]}"
        raise ChainLied(message, culprits=tuple(reader.name for reader in readers))
    block = require_same(readers, "the block", lambda reader: reader.block(receipt.block_number))
    require_receipt(receipt, contract, _genesis(owed), digest(owed), block)
    return act.Anchored(
        attempt=step.series, digest=to_hex(digest(owed)), transaction=receipt.transaction, block=block, seen=seen
    )


def _contract(c: Conductor) -> str:
    if c.state.deployed is None:  # pragma: no cover - the protocol deploys first
        raise AssertionError
    return c.state.deployed.contract
