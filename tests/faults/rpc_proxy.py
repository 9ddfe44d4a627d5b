"""A proxy in front of a real node that answers wrongly, late or not at all: one kind of fault, once or from some call on (row 16)."""

import json
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECONDS = 0.4
"""What the client waits for one answer; a fault that times out waits a little longer."""
ONES = "0x" + "11" * 32


@dataclass
class Call:
    """One request on its way: `method`, `params`, and what the node itself would answer."""

    request: dict[str, Any]
    upstream: str

    @property
    def method(self) -> str:
        return str(self.request["method"])

    def answer(self) -> dict[str, Any]:
        """The node's own answer."""
        data = json.dumps(self.request).encode()
        request = urllib.request.Request(self.upstream, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as response:
            found: dict[str, Any] = json.loads(response.read())
            return found


@dataclass(frozen=True)
class Raw:
    """What goes over the wire instead of an answer: a status and a body, or a closed connection (status 0)."""

    status: int
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """One kind: which method it befalls (all, if empty), and what becomes of the call. `lies`: only a second endpoint can tell."""

    name: str
    befall: Callable[[Call], "dict[str, Any] | Raw"]
    method: str = ""
    lies: bool = False

    def meets(self, call: Call) -> bool:
        return self.method in {"", call.method}


def _late(_call: Call) -> Raw:
    time.sleep(SECONDS * 1.5)
    return Raw(0)


def _changed(**members: Any) -> Callable[[Call], dict[str, Any]]:
    """The node's answer with other members in its result, if it has one."""

    def befall(call: Call) -> dict[str, Any]:
        answer = call.answer()
        if isinstance(answer.get("result"), dict):
            answer["result"] |= members
        return answer

    return befall


def _result(value: Any) -> Callable[[Call], dict[str, Any]]:
    return lambda call: {"jsonrpc": "2.0", "id": call.request["id"], "result": value}


def _error(code: int, message: str) -> Callable[[Call], dict[str, Any]]:
    return lambda call: {"jsonrpc": "2.0", "id": call.request["id"], "error": {"code": code, "message": message}}


def _logs(change: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Call], dict[str, Any]]:
    def befall(call: Call) -> dict[str, Any]:
        answer = call.answer()
        if answer.get("result"):
            answer["result"]["logs"] = change(answer["result"]["logs"])
        return answer

    return befall


def _finalized(name: str) -> Callable[[Call], dict[str, Any]]:
    """Another block in the place of the finalized one."""

    def befall(call: Call) -> dict[str, Any]:
        if call.request["params"][0] == "finalized":
            call.request = {**call.request, "params": [name, *call.request["params"][1:]]}
        return call.answer()

    return befall


def _word(call: Call) -> dict[str, Any]:
    answer = call.answer()
    if isinstance(answer.get("result"), str):
        answer["result"] = ONES
    return answer


def _sent_and_lost(call: Call) -> Raw:
    call.answer()
    return Raw(0)


def _proof(change: Callable[[dict[str, Any]], None]) -> Callable[[Call], dict[str, Any]]:
    """The node's proof, changed."""

    def befall(call: Call) -> dict[str, Any]:
        answer = call.answer()
        if isinstance(answer.get("result"), dict):
            change(answer["result"])
        return answer

    return befall


def _flip(nodes: list[str]) -> None:
    """Another last digit in the last node of a proof."""
    nodes[-1] = nodes[-1][:-1] + ("0" if nodes[-1][-1] != "0" else "1")


def _moved(by: int) -> Callable[[Call], dict[str, Any]]:
    """The node's number, moved."""

    def befall(call: Call) -> dict[str, Any]:
        answer = call.answer()
        answer["result"] = hex(max(0, int(answer["result"], 16) + by))
        return answer

    return befall


def _replaced(call: Call) -> dict[str, Any]:
    """The payer's nonce goes into a block with something else."""
    sent = call.request["params"][0]
    call.request = {**call.request, "params": [{**sent, "to": sent["from"], "data": "0x"}]}
    return call.answer()


RECEIPT, BLOCK, SEND = "eth_getTransactionReceipt", "eth_getBlockByNumber", "eth_sendTransaction"
PROOF, NONCE, PRICE = "eth_getProof", "eth_getTransactionCount", "eth_gasPrice"
FAULTS = (
    Fault("times out", _late),
    Fault("closes the connection", lambda _call: Raw(0)),
    Fault("HTTP 429", lambda _call: Raw(429)),
    Fault("HTTP 500", lambda _call: Raw(500)),
    Fault("HTTP 503", lambda _call: Raw(503)),
    Fault("HTTP 404", lambda _call: Raw(404)),
    Fault("bad JSON", lambda _call: Raw(200, b'{"jsonrpc":')),
    Fault("not UTF-8", lambda _call: Raw(200, b"\xff\xfe\x00")),
    Fault("wrong id", lambda call: {**call.answer(), "id": 0}),
    Fault("no result", lambda call: {"jsonrpc": "2.0", "id": call.request["id"]}),
    Fault("null result", _result(None)),
    Fault("a list for a result", _result([])),
    Fault("error object", _error(-32000, "busy")),
    Fault("wrong chain", _result("0x1"), "eth_chainId"),
    Fault("stale head", _finalized("0x1"), BLOCK),
    Fault("false finality", _finalized("latest"), BLOCK, lies=True),
    Fault("another hash", _changed(hash=ONES), BLOCK),
    Fault("another time", _changed(timestamp="0x1"), BLOCK),
    Fault("no receipt", _result(None), RECEIPT),
    Fault("a failed receipt", _changed(status="0x0"), RECEIPT),
    Fault("another transaction's receipt", _changed(transactionHash=ONES), RECEIPT),
    Fault("a receipt in another block", _changed(blockHash=ONES), RECEIPT),
    Fault("forged log data", _logs(lambda logs: [{**log, "data": log["data"][:-64] + "11" * 32} for log in logs]), RECEIPT),
    Fault("forged log topic", _logs(lambda logs: [{**log, "topics": [*log["topics"][:2], ONES]} for log in logs]), RECEIPT),
    Fault("a log left out", _logs(lambda _logs: []), RECEIPT),
    Fault("a log doubled", _logs(lambda logs: logs * 2), RECEIPT),
    Fault("events left out", _result([]), "eth_getLogs"),
    Fault("wrong code", _result("0xfe"), "eth_getCode"),
    Fault("no code", _result("0x"), "eth_getCode"),
    Fault("wrong state", _word, "eth_call", lies=True),
    Fault("sent, and the answer lost", _sent_and_lost, SEND),
    Fault("swallowed", _result(ONES), SEND),
    Fault("a false refusal", _error(3, "revert"), "eth_estimateGas"),
    Fault("forgets what it was sent", _result(None), "eth_getTransactionByHash"),
    Fault("no account", _result([]), "eth_accounts"),
    Fault("an altered account proof", _proof(lambda proof: _flip(proof["accountProof"])), PROOF),
    Fault("an altered storage proof", _proof(lambda proof: _flip(proof["storageProof"][0]["proof"])), PROOF),
    Fault("a slot left out", _proof(lambda proof: proof["storageProof"].pop()), PROOF),
    Fault("a slot doubled", _proof(lambda proof: proof["storageProof"].append(proof["storageProof"][0])), PROOF),
    Fault("another value in a slot", _proof(lambda proof: proof["storageProof"][0].update(value="0x7")), PROOF),
    Fault("no storage proof", _proof(lambda proof: proof["storageProof"][0].update(proof=[])), PROOF),
    Fault("another account", _proof(lambda proof: proof.update(address="0x" + "11" * 20)), PROOF),
    Fault("another state root", _changed(stateRoot=ONES), BLOCK),
    Fault("a nonce too high", _moved(5), NONCE),
    Fault("a nonce too low", _moved(-5), NONCE),
    Fault("a price beyond reason", _result(hex(2**160)), PRICE),
    Fault("a price of nothing", _result("0x0"), PRICE),
    Fault("nonce too low", _error(-32003, "nonce too low"), SEND),
    Fault("never dear enough", _error(-32000, "replacement transaction underpriced"), SEND),
    Fault("says it was sent before", _error(-32000, "already known"), SEND),
    Fault("another transaction in its place", _replaced, SEND),
)  # fmt: skip


@dataclass
class Proxy:
    """Listens on 127.0.0.1; `fault` befalls the call number `first` that it meets, and later ones too unless `once`."""

    upstream: str
    fault: Fault | None = None
    first: int = 1
    once: bool = True
    met: int = 0
    befallen: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                call = Call(json.loads(self.rfile.read(int(self.headers["Content-Length"]))), proxy.upstream)
                found = proxy.handle(call)
                if isinstance(found, Raw) and not found.status:
                    self.close_connection = True
                    self.connection.close()
                    return
                status, body = (found.status, found.body) if isinstance(found, Raw) else (200, json.dumps(found).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_arguments: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign,assignment]
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def arm(self, fault: Fault | None, first: int = 1, *, once: bool = True) -> None:
        """From now on this fault, counted anew."""
        with self.lock:
            self.fault, self.first, self.once, self.met, self.befallen = fault, first, once, 0, 0

    def handle(self, call: Call) -> "dict[str, Any] | Raw":
        """The answer, or what becomes of it."""
        with self.lock:
            fault = self.fault if self.fault and self.fault.meets(call) else None
            self.met += fault is not None
            due = fault is not None and (self.met == self.first or (self.met > self.first and not self.once))
            self.befallen += due
        return fault.befall(call) if fault and due else call.answer()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
