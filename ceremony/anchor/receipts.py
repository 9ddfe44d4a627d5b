"""The root of a block's receipts, built from all of them: who has it in a proven header knows that none is left out. Pure."""

from collections.abc import Mapping, Sequence

from ceremony.acts.typed import keccak256
from ceremony.anchor.rlp import Item, encode_number, encode_rlp
from ceremony.errors import ChainLied

RECEIPTS_LIMIT = 1 << 16
"""Receipts of one block: 21,000 gas each at least, so that a block of a billion gas has fewer."""

_HASH = 32
_NIBBLES = "0123456789abcdef"


def receipts_root_of(receipts: Sequence[bytes]) -> bytes:
    """The root of the trie that holds a block's receipts, 32 bytes.

    Args:
        receipts: all of the block's, in order, each as EIP-2718 encodes it: the transaction's type, unless it is 0, and RLP.

    Raises:
        ChainLied: there are more than any block has.
    """
    if len(receipts) > RECEIPTS_LIMIT:
        message = f"{len(receipts)} receipts are more than any block has"
        raise ChainLied(message)
    # SPEC Yellow Paper, section 4.4.3: each under the RLP of its place in the block, not hashed
    held = {encode_rlp(encode_number(place)).hex(): receipt for place, receipt in enumerate(receipts)}
    return keccak256(encode_rlp(_node_of(held)))


def _node_of(held: Mapping[str, bytes]) -> Item:
    """The trie that holds values under paths in hex, of which none begins another."""
    # SPEC Yellow Paper, appendix D
    if not held:
        return b""
    shared = _shared_start(min(held), max(held))
    if len(held) == 1:
        return (_encode_path(shared, flag=2), held[shared])
    if shared:
        return (_encode_path(shared, flag=0), _reference(_below(held, shared)))
    return (*(_reference(_below(held, nibble)) for nibble in _NIBBLES), b"")


def _below(held: Mapping[str, bytes], start: str) -> Item:
    return _node_of({path[len(start) :]: value for path, value in held.items() if path.startswith(start)})


def _reference(node: Item) -> Item:
    """What stands for a node in its parent: its hash, or itself if it is smaller than that."""
    encoded = encode_rlp(node)
    return node if len(encoded) < _HASH else keccak256(encoded)


def _shared_start(first: str, last: str) -> str:
    """How two paths begin alike; what the first and the last of many share, all share."""
    differ = (place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other)
    return first[: next(differ, len(first))]


def _encode_path(path: str, flag: int) -> bytes:
    # SPEC Yellow Paper, appendix C: hex-prefix, with 2 in the flag for a leaf
    odd = len(path) % 2
    return bytes.fromhex(f"{flag + odd}{'' if odd else '0'}{path}")
