"""What must be so after a crash, and after the resume: P1 (seven shards or none), P3 (every signature accounted for), P4 (nothing lost).

Every judgement is a list of faults in words, empty when all is well.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.conductor.approving import closing_act
from ceremony.custody.blobs import BLOBS
from ceremony.errors import CeremonyError
from ceremony.hsm.marks import MarkFile
from ceremony.hsm.token import Role, object_id
from ceremony.protocol.fold import fold
from ceremony.protocol.state import State
from ceremony.quorum.dealings import parse_points
from ceremony.quorum.replay import Mark
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.feldman import require_share
from ceremony.shards.shamir import Share
from ceremony.transcript.book import Book
from ceremony.transcript.checkpoint import index_of, parse_note
from ceremony.transcript.checkpoint_file import CheckpointFile
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.crash.driven import ACKNOWLEDGED, SIGNED, Books, DrivenCeremony
from tests.crash.shape import Shape, dealings_made, differences, shape_of

INTENTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("Enrolment", ""): "enrol_begun",
        ("Transport", ""): "transport_begun",
        ("Attestation", "holding"): "holding_begun",
        ("Attestation", "opening"): "opening_witness_begun",
        ("Attestation", "retirement"): "retire_begun",
        ("Genesis", ""): "approval_begun",
    },
)
"""The intent that must stand in the transcript, durable, before a token makes a signature of this type."""


def judge_crashed(ceremony: DrivenCeremony) -> list[str]:
    """Right after a crash: what was acknowledged is still there, and each token's mark covers the act it signed."""
    faults = []
    path = ceremony.directory / TRANSCRIPT
    standing = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    for line in ceremony.books.lines(ACKNOWLEDGED):
        index = json.loads(line)["index"]
        if standing[index : index + 1] != [line.encode()]:
            faults.append(f"entry {index} was acknowledged and is lost or changed")
    for signed in signatures(ceremony.books):
        mark = _mark(ceremony, signed["custodian"], json.loads(standing[0])["body"]["ceremony"]) if standing else None
        if signed["type"] == "Genesis" and (mark is None or mark.digest != signed["digest"]):
            faults.append(f"custodian {signed['custodian']} signed {signed['digest']}, but their mark does not say so")
    return faults


def judge_closed(ceremony: DrivenCeremony, expected: Shape, *, remade: bool) -> list[str]:
    """After the resume: closed, like an uncrashed run, nothing lost, nothing twice. `remade`: the dealing in hand may have been lost."""
    try:
        book = read_book(ceremony.directory / TRANSCRIPT)
        state = fold(book)
    except CeremonyError as error:
        return [f"the transcript cannot be read: {error.name}: {error.message}"]
    return [
        *differences(expected, shape_of(state, book)),
        *judge_acknowledged(ceremony.books, book),
        *judge_dealings(book, state, remade=remade),
        *judge_tokens(ceremony, state),
        *judge_blobs(ceremony),
        *_judge_signatures(ceremony.books, book, state),
        *judge_marks(ceremony, book, state),
        *judge_checkpoint(ceremony, book, state),
        *judge_chain(ceremony, state),
        *_judge_mirror(ceremony),
    ]


def judge_acknowledged(books: Books, book: Book) -> Iterator[str]:
    """Nothing that was acknowledged is lost or changed."""
    for line in books.lines(ACKNOWLEDGED):
        index = json.loads(line)["index"]
        if index >= len(book) or book.lines[index] != line.encode():
            yield f"entry {index} was acknowledged and is lost or changed"


def judge_dealings(book: Book, state: State, *, remade: bool) -> Iterator[str]:
    """One dealing stands, every other one was abandoned."""
    made = dealings_made(book)
    abandoned = sum(entry.body.kind == "dealing_abandoned" for entry in book)
    if made != state.dealing or abandoned != made - 1:
        yield f"{made} dealings opened, {abandoned} abandoned, number {state.dealing} stands"
    if made > 1 and not remade:
        yield "a dealing was thrown away though its seven wrapped shards were durable"


def judge_tokens(ceremony: DrivenCeremony, state: State) -> Iterator[str]:
    """P1: one governance key and one shard, the right one, and nothing else."""
    identity = from_hex(state.opened.ceremony)
    commitments = parse_points(state.dealt.commitments) if state.dealt else ()
    for index in state.plan.indices:
        keys = {name: found for name, found in _memory(ceremony, index)["keys"].items() if found}
        shard = f"{Role.SHARD}/{object_id(identity, state.dealing, Role.SHARD, index).hex()}"
        governance = f"{Role.GOVERNANCE}/{object_id(identity, 0, Role.GOVERNANCE, index).hex()}"
        if sorted((name, len(found)) for name, found in keys.items()) != sorted([(shard, 1), (governance, 1)]):
            yield f"token {index} holds {sorted((name, len(found)) for name, found in keys.items())}"
            continue
        try:
            require_share(commitments, Share(index, int(keys[shard][0], 16)))
        except CeremonyError as error:
            yield f"token {index}: {error.message}"


def judge_blobs(ceremony: DrivenCeremony) -> Iterator[str]:
    """No wrapped shard is left."""
    left = sorted(path.name for path in (ceremony.directory / BLOBS).iterdir())
    if left:
        yield f"blobs left: {left}"


def _judge_signatures(books: Books, book: Book, state: State) -> Iterator[str]:
    """P3: every signature was announced before it was made; over acts, each token signed one digest, the one that stands."""
    yield from judge_announced(books, book)
    closing = state.closing.custodians if state.closing else ()
    expected = {"Genesis": Counter(dict.fromkeys(state.approvals, 1)), "Checkpoint": Counter(closing)}
    values = {"Genesis": {entry.digest for entry in state.approvals.values()}, "Checkpoint": {to_hex(digest(closing_act(state, book)))}}
    for kind, whose in expected.items():
        made = {(signed["custodian"], signed["digest"]) for signed in signatures(books) if signed["type"] == kind}
        if Counter(custodian for custodian, _ in made) != whose or {value for _, value in made} != values[kind]:
            yield f"signatures over {kind}: {sorted(made)}"


def judge_announced(books: Books, book: Book) -> Iterator[str]:
    """P3: an intent stands in the transcript before each signature."""
    for signed in signatures(books):
        kind = INTENTS.get((signed["type"], signed["subject"]), "closing_named")
        if not any(_announces(entry.body, kind, signed) for entry in book.entries[: signed["size"]]):
            yield f"custodian {signed['custodian']} signed {signed['type']} {signed['subject']} at {signed['size']} entries unannounced"


def _announces(body: Any, kind: str, signed: Mapping[str, Any]) -> bool:
    if body.kind != kind:
        return False
    if kind == "closing_named":
        return signed["custodian"] in body.custodians
    same = body.custodian == signed["custodian"] and getattr(body, "dealing", signed["dealing"]) == signed["dealing"]
    return bool(same and getattr(body, "digest", signed["digest"]) == signed["digest"])


def judge_marks(ceremony: DrivenCeremony, book: Book, state: State) -> Iterator[str]:
    """Each token's mark is of this transcript, and names the act that it signed."""
    for index in state.plan.indices:
        mark = _mark(ceremony, index, state.opened.ceremony)
        if mark is None:
            yield f"token {index} has no mark"
        elif mark.size > len(book) or mark.root != to_hex(book.root(mark.size)):
            yield f"token {index}: its mark is not of this transcript"
        elif index in state.approvals and mark.digest != state.approvals[index].digest:
            yield f"token {index}: its mark does not name the act it signed"


def judge_checkpoint(ceremony: DrivenCeremony, book: Book, state: State) -> Iterator[str]:
    """It covers the whole transcript, and exactly those who were named have signed."""
    data = CheckpointFile(ceremony.directory).read()
    if data is None or state.closing is None:
        yield "there is no checkpoint"
        return
    checkpoint, signatures = parse_note(data)
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (state.origin, len(book), book.root()):
        yield "the checkpoint is of another transcript"
    if sorted(index_of(one.name) for one in signatures) != sorted(state.closing.custodians):
        yield "the checkpoint's signers are not those named"
    for one in signatures:
        require_signature(one.signature, digest(closing_act(state, book)), from_hex(state.roster[index_of(one.name)]))
    spare = sorted(path.name for path in ceremony.directory.glob("checkpoint-*"))
    if spare:
        yield f"more than one checkpoint was begun: {spare}"


def judge_chain(ceremony: DrivenCeremony, state: State) -> Iterator[str]:
    """The chain took the act of the receipt."""
    genesis = json.loads((ceremony.base / "parts" / "chain.json").read_text())["genesis"]
    if genesis is None or state.anchored is None or genesis["transaction"] != state.anchored.transaction:
        yield "the chain's genesis is not the one in the receipt"


def _judge_mirror(ceremony: DrivenCeremony) -> Iterator[str]:
    if ceremony.mirror and (ceremony.mirror / TRANSCRIPT).read_bytes() != (ceremony.directory / TRANSCRIPT).read_bytes():
        yield "the mirror differs"


def signatures(books: Books) -> list[dict[str, Any]]:
    """Every signature that a token made."""
    return [json.loads(line) for line in books.lines(SIGNED)]


def _memory(ceremony: DrivenCeremony, index: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ceremony.base / "parts" / f"sim{index}.json").read_text())
    return found


def _mark(ceremony: DrivenCeremony, index: int, identity: str) -> Mark | None:
    return MarkFile(ceremony.base / "parts" / "marks", f"sim{index}").read(identity)
