"""Endpoints that lie, one thing each, with the check that refuses it: when every endpoint asked lies alike, and beside an honest one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.chain import Log, Receipt
from ceremony.anchor.contract import slot_key
from ceremony.anchor.events import TOPICS
from ceremony.errors import ChainUnreachable
from ceremony.records.evidence import BlockSeen
from tests.simulators.chain import LAG, SEQUENCE_BITS, WORD, SimulatedChain
from tests.simulators.trie import Trie

WRONG_WORD = b"\x11" * WORD
WRONG = "0x" + WRONG_WORD.hex()


@dataclass(frozen=True)
class Lie:
    """One lie, and the check that refuses it when told by all, and when told by one of two."""

    kind: type[SimulatedChain]
    by_all: str
    by_one: str

    def __str__(self) -> str:
        return self.kind.__name__


class AnotherChain(SimulatedChain):
    def chain_id(self) -> int:
        return 1


class AnotherHash(SimulatedChain):
    def block(self, number: int) -> BlockSeen:
        return super().block(number).model_copy(update={"hash": WRONG})


class AnotherTime(SimulatedChain):
    """Time decides whether an act is alive, so it counts as much as the hash."""

    def block(self, number: int) -> BlockSeen:
        seen = super().block(number)
        return seen.model_copy(update={"time": seen.time + 1})


class StaleFinality(SimulatedChain):
    """Its final block is older than what the transcript shows."""

    def finalized(self) -> BlockSeen:
        return self.block(8)


class AnotherCode(SimulatedChain):
    def code(self, address: str, number: int) -> bytes:
        return super().code(address, number)[:-1] + b"\x00"


class NoCode(SimulatedChain):
    def code(self, address: str, number: int) -> bytes:
        return b""


class _AnotherState(SimulatedChain):
    """Blocks that come from now on say, and prove, something else of the contract's storage: a chain of the liar's own."""

    variable, value = "", 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.since = self._data["height"] - LAG + 1

    def _slots(self, number: int) -> dict[bytes, int]:
        held = super()._slots(number)
        return held if number < self.since else held | {slot_key(load_artifact(), self.variable): self.value}


class AnotherHead(_AnotherState):
    variable, value = "head", int(WRONG, 16)


class AnUnknownGenesis(_AnotherState):
    variable, value = "genesisRoot", int(WRONG, 16)


class NothingHappened(_AnotherState):
    variable, value = "sequence", 1 << SEQUENCE_BITS


class ALaterActWithoutItsEvent(_AnotherState):
    variable, value = "sequence", 1 << SEQUENCE_BITS | 2


class AHaltWithoutItsEvent(_AnotherState):
    variable, value = "sequence", 1 << 2 * SEQUENCE_BITS | 1 << SEQUENCE_BITS | 1


class ARotationWithoutItsEvent(_AnotherState):
    variable, value = "sequence", 2 << SEQUENCE_BITS | 1


class NotAnchored(_AnotherState):
    """The genesis root stands, but the index does not know it."""

    def _slots(self, number: int) -> dict[bytes, int]:
        held = SimulatedChain._slots(self, number)
        if number < self.since:
            return held
        return {slot: value for slot, value in held.items() if value != 1}


class OtherCodeOfItsOwn(_AnotherState):
    """Its account proves other code."""

    def _slots(self, number: int) -> dict[bytes, int]:
        return SimulatedChain._slots(self, number)

    def _runtime(self, number: int) -> bytes:
        code = super()._runtime(number)
        return code[:-1] + b"\x00" if number >= self.since else code


class NoContract(_AnotherState):
    def _slots(self, number: int) -> dict[bytes, int]:
        return SimulatedChain._slots(self, number)

    def _state(self, number: int) -> tuple[Trie, Trie]:
        return super()._state(number if number < self.since else 0)


class _AnotherProof(SimulatedChain):
    """Lies in its proofs, not in its blocks."""

    def proof(self, address: str, slots: Sequence[bytes], number: int) -> Mapping[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(super().proof(address, slots, number)))
        self.spoil(found)
        return found

    def spoil(self, found: dict[str, Any]) -> None:
        raise NotImplementedError


class AValueThatIsNotProven(_AnotherProof):
    def spoil(self, found: dict[str, Any]) -> None:
        found["storageProof"][0]["value"] = WRONG


class AnOmittedSlot(_AnotherProof):
    def spoil(self, found: dict[str, Any]) -> None:
        del found["storageProof"][-1]


class AnAlteredNode(_AnotherProof):
    def spoil(self, found: dict[str, Any]) -> None:
        node = found["accountProof"][-1]
        found["accountProof"][-1] = node[:-2] + ("00" if node[-2:] != "00" else "01")


class AnAccountOfAnotherBlock(SimulatedChain):
    def proof(self, address: str, slots: Sequence[bytes], number: int) -> Mapping[str, Any]:
        return super().proof(address, slots, 0)


class AnAlteredHeader(SimulatedChain):
    def header(self, number: int) -> Mapping[str, Any]:
        return {**super().header(number), "gasUsed": "0x1"}

    def block(self, number: int) -> BlockSeen:
        honest = SimulatedChain.header(self, number)
        return BlockSeen(number=number, hash=str(honest["hash"]), time=int(str(honest["timestamp"]), 16))


class _AnotherHistory(SimulatedChain):
    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        return self.forged(super().logs(address, first, last))

    def forged(self, found: tuple[Log, ...]) -> tuple[Log, ...]:
        raise NotImplementedError


class AnOmittedEvent(_AnotherHistory):
    def forged(self, found: tuple[Log, ...]) -> tuple[Log, ...]:
        return found[1:]


class AnAddedEvent(_AnotherHistory):
    def forged(self, found: tuple[Log, ...]) -> tuple[Log, ...]:
        return (*found, later_log(found[0].address, 1, WRONG_WORD))


class AnAlteredEvent(_AnotherHistory):
    def forged(self, found: tuple[Log, ...]) -> tuple[Log, ...]:
        return (replace(found[0], data=found[0].data[:-WORD] + WRONG_WORD),)


class AnEventTwice(_AnotherHistory):
    def forged(self, found: tuple[Log, ...]) -> tuple[Log, ...]:
        return found * 2


class NoReceipt(SimulatedChain):
    def receipt(self, transaction: str) -> Receipt | None:
        return None


class _AnotherReceipt(SimulatedChain):
    def receipt(self, transaction: str) -> Receipt | None:
        found = super().receipt(transaction)
        return found and self.forged(found)

    def forged(self, receipt: Receipt) -> Receipt:
        raise NotImplementedError

    def log(self, receipt: Receipt, **changed: object) -> Receipt:
        return replace(receipt, logs=(replace(receipt.logs[0], **changed),))  # type: ignore[arg-type]


class AFailedTransaction(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return replace(receipt, succeeded=False)


class AReceiptInAnotherBlock(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return replace(receipt, block_hash=WRONG)


class AReceiptWithoutEvents(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return replace(receipt, logs=())


class TwoEvents(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return replace(receipt, logs=receipt.logs * 2)


class AnEventOfAnotherContract(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return self.log(receipt, address="0x" + "33" * 20)


class AnEventOfAnotherRoot(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return self.log(receipt, topics=(*receipt.logs[0].topics[:2], WRONG_WORD))


class AnEventOfAnotherAct(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return self.log(receipt, data=receipt.logs[0].data[: 2 * WORD] + WRONG_WORD)


class AnEventOfNoShape(_AnotherReceipt):
    def forged(self, receipt: Receipt) -> Receipt:
        return self.log(receipt, data=b"\x01")


class Silent(SimulatedChain):
    """Answers nothing: no lie, and no verdict."""

    def receipt(self, transaction: str) -> Receipt | None:
        raise ChainUnreachable(f"endpoint {self.name} cannot be reached", culprits=(self.name,))


AGREE, BLOCKS, CONTRACT = "endpoints_agree", "blocks_stand_on_chain", "contract_stands_on_chain"
GENESIS, HISTORY, RECEIPT = "genesis_stands_on_chain", "history_is_whole", "receipt_stands_on_chain"
LIES = (
    Lie(AnotherChain, AGREE, AGREE),
    Lie(AnotherHash, AGREE, AGREE),
    Lie(AnotherTime, AGREE, AGREE),
    Lie(AnAlteredHeader, AGREE, AGREE),
    Lie(StaleFinality, BLOCKS, BLOCKS),
    *(
        Lie(kind, CONTRACT, CONTRACT)
        for kind in (AnotherCode, NoCode, AValueThatIsNotProven, AnOmittedSlot, AnAlteredNode, AnAccountOfAnotherBlock)
    ),
    *(Lie(kind, CONTRACT, AGREE) for kind in (OtherCodeOfItsOwn, NoContract)),
    *(Lie(kind, GENESIS, AGREE) for kind in (AnUnknownGenesis, NothingHappened, NotAnchored)),
    *(
        Lie(kind, HISTORY, AGREE)
        for kind in (AnotherHead, ALaterActWithoutItsEvent, AHaltWithoutItsEvent, ARotationWithoutItsEvent)
    ),
    *(Lie(kind, HISTORY, HISTORY) for kind in (AnOmittedEvent, AnAddedEvent, AnAlteredEvent, AnEventTwice)),
    *(
        Lie(kind, RECEIPT, RECEIPT)
        for kind in (
            NoReceipt, AFailedTransaction, AReceiptInAnotherBlock, AReceiptWithoutEvents, TwoEvents, AnEventOfAnotherContract,
            AnEventOfAnotherRoot, AnEventOfAnotherAct, AnEventOfNoShape,
        )
    ),
)  # fmt: skip
"""Where one of two lies, what differs is refused before it is judged: nobody can tell from outside which one it was, so both are named."""


def later_log(contract: str, sequence: int, digest: bytes) -> Log:
    """The event of a later act."""
    words = (bytes(WORD), bytes(WORD), bytes(WORD), digest)
    return Log(contract, (TOPICS["Anchor"], sequence.to_bytes(WORD, "big"), WRONG_WORD), b"".join(words))
