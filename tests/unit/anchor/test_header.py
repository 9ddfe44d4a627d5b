"""Headers of real blocks are believed for their hash, and only as they are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.anchor.header import Header, parse_header
from ceremony.anchor.rpc import JsonRpc
from ceremony.errors import CeremonyError, ChainLied

EMPTY_TRIE = "0x56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
# The first block of Ethereum's main chain, which everybody knows.
FIRST = {
    "parentHash": "0x" + 64 * "0",
    "sha3Uncles": "0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347",
    "miner": "0x" + 40 * "0",
    "stateRoot": "0xd7f8974fb5ac78d9ac099b9ad5018bedc2ce0a72dad1827a1709da30580f0544",
    "transactionsRoot": EMPTY_TRIE,
    "receiptsRoot": EMPTY_TRIE,
    "logsBloom": "0x" + 512 * "0",
    "difficulty": "0x400000000",
    "number": "0x0",
    "gasLimit": "0x1388",
    "gasUsed": "0x0",
    "timestamp": "0x0",
    "extraData": "0x11bbe8db4e347b4e8c937c1c8370e4b5ed33adb3db69cbdb7a38e1e50b1b82fa",
    "mixHash": "0x" + 64 * "0",
    "nonce": "0x0000000000000042",
    "hash": "0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3",
}
LATER = {
    "berlin": (),
    "london": ("baseFeePerGas",),
    "shanghai": ("withdrawalsRoot",),
    "cancun": ("blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot"),
    "osaka": ("requestsHash",),
}
"""What each fork adds to the one before."""
ALL_LATER = tuple(name for names in LATER.values() for name in names)
COVERED = (*FIRST, *ALL_LATER)
"""Everything that is altered below: the members, and the hash."""


@pytest.fixture(scope="module")
def blocks(start_node):
    """A mined block, as JSON, of each fork."""
    found = {}
    for fork in LATER:
        rpc = JsonRpc(start_node("--hardfork", fork))
        rpc.ask("evm_mine")
        found[fork] = rpc.ask("eth_getBlockByNumber", "latest", False)
    return found


def altered(text):
    """Another value of the same shape."""
    return text[:-1] + ("1" if text[-1] != "1" else "2") if text != "0x" else "0x00"


def test_the_first_block_of_all():
    header = parse_header(FIRST)
    assert header == Header(0, FIRST["hash"], 0, bytes.fromhex(FIRST["stateRoot"][2:]))


@pytest.mark.parametrize("fork", LATER)
def test_a_real_block_of_each_fork(blocks, fork):
    block = blocks[fork]
    present = [name for name in ALL_LATER if block.get(name) is not None]
    assert present == [name for names in list(LATER.values())[: list(LATER).index(fork) + 1] for name in names]
    header = parse_header(block)
    assert (header.number, header.hash, header.time) == (1, block["hash"], int(block["timestamp"], 16))
    assert header.state_root == bytes.fromhex(block["stateRoot"][2:])


def test_the_hash_is_given_in_lower_case(blocks):
    block = blocks["osaka"]
    assert parse_header(block | {"hash": "0x" + block["hash"][2:].upper()}).hash == block["hash"]


@pytest.mark.parametrize("name", COVERED)
def test_an_altered_member_is_refused(blocks, name):
    block = blocks["osaka"]
    with pytest.raises(ChainLied, match="does not have the hash"):
        parse_header(block | {name: altered(block[name])})


LOST = {"null": None, "empty": "", "no-hex": "0x0g", "no-text": 7, "bare": "00", "_": "0x_1"}
LOST |= {"long": "0x" + 70 * "0", "huge": "0x" + 40000 * "0"}


@pytest.mark.parametrize("name", COVERED)
@pytest.mark.parametrize("lost", LOST.values(), ids=LOST)
def test_a_missing_or_malformed_member_is_refused(blocks, name, lost):
    with pytest.raises(ChainLied):
        parse_header(blocks["osaka"] | {name: lost})


@pytest.mark.parametrize("name", ["miner", "parentHash", "logsBloom", "nonce", "hash", "requestsHash"])
def test_a_member_of_another_size_is_named(blocks, name):
    block = blocks["osaka"]
    for text in (block[name] + "00", block[name][:-2]):
        with pytest.raises(ChainLied, match=rf"{name} is not \d+ bytes"):
            parse_header(block | {name: text})


def test_null_is_as_good_as_left_out(blocks):
    block = blocks["london"]
    assert parse_header(block | dict.fromkeys(ALL_LATER[1:])) == parse_header(block)


@pytest.mark.parametrize("name", COVERED)
def test_a_member_that_is_not_there_is_refused(blocks, name):
    block = dict(blocks["osaka"])
    del block[name]
    with pytest.raises(ChainLied):
        parse_header(block)


@pytest.mark.parametrize("name", ALL_LATER[:-1])
def test_a_member_after_a_missing_one_is_named(blocks, name):
    with pytest.raises(ChainLied, match=f"but not {name}"):
        parse_header(blocks["osaka"] | {name: None})


def test_a_header_that_skips_a_fork_is_refused_though_its_hash_fits(start_node):
    block = JsonRpc(start_node("--hardfork", "london")).ask("eth_getBlockByNumber", "0x0", False)
    with pytest.raises(ChainLied, match="has blobGasUsed, but not withdrawalsRoot"):
        parse_header(block)  # anvil's own first block: no such block is ever mined


@pytest.mark.parametrize("answer", [None, [], "0x", 7, {}])
def test_what_is_no_block_is_refused(answer):
    with pytest.raises(ChainLied):
        parse_header(answer)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.from_regex(r"0x[0-9a-f]{0,80}", fullmatch=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(COVERED), json_values, min_size=1))
def test_nothing_but_a_named_error_comes_out(changes):
    try:
        header = parse_header(FIRST | changes)
    except CeremonyError:
        return
    assert header == parse_header(FIRST)
