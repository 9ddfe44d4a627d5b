"""A block's header, rebuilt from an endpoint's answer and believed for its hash. Pure.

That the hash is the chain's own is not shown here: endpoints that agree, or a pinned block, say so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ceremony.acts.typed import keccak256
from ceremony.anchor.answers import parse_data, parse_quantity, require_object
from ceremony.anchor.rlp import encode_number, encode_rlp
from ceremony.errors import ChainLied

_NUMBER = 0
_ANY = -1
# SPEC Yellow Paper, section 4.4.3: the members in this order; a size in bytes, or a number, or data of any size
_MEMBERS = {
    "parentHash": 32,
    "sha3Uncles": 32,
    "miner": 20,
    "stateRoot": 32,
    "transactionsRoot": 32,
    "receiptsRoot": 32,
    "logsBloom": 256,
    "difficulty": _NUMBER,
    "number": _NUMBER,
    "gasLimit": _NUMBER,
    "gasUsed": _NUMBER,
    "timestamp": _NUMBER,
    "extraData": _ANY,
    "mixHash": 32,
    "nonce": 8,
}
# SPEC EIP-1559, EIP-4895, EIP-4844 (two), EIP-4788, EIP-7685: each fork adds its own after those before it
_LATER = {
    "baseFeePerGas": _NUMBER,
    "withdrawalsRoot": 32,
    "blobGasUsed": _NUMBER,
    "excessBlobGas": _NUMBER,
    "parentBeaconBlockRoot": 32,
    "requestsHash": 32,
}


@dataclass(frozen=True)
class Header:
    """What a block's hash vouches for: `hash` is lower-case `0x` hex, `time` Unix seconds, `state_root` 32 bytes."""

    number: int
    hash: str
    time: int
    state_root: bytes


def parse_header(answer: Mapping[str, Any]) -> Header:
    """The header in an answer to eth_getBlockByNumber.

    Args:
        answer: the block as a JSON object; its transactions are not read.

    Raises:
        ChainLied: a member is missing or malformed, or all of them together have another hash than the answer says.
    """
    members = _MEMBERS | _later_members(require_object(answer))
    encoded = encode_rlp(tuple(_read_member(answer, name, size) for name, size in members.items()))
    claimed = parse_data(answer, "hash", 32)
    if keccak256(encoded) != claimed:
        message = f"a block header does not have the hash 0x{claimed.hex()}: it was altered, or has members of a fork unknown here"
        raise ChainLied(message)
    return Header(
        number=parse_quantity(answer, "number"),
        hash="0x" + claimed.hex(),
        time=parse_quantity(answer, "timestamp"),
        state_root=parse_data(answer, "stateRoot", 32),
    )


def _later_members(answer: Mapping[str, Any]) -> dict[str, int]:
    """Those of the later members that the answer holds; ChainLied if one is left out before them."""
    present = {name: size for name, size in _LATER.items() if answer.get(name) is not None}
    for needed, name in zip(_LATER, present, strict=False):
        if needed != name:
            message = f"a block header has {name}, but not {needed}, which came before it"
            raise ChainLied(message)
    return present


def _read_member(answer: Mapping[str, Any], name: str, size: int) -> bytes:
    if size == _NUMBER:
        return encode_number(parse_quantity(answer, name))
    return parse_data(answer, name, None if size == _ANY else size)
