"""What one asks the contract, where it keeps its state, and how it refuses (pure).

Acts as calldata are in `calls`, its events in `events`; code and addresses come from `ceremony.anchor.artifacts` and are re-exported.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ceremony.acts.typed import keccak256
from ceremony.anchor.artifacts.artifact import Artifact, load_artifact, parse_artifact
from ceremony.anchor.artifacts.deployment import (
    CREATE2_FACTORY,
    Terms,
    create2_address,
    create_address,
    creation_code,
    encode_factory_call,
    runtime_code,
)
from ceremony.anchor.artifacts.words import WORD, encode_word, require_size
from ceremony.anchor.calls import act_type, selector
from ceremony.errors import CallReverted, ChainLied, RecordError

__all__ = [
    "CREATE2_FACTORY", "Artifact", "Terms", "create2_address", "create_address", "creation_code", "encode_factory_call",
    "load_artifact", "parse_artifact", "runtime_code",
]  # fmt: skip

_REFUSAL_SHOWN = 8
"""Bytes of an unknown refusal that a message shows: its selector and a little more."""
_SEQUENCE_BITS = 64
_INDICES = frozenset({"anchored", "released"})

_ACTS = ("Genesis", "Anchor", "Release", "Rotate", "Halt", "Resume")
_VIEWS = (
    "head()", "sequence()", "epoch()", "halted()", "rosterDigest()", "ceremonyId()", "nameHash()", "n()", "k()", "halting()",
    "genesisRoot()", "latestRelease()", "anchored(bytes32)", "released(bytes32)", "domainSeparator()",
    *(f"digest{act}({act_type(act)})" for act in _ACTS),
)  # fmt: skip
# SPEC Solidity ABI: a function is named by the first four bytes of its signature's hash
VIEWS: Mapping[str, bytes] = MappingProxyType({view.partition("(")[0]: selector(view) for view in _VIEWS})
"""The selector of each view, by its name."""


@dataclass(frozen=True)
class Counters:
    """What the contract keeps in one word: acts taken, epoch, whether it is halted."""

    sequence: int
    epoch: int
    halted: bool


def slot_key(artifact: Artifact, variable: str) -> bytes:
    """The 32-byte storage key of a plain variable, such as head or genesisRoot; sequence, epoch and halted share one."""
    if variable not in artifact.slots or variable in _INDICES:
        message = f"the contract stores no plain variable {variable!r}"
        raise RecordError(message)
    return encode_word(artifact.slots[variable])


def index_key(artifact: Artifact, index: str, name: bytes) -> bytes:
    """The 32-byte storage key under which the contract notes that `name` (32 bytes) was `anchored` or `released`."""
    # SPEC Solidity storage layout: keccak256(key . slot)
    return keccak256(require_size(name, WORD) + encode_word(artifact.slots[index]))


def parse_counters(word: int) -> Counters:
    """Sequence, epoch and halted from their one word of storage."""
    # SPEC Solidity storage layout: packed from the lowest bits on, in the order of their declaration
    mask = (1 << _SEQUENCE_BITS) - 1
    return Counters(word & mask, word >> _SEQUENCE_BITS & mask, bool(word >> 2 * _SEQUENCE_BITS & 1))


def encode_view_call(view: str, words: bytes = b"") -> bytes:
    """Calldata of a view; RecordError if there is none of that name.

    Args:
        view: a name in VIEWS.
        words: its encoded arguments: `anchored` takes the root, `digestGenesis` what `encode_act` gives.
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
    """The answer of a yes-or-no view; ChainLied if it is neither 0 nor 1."""
    return parse_uint(answer, 1) == 1


def refused_before_sending(artifact: Artifact, data: bytes, endpoint: str) -> CallReverted:
    """What a writer raises when the contract refuses the simulation, with these revert data."""
    return CallReverted(f"the contract would refuse this: {parse_refusal(artifact, data)}; nothing was sent", culprits=(endpoint,))


def parse_refusal(artifact: Artifact, data: bytes) -> str:
    """The name of the rule by which the contract reverted, or plain words if the data names none; never raises."""
    names = {selector(f"{name}()"): name for name in artifact.errors}
    if not data:
        return "refused without a reason"
    return names.get(data, f"refused for an unknown reason 0x{data[:_REFUSAL_SHOWN].hex()}")
