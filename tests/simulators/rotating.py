"""The simulated chain with a contract that can be rotated: what one ceremony leaves behind and its successor goes on with."""

import hashlib
from collections.abc import Sequence
from typing import Any

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.anchor.artifacts.deployment import Terms
from ceremony.anchor.calls import act_selector
from ceremony.anchor.chain import Log, Receipt
from ceremony.anchor.contract import VIEWS, slot_key
from ceremony.anchor.events import TOPICS, next_head
from ceremony.errors import CallReverted
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import Domain, Rotate, TypedAct
from tests.simulators.chain import ADDRESS, ARTIFACT, CHAIN_ID, SEQUENCE_BITS, WORD, SimulatedChain, _count

HEAD_WORDS = 3


class RotatingChain(SimulatedChain):
    """As the simulated chain; rotations after the genesis are taken by the contract's rules."""

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        return (*super().logs(address, first, last), *(self._rotated(one) for one in self._rotations(last) if one["block"] >= first))

    def call(self, address: str, data: bytes, number: int) -> bytes:
        if data[:4] == act_selector("Rotate"):
            self._judge_rotation(data, number)
            return b""
        name = {selector: view for view, selector in VIEWS.items()}.get(data[:4])
        done = self._rotations(number)
        values = {"head": done[-1]["head"], "rosterDigest": done[-1]["roster_digest"]} if done else {}
        if name in values:
            return from_hex(values[name])
        if name in {"sequence", "epoch"} and done:
            return (1 + len(done)).to_bytes(WORD, "big")
        return super().call(address, data, number)

    def receipt(self, transaction: str) -> Receipt | None:
        for one in self._rotations():
            if one["transaction"] == transaction:
                block = self.block(one["block"])
                return Receipt(transaction, True, block.number, block.hash, None, (self._rotated(one),))
        return super().receipt(transaction)

    def transactions_with(self, address: str, topic: bytes, first: int, last: int) -> tuple[str, ...]:
        if topic != TOPICS["Rotate"]:
            return super().transactions_with(address, topic, first, last)
        return tuple(one["transaction"] for one in self._rotations(last) if one["block"] >= first)

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        if data[:4] != act_selector("Rotate"):
            return super().send(to, data, nonce=nonce, raised=raised)
        act, value = self._judge_rotation(data, self._data["height"] + 1)
        transaction = to_hex(hashlib.sha256(data).digest())
        self._data.setdefault("rotations", []).append(
            {
                "sequence": act.sequence,
                "roster": list(act.roster),
                "roster_digest": to_hex(roster_digest(act.roster)),
                "digest": to_hex(value),
                "head": to_hex(next_head(from_hex(act.head), value)),
                "block": self._data["height"] + 1,
                "transaction": transaction,
            }
        )
        self._save()
        return transaction

    def _rotations(self, number: int | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._data.get("rotations", [])
        return [one for one in found if number is None or one["block"] <= number]

    def _judge_rotation(self, data: bytes, number: int) -> tuple[Rotate, bytes]:
        """The act in the calldata and its digest; CallReverted unless the contract would take it in that block."""
        words = [data[4 + at : 4 + at + WORD] for at in range(0, len(data) - 4, WORD)]
        bitmap, act_at = int.from_bytes(words[1], "big"), HEAD_WORDS
        fixed = words[act_at : act_at + 7]
        length = int.from_bytes(words[act_at + 7], "big")
        roster = tuple(to_hex(word[-ADDRESS:]) for word in words[act_at + 8 : act_at + 8 + length])
        size, epoch, sequence, deadline = (int.from_bytes(word, "big") for word in fixed[2:6])
        act = Rotate(
            roster=roster,
            transcript_root=to_hex(fixed[1]),
            transcript_size=size,
            epoch=epoch,
            sequence=sequence,
            deadline=deadline,
            head=to_hex(fixed[6]),
        )
        return act, self._require_rotation(act, bitmap, words[act_at + 9 + length :], number)

    def _require_rotation(self, act: Rotate, bitmap: int, parts: Sequence[bytes], number: int) -> bytes:
        done, genesis = self._rotations(number), self._genesis_at(number)
        head = done[-1]["head"] if done else genesis["head"] if genesis else None
        if (act.sequence, act.epoch, act.head) != (1 + len(done), 1 + len(done), head):
            raise CallReverted("NotYetGenesis or WrongSequence")
        if self.block(number).time > act.deadline:
            raise CallReverted("DeadlinePassed")
        terms = self._terms()
        domain = Domain(name=terms["name"], chain_id=CHAIN_ID, contract=self._data["contract"]["address"], salt=None)  # type: ignore[arg-type]
        value = digest(TypedAct(domain=domain, struct=act))
        charged: Terms = {**terms, "roster": done[-1]["roster"] if done else terms["roster"]}
        if _count(bitmap, parts, value, charged) < terms["k"]:
            raise CallReverted("TooFewApprovals")
        return value

    def _rotated(self, one: dict[str, Any]) -> Log:
        roster = [bytes(WORD - ADDRESS) + from_hex(address) for address in one["roster"]]
        numbers = (one["sequence"] + 1, HEAD_WORDS * WORD)
        head = [*(number.to_bytes(WORD, "big") for number in numbers), from_hex(one["digest"])]
        topics = (TOPICS["Rotate"], one["sequence"].to_bytes(WORD, "big"), from_hex(one["roster_digest"]))
        return Log(self._data["contract"]["address"], topics, b"".join([*head, len(roster).to_bytes(WORD, "big"), *roster]))

    def _slots(self, number: int) -> dict[bytes, int]:
        slots, done = super()._slots(number), self._rotations(number)
        if done:
            slots[slot_key(ARTIFACT, "sequence")] = (1 + len(done)) << SEQUENCE_BITS | (1 + len(done))
            slots[slot_key(ARTIFACT, "head")] = int(done[-1]["head"], 16)
            slots[slot_key(ARTIFACT, "rotatedRosterDigest")] = int(done[-1]["roster_digest"], 16)
        return slots
