"""The root of all receipts of real blocks, small and large; and of no block that is a little different."""

import time

import pytest

from ceremony.acts.typed import keccak256
from ceremony.anchor.header import parse_header
from ceremony.anchor.receipts import RECEIPTS_LIMIT, receipts_root_of
from ceremony.anchor.rlp import encode_number, encode_rlp
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.trie import EMPTY_ROOT
from ceremony.errors import ChainLied

LOGGING = "0x" + "6001600260206000a200"
"""Emits 32 zero bytes under the topics 2 and 1."""
LOGGER = "0x" + "a5" * 20


def raw(text):
    return bytes.fromhex(text[2:])


def number(text):
    return encode_number(int(text, 16))


def encode_receipt(found):
    """A receipt's consensus encoding (EIP-2718, EIP-1559), from its JSON."""
    logs = tuple((raw(log["address"]), tuple(map(raw, log["topics"])), raw(log["data"])) for log in found["logs"])
    return number(found["type"]) + encode_rlp((number(found["status"]), number(found["cumulativeGasUsed"]), raw(found["logsBloom"]), logs))


@pytest.fixture(scope="module")
def rpc(start_node):
    rpc = JsonRpc(start_node("--hardfork", "osaka", "--no-mining", "--order", "fifo"))
    rpc.ask("anvil_setCode", LOGGER, LOGGING)
    return rpc


def mine(rpc, count):
    """The header and the receipts of a new block with so many transactions, of which the odd ones log."""
    payer = rpc.ask("eth_accounts")[0]
    for place in range(count):
        rpc.ask("eth_sendTransaction", {"from": payer, "to": LOGGER if place % 2 else payer, "gas": "0xffff"})
    rpc.ask("evm_mine")
    for _ in range(500):
        found = rpc.ask("eth_getBlockReceipts", "latest") or []
        if len(found) == count:
            return parse_header(rpc.ask("eth_getBlockByNumber", "latest", False)), list(map(encode_receipt, found))
        time.sleep(0.02)
    return pytest.fail("the block was not mined")


@pytest.mark.parametrize("count", [0, 1, 2, 3, 17, 130, 260])  # up to 127 a place is its own encoding, up to 255 it has two bytes
def test_a_real_blocks_receipts(rpc, count):
    header, receipts = mine(rpc, count)
    assert len(receipts) == count
    assert receipts_root_of(receipts) == header.receipts_root


def test_a_receipt_altered_dropped_added_or_swapped_has_another_root(rpc):
    header, receipts = mine(rpc, 4)
    first, second, third, fourth = receipts
    others = [
        [first, second, third],
        [second, third, fourth],
        [*receipts, fourth],
        [first, third, second, fourth],
        [first[:-1] + b"\1", second, third, fourth],
    ]
    roots = {header.receipts_root, *map(receipts_root_of, others)}
    assert len(roots) == 1 + len(others)


def test_a_small_node_stands_in_its_parent():
    # By the Yellow Paper's rules: the places 1 and 2 are encoded 01 and 02, so their leaves, under nibbles 1 and 2, have no path left.
    low = (b"", (b" ", b"b"), (b" ", b"c"), *(b"",) * 14)
    root = (low, *(b"",) * 7, (b"0", b"a"), *(b"",) * 8)
    assert len(encode_rlp(low)) < 32
    assert receipts_root_of([b"a", b"b", b"c"]) == keccak256(encode_rlp(root))


@pytest.mark.parametrize(("size", "embedded"), [(28, True), (29, False)])
def test_a_node_as_large_as_a_hash_is_named_by_its_hash(size, embedded):
    large = (b"0", b"a" * size)
    assert len(encode_rlp(large)) == (31 if embedded else 32)
    root = ((b"1", b"b"), *(b"",) * 7, large if embedded else keccak256(encode_rlp(large)), *(b"",) * 8)
    assert receipts_root_of([b"a" * size, b"b"]) == keccak256(encode_rlp(root))


def test_no_receipts():
    assert receipts_root_of([]) == EMPTY_ROOT


def test_more_receipts_than_any_block_has():
    with pytest.raises(ChainLied, match="more than any block"):
        receipts_root_of([b""] * (RECEIPTS_LIMIT + 1))
