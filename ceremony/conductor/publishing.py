"""An act goes to the chain: simulated, sent, followed to finality, sent again when it was dropped or is too cheap, and proven after.

The contract takes an act once, however often it is sent; one nonce for all that is sent keeps even the payer from paying twice.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from ceremony.acts.digest import digest
from ceremony.acts.roster import ascending
from ceremony.anchor.artifacts.artifact import find_artifact
from ceremony.anchor.calls import encode_approvals, encode_call
from ceremony.anchor.chain import ChainReader, ChainWriter
from ceremony.anchor.contract import parse_refusal
from ceremony.anchor.events import TOPICS
from ceremony.anchor.proven import prove_contract
from ceremony.anchor.standing import require_receipt
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.looking import contract_of, is_taken, proposed_act, proposed_of, same, see, wait
from ceremony.errors import AnswerLost, CallReverted, ChainLied, ChainMismatch, ChainUnreachable, NonceUsed
from ceremony.quorum.approvals import Approval, require_alive
from ceremony.records import act_entries as act
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen, ContractSeen, Effects, Payment
from ceremony.records.structs import TypedAct

NOT_FINAL_BLOCKS = 1000
"""Blocks above the final one to look through: mainnet has about 64 to 96 of them."""


def calldata(c: Conductor, owed: TypedAct, approvals: tuple[Approval, ...]) -> bytes:
    """What is sent to the contract: the act with these approvals."""
    roster = c.state.committee.roster
    signatures = {from_hex(roster[one.custodian]): from_hex(one.signature) for one in approvals}
    approved = encode_approvals(signatures, [from_hex(address) for address in ascending(roster.values())])
    return encode_call(proposed_act(owed), *approved)


def simulate(c: Conductor, data: bytes, block: BlockSeen) -> None:
    """Run the call at every endpoint, on the state of a final block; CallReverted with the contract's own reason when it refuses."""
    artifact, contract = find_artifact(c.state.opened.files), contract_of(c)

    def refusal(reader: ChainReader) -> str:
        try:
            reader.call(contract, data, block.number)
        except CallReverted as error:
            return parse_refusal(artifact, error.data)
        return ""

    refused = same(c, "what the act would do", refusal)
    if refused:
        message = f"the contract would refuse this: {refused}; nothing was sent"
        raise CallReverted(message, culprits=(contract,))


def promise_payment(c: Conductor) -> Payment:
    """The payer, and the nonce that all transactions of the act will take."""
    writer = c.ports.open_writer()
    return Payment(payer=writer.payer(), nonce=writer.nonce())


def publish(c: Conductor, owed: TypedAct, data: bytes, payment: Payment | None) -> None:
    """Send the act and follow it until it is final; DeadlinePassed once it can never be."""
    sending = _Sending(c, data, TOPICS[proposed_act(owed).type], payment)

    def reached(block: BlockSeen) -> bool:
        if is_taken(see(c), owed):
            return True
        require_alive(proposed_act(owed), block.time)
        sending.go_on(block)
        return False

    wait(c, reached)


def read_receipt(c: Conductor, owed: TypedAct, attempt: int) -> act.Anchored:
    """The act's transaction, event and block; ChainLied unless they are exactly this act's."""
    contract, seen, first, kind = contract_of(c), see(c), proposed_of(c).seen.block.number, proposed_act(owed).type
    found = same(c, f"the {kind} event", lambda r: r.transactions_with(contract, TOPICS[kind], first, seen.block.number))
    if len(found) != 1:
        message = f"{len(found)} {kind} events of {contract} are final since the act was proposed, not one"
        raise ChainLied(message, culprits=tuple(reader.name for reader in c.ports.readers))
    receipt = same(c, "the receipt", lambda reader: reader.receipt(found[0]))
    if receipt is None:
        message = f"the endpoints have no receipt of {found[0]}"
        raise ChainLied(message, culprits=tuple(reader.name for reader in c.ports.readers))
    block = same(c, "the block", lambda reader: reader.block(receipt.block_number))
    require_receipt(receipt, contract, proposed_act(owed), digest(owed), block)
    return act.Anchored(attempt=attempt, digest=to_hex(digest(owed)), transaction=receipt.transaction, block=block, seen=seen)


def is_halted(c: Conductor, seen: ContractSeen) -> bool:
    """Whether the contract is halted at the block where it was seen, proven through every endpoint that answers."""
    artifact, contract = find_artifact(c.state.opened.files), contract_of(c)
    return same(
        c, "whether it is halted", lambda r: prove_contract(r, contract, seen.block, artifact, seen.genesis_root).counters.halted
    )


def require_effects(c: Conductor, expected: Effects, seen: ContractSeen) -> None:
    """Raise ChainMismatch unless what is proven of the contract, by every endpoint that answers, is what the act was to make of it."""

    def effects(reader: ChainReader) -> tuple[Effects, bool]:
        proven = prove_contract(reader, contract_of(c), seen.block, find_artifact(c.state.opened.files), expected.genesis_root)
        state = Effects(
            head=to_hex(proven.head),
            sequence=proven.counters.sequence,
            epoch=proven.counters.epoch,
            halted=proven.counters.halted,
            genesis_root=to_hex(proven.genesis_root),
        )
        return state, proven.anchored

    found, anchored = same(c, "the contract's proven state", effects)
    wrong = tuple(
        f"{name} is {value}, was to be {getattr(expected, name)}" for name, value in found if value != getattr(expected, name)
    )
    if wrong or not anchored:
        message = "the act had another effect than the one written down before it was sent"
        raise ChainMismatch(message, culprits=wrong or ("its root is not anchored",))


@dataclass
class _Sending:
    """One act on its way. It is due again when it was dropped, or when it waits for a block longer than patience lasts: then for more."""

    c: Conductor
    data: bytes
    topic: bytes
    payment: Payment | None
    transaction: str | None = None
    times: int = 0
    raised: int = 0
    final: int = -1
    since: float = 0.0

    def go_on(self, block: BlockSeen) -> None:
        """Send if it is due. `block` is the newest final one."""
        if self._on_its_way(block.number):
            return
        impatient = self.times > 0 and time.monotonic() - self.since > self.c.ports.finality.patience
        if self.times and not impatient and (block.number <= self.final or self._waits()):
            return
        if impatient or not self.times:
            self.since = time.monotonic()
        self.raised += impatient
        self.final = block.number
        self._send()
        self.times += 1

    def _send(self) -> None:
        writer, tell = self.c.ports.open_writer(), self.c.ports.people.tell
        try:
            self.transaction = self._offer(writer)
        except AnswerLost as error:
            tell(f"      {error.message}; looking on the chain before sending again")
        except CallReverted:
            if not self.times and not self._on_its_way(self.final):
                raise
        else:
            again = f", again, {self.raised} times raised" if self.raised else ", again" if self.times else ""
            tell(f"      published in transaction {self.transaction}{again}; {writer.payer()} pays")

    def _offer(self, writer: ChainWriter) -> str:
        """At the promised nonce; at the payer's next one if that is used up, or leaves a gap before it, or another payer pays."""
        contract, payer, present = contract_of(self.c), writer.payer(), writer.nonce()
        if self.payment is not None and self.payment.payer == payer and self.payment.nonce <= present:
            with suppress(NonceUsed):
                return writer.send(contract, self.data, nonce=self.payment.nonce, raised=self.raised)
        self.payment = Payment(payer=payer, nonce=present)
        return writer.send(contract, self.data, nonce=present, raised=self.raised)

    def _on_its_way(self, final: int) -> bool:
        """Whether it stands in a block that is not final yet, whoever sent it and whenever."""
        contract, last = contract_of(self.c), final + NOT_FINAL_BLOCKS
        return self._any(lambda reader: bool(reader.transactions_with(contract, self.topic, final, last)))

    def _waits(self) -> bool:
        """Whether what was sent last still waits somewhere; not known, if the answer to it was lost."""
        transaction = self.transaction
        return transaction is not None and self._any(lambda reader: reader.knows(transaction))

    def _any(self, look: Callable[[ChainReader], bool]) -> bool:
        """Whether one endpoint says so; those that do not answer say nothing."""
        for reader in self.c.ports.readers:
            with suppress(ChainUnreachable):
                if look(reader):
                    return True
        return False
