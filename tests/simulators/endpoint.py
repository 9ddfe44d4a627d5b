"""A simulated chain behind a real HTTP port, so that the command line can ask it as it asks any node."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from ceremony.anchor.chain import Log, Receipt
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen
from tests.simulators.chain import SimulatedChain


@contextmanager
def served(chain: SimulatedChain) -> Iterator[str]:
    """The URL at which `chain` answers JSON-RPC, on 127.0.0.1 and a free port, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"jsonrpc": "2.0", "id": asked["id"], "result": _METHODS[asked["method"]](chain, *asked["params"])}
            data = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_arguments: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _block(chain: SimulatedChain, name: str, _hashes_only: bool) -> dict[str, Any]:
    seen: BlockSeen = chain.finalized() if name == "finalized" else chain.block(int(name, 16))
    shown = {"number": hex(seen.number), "hash": seen.hash, "timestamp": hex(seen.time)}
    return {**chain.header(seen.number), **shown}


def _receipt(chain: SimulatedChain, transaction: str) -> dict[str, Any] | None:
    found: Receipt | None = chain.receipt(transaction)
    if found is None:
        return None
    return {
        "transactionHash": found.transaction,
        "status": hex(found.succeeded),
        "blockNumber": hex(found.block_number),
        "blockHash": found.block_hash,
        "contractAddress": found.contract,
        "logs": [_log(log) for log in found.logs],
    }


def _logs(chain: SimulatedChain, query: dict[str, Any]) -> list[dict[str, Any]]:
    first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
    if "topics" not in query:
        return [_log(log) for log in chain.logs(query["address"], first, last)]
    topic = from_hex(query["topics"][0])
    return [{"transactionHash": found} for found in chain.transactions_with(query["address"], topic, first, last)]


def _log(log: Log) -> dict[str, Any]:
    return {"address": log.address, "topics": [to_hex(topic) for topic in log.topics], "data": to_hex(log.data)}


_METHODS = {
    "eth_chainId": lambda chain: hex(chain.chain_id()),
    "eth_getBlockByNumber": _block,
    "eth_getCode": lambda chain, address, number: to_hex(chain.code(address, int(number, 16))),
    "eth_call": lambda chain, call, number: to_hex(chain.call(call["to"], from_hex(call["data"]), int(number, 16))),
    "eth_getTransactionReceipt": _receipt,
    "eth_getLogs": _logs,
    "eth_getProof": lambda chain, address, slots, number: chain.proof(address, [from_hex(slot) for slot in slots], int(number, 16)),
}
