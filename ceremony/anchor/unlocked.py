"""The writing door of a development chain: the node's own unlocked account pays and signs, so web3 is not needed (DOOR)."""

from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.contract import refused_before_sending
from ceremony.anchor.rpc import JsonRpc
from ceremony.errors import BalanceTooLow, CallReverted, ChainUnreachable
from ceremony.records.base import to_hex

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

    def send(self, to: str | None, data: bytes) -> str:
        """Simulate, then send; the transaction's hash. CallReverted or BalanceTooLow mean that nothing was sent."""
        transaction = {"from": self.payer(), "data": to_hex(data), **({"to": to} if to else {})}
        try:
            transaction["gas"] = self._rpc.ask("eth_estimateGas", transaction)
            return self._rpc.digest(self._rpc.ask_once("eth_sendTransaction", transaction))
        except CallReverted as error:
            raise refused_before_sending(load_artifact(), error.data, self.name) from None
        except ChainUnreachable as error:
            if "insufficient funds" not in error.message.lower():
                raise
            message = f"the payer cannot pay: {error.message}"
            raise BalanceTooLow(message, culprits=(self.name,)) from None
