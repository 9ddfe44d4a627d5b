"""The chain PORT: what the ceremony reads of an EVM chain through one endpoint, and what it writes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ceremony.records.evidence import BlockSeen

FACTORY = "0x4e59b44847b379578588920ca78fbf26c0b4956c"
"""The deterministic deployment proxy that most chains have at this address; it runs CREATE2 with salt || creation code."""


@dataclass(frozen=True)
class Log:
    """One event: who emitted it, its topics (32 bytes each) and data."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Receipt:
    """What the chain did with a transaction: `succeeded`, in which block, with which events."""

    transaction: str
    succeeded: bool
    block_number: int
    block_hash: str
    contract: str | None
    logs: tuple[Log, ...]


class ChainReader(Protocol):
    """One endpoint. Every method raises ChainUnreachable or ChainLied, never anything else, and returns within a deadline."""

    name: str

    def chain_id(self) -> int:
        """The chain's id (EIP-155)."""
        ...

    def finalized(self) -> BlockSeen:
        """The newest finalized block."""
        ...

    def block(self, number: int) -> BlockSeen:
        """The block with this number, as this endpoint knows it."""
        ...

    def code(self, address: str, number: int) -> bytes:
        """Runtime code at an address, as of a block; empty when there is none."""
        ...

    def call(self, address: str, data: bytes, number: int) -> bytes:
        """The answer of a view function, as of a block; CallReverted when it reverts."""
        ...

    def receipt(self, transaction: str) -> Receipt | None:
        """The receipt of a mined transaction; None while there is none."""
        ...

    def knows(self, transaction: str) -> bool:
        """Whether a transaction is in a block or waits for one; not when a reorganisation, or the endpoint, dropped it."""
        ...

    def header(self, number: int) -> Mapping[str, Any]:
        """The block with this number as JSON, for `header.parse_header`."""
        ...

    def proof(self, address: str, slots: Sequence[bytes], number: int) -> Mapping[str, Any]:
        """Merkle proofs of an account and of some of its storage slots (32 bytes each), as of a block, for `proof.parse_proof`."""
        ...

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        """Every event that `address` emitted in blocks [first, last]."""
        ...

    def transactions_with(self, address: str, topic: bytes, first: int, last: int) -> tuple[str, ...]:
        """Hashes of transactions in blocks [first, last] in which `address` emitted an event with this first topic."""
        ...


class ChainWriter(Protocol):
    """The payer's way to the chain. The payer pays, and has no authority."""

    def payer(self) -> str:
        """The paying address."""
        ...

    def nonce(self) -> int:
        """The payer's next nonce, what waits for a block included."""
        ...

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        """Simulate, then send; the transaction's hash.

        Args:
            to: the contract; None deploys `data`.
            data: calldata, or creation code.
            nonce: the payer's; the same one again replaces what was sent with it before.
            raised: how often the price was raised before: each time offers a quarter more.

        Raises:
            CallReverted: the simulation was refused; nothing was sent.
            BalanceTooLow, ChainUnreachable, ChainLied: nothing was sent.
            NonceUsed: the nonce is in a block already; nothing was sent.
            AnswerLost: it may have been sent; what to do is look on the chain.
        """
        ...
