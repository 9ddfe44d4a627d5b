"""A local node for gas figures: one block a transaction, its newest live hard fork, gone when the bench ends."""

import json
import os
import re
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from eth_abi import encode
from eth_abi.grammar import parse

from ceremony.acts.typed import keccak256
from ceremony.errors import ChainUnreachable

HARD_FORK = "osaka"
"""The newest live one; anvil 1.7.1 names a later one, but does not start with it."""
LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
ANSWER_SECONDS = 60.0
RECEIPT_TRIES = 2_000
RECEIPT_PAUSE = 0.005


class GasNode:
    """Just enough JSON-RPC to deploy, to send, to ask views and to see what a transaction's gas went for."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._payer = self.ask("eth_accounts")[0]

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """One answer; ChainUnreachable with the node's words if it refuses."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})  # noqa: S310 - our own node
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - likewise
            answer = json.load(response)
        if "error" in answer:
            message = f"the node refused {method}: {answer['error']}"
            raise ChainUnreachable(message)
        return answer["result"]

    def deploy(self, creation: bytes) -> str:
        """The address at which this creation code has put a contract."""
        return str(self._receipt({"data": _hex(creation)})["contractAddress"])

    def send(self, to: str, data: bytes) -> Mapping[str, Any]:
        """The receipt of a call that succeeded; ChainUnreachable if it did not."""
        return self._receipt({"to": to, "data": _hex(data)})

    def view(self, to: str, data: bytes) -> bytes:
        """What a view answers."""
        return bytes.fromhex(self.ask("eth_call", {"to": to, "data": _hex(data)}, "latest")[2:])

    def steps(self, transaction: str) -> list[dict[str, Any]]:
        """Each instruction that a mined transaction has run, with its price, its depth and the stack before it."""
        options = {"disableStorage": True, "enableMemory": False}
        return list(self.ask("debug_traceTransaction", transaction, options)["structLogs"])

    def _receipt(self, fields: Mapping[str, str]) -> Mapping[str, Any]:
        sent = self.ask("eth_sendTransaction", {"from": self._payer, **fields})
        for _ in range(RECEIPT_TRIES):
            receipt: Mapping[str, Any] | None = self.ask("eth_getTransactionReceipt", sent)
            if receipt and receipt["status"] == "0x1":
                return receipt
            if receipt:
                break
            time.sleep(RECEIPT_PAUSE)
        message = f"no success of transaction {sent}"
        raise ChainUnreachable(message)


@contextmanager
def running_node() -> Iterator[GasNode]:
    """A fresh node on a free port of this machine alone."""
    command = ["setpriv", "--pdeathsig", "TERM", os.environ["CEREMONY_ANVIL"], "--host", "127.0.0.1", "--port", "0"]
    command += ["--hardfork", HARD_FORK, "--steps-tracing"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - the pinned node
        try:
            found = next(filter(None, map(LISTENING.match, process.stdout or ())), None)
            if found is None:
                message = "the node did not come up"
                raise ChainUnreachable(message)
            # What it prints is thrown away, for it stops when nobody takes it.
            threading.Thread(target=process.stdout.read if process.stdout else None, daemon=True).start()
            yield GasNode(f"http://127.0.0.1:{found[1]}")
        finally:
            process.terminate()


def encode_call(function: str, *values: object) -> bytes:
    """Calldata of `name(types)`."""
    types = function[function.index("(") :]
    return keccak256(function.encode())[:4] + (encode_values(types, *values) if values else b"")


def encode_values(types: str, *values: object) -> bytes:
    """Values of the types in `(type,type)`, as a constructor takes them."""
    return encode([part.to_type_str() for part in parse(types).components], values)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
