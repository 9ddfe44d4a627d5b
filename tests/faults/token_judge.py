"""What a fault at a token may leave behind, and what must be so once the fault is gone: P1 on real tokens, and no PIN used up.

Every judgement is a list of faults in words, empty when all is well.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pkcs11.constants import Attribute, ObjectClass

from ceremony import errors
from ceremony.errors import CeremonyError
from ceremony.hsm.pkcs11 import Pkcs11Token, open_token
from ceremony.hsm.token import Role, object_id
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.quorum.dealings import public_share
from ceremony.records.base import from_hex
from ceremony.shards.field import base_multiply, encode_point, encode_x, multiply
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.crash.shape import Shape, differences, shape_of
from tests.crash.sweep import in_child
from tests.faults.token_life import WATCHED, TokenCeremony, state_of
from tests.simulators.ceremony_directory import NAMES
from tests.simulators.ports import PIN
from tests.softhsm import CONFIG, module

CLASSES = (ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY, ObjectClass.SECRET_KEY)
SOFTHSMS_OWN = frozenset({"generation", "token.lock", CONFIG})
"""Files that tell the next command nothing: counters, locks, and the configuration that a copy writes anew."""
HALVES = {Role.GOVERNANCE: ("private", "public"), Role.TRANSPORT: ("private", "public"), Role.SHARD: ("private",)}
SECRET = 0x5EED
"""A challenger's secret: what the shard's holder answers to its point is known without the shard."""
Keys = list[str]


@dataclass(frozen=True)
class Ended:
    """How a command ended under a fault."""

    name: str
    """The error's name, DONE or KILLED."""
    message: str = ""
    culprits: tuple[str, ...] = ()
    next_step: str = ""
    prompts: int = 1
    """PIN prompts; one for a command whose end nobody saw."""


DONE, KILLED = "done", "killed"


def keys_of(ceremony: TokenCeremony, index: int) -> Keys:
    """Every key that a token lists, by half, role and dealing; looked at by a process of its own, without the shim."""
    state = state_of(ceremony)
    names = {
        object_id(from_hex(state.opened.ceremony), dealing, role, index): f"{role} of dealing {dealing}"
        for role in Role
        for dealing in range(state.dealing + 1)
    }

    def look() -> Keys:
        token = open_token(module(), str(ceremony.config(index)), ceremony.serials[index - 1])
        token.login(PIN)
        return [
            f"{kind.name.split('_')[0].lower()} {names.get(bytes(key[Attribute.ID]), 'key of nobody')}"
            for kind in CLASSES
            for key in token._token.find(kind)
        ]

    found: Keys = in_child(look)
    return sorted(found)


def keys_owed(state: State, index: int) -> Keys:
    """Every key that it must hold, and no other."""
    roles = {Role.GOVERNANCE: 0} if index in state.enrolled else {}
    if (index, 1) in state.transports and Step(StepKind.RETIRE, index, state.dealing) not in state.done:
        roles[Role.TRANSPORT] = state.dealing
    if Step(StepKind.LOAD, index, state.dealing) in state.done:
        roles[Role.SHARD] = state.dealing
    return sorted(f"{half} {role} of dealing {dealing}" for role, dealing in roles.items() for half in HALVES[role])


def judge_ended(ceremony: TokenCeremony, ended: Ended, logins: int) -> Iterator[str]:
    """Right after the fault: the error has a name and names the token, and no PIN was tried without being asked for."""
    if logins > ended.prompts:
        yield f"{logins} tries of a PIN that was asked for {ended.prompts} times"
    if ended.name in {DONE, KILLED}:
        return
    kind = getattr(errors, ended.name, None)
    if not (isinstance(kind, type) and issubclass(kind, CeremonyError)) or ended.name == "ToolFault" or "unforeseen" in ended.message:
        yield f"not a named error: {ended.name}: {ended.message}"
    told = " ".join((ended.message, *ended.culprits))
    if f"custodian {WATCHED}" not in told and ceremony.serials[WATCHED - 1] not in told:
        yield f"nobody is named in: {ended.name}: {told}"
    if not ended.next_step:
        yield f"{ended.name} does not say what to do next"


@dataclass(frozen=True)
class Undisturbed:
    """A moment without a fault: what it ends as, and the functions that the token's module was asked for."""

    shape: Shape
    dealing: int
    calls: tuple[str, ...]


def judge_resumed(ceremony: TokenCeremony, expected: Undisturbed, *, remade: bool) -> Iterator[str]:
    """Once the fault is gone and the command was run again: as if nothing had been, in the transcript and in the tokens.

    Args:
        ceremony: after the second run.
        expected: the same without a fault.
        remade: the dealing in hand may have been thrown away.
    """
    state = state_of(ceremony)
    yield from differences(expected.shape, shape_of(state, read_book(ceremony.directory / TRANSCRIPT)))
    if state.dealing != expected.dealing and not remade:
        yield "a dealing was thrown away though the fault did not touch it"
    for index in range(1, len(NAMES) + 1) if state.dealing != expected.dealing or state.closing else (WATCHED,):
        yield from judge_token(ceremony, state, index)


def judge_token(ceremony: TokenCeremony, state: State, index: int) -> Iterator[str]:
    """P1 for one token: exactly the keys that the transcript says, and the right shard."""
    found, owed = keys_of(ceremony, index), keys_owed(state, index)
    if found != owed:
        yield f"token {index} holds {found}, not {owed}"
    elif state.commitments and any("shard" in key for key in owed) and not in_child(lambda: _holds(ceremony, state, index)):
        yield f"token {index} holds another shard than the commitments say"


def _holds(ceremony: TokenCeremony, state: State, index: int) -> bool:
    token: Pkcs11Token = open_token(module(), str(ceremony.config(index)), ceremony.serials[index - 1])
    token.login(PIN)
    key_id = object_id(from_hex(state.opened.ceremony), state.dealing, Role.SHARD, index)
    expected = encode_x(multiply(public_share(state.commitments, index), SECRET))
    return token.derive(key_id, encode_point(base_multiply(SECRET))) == expected


def trace(ceremony: TokenCeremony, kept: Path) -> str:
    """What a fault left behind, as far as the next command can tell: equal traces of one moment are resumed once.

    The entries written, the files that changed beside the tokens', and the watched token's keys if any of its objects did.
    """
    base = ceremony.base
    kinds = [json.loads(line)["body"]["kind"] for line in (base / "ceremony" / TRANSCRIPT).read_bytes().splitlines()]
    changed = {path.relative_to(base) for path in base.rglob("*") if path.is_file() and not _same(path, kept / path.relative_to(base))}
    objects = {path for path in changed if path.suffix == ".object"}
    others = sorted(str(path) for path in changed - objects if path.name not in SOFTHSMS_OWN)
    keys = keys_of(ceremony, WATCHED) if objects else []
    return repr((kinds, others, keys, sorted({path.parts[1] for path in objects})))


def _same(path: Path, other: Path) -> bool:
    return other.exists() and path.read_bytes() == other.read_bytes()
