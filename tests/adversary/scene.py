"""A closed ceremony with all its keys, and what an attacker can write: transcripts linked anew, checkpoints signed anew, any signature."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from ceremony.acts.digest import digest
from ceremony.acts.signature import ORDER, address_of
from ceremony.hsm.token import Role
from ceremony.protocol.fold import fold
from ceremony.protocol.state import State
from ceremony.quorum.approvals import Approval
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import Checkpoint as CheckpointStruct
from ceremony.records.structs import TypedAct
from ceremony.transcript.checkpoint import Checkpoint, NoteSignature, encode_note, key_id, name_of
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.transcript.merkle import Tree, leaf_hash
from tests.adversary.forge import Body, encode_lines, rehash

STRANGER = PrivateKey(b"\x5a" * 32)
AT = "2026-01-01T00:00:00Z"
WHEN = "written at"
"""Beside a body's own fields: the time of its entry, without which the leaf would be another one."""


def address(key: PrivateKey) -> str:
    """The governance address of a key."""
    return to_hex(address_of(key.public_key.format(compressed=False)))


def sign_digest(key: PrivateKey, value: bytes) -> bytes:
    """r || s || v over 32 bytes."""
    signed = key.sign_recoverable(value, hasher=None)
    return signed[:64] + bytes([27 + signed[64]])


def sign(key: PrivateKey, act: TypedAct) -> str:
    """A signature over an act, hex."""
    return to_hex(sign_digest(key, digest(act)))


def malleate(signature: str) -> str:
    """The other signature that plain ECDSA accepts: s in the upper half, v flipped."""
    data = from_hex(signature)
    high = (ORDER - int.from_bytes(data[32:64], "big")).to_bytes(32, "big")
    return to_hex(data[:32] + high + bytes([55 - data[64]]))


@dataclass(frozen=True)
class Scene:
    """What the attacker starts from."""

    state: State
    act: TypedAct
    keys: Mapping[int, PrivateKey]
    bodies: tuple[Body, ...]

    def approvals(self, *custodians: int) -> list[Approval]:
        """Honest ones."""
        return [self.approval(index, self.signed(index)) for index in custodians]

    def signed(self, custodian: int) -> str:
        """This custodian's honest signature over the act, hex."""
        return sign(self.keys[custodian], self.act)

    def approval(self, custodian: int, signature: str, value: str | None = None) -> Approval:
        """One that claims to be over the act (or over `value`)."""
        return Approval(custodian, value or to_hex(digest(self.act)), signature)

    def other(self, **changes: Any) -> TypedAct:
        """The act with other fields."""
        return self.act.model_copy(update={"struct": self.act.struct.model_copy(update=changes)})

    def elsewhere(self, **changes: Any) -> TypedAct:
        """The act in another domain."""
        return self.act.model_copy(update={"domain": self.act.domain.model_copy(update=changes)})

    def first(self, kind: str, **fields: Any) -> int:
        """Where the first entry of a kind (with these fields) stands."""
        wanted = {"kind": kind, **fields}
        return next(place for place, body in enumerate(self.bodies) if all(body.get(name) == value for name, value in wanted.items()))

    def changed(self, kind: str, *, where: Mapping[str, Any] | None = None, **changes: Any) -> tuple[Body, ...]:
        """All entries, one of them changed."""
        place = self.first(kind, **(where or {}))
        return (*self.bodies[:place], {**self.bodies[place], **changes}, *self.bodies[place + 1 :])

    def before_approvals(self) -> tuple[Body, ...]:
        """The entries that the act stands on, itself included."""
        return self.bodies[: self.first("approval_begun")]

    def with_approvals(self, given: Sequence[Approval]) -> tuple[Body, ...]:
        """The transcript that these approvals would have made, up to the intent to anchor."""
        pairs: list[Body] = []
        for one in given:
            common = {"attempt": self.state.attempt, "custodian": one.custodian}
            pairs.append({"kind": "approval_begun", **common, "digest": to_hex(digest(self.act)), "acknowledged": None})
            pairs.append({"kind": "approved", **common, "digest": one.digest, "signature": one.signature})
        return (*self.before_approvals(), *pairs)

    def to_the_end(self, bodies: Sequence[Body], custodians: Sequence[int]) -> tuple[Body, ...]:
        """Such a transcript, closed: the act anchored with these custodians' approvals."""
        place = self.first("anchor_begun")
        return (*bodies, {**self.bodies[place], "custodians": list(custodians)}, *self.bodies[place + 1 :])

    def note(self, data: bytes, signers: Iterable[int] = range(1, 6), **changes: Any) -> bytes:
        """A checkpoint over these entries by these custodians."""
        struct = checkpoint_of(self.state, data, **changes)
        return write_note(struct, [self.note_line(struct, index) for index in signers])

    def note_line(self, struct: CheckpointStruct, index: int, key: PrivateKey | None = None) -> NoteSignature:
        """One signature below a checkpoint."""
        key = key or self.keys[index]
        signature = from_hex(sign(key, self.act.model_copy(update={"struct": struct})))
        return NoteSignature(name_of(index), key_id(name_of(index), from_hex(address(self.keys.get(index, key)))), signature)


def checkpoint_of(state: State, data: bytes, **changes: Any) -> CheckpointStruct:
    """The checkpoint over these lines, or one that lies about them."""
    lines = data.split(b"\n")[:-1]
    true = {"origin": state.origin, "size": len(lines), "root": to_hex(Tree(map(leaf_hash, lines)).root())}
    return CheckpointStruct(**{**true, **changes})


def write_note(struct: CheckpointStruct, lines: Sequence[NoteSignature]) -> bytes:
    """The checkpoint file."""
    return encode_note(Checkpoint(struct.origin, struct.size, from_hex(struct.root)), lines)


def link(bodies: Iterable[Body]) -> bytes:
    """These entries as a transcript whose every link is right."""
    bare = ((body.get(WHEN, AT), {name: value for name, value in body.items() if name != WHEN}) for body in bodies)
    return encode_lines(rehash([{"v": 1, "at": at, "body": body} for at, body in bare]))


def read_scene(base: Path) -> Scene:
    """The scene of a simulated ceremony whose act is proposed, with every custodian's key."""
    path = base / "ceremony" / TRANSCRIPT
    state = fold(read_book(path))
    if state.act_owed is None:
        raise AssertionError(base)
    entries = [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]
    bodies = tuple({**entry["body"], WHEN: entry["at"]} for entry in entries)
    return Scene(state, state.act_owed, {index: _governance_key(base, index) for index in state.plan.indices}, bodies)


def _governance_key(base: Path, index: int) -> PrivateKey:
    keys = json.loads((base / "parts" / f"sim{index}.json").read_text())["keys"]
    (secret,) = next(found for name, found in keys.items() if name.startswith(f"{Role.GOVERNANCE}/"))
    return PrivateKey(bytes.fromhex(secret))
