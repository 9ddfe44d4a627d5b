"""Each way to anchor, ready to be called: what it deploys, and the calldata of one anchor approved by five of seven."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from coincurve import PrivateKey

from ceremony.acts.typed import keccak256
from scripts.gas_node import GasNode, encode_call, encode_values

KEYS = {keccak256(key.public_key.format(compressed=False)[1:])[12:]: key for key in (PrivateKey.from_int(1_000 + i) for i in range(7))}
ROSTER = sorted(KEYS)
PRESENT = (0, 2, 3, 5, 6)
QUORUM, HALTING = len(PRESENT), 3
DEADLINE = 4_000_000_000
NOBODY = bytes(20)
ACT = "(uint8,bytes32,uint64,bytes32,bytes32,uint64)"
ANCHOR = "(uint8,bytes32,uint64,bytes32,bytes32,uint64,uint64,uint64,uint64,bytes32)"
GENESIS = "(bytes32,uint64,bytes32,uint64,uint64,uint64,bytes32)"
ROTATE = "(address[],bytes32,uint64,uint64,uint64,uint64,bytes32)"
SAFE_TX = "address,uint256,bytes,uint8,uint256,uint256,uint256,address,address"


class Peer(Protocol):
    """One way to anchor, deployed: whom to call, and where a root can be looked up."""

    address: str
    index: str

    def call(self, number: int) -> bytes:
        """Calldata of anchor `number`, with approvals for the state it will find."""


def act_of(number: int) -> tuple[Any, ...]:
    """What is anchored: kind, root, size, metadata, the transcript's root and size."""
    return (2, keccak256(b"root %d" % number), 412, keccak256(b"metadata"), keccak256(b"transcript %d" % number), 398)


def sign(digest: bytes, signer: bytes) -> bytes:
    """65 bytes r, s, v."""
    signature = KEYS[signer].sign_recoverable(digest, hasher=None)
    return signature[:64] + bytes([27 + signature[64]])


class Ours:
    """Ceremony.sol after its genesis, from any creation code of it."""

    def __init__(self, node: GasNode, creation: bytes) -> None:
        terms = encode_values("(string,bytes32,address[],uint8,uint8)", "ceremony rehearsal", bytes(32), ROSTER, QUORUM, HALTING)
        self._node, self._epoch = node, 1
        self.address = self.index = node.deploy(creation + terms)
        self._act("genesis", "digestGenesis", GENESIS, (keccak256(b"genesis"), 60, keccak256(b"plan")))

    def call(self, number: int) -> bytes:
        """Calldata of one anchor."""
        return self._calldata("anchor", "digestAnchor", ANCHOR, act_of(number))

    def rotate(self) -> None:
        """Hand over to the same seven: from now on the roster is read from storage."""
        self._act("rotate", "digestRotate", ROTATE, (ROSTER, *act_of(0)[-2:]))
        self._epoch += 1

    def _act(self, name: str, digest: str, types: str, fields: tuple[Any, ...]) -> None:
        self._node.send(self.address, self._calldata(name, digest, types, fields))

    def _calldata(self, name: str, digest: str, types: str, fields: tuple[Any, ...]) -> bytes:
        head, sequence = (self._node.view(self.address, encode_call(view)) for view in ("head()", "sequence()"))
        act = (*fields, self._epoch, int.from_bytes(sequence), DEADLINE, head)
        signed = self._node.view(self.address, encode_call(f"{digest}({types})", act))
        bitmap = sum(1 << place for place in PRESENT)
        parts = [word for place, who in enumerate(ROSTER) for word in (_compact(signed, who) if place in PRESENT else [bytes(12) + who])]
        return encode_call(f"{name}({types},uint32,bytes32[])", act, bitmap, parts)


def _compact(digest: bytes, who: bytes) -> list[bytes]:
    # SPEC EIP-2098: the parity of y in the top bit of s
    signature = sign(digest, who)
    return [signature[:32], bytes([signature[32] | (signature[64] - 27) << 7]) + signature[33:64]]


@dataclass
class Safe:
    """A Safe of seven owners behind its proxy, which calls an anchor contract."""

    node: GasNode
    singleton: bytes
    proxy: bytes
    anchors: bytes

    def __post_init__(self) -> None:
        singleton = self.node.deploy(self.singleton)
        self.address = self.node.deploy(self.proxy + encode_values("(address)", singleton))
        setup = "setup(address[],uint256,address,bytes,address,address,uint256,address)"
        self.node.send(self.address, encode_call(setup, ROSTER, QUORUM, NOBODY, b"", NOBODY, NOBODY, 0, NOBODY))
        self.index = self.node.deploy(self.anchors + encode_values("(address)", self.address))

    def call(self, number: int) -> bytes:
        """Calldata of execTransaction: no refund, signatures in the order of their owners."""
        inner = encode_call(f"anchor({ACT})", act_of(number))
        terms = (self.index, 0, inner, 0, 0, 0, 0, NOBODY, NOBODY)
        nonce = int.from_bytes(self.node.view(self.address, encode_call("nonce()")))
        digest = self.node.view(self.address, encode_call(f"getTransactionHash({SAFE_TX},uint256)", *terms, nonce))
        signatures = b"".join(sign(digest, ROSTER[place]) for place in PRESENT)
        return encode_call(f"execTransaction({SAFE_TX},bytes)", *terms, signatures)


class OpenZeppelin:
    """MultiSignerERC7913, signers sorted as its documentation advises."""

    def __init__(self, node: GasNode, creation: bytes) -> None:
        self._node = node
        self.address = self.index = node.deploy(creation + encode_values("(bytes[],uint64)", ROSTER, QUORUM))

    def call(self, number: int) -> bytes:
        """Calldata of one anchor."""
        digest = digest_of(self._node, self.address, number)
        signers = sorted((ROSTER[place] for place in PRESENT), key=keccak256)
        approvals = encode_values("(bytes[],bytes[])", signers, [sign(digest, who) for who in signers])
        return encode_call(f"anchor({ACT},bytes)", act_of(number), approvals)


class Naive:
    """Roster in a mapping, five ecrecovers, a struct stored for each anchor."""

    def __init__(self, node: GasNode, creation: bytes) -> None:
        self._node = node
        self.address = self.index = node.deploy(creation + encode_values("(address[],uint256)", ROSTER, QUORUM))

    def call(self, number: int) -> bytes:
        """Calldata of one anchor."""
        digest = digest_of(self._node, self.address, number)
        return encode_call(f"anchor({ACT},(uint8,bytes32,bytes32)[])", act_of(number), [vrs(digest, ROSTER[place]) for place in PRESENT])


class OneSigner:
    """One ecrecover of one key."""

    def __init__(self, node: GasNode, creation: bytes) -> None:
        self._node = node
        self.address = self.index = node.deploy(creation + encode_values("(address)", ROSTER[0]))

    def call(self, number: int) -> bytes:
        """Calldata of one anchor."""
        digest = digest_of(self._node, self.address, number)
        return encode_call(f"anchor({ACT},uint8,bytes32,bytes32)", act_of(number), *vrs(digest, ROSTER[0]))


def digest_of(node: GasNode, address: str, number: int) -> bytes:
    """What has to be signed now, as a contract of contracts/peers says it."""
    return node.view(address, encode_call(f"digestAnchor({ACT})", act_of(number)))


def vrs(digest: bytes, who: bytes) -> Sequence[Any]:
    """A signature in the three parts that ecrecover takes."""
    signature = sign(digest, who)
    return signature[64], signature[:32], signature[32:64]
