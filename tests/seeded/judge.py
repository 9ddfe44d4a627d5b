"""The promises after a seeded rehearsal: P1 and P4 as after a crash, P2, P3 and P7 whatever was stopped, declined or signed in vain."""

import json
from collections.abc import Iterator
from typing import Any

from ceremony.acts.roster import roster_digest
from ceremony.protocol.state import State
from ceremony.records.base import to_hex
from ceremony.transcript.book import Book
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.report import Report, Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.crash import judge
from tests.seeded.rehearsal import SeededCeremony
from tests.seeded.schedule import Kind


def judge_closed(ceremony: SeededCeremony) -> list[str]:
    """Every promise that can be judged from outside; in words, empty when all are kept."""
    book, state = read_book(ceremony.directory / TRANSCRIPT), ceremony.look()
    return [
        *judge.judge_acknowledged(ceremony.books, book),
        *judge.judge_dealings(book, state, remade=True),
        *judge.judge_tokens(ceremony, state),
        *judge.judge_blobs(ceremony),
        *judge.judge_announced(ceremony.books, book),
        *_judge_acts(ceremony, book, state),
        *_judge_marks(ceremony, book, state),
        *_judge_checkpoint(ceremony, book, state),
        *judge.judge_chain(ceremony, state),
        *_judge_pins(ceremony),
        *_judge_verdict(ceremony, state),
    ]


def judge_waiting(ceremony: SeededCeremony) -> list[str]:
    """Fewer than five are left: no act without five approvals, no closed transcript without five signatures, and nothing else is lost."""
    book, state = read_book(ceremony.directory / TRANSCRIPT), ceremony.look()
    faults = [*judge.judge_acknowledged(ceremony.books, book), *judge.judge_announced(ceremony.books, book), *_judge_pins(ceremony)]
    if state.anchored:
        faults += _judge_acts(ceremony, book, state)
    elif json.loads((ceremony.base / "parts" / "chain.json").read_text())["genesis"] or len(state.approvals) >= state.plan.quorum.k:
        faults.append(f"{len(state.approvals)} approvals, and the chain shows an act")
    verdict = _verdict(ceremony, state).verdict
    if verdict not in {Verdict.NOT_CLOSED, Verdict.HOLD}:
        faults.append(f"nobody can close it, and `verify` ends with {verdict.words}")
    return faults


def _judge_acts(ceremony: SeededCeremony, book: Book, state: State) -> Iterator[str]:
    """P2, P3: each token signed at most one genesis an attempt, and five different ones the act that was anchored."""
    begun: dict[tuple[int, int], set[str]] = {}
    for entry in book:
        body: Any = entry.body
        if body.kind == "approval_begun":
            begun.setdefault((body.custodian, body.attempt), set()).add(body.digest)
    for (custodian, attempt), digests in begun.items():
        if len(digests) > 1:
            yield f"custodian {custodian} began to sign {len(digests)} acts in attempt {attempt}"
    announced = {(custodian, digest) for (custodian, _), digests in begun.items() for digest in digests}
    for signed in judge.signatures(ceremony.books):
        if signed["type"] == "Genesis" and (signed["custodian"], signed["digest"]) not in announced:
            yield f"custodian {signed['custodian']} signed an act that no entry accounts for"
    if len(state.approvals) < state.plan.quorum.k:
        yield f"{len(state.approvals)} approvals, and it was anchored"


def _judge_checkpoint(ceremony: SeededCeremony, book: Book, state: State) -> Iterator[str]:
    """As ever; where other signers were named after some had signed, what those signed is kept beside it."""
    named = sum(entry.body.kind == "closing_named" for entry in book)
    return (fault for fault in judge.judge_checkpoint(ceremony, book, state) if named == 1 or "more than one checkpoint" not in fault)


def _judge_marks(ceremony: SeededCeremony, book: Book, state: State) -> Iterator[str]:
    """As ever, but for the custodian whose mark was taken away: it was founded anew, or its token was not needed since."""
    lost = tuple(f"token {one.whose}" for one in ceremony.struck.troubles if one.kind is Kind.MARK_LOST and one.struck)
    return (fault for fault in judge.judge_marks(ceremony, book, state) if not fault.startswith(lost) or "not of this" in fault)


def _judge_pins(ceremony: SeededCeremony) -> Iterator[str]:
    for index in range(1, 8):
        tries = json.loads((ceremony.base / "parts" / f"sim{index}.json").read_text())["tries"]
        if not tries:
            yield f"token {index} is locked"


def _judge_verdict(ceremony: SeededCeremony, state: State) -> Iterator[str]:
    """P4, P5: an auditor with the roster digest and the chain finds nothing wrong."""
    report = _verdict(ceremony, state)
    if report.verdict is not Verdict.SINGLE_SOURCE:
        yield f"`verify` ends with {report.verdict.words}: {[row.line for row in report.rows if row.failure]}"


def _verdict(ceremony: SeededCeremony, state: State) -> Report:
    data = (ceremony.directory / TRANSCRIPT).read_bytes()
    note = (ceremony.directory / CHECKPOINT).read_bytes() if (ceremony.directory / CHECKPOINT).exists() else None
    ceremony.struck.troubles = ()
    return verify(data, note, Trust(roster=to_hex(roster_digest(state.terms["roster"])), readers=(ceremony.chain,), rehearsal=True))
