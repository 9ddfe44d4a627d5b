"""RFC 6962's tree: published roots and proofs, the RFC's own recursion as reference, and proofs that show nothing refused."""

import hashlib

import pytest

from ceremony.errors import TranscriptError
from ceremony.transcript.merkle import (
    EMPTY_ROOT,
    PROOF_LIMIT,
    Tree,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    require_consistency,
    require_inclusion,
    root,
)

# The leaves, roots and proofs of certificate-transparency's reference tests (cpp/merkletree/merkle_tree_test.cc), also in
# transparency-dev/merkle, testonly/constants.go.
CT_LEAVES = [
    bytes.fromhex(leaf)
    for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
CT_ROOTS = [
    bytes.fromhex(one)
    for one in (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
A, B, C, D, E, F, G = (
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
)
CT_INCLUSION = {(0, 1): (), (0, 8): (A, B, C), (5, 8): (D, E, F)}
CT_CONSISTENCY = {(1, 1): (), (1, 8): (A, B, C), (6, 8): (G, E, F), (2, 5): (B, D)}

LEAVES = [leaf_hash(bytes([number])) for number in range(33)]
TREE = Tree(LEAVES)


def rfc_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962 2.1, word for word, over leaf hashes."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = rfc_split(len(leaves))
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:k]) + rfc_root(leaves[k:])).digest()


def rfc_split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def rfc_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962 2.1.1."""
    if len(leaves) == 1:
        return []
    k = rfc_split(len(leaves))
    if m < k:
        return [*rfc_path(m, leaves[:k]), rfc_root(leaves[k:])]
    return [*rfc_path(m - k, leaves[k:]), rfc_root(leaves[:k])]


def rfc_proof(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """PROOF and SUBPROOF of RFC 6962 2.1.2."""
    if m == len(leaves):
        return [] if whole else [rfc_root(leaves)]
    k = rfc_split(len(leaves))
    if m <= k:
        return [*rfc_proof(m, leaves[:k], whole=whole), rfc_root(leaves[k:])]
    return [*rfc_proof(m - k, leaves[k:], whole=False), rfc_root(leaves[:k])]


def test_the_published_roots() -> None:
    hashes = [leaf_hash(leaf) for leaf in CT_LEAVES]
    tree = Tree(hashes)
    for size, expected in enumerate(CT_ROOTS):
        assert tree.root(size) == expected == root(hashes[:size])
    assert tree.root() == CT_ROOTS[8]
    assert Tree().root() == EMPTY_ROOT == CT_ROOTS[0]


def test_the_published_proofs() -> None:
    hashes = [leaf_hash(leaf) for leaf in CT_LEAVES]
    for (index, size), steps in CT_INCLUSION.items():
        assert [step.hex() for step in inclusion_proof(hashes, index, size)] == list(steps)
    for (old, new), steps in CT_CONSISTENCY.items():
        assert [step.hex() for step in consistency_proof(hashes, old, new)] == list(steps)


def test_every_root_and_proof_up_to_33_entries_is_the_rfcs() -> None:
    for size in range(34):
        part = LEAVES[:size]
        assert TREE.root(size) == rfc_root(part)
        for index in range(size):
            assert list(TREE.inclusion(index, size)) == rfc_path(index, part)
        for old in range(1, size + 1):
            assert list(TREE.consistency(old, size)) == rfc_proof(old, part)


def test_every_proof_up_to_33_entries_is_accepted() -> None:
    for size in range(34):
        whole = TREE.root(size)
        for index in range(size):
            require_inclusion(LEAVES[index], index, size, whole, TREE.inclusion(index, size))
        for old in range(size + 1):
            require_consistency(old, TREE.root(old), size, whole, TREE.consistency(old, size))


def test_a_growing_tree_is_the_tree_of_its_leaves() -> None:
    tree = Tree()
    for size, leaf in enumerate(LEAVES):
        assert (len(tree), tree.root()) == (size, TREE.root(size))
        tree.append(leaf)
        assert tree.leaf(size) == leaf
    assert (tree.inclusion(4), tree.consistency(4)) == (TREE.inclusion(4, 33), TREE.consistency(4, 33))


@pytest.mark.parametrize("size", [2, 3, 7, 8, 13, 32, 33])
def test_an_inclusion_proof_shows_nothing_else(size: int) -> None:
    whole = TREE.root(size)
    for index in range(size):
        proof, leaf = TREE.inclusion(index, size), LEAVES[index]
        wrong: list[tuple[bytes, int, int, bytes, tuple[bytes, ...]]] = [
            (leaf, other, size, whole, proof) for other in range(-1, size + 1) if other != index
        ]
        wrong += [(LEAVES[(index + 1) % size], index, size, whole, proof), (leaf, index, size, TREE.root(size - 1), proof)]
        wrong += [(leaf, index, size, whole, other) for other in _damaged(proof)]
        for case in wrong:
            with pytest.raises(TranscriptError):
                require_inclusion(*case)


@pytest.mark.parametrize("new", [2, 3, 7, 8, 13, 32, 33])
def test_a_consistency_proof_shows_nothing_else(new: int) -> None:
    for old in range(1, new):
        proof = TREE.consistency(old, new)
        roots = TREE.root(old), TREE.root(new)
        wrong: list[tuple[int, bytes, int, bytes, tuple[bytes, ...]]] = [
            (other, roots[0], new, roots[1], proof) for other in range(-1, new + 2) if other != old
        ]
        wrong += [(old, TREE.root(old + 1), new, roots[1], proof), (old, roots[0], new, TREE.root(new - 1), proof)]
        wrong += [(old, roots[0], new, roots[1], other) for other in _damaged(proof)]
        for case in wrong:
            with pytest.raises(TranscriptError):
                require_consistency(*case)


def _damaged(proof: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    flipped = [
        (*proof[:at], bytes([proof[at][0] ^ 1]) + proof[at][1:], *proof[at + 1 :]) for at in range(len(proof))
    ]
    dropped = [(*proof[:at], *proof[at + 1 :]) for at in range(len(proof))]
    doubled = [(*proof[:at], proof[at], *proof[at:]) for at in range(len(proof))]
    short = [(*proof[:at], proof[at][:31], *proof[at + 1 :]) for at in range(len(proof))]
    longer = [(*proof, EMPTY_ROOT), (EMPTY_ROOT, *proof)]
    return [*flipped, *dropped, *doubled, *short, *longer, *([proof[::-1]] if len(proof) > 1 else [])]


def test_no_proof_at_all_shows_nothing() -> None:
    for old, new in ((3, 5), (3, 4), (6, 7), (4, 8)):
        with pytest.raises(TranscriptError, match="does not extend"):
            require_consistency(old, TREE.root(old), new, TREE.root(new), ())


def test_an_edited_entry_breaks_consistency_with_every_later_root() -> None:
    for changed in range(20):
        forked = Tree([*LEAVES[:changed], leaf_hash(b"forged"), *LEAVES[changed + 1 :]])
        for old in (20, 32):
            with pytest.raises(TranscriptError, match="an entry was changed"):
                require_consistency(old, TREE.root(old), 33, forked.root(), forked.consistency(old))


def test_equal_sizes_need_equal_roots_and_no_proof() -> None:
    require_consistency(5, TREE.root(5), 5, TREE.root(5), ())
    for other, proof in ((TREE.root(6), ()), (TREE.root(5), (LEAVES[0],))):
        with pytest.raises(TranscriptError, match="differ, or the proof should be empty"):
            require_consistency(5, TREE.root(5), 5, other, proof)


def test_everything_extends_the_empty_tree_and_nothing_else_does() -> None:
    require_consistency(0, EMPTY_ROOT, 0, EMPTY_ROOT, ())
    require_consistency(0, EMPTY_ROOT, 9, TREE.root(9), ())
    for old_root, size, new_root, proof in (
        (TREE.root(1), 9, TREE.root(9), ()),
        (EMPTY_ROOT, 9, TREE.root(9), (LEAVES[0],)),
        (EMPTY_ROOT, 0, TREE.root(1), ()),
        (TREE.root(1), 0, TREE.root(1), ()),
    ):
        with pytest.raises(TranscriptError, match="differ, or the proof should be empty"):
            require_consistency(0, old_root, size, new_root, proof)


def test_a_smaller_tree_extends_nothing() -> None:
    with pytest.raises(TranscriptError, match="4 entries cannot extend one of 5"):
        require_consistency(5, TREE.root(5), 4, TREE.root(4), ())
    with pytest.raises(TranscriptError, match="cannot extend one of -1"):
        require_consistency(-1, EMPTY_ROOT, 4, TREE.root(4), ())


def test_proofs_longer_than_any_tree_is_high_are_refused() -> None:
    with pytest.raises(TranscriptError, match="65 hashes; no tree needs more than 64"):
        require_inclusion(LEAVES[0], 0, 2, TREE.root(2), [LEAVES[1]] * (PROOF_LIMIT + 1))
    with pytest.raises(TranscriptError, match="longer than its tree is high"):
        require_inclusion(LEAVES[0], 0, 2, TREE.root(2), [LEAVES[1]] * PROOF_LIMIT)
    with pytest.raises(TranscriptError, match="no tree needs more"):
        require_consistency(1, TREE.root(1), 2, TREE.root(2), [LEAVES[1]] * (PROOF_LIMIT + 1))


def test_what_is_not_there_cannot_be_asked_for() -> None:
    tree = Tree(LEAVES[:5])
    for ask in (
        lambda: tree.leaf(5),
        lambda: tree.leaf(-1),
        lambda: tree.root(6),
        lambda: tree.root(-1),
        lambda: tree.inclusion(5),
        lambda: tree.inclusion(-1),
        lambda: tree.inclusion(3, 3),
        lambda: tree.inclusion(0, 6),
        lambda: tree.consistency(4, 3),
        lambda: tree.consistency(-1, 3),
        lambda: tree.consistency(1, 6),
        lambda: tree.append(b"short"),
        lambda: require_inclusion(LEAVES[0][:31], 0, 1, TREE.root(1), ()),
        lambda: require_consistency(1, LEAVES[0][:31], 1, LEAVES[0], ()),
    ):
        with pytest.raises(TranscriptError):
            ask()
    assert len(tree) == 5
    assert tree.root() == TREE.root(5)


def test_leaves_and_nodes_cannot_pass_for_each_other() -> None:
    both = LEAVES[0] + LEAVES[1]
    assert leaf_hash(both) == hashlib.sha256(b"\x00" + both).digest()
    assert node_hash(LEAVES[0], LEAVES[1]) == hashlib.sha256(b"\x01" + both).digest()


def test_appending_hashes_once_a_leaf_and_roots_of_every_prefix_stay_cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0

    def counted(left: bytes, right: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return node_hash(left, right)

    monkeypatch.setattr("ceremony.transcript.merkle.node_hash", counted)
    tree = Tree(leaf_hash(number.to_bytes(2, "big")) for number in range(10_000))
    assert calls < 10_000
    calls = 0
    for size in range(10_001):
        tree.root(size)
    assert calls < 14 * 10_000
