"""Endpoints that lie, one thing each, with the check that refuses it: when every endpoint asked lies alike, and beside an honest one."""

from dataclasses import dataclass, replace

from ceremony.anchor.chain import Log, Receipt
from ceremony.anchor.contract import ANCHOR_TOPIC, VIEWS
from ceremony.errors import CallReverted, ChainUnreachable
from ceremony.records.evidence import BlockSeen
from tests.simulators.chain import WORD, SimulatedChain

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


class _AnotherAnswer(SimulatedChain):
    """Lies about one view of the contract."""

    view, answer = "", b""

    def call(self, address: str, data: bytes, number: int) -> bytes:
        return self.answer if data[:4] == VIEWS[self.view] else super().call(address, data, number)


class AnotherRoster(_AnotherAnswer):
    view, answer = "rosterDigest", WRONG_WORD


class ASmallerQuorum(_AnotherAnswer):
    view, answer = "k", (4).to_bytes(WORD, "big")


class NoWord(_AnotherAnswer):
    view, answer = "head", bytes(WORD - 1)


class AnEpochBeyondRecords(_AnotherAnswer):
    """Fits the contract's uint64 but no record's number."""

    view, answer = "epoch", (2**60).to_bytes(WORD, "big")


class Reverting(SimulatedChain):
    def call(self, address: str, data: bytes, number: int) -> bytes:
        raise CallReverted("no such function")


class AnotherHead(_AnotherAnswer):
    view, answer = "head", WRONG_WORD


class AnUnknownGenesis(_AnotherAnswer):
    view, answer = "genesisRoot", WRONG_WORD


class NothingHappened(_AnotherAnswer):
    view, answer = "sequence", bytes(WORD)


class ALaterActWithoutItsEvent(_AnotherAnswer):
    view, answer = "sequence", (2).to_bytes(WORD, "big")


class NoEndOfActs(_AnotherAnswer):
    view, answer = "sequence", (2**53 - 1).to_bytes(WORD, "big")


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
GENESIS, RECEIPT = "genesis_stands_on_chain", "receipt_stands_on_chain"
LIES = (
    Lie(AnotherChain, AGREE, AGREE),
    Lie(AnotherHash, BLOCKS, AGREE),
    Lie(AnotherTime, BLOCKS, AGREE),
    Lie(StaleFinality, BLOCKS, BLOCKS),
    *(
        Lie(kind, CONTRACT, CONTRACT)
        for kind in (AnotherCode, NoCode, AnotherRoster, ASmallerQuorum, NoWord, AnEpochBeyondRecords, Reverting)
    ),
    *(Lie(kind, GENESIS, CONTRACT) for kind in (AnotherHead, AnUnknownGenesis, NothingHappened, ALaterActWithoutItsEvent, NoEndOfActs)),
    *(
        Lie(kind, RECEIPT, RECEIPT)
        for kind in (
            NoReceipt, AFailedTransaction, AReceiptInAnotherBlock, AReceiptWithoutEvents, TwoEvents, AnEventOfAnotherContract,
            AnEventOfAnotherRoot, AnEventOfAnotherAct, AnEventOfNoShape,
        )
    ),
)  # fmt: skip
"""Where one of two lies, what differs is refused before it is judged: nobody can tell from outside which one it was, so both are named."""


def later_log(contract: str, sequence: int, digest: bytes, head: bytes) -> Log:
    """The event of a later act."""
    words = (bytes(WORD), bytes(WORD), bytes(WORD), head, digest)
    return Log(contract, (ANCHOR_TOPIC, sequence.to_bytes(WORD, "big"), WRONG_WORD), b"".join(words))
