"""The contract as one endpoint shows it at one block: its code's digest, and every number it answers."""

import hashlib

from ceremony.anchor.chain import ChainReader
from ceremony.anchor.contract import encode_view_call, parse_uint, parse_word
from ceremony.errors import CallReverted, ChainMismatch
from ceremony.records.base import to_hex
from ceremony.records.evidence import BlockSeen, ContractSeen

COUNT_BITS = 53
"""The contract's counters have 64, a record's `Count` carries 53; what lies between is a lie, not a ValidationError."""


def read_contract(chain: ChainReader, address: str, block: BlockSeen) -> ContractSeen:
    """Read code and every view at `block`; ChainMismatch when no such contract stands there."""
    code = chain.code(address, block.number)
    if not code:
        message = f"no contract stands at {address} in block {block.number}"
        raise ChainMismatch(message, culprits=(chain.name, address))

    def view(name: str) -> bytes:
        try:
            return chain.call(address, encode_view_call(name), block.number)
        except CallReverted as error:
            message = f"what stands at {address} does not answer {name}: {error.message}"
            raise ChainMismatch(message, culprits=(chain.name, address)) from None

    return ContractSeen(
        block=block,
        runtime_digest=code_digest(code),
        roster_digest=to_hex(parse_word(view("rosterDigest"))),
        ceremony=to_hex(parse_word(view("ceremonyId"))),
        n=parse_uint(view("n"), 8),
        k=parse_uint(view("k"), 8),
        halting=parse_uint(view("halting"), 8),
        epoch=parse_uint(view("epoch"), COUNT_BITS),
        sequence=parse_uint(view("sequence"), COUNT_BITS),
        head=to_hex(parse_word(view("head"))),
        genesis_root=to_hex(parse_word(view("genesisRoot"))),
    )


def code_digest(code: bytes) -> str:
    """SHA-256 of code (creation or runtime), as entries record it."""
    return to_hex(hashlib.sha256(code).digest())
