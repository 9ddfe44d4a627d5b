"""What an endpoint says of an account, believed only as far as its nodes prove it against a block's header. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ceremony.acts.typed import keccak256
from ceremony.anchor.answers import parse_bytes, parse_data, parse_quantity, require_list, require_object
from ceremony.anchor.artifacts.words import ADDRESS, WORD, encode_word, require_size
from ceremony.anchor.header import Header
from ceremony.anchor.rlp import parse_number, parse_rlp
from ceremony.anchor.trie import NODES_LIMIT, prove_value
from ceremony.errors import ChainLied, ChainMismatch

Nodes = tuple[bytes, ...]
"""Encoded trie nodes, from the root down."""
SLOTS_LIMIT = 1024
"""Slots of one answer: the contract has a handful."""


@dataclass(frozen=True)
class Account:
    """An account in a block's state: balance in wei, the other two 32 bytes each."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes


def parse_proof(answer: Mapping[str, Any], address: bytes, wanted: Iterable[bytes]) -> tuple[Nodes, dict[bytes, tuple[int, Nodes]]]:
    """The nodes in an answer to eth_getProof, not yet checked.

    What it says of balance, nonce, code hash and storage root is not read: the nodes say it.

    Args:
        answer: the JSON object.
        address: the account that was asked for, 20 bytes.
        wanted: the slots that were asked for, 32 bytes each.

    Returns:
        The account's nodes, and for each slot the value claimed and its nodes.

    Raises:
        ChainLied: the answer is malformed, about another account, or not about exactly these slots.
    """
    # SPEC EIP-1186
    if parse_data(require_object(answer), "address", ADDRESS) != require_size(address, ADDRESS):
        _refuse("an answer is about another account than the one that was asked for")
    slots: dict[bytes, tuple[int, Nodes]] = {}
    for entry in map(require_object, require_list(answer, "storageProof", SLOTS_LIMIT)):
        slot = encode_word(parse_quantity(entry, "key"))  # some clients shorten it as a number
        if slot in slots:
            _refuse(f"slot 0x{slot.hex()} is answered twice")
        slots[slot] = (parse_quantity(entry, "value"), _parse_nodes(entry, "proof"))
    _require_exactly(wanted, slots)
    return _parse_nodes(answer, "accountProof"), slots


def prove_account(header: Header, address: bytes, proof: Sequence[bytes]) -> Account | None:
    """The account as of a block.

    Args:
        header: the block's.
        address: 20 bytes.
        proof: the account's nodes.

    Returns:
        The account; None if the nodes prove that there is none.

    Raises:
        ChainLied: the nodes prove neither.
    """
    value = prove_value(header.state_root, require_size(address, ADDRESS), proof)
    return None if value is None else _parse_account(value)


def prove_slots(account: Account, wanted: Iterable[bytes], answers: Mapping[bytes, tuple[int, Sequence[bytes]]]) -> dict[bytes, int]:
    """What an account stores in its slots.

    Args:
        account: the proven account.
        wanted: the slots that were asked for, 32 bytes each.
        answers: for each slot the value claimed and its nodes.

    Returns:
        The number in each slot; 0 where the nodes prove that nothing is stored.

    Raises:
        ChainLied: a slot is missing or was not asked for, or its nodes do not prove the value claimed.
    """
    _require_exactly(wanted, answers)
    return {slot: _prove_slot(account.storage_root, slot, *answer) for slot, answer in answers.items()}


def require_code(account: Account, code: bytes) -> None:
    """Raise ChainMismatch unless this is the account's runtime code."""
    # SPEC Yellow Paper, section 4.1: an account holds the Keccak-256 of its code
    if keccak256(code) != account.code_hash:
        message = f"the account's code has the hash 0x{account.code_hash.hex()}, which is not that of the code expected"
        raise ChainMismatch(message)


def _parse_account(value: bytes) -> Account:
    # SPEC Yellow Paper, section 4.1: nonce, balance, storage root, code hash
    match parse_rlp(value):
        case (nonce, balance, bytes(root), bytes(code)) if len(root) == len(code) == WORD:
            return Account(parse_number(nonce), parse_number(balance), root, code)
    message = "an account has not the shape of one"
    raise ChainLied(message)


def _prove_slot(root: bytes, slot: bytes, claimed: int, proof: Sequence[bytes]) -> int:
    encoded = prove_value(root, require_size(slot, WORD), proof)
    # A slot that was set to 0 is removed, says the Yellow Paper (section 4.1); anvil keeps it, as a 0.
    value = 0 if encoded is None else parse_number(parse_rlp(encoded))
    if value != claimed:
        _refuse(f"slot 0x{slot.hex()} is said to hold {claimed:#x}, but proven to hold {value:#x}")
    return value


def _parse_nodes(answer: Mapping[str, Any], name: str) -> Nodes:
    return tuple(parse_bytes(node, name) for node in require_list(answer, name, NODES_LIMIT))


def _require_exactly(wanted: Iterable[bytes], answered: Iterable[bytes]) -> None:
    asked, given = set(wanted), set(answered)
    if asked != given:
        _refuse(f"{len(asked - given)} slots that were asked for are missing, {len(given - asked)} were not asked for")


def _refuse(why: str) -> NoReturn:
    raise ChainLied(why)
