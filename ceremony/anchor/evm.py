"""The writing door: a payer with a key of its own sends transactions through web3 (DOOR).

The key comes from a keystore file (Web3 Secret Storage) whose password is asked for; on a development chain `unlocked` needs none.
The payer pays and has no authority: the contract looks at approvals only.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import HTTPProvider, Web3
from web3.exceptions import ContractLogicError, Web3Exception, Web3RPCError

from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.contract import refused_before_sending
from ceremony.anchor.offer import named_refusal, offer_rising, prices, sent_before
from ceremony.anchor.unlocked import LATEST, SEND_SECONDS
from ceremony.disk import read_limited
from ceremony.errors import AnswerError, AnswerLost, BalanceTooLow, ChainUnreachable, DirectoryError, RecordError
from ceremony.records.canonical import require_shallow

T = TypeVar("T")
SPARE = 1.2
"""Of the gas that the simulation took."""
KEYSTORE_LIMIT = 1 << 16
"""Bytes of a key file: they have 500."""


class EvmWriter:
    """One endpoint to send through, the key that pays, and the id of the chain that it signs for (EIP-155)."""

    def __init__(self, url: str, account: LocalAccount, chain_id: int) -> None:
        self.name = url
        self._web3 = Web3(HTTPProvider(url, request_kwargs={"timeout": SEND_SECONDS}))
        self._account = account
        self._chain_id = chain_id

    def payer(self) -> str:
        """The paying address, lower case."""
        return str(self._account.address).lower()

    def nonce(self) -> int:
        """The payer's next nonce, pending transactions included."""
        payer = Web3.to_checksum_address(self.payer())
        return self._guard(lambda: int(self._web3.eth.get_transaction_count(payer, "pending")))

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        """Simulate, check the balance, send; the transaction's hash, which is computed here (`ChainWriter.send`)."""
        payer = Web3.to_checksum_address(self.payer())
        transaction: dict[str, Any] = {"from": payer, "data": "0x" + data.hex(), "value": 0}
        if to:
            transaction["to"] = Web3.to_checksum_address(to)
        transaction["gas"] = self._guard(lambda: int(self._web3.eth.estimate_gas(transaction, LATEST) * SPARE))  # type: ignore[arg-type]
        market = self._guard(lambda: int(self._web3.eth.gas_price))
        self._require_balance(payer, transaction["gas"] * next(prices(market, raised)))
        transaction |= {"nonce": nonce, "chainId": self._chain_id}
        return offer_rising(market, raised, lambda price: self._deliver({**transaction, "gasPrice": price}), self.name)

    def _deliver(self, transaction: dict[str, Any]) -> str:
        """Sign it and hand it over; AnswerLost unless the endpoint answers that it took it, had it, or did not take it."""
        signed = self._account.sign_transaction(transaction)
        try:
            self._guard(lambda: self._hex(self._web3.eth.send_raw_transaction(signed.raw_transaction)))
        except ChainUnreachable as error:
            if sent_before(error):
                return self._hex(signed.hash)
            if error.refusal:
                raise
            message = f"a transaction was handed over, and then: {error.message}"
            raise AnswerLost(message, culprits=(self.name,)) from None
        return self._hex(signed.hash)

    def _require_balance(self, payer: Any, needed: int) -> None:  # noqa: ANN401 - web3's checksum address
        balance = self._guard(lambda: int(self._web3.eth.get_balance(payer)))
        if balance < needed:
            message = f"payer {payer} has {balance} wei and may need {needed}"
            raise BalanceTooLow(message, culprits=(str(payer),))

    def _guard(self, call: Callable[[], T]) -> T:
        """Run a web3 call; its errors become named ones."""
        try:
            return call()
        except ContractLogicError as error:
            data = str(error.data or "")
            refusal = bytes.fromhex(data.removeprefix("0x")) if data.startswith("0x") else b""
            raise refused_before_sending(load_artifact(), refusal, self.name) from None
        except Web3RPCError as error:
            refused = ChainUnreachable(f"endpoint {self.name} did not do it: {str(error)[:200]}", culprits=(self.name,))
            refused.refusal = str(error)[:200]
            raise named_refusal(refused, self.name) from None
        except (Web3Exception, OSError, ValueError, KeyError, TypeError) as error:
            message = f"endpoint {self.name} did not do it: {str(error)[:200]}"
            raise ChainUnreachable(message, culprits=(self.name,)) from None

    @staticmethod
    def _hex(value: Any) -> str:  # noqa: ANN401 - HexBytes
        return "0x" + bytes(value).hex()


def open_keystore(path: Path, password: str) -> LocalAccount:
    """The payer's key from a Web3 Secret Storage file; DirectoryError when it cannot be read, AnswerError for a wrong password."""
    data = read_limited(path, KEYSTORE_LIMIT) or b""
    try:
        require_shallow(data)
        content = json.loads(data)
    except (RecordError, ValueError):
        message = f"the key file {path} is missing or no JSON of at most {KEYSTORE_LIMIT} bytes"
        raise DirectoryError(message, culprits=(str(path),)) from None
    try:
        account: LocalAccount = Account.from_key(Account.decrypt(content, password))
    except (ValueError, TypeError, KeyError, AttributeError, NotImplementedError):
        message = f"the password does not open the key file {path}, or it is no key file"
        raise AnswerError(message, culprits=(str(path),)) from None
    return account
