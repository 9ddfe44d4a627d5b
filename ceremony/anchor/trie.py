"""One value of a Merkle Patricia trie of which only the root is known. Pure.

The nodes come from an endpoint that nobody trusts: each must be the one that its parent names, and all must be needed.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from ceremony.acts.typed import keccak256
from ceremony.anchor.rlp import Item, encode_rlp, parse_rlp
from ceremony.errors import ChainLied

_EMPTY = encode_rlp(b"")
EMPTY_ROOT = keccak256(_EMPTY)
"""The root of a trie that holds nothing."""
NODES_LIMIT = 65
"""Nodes of one proof: a path has 64 nibbles, each can have a branch, and a leaf comes last."""

_HASH = 32
_CHILDREN = 16
_BRANCH = _CHILDREN + 1
_PAIR = 2
_ODD, _LEAF = 1, 2
"""Bits of hex-prefix's first nibble."""


class _Onward(NamedTuple):
    """What is left of the path, in hex, and the child in which it goes on: a hash, or a node embedded in its parent."""

    path: str
    child: Item


def prove_value(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """What a secure trie (one whose paths are Keccak-256 of its keys) holds under a key.

    Args:
        root: the trie's root, 32 bytes.
        key: the key, before it is hashed.
        proof: the encoded nodes from the root down, as eth_getProof gives them.

    Returns:
        The value's bytes, at least one; None if the nodes prove that there is none.

    Raises:
        ChainLied: a node is missing, altered, misplaced, left over or no node at all.
    """
    if len(proof) > NODES_LIMIT:
        _refuse(f"it has {len(proof)} nodes, more than any path")
    if root == EMPTY_ROOT:
        _require_empty(proof)
        return None
    unused = deque(proof)
    step: _Onward | bytes = _Onward(keccak256(key).hex(), root)
    while isinstance(step, _Onward):
        step = _follow(step.path, _take(step.child, unused))
    if unused:
        _refuse(f"{len(unused)} nodes are left over")
    return step or None


def _require_empty(proof: Sequence[bytes]) -> None:
    # EIP-1186 leaves open what a proof from an empty trie is: no node, or the empty one, as anvil sends it.
    if list(proof) not in ([], [_EMPTY]):
        _refuse("the trie is empty, but the proof is not")


def _take(child: Item, unused: deque[bytes]) -> Item:
    """The child's node, which is the next unused one, or stands in its parent."""
    # SPEC Yellow Paper, appendix D: a node is named by its hash, unless its encoding is shorter than a hash
    if isinstance(child, tuple):
        return _take_embedded(child, unused)
    if len(child) != _HASH:
        _refuse("a node names a child that is neither a hash nor a node")
    if not unused:
        _refuse("a node is missing")
    encoded = unused.popleft()
    if keccak256(encoded) != child:
        _refuse("a node is not the one that its parent names: it was altered, misplaced or taken from another block")
    if len(encoded) < _HASH:
        _refuse("a node stands by itself that is so small that it belongs into its parent")
    return parse_rlp(encoded)


def _take_embedded(child: tuple[Item, ...], unused: deque[bytes]) -> Item:
    encoded = encode_rlp(child)
    if len(encoded) >= _HASH:
        _refuse("a node is embedded that is too large for it")
    # EIP-1186 leaves open whether a proof lists embedded nodes once more, as anvil does; they add nothing, so both are taken.
    if unused and unused[0] == encoded:
        unused.popleft()
    return child


def _follow(path: str, node: Item) -> _Onward | bytes:
    """One step down, or the value found; no bytes if the path leads nowhere."""
    # SPEC Yellow Paper, appendix D: a branch, or a pair that is an extension or a leaf
    if not isinstance(node, tuple) or len(node) not in {_BRANCH, _PAIR}:
        _refuse("a node is neither a branch nor an extension nor a leaf")
    if len(node) == _BRANCH:
        return _follow_branch(path, node)
    part, is_leaf = _parse_path(node[0])
    return _read_leaf(path, part, node[1]) if is_leaf else _follow_extension(path, part, node[1])


def _follow_branch(path: str, node: tuple[Item, ...]) -> _Onward | bytes:
    if not path or node[_CHILDREN] != b"":
        _refuse("a path ends in a branch, but all paths here are of one length")
    child = node[int(path[0], 16)]
    return b"" if child == b"" else _Onward(path[1:], child)


def _follow_extension(path: str, part: str, child: Item) -> _Onward | bytes:
    if not 0 < len(part) < len(path):
        _refuse("an extension goes nowhere or below all leaves")
    return _Onward(path[len(part) :], child) if path.startswith(part) else b""


def _read_leaf(path: str, part: str, value: Item) -> bytes:
    if len(part) != len(path):
        _refuse("a leaf hangs too high or too low")
    if isinstance(value, tuple) or not value:
        _refuse("a leaf holds no bytes")
    return value if part == path else b""


def _parse_path(encoded: Item) -> tuple[str, bool]:
    """The nibbles of a path in hex, and whether it is a leaf's."""
    # SPEC Yellow Paper, appendix C: the first nibble says leaf and odd; an even path has a zero nibble after it
    if isinstance(encoded, tuple) or not encoded or encoded[0] >> 4 > _LEAF | _ODD:
        _refuse("a path is not in hex-prefix form")
    nibbles, flags = encoded.hex(), encoded[0] >> 4
    if not flags & _ODD and nibbles[1] != "0":
        _refuse("a path is not in hex-prefix form")
    return nibbles[1 if flags & _ODD else 2 :], bool(flags & _LEAF)


def _refuse(why: str) -> NoReturn:
    message = f"this proves nothing: {why}"
    raise ChainLied(message)
