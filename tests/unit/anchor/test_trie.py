"""Nodes made by hand: every shape a trie can have, and every shape it cannot."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.typed import keccak256
from ceremony.anchor.rlp import encode_rlp
from ceremony.anchor.trie import EMPTY_ROOT, NODES_LIMIT, prove_value
from ceremony.errors import CeremonyError, ChainLied

KEY = b"a key"
PATH = keccak256(KEY).hex()
OTHER = {nibble: f"{(int(nibble, 16) + 1) % 16:x}" for nibble in "0123456789abcdef"}
"""Another nibble for each."""
VALUE = b"the value, long enough that no node with it is embedded"


def packed(path, *, leaf):
    """Hex-prefix, written the other way round than the code under test reads it."""
    flag = (2 if leaf else 0) + len(path) % 2
    return bytes.fromhex(f"{flag:x}" + ("" if len(path) % 2 else "0") + path)


def leaf(path, value=VALUE):
    return (packed(path, leaf=True), value)


def extension(path, child):
    return (packed(path, leaf=False), child)


def branch(children, value=b""):
    return (*(children.get(f"{nibble:x}", b"") for nibble in range(16)), value)


def name(node):
    """How a parent names a node that is large enough."""
    return keccak256(encode_rlp(node))


def prove(*nodes, key=KEY):
    encoded = [encode_rlp(node) for node in nodes]
    return prove_value(keccak256(encoded[0]), key, encoded)


def below(child, depth=1):
    """A branch that leads to the child after `depth` nibbles, with an extension over it if need be."""
    end = branch({PATH[depth - 1]: child, OTHER[PATH[depth - 1]]: bytes(32)})
    return (end,) if depth == 1 else (extension(PATH[: depth - 1], name(end)), end)


def test_a_single_leaf():
    assert prove(leaf(PATH)) == VALUE


def test_a_leaf_of_another_path_proves_absence():
    assert prove(leaf(PATH[:-1] + OTHER[PATH[-1]])) is None


@pytest.mark.parametrize("depth", [1, 2, 3, 63])
def test_a_leaf_under_extension_and_branch(depth):
    end = leaf(PATH[depth:])
    assert prove(*below(name(end), depth), end) == VALUE


def test_the_lowest_leaf_has_no_path_of_its_own():
    end = leaf("")
    assert prove(*below(name(end), 64), end) == VALUE


def test_a_branch_without_the_child_proves_absence():
    assert prove(*below(b"")) is None


def test_an_extension_elsewhere_proves_absence():
    assert prove(extension(PATH[:3] + OTHER[PATH[3]], bytes(32))) is None


def test_the_longest_path():
    nodes = [leaf("")]
    for nibble in reversed(PATH):
        nodes.append(branch({nibble: name(nodes[-1]), OTHER[nibble]: bytes(32)}))
    assert len(nodes) == NODES_LIMIT
    assert prove(*reversed(nodes)) == VALUE


def test_more_nodes_than_any_path_are_refused_unseen():
    with pytest.raises(ChainLied, match="more than any path"):
        prove_value(bytes(32), KEY, [b""] * (NODES_LIMIT + 1))


# --- the empty trie ---


@pytest.mark.parametrize("proof", [[], [b"\x80"]])
def test_an_empty_trie_proves_absence(proof):
    assert prove_value(EMPTY_ROOT, KEY, proof) is None


@pytest.mark.parametrize("proof", [[b"\x80", b"\x80"], [b"\xc0"], [encode_rlp(leaf(PATH))]])
def test_an_empty_trie_has_no_nodes(proof):
    with pytest.raises(ChainLied, match="empty"):
        prove_value(EMPTY_ROOT, KEY, proof)


def test_a_trie_that_is_not_empty_needs_nodes():
    with pytest.raises(ChainLied, match="missing"):
        prove_value(name(leaf(PATH)), KEY, [])


# --- embedded nodes ---


def embedded(value):
    end = leaf(PATH[60:], value)
    return *below(end, 60), end


@pytest.mark.parametrize("listed", [True, False])
def test_an_embedded_leaf_may_be_listed_or_not(listed):
    *nodes, end = embedded(b"small")
    assert prove(*nodes, *([end] if listed else [])) == b"small"


def test_nodes_embedded_in_embedded_nodes():
    end = leaf(PATH[63:], b"v")
    inner = extension(PATH[61:62], branch({PATH[62]: end, OTHER[PATH[62]]: end}))
    nodes = below(inner, 61)
    assert prove(*nodes) == prove(*nodes, inner, inner[1], end) == b"v"


def test_another_node_in_the_place_of_an_embedded_one_is_left_over():
    *nodes, _ = embedded(b"small")
    with pytest.raises(ChainLied, match="left over"):
        prove(*nodes, leaf(PATH[60:], b"other"))


def test_a_node_embedded_that_is_as_large_as_a_hash():
    largest, too_large = (leaf(PATH[60:], bytes([1] * size)) for size in (25, 26))
    assert [len(encode_rlp(node)) for node in (largest, too_large)] == [31, 32]
    assert prove(*below(largest, 60)) == bytes([1] * 25)
    with pytest.raises(ChainLied, match="too large"):
        prove(*below(too_large, 60))


def test_a_node_by_itself_that_is_smaller_than_a_hash():
    largest, too_large = (leaf(PATH[60:], bytes([1] * size)) for size in (25, 26))
    assert prove(*below(name(too_large), 60), too_large) == bytes([1] * 26)
    with pytest.raises(ChainLied, match="so small"):
        prove(*below(name(largest), 60), largest)


# --- nodes out of place ---

END = leaf(PATH[5:])
LINE = (*below(name(END), 5), END)


def test_the_line_itself_is_good():
    assert len(LINE) == 3
    assert prove(*LINE) == VALUE


@pytest.mark.parametrize("lost", range(1, 3))
def test_a_missing_node(lost):
    with pytest.raises(ChainLied, match=r"missing|not the one"):
        prove(*LINE[:lost], *LINE[lost + 1 :])


@pytest.mark.parametrize("twice", range(3))
def test_a_node_that_comes_twice(twice):
    with pytest.raises(ChainLied, match=r"left over|not the one"):
        prove(*LINE[: twice + 1], *LINE[twice:])


def test_swapped_nodes():
    with pytest.raises(ChainLied, match="not the one"):
        prove(LINE[0], LINE[2], LINE[1])


def test_another_key():
    with pytest.raises(ChainLied, match="left over"):
        prove(*LINE, key=b"another key")


# --- wrong shapes, each with the right hash ---


@pytest.mark.parametrize(
    ("node", "why"),
    [
        (bytes(40), "neither a branch"),
        ((), "so small"),
        ((bytes(40),), "neither a branch"),
        ((packed(PATH, leaf=True), VALUE, b""), "neither a branch"),
        ((b"",) * 15 + (bytes(40),), "neither a branch"),
        ((b"",) * 17 + (bytes(40),), "neither a branch"),
        ((b"", VALUE), "hex-prefix"),
        (((b"",), VALUE), "hex-prefix"),
        ((bytes.fromhex("40" + PATH), VALUE), "hex-prefix"),
        ((bytes.fromhex("f0" + PATH), VALUE), "hex-prefix"),
        ((bytes.fromhex("21" + PATH), VALUE), "hex-prefix"),
        ((bytes.fromhex("01" + PATH[:4]), bytes(32)), "hex-prefix"),
        (leaf(PATH[1:]), "too high or too low"),
        (leaf(PATH + "0"), "too high or too low"),
        (leaf(PATH, b""), "holds no bytes"),
        (leaf(PATH, (b"x",)), "holds no bytes"),
        (leaf(PATH[:-1] + OTHER[PATH[-1]], b""), "holds no bytes"),
        (extension("", bytes(32)), "goes nowhere"),
        (extension(PATH, bytes(32)), "below all leaves"),
        (extension(PATH + "0", bytes(32)), "below all leaves"),
        (extension(PATH[:62], b""), "neither a hash nor a node"),
        (extension(PATH[:20], bytes(31)), "neither a hash nor a node"),
        (extension(PATH[:20], bytes(33)), "neither a hash nor a node"),
        (branch({PATH[0]: bytes(31), OTHER[PATH[0]]: bytes(32)}), "neither a hash nor a node"),
        (branch({PATH[0]: (), OTHER[PATH[0]]: bytes(32)}), "neither a branch"),
        (branch({OTHER[PATH[0]]: bytes(32)}, value=b"v"), "ends in a branch"),
        (branch({OTHER[PATH[0]]: bytes(32)}, value=()), "ends in a branch"),
    ],
)
def test_a_node_of_a_wrong_shape(node, why):
    with pytest.raises(ChainLied, match=why):
        prove(node)


def test_a_branch_below_all_leaves():
    end = branch({"0": bytes(32), "1": bytes(32)})
    with pytest.raises(ChainLied, match="ends in a branch"):
        prove(*below(name(end), 64), end)


def test_a_node_that_is_not_rlp():
    encoded = encode_rlp(leaf(PATH)) + b"\0"
    with pytest.raises(ChainLied, match="not RLP"):
        prove_value(keccak256(encoded), KEY, [encoded])


pieces = st.binary(max_size=34) | st.sampled_from([packed(PATH, leaf=True), packed(PATH[:4], leaf=False), bytes(32)])
items = st.recursive(
    pieces,
    lambda inner: st.tuples(inner, inner) | st.dictionaries(st.sampled_from(PATH[:2]), inner, max_size=2).map(branch),
    max_leaves=6,
)


@given(st.lists(items.map(encode_rlp) | st.binary(max_size=40), min_size=1, max_size=3))
def test_nothing_but_a_named_error_comes_out(proof):
    try:
        value = prove_value(keccak256(proof[0]), KEY, proof)
    except CeremonyError:
        return
    assert value is None or value in proof[-1]
