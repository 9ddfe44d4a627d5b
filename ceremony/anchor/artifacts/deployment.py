"""What a deployment of the contract looks like: creation code, runtime code, address (DESIGN 4.10). Pure."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

from ceremony.acts.roster import MAX_ROSTER, encode_addresses, require_roster, roster_digest
from ceremony.acts.typed import keccak256
from ceremony.anchor.artifacts.artifact import Artifact
from ceremony.anchor.artifacts.words import ADDRESS, WORD, encode_word, require_range, require_size
from ceremony.errors import PlanError
from ceremony.records.base import from_hex

NAMES = ("ceremony", "ceremony rehearsal")
CREATE2_FACTORY = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
"""The deterministic deployment proxy that most chains carry at this one address."""

# SPEC RLP: a string or list of up to 55 bytes follows its length added to one of these; a byte below 0x80 is itself
_RLP_STRING = 0x80
_RLP_LIST = 0xC0


class Terms(TypedDict):
    """What the creation code fixes for ever.

    `name` is the signing domain's ("ceremony" or "ceremony rehearsal"); `ceremony_id` is 32 bytes; `roster` the n governance
    addresses (hex), strictly ascending; 1 <= k <= n <= 32 and halting + k == n + 1.
    """

    name: str
    ceremony_id: bytes
    roster: Sequence[str]
    k: int
    halting: int


def creation_code(artifact: Artifact, **terms: Unpack[Terms]) -> bytes:
    """The bytes to deploy: creation code, then the encoded terms; PlanError if the constructor would refuse them."""
    _require_terms(terms)
    name = terms["name"].encode()
    text = encode_word(len(name)) + name + bytes(-len(name) % WORD)
    roster = encode_word(len(terms["roster"])) + encode_addresses([from_hex(address) for address in terms["roster"]])
    # SPEC Solidity ABI: (string,bytes32,address[],uint8,uint8), five words of head, then the tails of string and array
    numbers = encode_word(terms["k"]) + encode_word(terms["halting"])
    head = encode_word(5 * WORD) + terms["ceremony_id"] + encode_word(5 * WORD + len(text)) + numbers
    return artifact.creation + head + text + roster


def runtime_code(artifact: Artifact, **terms: Unpack[Terms]) -> bytes:
    """The code that stands at the contract's address on chain; PlanError if the constructor would refuse the terms."""
    _require_terms(terms)
    words = {
        "nameHash": keccak256(terms["name"].encode()),
        "ceremonyId": terms["ceremony_id"],
        "firstRosterDigest": roster_digest(terms["roster"]),
        "n": encode_word(len(terms["roster"])),
        "k": encode_word(terms["k"]),
        "halting": encode_word(terms["halting"]),
    }
    code = bytearray(artifact.runtime_template)
    for name, starts in artifact.immutables.items():
        for start in starts:
            code[start : start + WORD] = words[name]
    return bytes(code)


def create2_address(factory: bytes, salt: bytes, creation: bytes) -> bytes:
    """The 20-byte address that `factory` (20 bytes) deploys `creation` to under `salt` (32 bytes)."""
    # SPEC EIP-1014
    preimage = b"\xff" + require_size(factory, ADDRESS) + require_size(salt, WORD) + keccak256(creation)
    return keccak256(preimage)[-ADDRESS:]


def create_address(sender: bytes, nonce: int) -> bytes:
    """The 20-byte address of what `sender` (20 bytes) deploys by its transaction number `nonce` (a uint64)."""
    # SPEC Ethereum Yellow Paper, 7: the last 20 bytes of keccak256(RLP([sender, nonce]))
    digits = require_range(nonce, 64).to_bytes((nonce.bit_length() + 7) // 8)
    number = digits if 1 <= nonce < _RLP_STRING else bytes([_RLP_STRING + len(digits)]) + digits
    items = bytes([_RLP_STRING + ADDRESS]) + require_size(sender, ADDRESS) + number
    return keccak256(bytes([_RLP_LIST + len(items)]) + items)[-ADDRESS:]


def encode_factory_call(salt: bytes, creation: bytes) -> bytes:
    """Calldata that makes CREATE2_FACTORY deploy `creation` under `salt` (32 bytes)."""
    return require_size(salt, WORD) + creation


def _require_terms(terms: Terms) -> None:
    """Raise PlanError for what the constructor refuses, RecordError for bytes of another size."""
    n, k, halting = len(terms["roster"]), terms["k"], terms["halting"]
    if not 1 <= k <= n <= MAX_ROSTER or halting + k != n + 1:
        message = f"no contract is {k} of {n} with halting number {halting}: it is n - k + 1, n at most {MAX_ROSTER}"
        raise PlanError(message)
    if terms["name"] not in NAMES:
        message = f"a contract is named {' or '.join(map(repr, NAMES))}, not {terms['name']!r}"
        raise PlanError(message)
    require_size(terms["ceremony_id"], WORD)
    require_roster([from_hex(address) for address in terms["roster"]])
