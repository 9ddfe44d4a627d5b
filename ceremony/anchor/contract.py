"""What one says to the contract and what it answers, as bytes: calls, approvals, views, logs, refusals (pure).

The rules themselves live in `contracts/src/Ceremony.sol`; here is only their encoding. Code and addresses come from
`ceremony.anchor.artifacts` and are re-exported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import TypedDict, Unpack

from ceremony.acts.typed import keccak256
from ceremony.anchor.artifacts.artifact import Artifact, load_artifact, parse_artifact
from ceremony.anchor.artifacts.deployment import (
    CREATE2_FACTORY,
    MAX_ROSTER,
    Terms,
    create2_address,
    create_address,
    creation_code,
    encode_factory_call,
    runtime_code,
)
from ceremony.anchor.artifacts.words import ADDRESS, WORD, encode_word, require_size
from ceremony.errors import ApprovalError, ChainLied, RecordError

__all__ = [
    "CREATE2_FACTORY", "Artifact", "Terms", "create2_address", "create_address", "creation_code", "encode_factory_call",
    "load_artifact", "parse_artifact", "runtime_code",
]  # fmt: skip

_SELECTOR = 4
_V_BASE = 27
_MAX_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_REFUSAL_SHOWN = 8
"""Bytes of an unknown refusal that a message shows: its selector and a little more."""

_GENESIS = "(bytes32,uint64,bytes32,uint64,uint64,uint64,bytes32)"
_ANCHOR = "(uint8,bytes32,uint64,bytes32,bytes32,uint64,uint64,uint64,uint64,bytes32)"
_VIEWS = (
    "head()", "sequence()", "epoch()", "rosterDigest()", "ceremonyId()", "nameHash()", "n()", "k()", "halting()",
    "genesisRoot()", "anchored(bytes32)", "domainSeparator()", f"digestGenesis({_GENESIS})", f"digestAnchor({_ANCHOR})",
)  # fmt: skip


class GenesisFields(TypedDict):
    """The genesis act: roots, digests and head are 32 bytes, numbers uint64, deadline in seconds of block time."""

    root: bytes
    size: int
    plan_digest: bytes
    epoch: int
    sequence: int
    deadline: int
    head: bytes


class AnchorFields(TypedDict):
    """A later act: roots, metadata and head are 32 bytes, kind uint8, other numbers uint64, deadline as above."""

    kind: int
    root: bytes
    size: int
    metadata: bytes
    transcript_root: bytes
    transcript_size: int
    epoch: int
    sequence: int
    deadline: int
    head: bytes


@dataclass(frozen=True)
class GenesisLog:
    """The contract's GenesisAnchored event; `head` is the contract head after the act."""

    sequence: int
    root: bytes
    size: int
    head: bytes
    digest: bytes


@dataclass(frozen=True)
class AnchorLog:
    """The contract's Anchored event; `head` is the contract head after the act."""

    sequence: int
    root: bytes
    kind: int
    size: int
    metadata: bytes
    head: bytes
    digest: bytes


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:_SELECTOR]


# SPEC Solidity ABI: a function is named by the first four bytes of its signature's hash
GENESIS_SELECTOR = _selector(f"genesis({_GENESIS},bytes)")
ANCHOR_SELECTOR = _selector(f"anchor({_ANCHOR},bytes)")
VIEWS: Mapping[str, bytes] = MappingProxyType({view.partition("(")[0]: _selector(view) for view in _VIEWS})
"""The selector of each view, by its name."""
GENESIS_TOPIC = keccak256(b"GenesisAnchored(uint64,bytes32,uint64,bytes32,bytes32)")
ANCHOR_TOPIC = keccak256(b"Anchored(uint64,bytes32,uint8,uint64,bytes32,bytes32,bytes32)")


def roster_digest(addresses: Sequence[bytes]) -> bytes:
    """Keccak-256 over the addresses, a 32-byte word each; RecordError unless 1 to 32, strictly ascending, 20 bytes."""
    return keccak256(b"".join(bytes(WORD - ADDRESS) + address for address in _require_roster(addresses)))


def next_head(head: bytes, digest: bytes) -> bytes:
    """The contract head after the act with this digest was taken on top of `head` (32 bytes each)."""
    return keccak256(require_size(head, WORD) + require_size(digest, WORD))


def slot_key(artifact: Artifact, variable: str) -> bytes:
    """The 32-byte storage key of a plain variable: head, sequence or genesisRoot."""
    if variable not in artifact.slots or variable == "anchored":
        message = f"the contract stores no plain variable {variable!r}"
        raise RecordError(message)
    return encode_word(artifact.slots[variable])


def anchored_key(artifact: Artifact, root: bytes) -> bytes:
    """The 32-byte storage key under which the contract notes that `root` (32 bytes) was anchored."""
    # SPEC Solidity storage layout: keccak256(key . slot)
    return keccak256(require_size(root, WORD) + encode_word(artifact.slots["anchored"]))


def encode_approvals(signatures: Mapping[bytes, bytes], roster: Sequence[bytes]) -> bytes:
    """What the contract takes as approvals: a bitmap, then a compact signature or the bare address of each.

    Args:
        signatures: 65 bytes r||s||v (v 27 or 28, low s) for each approving address; all of them are included.
        roster: all governance addresses (20 bytes), strictly ascending.

    Raises:
        ApprovalError: a signature is malformed, or its signer is not on the roster.
        RecordError: the roster is not one.
    """
    _require_roster(roster)
    foreign = sorted(set(signatures) - set(roster))
    if foreign:
        message = "approvals of keys that are not on the roster"
        raise ApprovalError(message, culprits=tuple(f"0x{address.hex()}" for address in foreign))
    bitmap = sum(1 << position for position, address in enumerate(roster) if address in signatures)
    parts = (_compact(address, signatures[address]) if address in signatures else address for address in roster)
    return bitmap.to_bytes(4) + b"".join(parts)


def _compact(address: bytes, signature: bytes) -> bytes:
    # SPEC EIP-2098: the parity of y in the top bit of s, which a low s (EIP-2) leaves free
    s, parity = int.from_bytes(signature[WORD : 2 * WORD]), int.from_bytes(signature[2 * WORD :]) - _V_BASE
    if len(signature) != 2 * WORD + 1 or parity not in (0, 1) or not 1 <= s <= _MAX_S:
        message = "an approval is 65 bytes r, s, v with low s and v 27 or 28"
        raise ApprovalError(message, culprits=(f"0x{address.hex()}",))
    return signature[:WORD] + encode_word(s | parity << 255)


def encode_genesis_words(**act: Unpack[GenesisFields]) -> bytes:
    """The genesis act as the seven words of its struct; RecordError for a field of another size."""
    return b"".join((
        _bytes32(act["root"]), _uint64(act["size"]), _bytes32(act["plan_digest"]), _uint64(act["epoch"]),
        _uint64(act["sequence"]), _uint64(act["deadline"]), _bytes32(act["head"]),
    ))  # fmt: skip


def encode_anchor_words(**act: Unpack[AnchorFields]) -> bytes:
    """A later act as the ten words of its struct; RecordError for a field of another size."""
    return b"".join((
        encode_word(act["kind"], 8), _bytes32(act["root"]), _uint64(act["size"]), _bytes32(act["metadata"]),
        _bytes32(act["transcript_root"]), _uint64(act["transcript_size"]), _uint64(act["epoch"]),
        _uint64(act["sequence"]), _uint64(act["deadline"]), _bytes32(act["head"]),
    ))  # fmt: skip


def encode_genesis_call(approvals: bytes, **act: Unpack[GenesisFields]) -> bytes:
    """Calldata of `genesis(act, approvals)`; RecordError for a field of another size."""
    return _encode_call(GENESIS_SELECTOR, encode_genesis_words(**act), approvals)


def encode_anchor_call(approvals: bytes, **act: Unpack[AnchorFields]) -> bytes:
    """Calldata of `anchor(act, approvals)`; RecordError for a field of another size."""
    return _encode_call(ANCHOR_SELECTOR, encode_anchor_words(**act), approvals)


def _encode_call(selector: bytes, words: bytes, approvals: bytes) -> bytes:
    offset, padding = encode_word(len(words) + WORD), bytes(-len(approvals) % WORD)
    return selector + words + offset + encode_word(len(approvals)) + approvals + padding


def encode_view_call(view: str, words: bytes = b"") -> bytes:
    """Calldata of a view; RecordError if there is none of that name.

    Args:
        view: a name in VIEWS.
        words: its encoded arguments: `anchored` takes the root, `digestGenesis` what `encode_genesis_words` gives.
    """
    if view not in VIEWS or len(words) % WORD:
        message = f"the contract has no view {view!r} with such arguments"
        raise RecordError(message)
    return VIEWS[view] + words


def parse_word(answer: bytes) -> bytes:
    """A view's 32 bytes; ChainLied if the endpoint answered with anything else."""
    if len(answer) != WORD:
        message = f"the contract answers with 32 bytes, the endpoint gave {len(answer)}"
        raise ChainLied(message)
    return answer


def parse_uint(answer: bytes, bits: int = 64) -> int:
    """A view's number; ChainLied if it is not one word or does not fit `bits`."""
    number = int.from_bytes(parse_word(answer))
    if number >> bits:
        message = f"the contract cannot answer with more than {bits} bits here"
        raise ChainLied(message)
    return number


def parse_flag(answer: bytes) -> bool:
    """The answer of `anchored`; ChainLied if it is neither 0 nor 1."""
    return parse_uint(answer, 1) == 1


def parse_genesis_log(topics: Sequence[bytes], data: bytes) -> GenesisLog:
    """Read a GenesisAnchored log; ChainLied if it is none."""
    sequence, root, (size, head, digest) = _parse_log(GENESIS_TOPIC, topics, data, words=3)
    return GenesisLog(parse_uint(sequence), root, parse_uint(size), head, digest)


def parse_anchor_log(topics: Sequence[bytes], data: bytes) -> AnchorLog:
    """Read an Anchored log; ChainLied if it is none."""
    sequence, root, (kind, size, metadata, head, digest) = _parse_log(ANCHOR_TOPIC, topics, data, words=5)
    return AnchorLog(parse_uint(sequence), root, parse_uint(kind, 8), parse_uint(size), metadata, head, digest)


def _parse_log(topic: bytes, topics: Sequence[bytes], data: bytes, *, words: int) -> tuple[bytes, bytes, list[bytes]]:
    indexed = 3  # the event itself, sequence, root
    if len(topics) != indexed or topics[0] != topic or len(data) != words * WORD:
        message = "a log that the contract cannot have written"
        raise ChainLied(message)
    values = [data[at : at + WORD] for at in range(0, len(data), WORD)]
    return parse_word(topics[1]), parse_word(topics[2]), values


def parse_refusal(artifact: Artifact, data: bytes) -> str:
    """The name of the rule by which the contract reverted, or plain words if the data names none; never raises."""
    names = {_selector(f"{name}()"): name for name in artifact.errors}
    if not data:
        return "refused without a reason"
    return names.get(data, f"refused for an unknown reason 0x{data[:_REFUSAL_SHOWN].hex()}")


def _require_roster(roster: Sequence[bytes]) -> Sequence[bytes]:
    if not 1 <= len(roster) <= MAX_ROSTER or any(len(address) != ADDRESS for address in roster):
        message = f"a roster is 1 to {MAX_ROSTER} addresses of 20 bytes"
        raise RecordError(message)
    if any(left >= right for left, right in pairwise(roster)) or not any(roster[0]):
        message = "a roster is strictly ascending: in order, each address once, none of them zero"
        raise RecordError(message)
    return roster


def _bytes32(value: bytes) -> bytes:
    return require_size(value, WORD)


def _uint64(value: int) -> bytes:
    return encode_word(value, 64)
