"""The reading door against a real HTTP server that misbehaves: each odd answer is a named error that names the endpoint, never a hang."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ceremony.anchor import rpc
from ceremony.anchor.chain import Log, Receipt
from ceremony.errors import CallReverted, ChainLied, ChainUnreachable

HASH = "0x" + "ab" * 32
ADDRESS = "0x" + "CD" * 20
BLOCK = {"number": "0x10", "hash": HASH, "timestamp": "0x65"}
RECEIPT = {
    "transactionHash": HASH.upper().replace("0X", "0x"),
    "status": "0x1",
    "blockNumber": "0x10",
    "blockHash": HASH,
    "contractAddress": ADDRESS,
    "logs": [{"address": ADDRESS, "topics": [HASH], "data": "0x01"}],
}


class Quiet(ThreadingHTTPServer):
    """Says nothing when a reader has gone away, as some of these do."""

    def handle_error(self, request, client_address):
        """Nothing."""


class Endpoint:
    """A server that answers every question as `answer(question)` says: a value is the result, bytes the whole body, an int a status."""

    def __init__(self):
        self.answer = lambda _question: None
        self.asked = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append((question["method"], question["params"]))
                given = endpoint.answer(question)
                if isinstance(given, int) and not isinstance(given, bool):
                    self.send_error(given)
                    return
                body = given if isinstance(given, bytes) else json.dumps({"jsonrpc": "2.0", "id": question["id"], **given}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                """Quietly."""

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def gives(self, result):
        self.answer = lambda _question: {"result": result}

    def refuses(self, **error):
        self.answer = lambda _question: {"error": error}


@pytest.fixture
def endpoint(monkeypatch):
    monkeypatch.setattr(rpc, "PAUSE_SECONDS", 0.001)
    serving = Endpoint()
    yield serving
    serving.server.shutdown()
    serving.server.server_close()


@pytest.fixture
def reader(endpoint):
    return rpc.JsonRpc(endpoint.url, seconds=5.0)


# --- what is read ---


def test_numbers_and_bytes_are_read(endpoint, reader):
    endpoint.gives("0x7a69")
    assert reader.chain_id() == 31337
    endpoint.gives("0x6001")
    assert reader.code(ADDRESS, 16) == b"\x60\x01"
    assert reader.call(ADDRESS, b"\x01\x02", 255) == b"\x60\x01"
    assert endpoint.asked[-2:] == [
        ("eth_getCode", [ADDRESS, "0x10"]),
        ("eth_call", [{"to": ADDRESS, "data": "0x0102"}, "0xff"]),
    ]


def test_blocks_are_read(endpoint, reader):
    endpoint.gives(BLOCK)
    assert reader.finalized().model_dump() == {"number": 16, "hash": HASH, "time": 0x65}
    assert reader.block(16) == reader.finalized()
    assert endpoint.asked[0] == ("eth_getBlockByNumber", ["finalized", False])
    assert endpoint.asked[1] == ("eth_getBlockByNumber", ["0x10", False])


def test_receipts_and_logs_are_read_in_lower_case(endpoint, reader):
    endpoint.gives(RECEIPT)
    lower = ADDRESS.lower()
    assert reader.receipt(HASH) == Receipt(HASH, True, 16, HASH, lower, (Log(lower, (bytes.fromhex(HASH[2:]),), b"\x01"),))
    endpoint.gives({**RECEIPT, "status": "0x0", "contractAddress": None, "logs": []})
    assert reader.receipt(HASH) == Receipt(HASH, False, 16, HASH, None, ())
    endpoint.gives(None)
    assert reader.receipt(HASH) is None
    endpoint.gives([{"transactionHash": HASH.upper().replace("0X", "0x")}])
    assert reader.transactions_with(ADDRESS, bytes(32), 1, 16) == (HASH,)
    assert endpoint.asked[-1][1] == [{"address": ADDRESS, "topics": ["0x" + "00" * 32], "fromBlock": "0x1", "toBlock": "0x10"}]


# --- what is a lie ---

READS = {
    "chain_id": lambda reader: reader.chain_id(),
    "finalized": lambda reader: reader.finalized(),
    "block": lambda reader: reader.block(16),
    "code": lambda reader: reader.code(ADDRESS, 1),
    "call": lambda reader: reader.call(ADDRESS, b"", 1),
    "receipt": lambda reader: reader.receipt(HASH),
    "transactions_with": lambda reader: reader.transactions_with(ADDRESS, bytes(32), 1, 2),
}
ODD = (None, True, 7, 1.5, "", "zz", "0xzz", [], [1], [[]], {}, {"a": 1}, [None], [{}])


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("result", ODD, ids=str)
def test_an_answer_of_another_shape_is_a_lie_or_an_empty_answer(name, result, endpoint, reader):
    endpoint.gives(result)
    harmless = {"receipt": result is None, "transactions_with": result in ([], {}, ""), "code": result == "", "call": result == ""}
    if harmless.get(name):
        assert not READS[name](reader)
        return
    with pytest.raises(ChainLied) as refusal:
        READS[name](reader)
    assert refusal.value.culprits == (endpoint.url,)
    assert len(endpoint.asked) == 1


BROKEN_BLOCKS = [
    *({name: value for name, value in BLOCK.items() if name != gone} for gone in BLOCK),
    {**BLOCK, "hash": "0x00"},
    {**BLOCK, "hash": 7},
    {**BLOCK, "number": "16x"},
    {**BLOCK, "timestamp": None},
    {**BLOCK, "timestamp": hex(2**53)},
    {**BLOCK, "number": "-0x1"},
]


@pytest.mark.parametrize("block", BROKEN_BLOCKS, ids=str)
def test_a_block_that_is_none_is_a_lie(block, endpoint, reader):
    endpoint.gives(block)
    with pytest.raises(ChainLied):
        reader.finalized()


def test_another_block_than_the_one_asked_for_is_a_lie(endpoint, reader):
    endpoint.gives(BLOCK)
    with pytest.raises(ChainLied, match="asked for block 17, it answered with block 16"):
        reader.block(17)


BROKEN_RECEIPTS = [
    *({name: value for name, value in RECEIPT.items() if name != gone} for gone in RECEIPT if gone != "contractAddress"),
    {**RECEIPT, "transactionHash": "0x" + "00" * 32},
    {**RECEIPT, "contractAddress": 7},
    {**RECEIPT, "logs": 7},
    {**RECEIPT, "logs": [7]},
    {**RECEIPT, "logs": [{"address": ADDRESS, "topics": [7], "data": "0x"}]},
    {**RECEIPT, "logs": [{"address": 7, "topics": [], "data": "0x"}]},
    {**RECEIPT, "logs": [{"address": ADDRESS, "topics": [], "data": "0x0"}]},
    [],
    "0x",
]


@pytest.mark.parametrize("receipt", BROKEN_RECEIPTS, ids=str)
def test_a_receipt_that_is_none_is_a_lie(receipt, endpoint, reader):
    endpoint.gives(receipt)
    with pytest.raises(ChainLied):
        reader.receipt(HASH)


def test_a_transaction_is_known_while_it_waits(endpoint, reader):
    endpoint.gives({"hash": HASH, "blockNumber": None})
    assert reader.knows(HASH)
    assert endpoint.asked[-1][1] == [HASH]
    endpoint.gives(None)
    assert not reader.knows(HASH)


BODIES = {
    "no JSON": b"<html>",
    "nothing": b"",
    "a list": b"[]",
    "deep": b"[" * 100_000,
    "another id": b'{"jsonrpc":"2.0","id":999,"result":"0x1"}',
    "no id": b'{"jsonrpc":"2.0","result":"0x1"}',
    "not UTF-8": b'"\xff\xfe\xfd"',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_answer_to_no_question_of_ours_is_a_lie(body, endpoint, reader):
    endpoint.answer = lambda _question: body
    with pytest.raises(ChainLied) as refusal:
        reader.chain_id()
    assert refusal.value.culprits == (endpoint.url,)


def test_an_answer_without_result_or_error_is_a_lie(endpoint, reader):
    endpoint.answer = lambda _question: {}
    with pytest.raises(ChainLied, match="holds no result"):
        reader.chain_id()


def test_an_answer_too_large_is_a_lie(endpoint, reader, monkeypatch):
    monkeypatch.setattr(rpc, "ANSWER_LIMIT", 1000)
    endpoint.gives("0x" + "00" * 1000)
    with pytest.raises(ChainLied, match="too large"):
        reader.code(ADDRESS, 1)


# --- what is tried again ---


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_endpoint_is_asked_again_and_then_named(status, endpoint, reader):
    endpoint.answer = lambda _question: status
    with pytest.raises(ChainUnreachable, match=str(status)) as refusal:
        reader.chain_id()
    assert refusal.value.culprits == (endpoint.url,)
    assert len(endpoint.asked) == rpc.TRIES


def test_an_endpoint_that_was_busy_once_is_believed_then(endpoint, reader):
    answers = iter([503, {"result": "0x1"}])
    endpoint.answer = lambda _question: next(answers)
    assert reader.chain_id() == 1


@pytest.mark.parametrize("status", [400, 401, 404])
def test_an_endpoint_that_is_none_is_not_asked_again(status, endpoint, reader):
    endpoint.answer = lambda _question: status
    with pytest.raises(ChainLied):
        reader.chain_id()
    assert len(endpoint.asked) == 1


def test_an_endpoint_that_is_down_is_named(endpoint):
    endpoint.server.shutdown()
    endpoint.server.server_close()
    with pytest.raises(ChainUnreachable, match="cannot be reached") as refusal:
        rpc.JsonRpc(endpoint.url, seconds=1.0).chain_id()
    assert refusal.value.culprits == (endpoint.url,)


def test_an_endpoint_that_hangs_is_given_up(endpoint):
    held = threading.Event()
    endpoint.answer = lambda _question: (held.wait(20), {"result": "0x1"})[1]
    try:
        with pytest.raises(ChainUnreachable):
            rpc.JsonRpc(endpoint.url, seconds=0.1).chain_id()
    finally:
        held.set()


def test_an_answer_that_trickles_is_given_up_too(monkeypatch):
    """Each byte comes in time, the whole never does."""
    monkeypatch.setattr(rpc, "PAUSE_SECONDS", 0.001)
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            while not ended.wait(0.05):
                self.wfile.write(b" ")

        def log_message(self, *_args):
            """Quietly."""

    server = Quiet(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        with pytest.raises(ChainUnreachable, match=r"not complete after 0\.3 s"):
            rpc.JsonRpc(f"http://127.0.0.1:{server.server_port}", seconds=0.3).chain_id()
    finally:
        ended.set()
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://no host", "http://[::1"])
def test_an_address_that_leads_nowhere_is_unreachable(url, monkeypatch):
    monkeypatch.setattr(rpc, "PAUSE_SECONDS", 0.001)
    with pytest.raises(ChainUnreachable):
        rpc.JsonRpc(url, seconds=1.0).chain_id()


# --- refusals ---


@pytest.mark.parametrize(
    ("error", "data"),
    [
        ({"code": 3, "message": "execution reverted", "data": "0x01020304"}, b"\x01\x02\x03\x04"),
        ({"code": -32000, "message": "VM: revert"}, b""),
        ({"code": 3, "message": "x", "data": {"nested": 1}}, b""),
    ],
)
def test_a_revert_is_told_with_its_data(error, data, endpoint, reader):
    endpoint.refuses(**error)
    with pytest.raises(CallReverted) as refusal:
        reader.call(ADDRESS, b"", 1)
    assert refusal.value.data == data
    assert refusal.value.culprits == (endpoint.url,)


@pytest.mark.parametrize("data", ["0xzz", "0x1", "zz"])
def test_a_revert_with_unreadable_data_is_still_a_named_error(data, endpoint, reader):
    endpoint.refuses(code=3, message="execution reverted", data=data)
    with pytest.raises((CallReverted, ChainLied)) as refusal:
        reader.call(ADDRESS, b"", 1)
    assert refusal.value.culprits == (endpoint.url,)


@pytest.mark.parametrize("error", [{"code": -32601, "message": "no such method"}, {}])
def test_another_refusal_is_tried_again_and_then_unreachable(error, endpoint, reader):
    endpoint.refuses(**error)
    with pytest.raises(ChainUnreachable, match="refused eth_chainId"):
        reader.chain_id()
    assert len(endpoint.asked) == rpc.TRIES


def test_an_error_that_is_no_object_is_a_refusal_too(endpoint, reader):
    endpoint.answer = lambda _question: {"error": "out of order"}
    with pytest.raises(ChainUnreachable, match="out of order"):
        reader.chain_id()
