"""The reading door: EVM JSON-RPC over HTTP with the standard library alone, so that `verify` needs no web3 (DOOR).

Every answer is checked for shape before it is believed; every wait and every size has a cap.
"""

import http.client
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from ceremony.anchor.chain import Log, Receipt
from ceremony.errors import CallReverted, ChainLied, ChainUnreachable, RecordError
from ceremony.records.base import to_hex
from ceremony.records.canonical import require_shallow
from ceremony.records.evidence import BlockSeen

CALL_SECONDS = 10.0
"""For one answer: public endpoints answer in under a second, or not at all."""
TRIES = 3
"""Tries of a call that timed out or was refused by load; reading twice is harmless."""
PAUSE_SECONDS = 0.3
ANSWER_LIMIT = 4 << 20
"""Bytes of one answer: code and proofs take 100,000."""
CHUNK = 1 << 16
_DIGEST = re.compile(r"0x[0-9a-fA-F]{64}")
_BUSY = frozenset({429, 500, 502, 503, 504})
_REVERTED = 3
_HASHES_ONLY = False
"""Of a block's transactions, which nobody reads here."""


class JsonRpc:
    """One endpoint, as `ChainReader`.

    Args:
        url: the endpoint, http or https.
        seconds: for one answer.
        depth: blocks that must stand on top of one for it to count as final; 0 asks the chain's own finality ("finalized").
    """

    def __init__(self, url: str, *, seconds: float = CALL_SECONDS, depth: int = 0) -> None:
        self.name = url
        self._seconds = seconds
        self._depth = depth
        self._ids = count(1)

    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self.quantity(self.ask("eth_chainId"))

    def finalized(self) -> BlockSeen:
        """The newest block that is final: by the chain's own word, or deep enough."""
        if self._depth:
            return self.block(max(0, self.quantity(self.ask("eth_blockNumber")) - self._depth))
        return self._block(self.ask("eth_getBlockByNumber", "finalized", _HASHES_ONLY))

    def block(self, number: int) -> BlockSeen:
        """The block with this number."""
        seen = self._block(self.ask("eth_getBlockByNumber", hex(number), _HASHES_ONLY))
        if seen.number != number:
            raise self._lied(f"asked for block {number}, it answered with block {seen.number}")
        return seen

    def code(self, address: str, number: int) -> bytes:
        """Runtime code as of a block."""
        return self._bytes(self.ask("eth_getCode", address, hex(number)))

    def call(self, address: str, data: bytes, number: int) -> bytes:
        """A view function's answer as of a block."""
        return self._bytes(self.ask("eth_call", {"to": address, "data": to_hex(data)}, hex(number)))

    def receipt(self, transaction: str) -> Receipt | None:
        """A mined transaction's receipt."""
        found = self.ask("eth_getTransactionReceipt", transaction)
        if found is None:
            return None
        try:
            return self._receipt(found, transaction)
        except (KeyError, TypeError, AttributeError):
            raise self._lied("a receipt has not the shape of one") from None

    def knows(self, transaction: str) -> bool:
        """Whether the endpoint has the transaction, mined or waiting."""
        return self.ask("eth_getTransactionByHash", transaction) is not None

    def header(self, number: int) -> Mapping[str, Any]:
        """The block with this number as JSON; whoever reads it recomputes its hash."""
        return self._object(self.ask("eth_getBlockByNumber", hex(number), _HASHES_ONLY), "a block")

    def proof(self, address: str, slots: Sequence[bytes], number: int) -> Mapping[str, Any]:
        """Merkle proofs of an account and of some of its storage slots as of a block (EIP-1186)."""
        return self._object(self.ask("eth_getProof", address, [to_hex(slot) for slot in slots], hex(number)), "a proof")

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        """Every event that `address` emitted in blocks [first, last]."""
        found = self.ask("eth_getLogs", {"address": address, "fromBlock": hex(first), "toBlock": hex(last)})
        try:
            return tuple(self._log(log) for log in found)
        except (KeyError, TypeError, AttributeError):
            raise self._lied("its logs have not the shape of logs") from None

    def transactions_with(self, address: str, topic: bytes, first: int, last: int) -> tuple[str, ...]:
        """Transactions in which `address` emitted this event."""
        query = {"address": address, "topics": [to_hex(topic)], "fromBlock": hex(first), "toBlock": hex(last)}
        found = self.ask("eth_getLogs", query)
        try:
            return tuple(str(log["transactionHash"]).lower() for log in found)
        except (KeyError, TypeError):
            raise self._lied("its logs have not the shape of logs") from None

    def ask(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - JSON
        """One JSON-RPC call, tried again when the endpoint is busy; ChainUnreachable, ChainLied or CallReverted."""
        for attempt in range(1, TRIES + 1):
            try:
                return self.ask_once(method, *params)
            except ChainUnreachable:
                if attempt == TRIES:
                    raise
                time.sleep(PAUSE_SECONDS * attempt)
        raise AssertionError  # pragma: no cover - the loop returns or raises

    def ask_once(self, method: str, *params: Any) -> Any:  # noqa: ANN401 - JSON
        """One JSON-RPC call, never tried again: for what must not be done twice."""
        number = next(self._ids)
        body = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
        answer = self._post(body)
        if not isinstance(answer, dict) or answer.get("id") != number:
            raise self._lied(f"its answer to {method} is not an answer to that question")
        if "error" in answer:
            raise self._refused(method, answer["error"])
        if "result" not in answer:
            raise self._lied(f"its answer to {method} holds no result")
        return answer["result"]

    def _post(self, body: bytes) -> Any:  # noqa: ANN401 - JSON
        try:
            request = urllib.request.Request(self.name, body, {"Content-Type": "application/json"})  # noqa: S310 - plans allow http(s) only
            with urllib.request.urlopen(request, timeout=self._seconds) as response:  # noqa: S310 - likewise
                data = self._read(response)
        except urllib.error.HTTPError as error:
            kind = ChainUnreachable if error.code in _BUSY else ChainLied
            message = f"endpoint {self.name} answered HTTP {error.code}"
            raise kind(message, culprits=(self.name,)) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", None) or error
            message = f"endpoint {self.name} cannot be reached: {reason}"
            raise ChainUnreachable(message, culprits=(self.name,)) from None
        if len(data) > ANSWER_LIMIT:
            raise self._lied("its answer is too large")
        try:
            require_shallow(data)
            return json.loads(data)
        except (RecordError, ValueError):
            raise self._lied("its answer is not JSON") from None

    def _read(self, response: http.client.HTTPResponse) -> bytes:
        """The body, within the time for one answer: a server that sends a byte now and then must not hold anybody up."""
        end, chunks, size = time.monotonic() + self._seconds, [], 0
        while size <= ANSWER_LIMIT and (chunk := response.read1(CHUNK)):
            chunks.append(chunk)
            size += len(chunk)
            if time.monotonic() > end:
                message = f"its answer was not complete after {self._seconds:g} s"
                raise TimeoutError(message)
        return b"".join(chunks)

    def _refused(self, method: str, error: Any) -> CallReverted | ChainUnreachable:  # noqa: ANN401 - JSON
        code = error.get("code") if isinstance(error, dict) else None
        text = str(error.get("message") if isinstance(error, dict) else error)[:200]
        if code == _REVERTED or "revert" in text:
            data = error.get("data") if isinstance(error, dict) else None
            reverted = CallReverted(f"the contract refused: {text}", culprits=(self.name,))
            reverted.data = self._bytes(data) if isinstance(data, str) and data.startswith("0x") else b""
            return reverted
        refused = ChainUnreachable(f"endpoint {self.name} refused {method}: {text}", culprits=(self.name,))
        refused.refusal = text
        return refused

    def _block(self, found: Any) -> BlockSeen:  # noqa: ANN401 - JSON
        if not isinstance(found, dict):
            raise self._lied("it has no such block")
        try:
            return BlockSeen(number=self.quantity(found["number"]), hash=found["hash"], time=self.quantity(found["timestamp"]))
        except (KeyError, ValueError):
            raise self._lied("a block has not the shape of one") from None

    def _receipt(self, found: dict[str, Any], transaction: str) -> Receipt:
        if str(found["transactionHash"]).lower() != transaction.lower():
            raise self._lied("it answered with the receipt of another transaction")
        contract = found.get("contractAddress")
        return Receipt(
            transaction=transaction.lower(),
            succeeded=self.quantity(found["status"]) == 1,
            block_number=self.quantity(found["blockNumber"]),
            block_hash=str(found["blockHash"]).lower(),
            contract=contract.lower() if contract else None,
            logs=tuple(self._log(log) for log in found["logs"]),
        )

    def _log(self, found: dict[str, Any]) -> Log:
        return Log(found["address"].lower(), tuple(self._bytes(topic) for topic in found["topics"]), self._bytes(found["data"]))

    def _object(self, found: Any, what: str) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
        if not isinstance(found, dict):
            raise self._lied(f"{what} has not the shape of one")
        return found

    def digest(self, text: Any) -> str:  # noqa: ANN401 - JSON
        """A hash in an answer, lower-case hex; ChainLied when it is none."""
        if not isinstance(text, str) or not _DIGEST.fullmatch(text):
            raise self._lied(f"{str(text)[:40]!r} is not a hash")
        return text.lower()

    def quantity(self, text: Any) -> int:  # noqa: ANN401 - JSON
        """A number in an answer; ChainLied when it is none."""
        try:
            return int(text, 16)
        except (TypeError, ValueError):
            raise self._lied(f"{str(text)[:40]!r} is not a number") from None

    def _bytes(self, text: Any) -> bytes:  # noqa: ANN401 - JSON
        try:
            return bytes.fromhex(text.removeprefix("0x"))
        except (AttributeError, ValueError):
            raise self._lied(f"{str(text)[:40]!r} is not hex") from None

    def _lied(self, what: str) -> ChainLied:
        return ChainLied(f"endpoint {self.name}: {what}", culprits=(self.name,))
