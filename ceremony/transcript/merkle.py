"""RFC 6962's tree over the transcript: roots of every prefix, inclusion and consistency proofs (pure).

Hashes are SHA-256, 32 bytes. RFC 9162 2.1 keeps the same tree; its verification algorithms are the ones used here.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import NoReturn

from ceremony.errors import TranscriptError

HASH_BYTES = 32
PROOF_LIMIT = 64
"""Hashes of one proof: a tree that needed more would have 2^63 leaves."""
EMPTY_ROOT = hashlib.sha256().digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry."""
    # SPEC RFC 6962 2.1: leaves and nodes have different prefixes, so that neither can pass for the other.
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Leaf hashes that only grow. Appending costs about one hash.

    The root of any prefix, a few (complete subtrees are kept).
    """

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        """`_levels[h][i]` is the hash of leaves i * 2^h to (i+1) * 2^h, for complete subtrees alone."""
        for leaf in leaf_hashes:
            self.append(leaf)

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash; TranscriptError unless it has 32 bytes."""
        _require_hashes([leaf])
        level, height = self._levels[0], 0
        level.append(leaf)
        while len(level) % 2 == 0:
            parent = node_hash(level[-2], level[-1])
            height += 1
            if height == len(self._levels):
                self._levels.append([])
            level = self._levels[height]
            level.append(parent)

    def leaf(self, index: int) -> bytes:
        """The leaf hash at `index`; TranscriptError when there is none."""
        if not 0 <= index < len(self):
            _refuse(f"there is no entry {index} among {len(self)}")
        return self._levels[0][index]

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (all when None); TranscriptError when there are fewer."""
        size = len(self) if size is None else size
        self._require_sizes(0, size)
        return self._subtree(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The proof that leaf `index` is in the tree of `size` leaves (RFC 6962 2.1.1).

        TranscriptError when it is not.
        """
        size = len(self) if size is None else size
        self._require_sizes(0, size)
        if not 0 <= index < size:
            _refuse(f"there is no entry {index} among {size}")
        proof: list[bytes] = []
        low, high = 0, size
        while high - low > 1:
            middle = low + _split(high - low)
            if index < middle:
                proof.append(self._subtree(middle, high))
                high = middle
            else:
                proof.append(self._subtree(low, middle))
                low = middle
        return tuple(reversed(proof))

    def consistency(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """The proof that the tree of `new` leaves extends the one of `old` (RFC 6962 2.1.2).

        Empty for old 0 or old equal to new.
        """
        new = len(self) if new is None else new
        self._require_sizes(old, new)
        if old in (0, new):
            return ()
        proof: list[bytes] = []
        low, high = 0, new
        while old != high:
            middle = low + _split(high - low)
            if old <= middle:
                proof.append(self._subtree(middle, high))
                high = middle
            else:
                proof.append(self._subtree(low, middle))
                low = middle
        # SPEC RFC 6962 2.1.2: SUBPROOF(m, D[m], true) = {}: the verifier has the old root itself.
        return tuple(reversed([*proof, self._subtree(low, high)] if low else proof))

    def _subtree(self, low: int, high: int) -> bytes:
        """The hash of leaves low to high, low being where a subtree of that size begins."""
        width = high - low
        if width & (width - 1) == 0:
            return self._levels[width.bit_length() - 1][low // width]
        middle = low + _split(width)
        return node_hash(self._subtree(low, middle), self._subtree(middle, high))

    def _require_sizes(self, old: int, new: int) -> None:
        if not 0 <= old <= new <= len(self):
            _refuse(f"sizes {old} and {new} do not fit a tree of {len(self)} entries")


def root(leaf_hashes: Iterable[bytes]) -> bytes:
    """The root over these leaf hashes."""
    return Tree(leaf_hashes).root()


def inclusion_proof(leaf_hashes: Sequence[bytes], index: int, size: int) -> tuple[bytes, ...]:
    """`Tree.inclusion` over plain leaf hashes."""
    return Tree(leaf_hashes).inclusion(index, size)


def consistency_proof(leaf_hashes: Sequence[bytes], old: int, new: int) -> tuple[bytes, ...]:
    """`Tree.consistency` over plain leaf hashes."""
    return Tree(leaf_hashes).consistency(old, new)


def require_inclusion(leaf: bytes, index: int, size: int, root_hash: bytes, proof: Sequence[bytes]) -> None:
    """Raise TranscriptError unless the proof shows this leaf hash as entry `index` of `size` under this root."""
    _require_hashes([leaf, root_hash, *_capped(proof)])
    if not 0 <= index < size:
        _refuse(f"there is no entry {index} among {size}")
    # SPEC RFC 9162 2.1.3.2.
    place, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            _refuse("an inclusion proof is longer than its tree is high")
        if place & 1 or place == last:
            found = node_hash(step, found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    if last != 0 or found != root_hash:
        _refuse(f"entry {index} is not in the tree of {size} entries with this root")


def require_consistency(old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise TranscriptError unless the proof shows that the new tree keeps every entry of the old one, in place.

    From the empty tree everything is an extension: its root is the hash of nothing, and the proof is empty.
    """
    _require_hashes([old_root, new_root, *_capped(proof)])
    if not 0 <= old_size <= new_size:
        _refuse(f"a transcript of {new_size} entries cannot extend one of {old_size}")
    if old_size in (0, new_size):
        expected = new_root if old_size else EMPTY_ROOT
        if proof or old_root != expected or (new_size == 0 and new_root != EMPTY_ROOT):
            _refuse(f"two transcripts of {new_size} entries differ, or the proof should be empty")
        return
    if _walk_consistency(old_size, old_root, new_size, proof) != (old_root, new_root):
        _refuse(f"the transcript of {new_size} entries does not extend the one of {old_size}: an entry was changed")


def _walk_consistency(
    old_size: int, old_root: bytes, new_size: int, proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """The old and new root that the proof leads to; None when it is too short or too long."""
    # SPEC RFC 9162 2.1.4.2: an old tree that is complete is itself the first node.
    steps = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    if not steps:
        return None
    old_found = new_found = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old_found, new_found = node_hash(step, old_found), node_hash(step, new_found)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new_found = node_hash(new_found, step)
        place, last = place >> 1, last >> 1
    return (old_found, new_found) if last == 0 else None


def _split(width: int) -> int:
    """The largest power of two smaller than `width` (RFC 6962 2.1)."""
    return 1 << ((width - 1).bit_length() - 1)


def _capped(proof: Sequence[bytes]) -> Sequence[bytes]:
    if len(proof) > PROOF_LIMIT:
        _refuse(f"a proof of {len(proof)} hashes; no tree needs more than {PROOF_LIMIT}")
    return proof


def _require_hashes(hashes: Sequence[bytes]) -> None:
    if any(len(one) != HASH_BYTES for one in hashes):
        _refuse(f"a hash has {HASH_BYTES} bytes")


def _refuse(message: str) -> NoReturn:
    raise TranscriptError(message)
