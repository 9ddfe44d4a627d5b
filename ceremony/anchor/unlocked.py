"""The writing door of a development chain: the node's own unlocked account pays and signs, so web3 is not needed (DOOR)."""

from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.contract import refused_before_sending
from ceremony.anchor.offer import named_refusal, offer_rising, sent_before
from ceremony.anchor.rpc import JsonRpc
from ceremony.errors import AnswerLost, BalanceTooLow, CallReverted, ChainLied, ChainUnreachable
from ceremony.records.base import to_hex

LATEST = "latest"
"""Simulated on what stands in blocks: a pending state may hold the very transaction that is to be replaced."""
SEND_SECONDS = 20.0
"""For one answer while sending."""


class UnlockedWriter:
    """One endpoint, whose first unlocked account pays."""

    def __init__(self, url: str, seconds: float = SEND_SECONDS) -> None:
        self.name = url
        self._rpc = JsonRpc(url, seconds=seconds)

    def payer(self) -> str:
        """The paying address, lower case; BalanceTooLow when the node has none."""
        accounts = self._rpc.ask("eth_accounts")
        if not isinstance(accounts, list) or not accounts:
            message = f"endpoint {self.name} has no unlocked account to pay with"
            raise BalanceTooLow(message, culprits=(self.name,), remedy="Name the payer's key file with --keystore FILE.")
        return str(accounts[0]).lower()

    def nonce(self) -> int:
        """The payer's next nonce, pending transactions included."""
        return self._rpc.quantity(self._rpc.ask("eth_getTransactionCount", self.payer(), "pending"))

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        """Simulate, then send; the transaction's hash (`ChainWriter.send`)."""
        transaction = {"from": self.payer(), "data": to_hex(data), **({"to": to} if to else {})}
        try:
            transaction["gas"] = self._rpc.ask("eth_estimateGas", transaction, LATEST)
        except CallReverted as error:
            raise refused_before_sending(load_artifact(), error.data, self.name) from None
        except ChainUnreachable as error:
            raise named_refusal(error, self.name) from None
        market = self._rpc.quantity(self._rpc.ask("eth_gasPrice"))
        transaction["nonce"] = hex(nonce)
        return offer_rising(market, raised, lambda price: self._send({**transaction, "gasPrice": hex(price)}), self.name)

    def _send(self, transaction: dict[str, str]) -> str:
        try:
            return self._rpc.digest(self._rpc.ask_once("eth_sendTransaction", transaction))
        except (ChainUnreachable, ChainLied) as error:
            if isinstance(error, ChainUnreachable) and error.refusal and not sent_before(error):
                raise
            message = f"a transaction was handed over, and then: {error.message}"  # one sent before: it does not say which
            raise AnswerLost(message, culprits=(self.name,)) from None
