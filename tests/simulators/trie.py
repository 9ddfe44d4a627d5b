"""A Merkle Patricia trie built from what it holds, so that a simulated chain can prove its state (Yellow Paper, appendices C and D)."""

from collections.abc import Mapping
from typing import Any

from ceremony.acts.typed import keccak256
from ceremony.anchor.rlp import Item, encode_number, encode_rlp, parse_rlp
from ceremony.anchor.trie import EMPTY_ROOT
from ceremony.records.base import to_hex

HASH = 32


class Trie:
    """Key (hashed for its path) to value; `root` is 32 bytes."""

    def __init__(self, items: Mapping[bytes, bytes]) -> None:
        self._nodes: dict[bytes, bytes] = {}
        paths = {keccak256(key).hex(): value for key, value in items.items()}
        root = self._name(self._build(paths), force=True) if paths else EMPTY_ROOT
        assert isinstance(root, bytes)
        self.root = root
        self._parsed = {encoded: item for encoded in self._nodes.values() if isinstance(item := parse_rlp(encoded), tuple)}

    def prove(self, key: bytes) -> list[bytes]:
        """The nodes on the way to a key, from the root down."""
        proof, name, path = [], self.root, keccak256(key).hex()
        while name in self._nodes:
            node = self._parsed[self._nodes[name]]
            proof.append(self._nodes[name])
            name, path = self._step(node, path)
        return proof

    def _step(self, node: tuple[Item, ...], path: str) -> tuple[bytes, str]:
        """The child in which the path goes on, if it is a node of its own, and what is left of the path."""
        if len(node) > 2:
            child = node[int(path[0], 16)] if path else b""
            return (child if isinstance(child, bytes) else b""), path[1:]
        assert isinstance(node[0], bytes)
        flags, nibbles = node[0][0] >> 4, node[0].hex()
        part = nibbles[1 if flags & 1 else 2 :]
        onward = not flags & 2 and path.startswith(part) and isinstance(node[1], bytes)
        return (node[1], path[len(part) :]) if onward and isinstance(node[1], bytes) else (b"", "")

    def _build(self, paths: Mapping[str, bytes]) -> Item:
        if len(paths) == 1:
            ((path, value),) = paths.items()
            return (_prefix(path, leaf=True), value)
        shared = _shared(list(paths))
        if shared:
            return (_prefix(shared, leaf=False), self._name(self._build({path[len(shared) :]: value for path, value in paths.items()})))
        children: list[Item] = []
        for nibble in "0123456789abcdef":
            below = {path[1:]: value for path, value in paths.items() if path[0] == nibble}
            children.append(self._name(self._build(below)) if below else b"")
        return (*children, b"")

    def _name(self, node: Item, *, force: bool = False) -> Item:
        """A node's hash, or the node itself when it is smaller than a hash."""
        encoded = encode_rlp(node)
        if len(encoded) < HASH and not force:
            return node
        self._nodes[keccak256(encoded)] = encoded
        return keccak256(encoded)


def _shared(paths: list[str]) -> str:
    first, last = min(paths), max(paths)
    return first[: next((at for at, (left, right) in enumerate(zip(first, last, strict=True)) if left != right), len(first))]


def _prefix(path: str, *, leaf: bool) -> bytes:
    odd = len(path) % 2
    return bytes.fromhex(f"{2 * leaf + odd}{'' if odd else '0'}{path}")


def encode_account(storage_root: bytes, code: bytes) -> bytes:
    """An account that holds nothing but code and storage."""
    return encode_rlp((encode_number(1), b"", storage_root, keccak256(code)))


def build_header(number: int, time: int, state_root: bytes) -> Mapping[str, Any]:
    """A block as eth_getBlockByNumber shows it; what nobody looks at is zeros."""
    members: dict[str, bytes | int] = {
        "parentHash": bytes(32), "sha3Uncles": bytes(32), "miner": bytes(20), "stateRoot": state_root, "transactionsRoot": bytes(32),
        "receiptsRoot": bytes(32), "logsBloom": bytes(256), "difficulty": 0, "number": number, "gasLimit": 30_000_000, "gasUsed": 0,
        "timestamp": time, "extraData": b"simulated", "mixHash": bytes(32), "nonce": bytes(8), "baseFeePerGas": 7,
    }  # fmt: skip
    encoded = encode_rlp(tuple(value if isinstance(value, bytes) else encode_number(value) for value in members.values()))
    shown = {name: to_hex(value) if isinstance(value, bytes) else hex(value) for name, value in members.items()}
    return {**shown, "hash": to_hex(keccak256(encoded))}
