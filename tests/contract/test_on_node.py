"""The contract on a real node: deployed by the deterministic factory, read, given acts by five and by four of seven."""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.request import Request, urlopen

import pytest
from coincurve import PrivateKey

from ceremony.acts.typed import keccak256
from ceremony.anchor import contract

ANVIL = Path(__file__).resolve().parents[2] / "contracts" / "node_modules" / ".bin" / "anvil"
START_LINES = 200
"""Lines that the node may print before it listens; it prints about 60."""
LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")
DEADLINE = 10
"""Seconds for one answer of a local node: longer is a hang."""
RECEIPT_TRIES = 500
RECEIPT_PAUSE = 0.02
"""Seconds between two tries; together as long as DEADLINE."""

SALT = bytes(31) + b"\x01"
CEREMONY_ID = keccak256(b"sample ceremony")
SAMPLE_KEYS = [PrivateKey.from_int(number) for number in range(1, 8)]
KEYS = {keccak256(key.public_key.format(compressed=False)[1:])[12:]: key for key in SAMPLE_KEYS}
ROSTER = sorted(KEYS)
TERMS: contract.Terms = {
    "name": "ceremony rehearsal",
    "ceremony_id": CEREMONY_ID,
    "roster_digest": contract.roster_digest(ROSTER),
    "n": 7,
    "k": 5,
    "halting": 3,
}
GENESIS: contract.GenesisFields = {
    "root": keccak256(b"genesis root"),
    "size": 60,
    "plan_digest": keccak256(b"plan"),
    "epoch": 1,
    "sequence": 0,
    "deadline": 2**63,
    "head": bytes(32),
}


class RefusedError(Exception):
    """The node would not take it; `data` is what the contract reverted with."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(error)
        self.data = bytes.fromhex(str(error.get("data", "0x"))[2:])


class Node:
    """Just enough JSON-RPC for these tests."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.payer = self.ask("eth_accounts")[0]

    def ask(self, method: str, *params: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = Request(self.url, body, {"Content-Type": "application/json"})
        with urlopen(request, timeout=DEADLINE) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RefusedError(answer["error"])
        return answer["result"]

    def send(self, to: bytes, data: bytes) -> Mapping[str, Any]:
        sent = {"from": self.payer, "to": "0x" + to.hex(), "data": "0x" + data.hex()}
        return self.receipt(self.ask("eth_sendTransaction", sent))

    def receipt(self, sent: str) -> Mapping[str, Any]:
        """The node mines at once, but answers before it has."""
        for _ in range(RECEIPT_TRIES):
            receipt: Mapping[str, Any] | None = self.ask("eth_getTransactionReceipt", sent)
            if receipt is not None:
                return receipt
            time.sleep(RECEIPT_PAUSE)
        pytest.fail(f"no receipt of {sent}")

    def call(self, to: bytes, data: bytes) -> bytes:
        return bytes.fromhex(self.ask("eth_call", {"to": "0x" + to.hex(), "data": "0x" + data.hex()}, "latest")[2:])

    def code(self, at: bytes) -> bytes:
        return bytes.fromhex(self.ask("eth_getCode", "0x" + at.hex(), "latest")[2:])

    def stored(self, at: bytes, key: bytes) -> bytes:
        return bytes.fromhex(self.ask("eth_getStorageAt", "0x" + at.hex(), "0x" + key.hex(), "latest")[2:])


@pytest.fixture
def node() -> Iterator[Node]:
    command = [str(ANVIL), "--port", "0", "--host", "127.0.0.1", "--hardfork", "osaka"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = (process.stdout.readline() for _ in range(START_LINES))
            yield Node(next(int(found[1]) for line in lines if (found := LISTENING.match(line))))
        finally:
            process.terminate()


@pytest.fixture
def address(node: Node) -> bytes:
    creation = contract.creation_code(contract.load_artifact(), **TERMS)
    node.send(contract.CREATE2_FACTORY, contract.encode_factory_call(SALT, creation))
    return contract.create2_address(contract.CREATE2_FACTORY, SALT, creation)


def typed_digest(node: Node, address: bytes, struct_type: bytes, words: bytes) -> bytes:
    """EIP-712, written out here once more so that contract and package are compared with a third."""
    domain_type = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    chain_id = int(node.ask("eth_chainId"), 16).to_bytes(32)
    domain = (domain_type, TERMS["name"].encode(), b"1")
    separator = keccak256(b"".join(map(keccak256, domain)) + chain_id + bytes(12) + address)
    return keccak256(b"\x19\x01" + separator + keccak256(keccak256(struct_type) + words))


def genesis_digest(node: Node, address: bytes) -> bytes:
    struct_type = (
        b"Genesis(bytes32 root,uint64 size,bytes32 planDigest,uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    )
    return typed_digest(node, address, struct_type, contract.encode_genesis_words(**GENESIS))


def anchor_digest(node: Node, address: bytes, act: contract.AnchorFields) -> bytes:
    struct_type = (
        b"Anchor(uint8 kind,bytes32 root,uint64 size,bytes32 metadata,bytes32 transcriptRoot,uint64 transcriptSize,"
        b"uint64 epoch,uint64 seq,uint64 deadline,bytes32 head)"
    )
    return typed_digest(node, address, struct_type, contract.encode_anchor_words(**act))


def approvals(digest: bytes, positions: tuple[int, ...]) -> bytes:
    signatures = {}
    for address in (ROSTER[position] for position in positions):
        signature = KEYS[address].sign_recoverable(digest, hasher=None)
        signatures[address] = signature[:64] + bytes([27 + signature[64]])
    return contract.encode_approvals(signatures, ROSTER)


def view(node: Node, address: bytes, name: str, words: bytes = b"") -> bytes:
    return node.call(address, contract.encode_view_call(name, words))


def log_of(receipt: Mapping[str, Any]) -> tuple[list[bytes], bytes]:
    (log,) = receipt["logs"]
    return [bytes.fromhex(topic[2:]) for topic in log["topics"]], bytes.fromhex(log["data"][2:])


def test_the_code_on_chain_is_the_code_rebuilt_here(node: Node, address: bytes) -> None:
    assert node.code(address) == contract.runtime_code(contract.load_artifact(), **TERMS)


def test_an_ordinary_deployment_lands_where_predicted(node: Node) -> None:
    creation = contract.creation_code(contract.load_artifact(), **TERMS)
    nonce = int(node.ask("eth_getTransactionCount", node.payer, "latest"), 16)
    sent = node.ask("eth_sendTransaction", {"from": node.payer, "data": "0x" + creation.hex()})
    predicted = contract.create_address(bytes.fromhex(node.payer[2:]), nonce)
    assert node.receipt(sent)["contractAddress"] == "0x" + predicted.hex()
    assert node.code(predicted) == contract.runtime_code(contract.load_artifact(), **TERMS)


def test_a_fresh_contract_reads_back_its_terms(node: Node, address: bytes) -> None:
    numbers = {"epoch": 1, "sequence": 0, "n": 7, "k": 5, "halting": 3}
    assert {name: contract.parse_uint(view(node, address, name)) for name in numbers} == numbers
    words = {
        "ceremonyId": CEREMONY_ID,
        "rosterDigest": TERMS["roster_digest"],
        "nameHash": keccak256(b"ceremony rehearsal"),
    }
    assert {name: contract.parse_word(view(node, address, name)) for name in words} == words
    assert view(node, address, "head") == view(node, address, "genesisRoot") == bytes(32)
    assert not contract.parse_flag(view(node, address, "anchored", GENESIS["root"]))


def test_five_of_seven_anchor_the_genesis_then_more(node: Node, address: bytes) -> None:
    digest = genesis_digest(node, address)
    assert view(node, address, "digestGenesis", contract.encode_genesis_words(**GENESIS)) == digest
    receipt = node.send(address, contract.encode_genesis_call(approvals(digest, (0, 2, 3, 5, 6)), **GENESIS))
    head = contract.next_head(bytes(32), digest)
    assert contract.parse_genesis_log(*log_of(receipt)) == contract.GenesisLog(0, GENESIS["root"], 60, head, digest)
    require_state(node, address, head, 1, (GENESIS["root"],))

    act: contract.AnchorFields = {
        "kind": 2,
        "root": keccak256(b"later root"),
        "size": 90,
        "metadata": keccak256(b"metadata"),
        "transcript_root": keccak256(b"transcript root"),
        "transcript_size": 80,
        "epoch": 1,
        "sequence": 1,
        "deadline": 2**63,
        "head": head,
    }
    later = anchor_digest(node, address, act)
    assert view(node, address, "digestAnchor", contract.encode_anchor_words(**act)) == later
    receipt = node.send(address, contract.encode_anchor_call(approvals(later, (0, 1, 2, 3, 4, 5, 6)), **act))
    head = contract.next_head(head, later)
    expected = contract.AnchorLog(1, act["root"], 2, 90, act["metadata"], head, later)
    assert contract.parse_anchor_log(*log_of(receipt)) == expected
    require_state(node, address, head, 2, (GENESIS["root"], act["root"]))


def require_state(node: Node, address: bytes, head: bytes, sequence: int, roots: tuple[bytes, ...]) -> None:
    """Both by the contract's views and by its storage, which proofs read."""
    artifact = contract.load_artifact()
    assert contract.parse_word(view(node, address, "head")) == head
    assert contract.parse_uint(view(node, address, "sequence")) == sequence
    assert contract.parse_word(view(node, address, "genesisRoot")) == GENESIS["root"]
    assert all(contract.parse_flag(view(node, address, "anchored", root)) for root in roots)
    assert node.stored(address, contract.slot_key(artifact, "head")) == head
    assert contract.parse_uint(node.stored(address, contract.slot_key(artifact, "sequence"))) == sequence
    assert node.stored(address, contract.slot_key(artifact, "genesisRoot")) == GENESIS["root"]
    assert all(contract.parse_flag(node.stored(address, contract.anchored_key(artifact, root))) for root in roots)


@pytest.mark.parametrize(
    ("change", "positions", "rule"),
    [
        ({}, (0, 2, 3, 5), "TooFewApprovals"),
        ({"epoch": 2}, (0, 2, 3, 5, 6), "WrongEpoch"),
        ({"sequence": 1}, (0, 2, 3, 5, 6), "WrongSequence"),
        ({"head": CEREMONY_ID}, (0, 2, 3, 5, 6), "WrongHead"),
        ({"deadline": 1}, (0, 2, 3, 5, 6), "DeadlinePassed"),
        ({"root": bytes(32)}, (0, 2, 3, 5, 6), "EmptyRoot"),
        ({"plan_digest": CEREMONY_ID}, (0, 2, 3, 5, 6), "RosterMismatch"),
    ],
)
def test_a_refusal_has_a_name(
    node: Node, address: bytes, change: Mapping[str, Any], positions: tuple[int, ...], rule: str
) -> None:
    act = cast("contract.GenesisFields", {**GENESIS, **change})
    call = contract.encode_genesis_call(approvals(genesis_digest(node, address), positions), **act)
    with pytest.raises(RefusedError) as refused:
        node.call(address, call)
    assert contract.parse_refusal(contract.load_artifact(), refused.value.data) == rule
    assert node.send(address, call)["status"] == "0x0"
    assert contract.parse_uint(view(node, address, "sequence")) == 0
