"""Checks on the transcript itself: what it may be read from, what it follows, which plan and which runs stand behind it (pure)."""

from ceremony.errors import RecordError, TranscriptError
from ceremony.protocol.fold import fold
from ceremony.protocol.state import State
from ceremony.records.act_entries import ApprovalFailed
from ceremony.records.base import to_hex
from ceremony.records.plan_text import plan_digest
from ceremony.records.roster_entries import MarkFounded, RunStarted
from ceremony.transcript.book import Book, parse_transcript
from ceremony.verify.report import Finding, pending, proven
from ceremony.verify.state import Subject

TRANSCRIPT_LIMIT = 1 << 30
"""Bytes of a transcript: 100,000 entries of 10,000."""


def transcript_is_whole(data: bytes) -> tuple[Book, Finding]:
    """Every line is one canonical entry, in its place, after the one it names (RFC 8785, RFC 6962)."""
    if len(data) > TRANSCRIPT_LIMIT:
        message = "the file is larger than any transcript"
        raise TranscriptError(message)
    book = parse_transcript(data)
    return book, proven(f"{len(book)} entries, root {to_hex(book.root())}")


def protocol_was_followed(book: Book) -> tuple[State, Finding]:
    """Every entry stands where the protocol's table allows it."""
    state = fold(book)
    return state, proven(f"{len(state.done)} steps, dealing {state.dealing}, attempt {state.attempt}")


def rehearsal_is_admitted(subject: Subject) -> Finding:
    """A rehearsal is refused unless the reader asked for one; it is told by entry 0, the plan and every signing domain alike."""
    opened, plan = subject.state.opened, subject.state.plan
    if opened.rehearsal != plan.rehearsal:
        message = "entry 0 and its plan differ on whether this is a rehearsal"
        raise RecordError(message, culprits=("entry 0",))
    if opened.rehearsal and not subject.trust.rehearsal:
        message = "this is a rehearsal, worth nothing outside of one"
        raise RecordError(message, culprits=("entry 0",), remedy="If a rehearsal is what you want to check, add --rehearsal.")
    return proven("a rehearsal, as asked for" if opened.rehearsal else "not a rehearsal")


def plan_is_the_one_signed_for(subject: Subject) -> Finding:
    """Entry 0's digest is of the plan's text; enrolments and the genesis act name the same digest. Waivers are shown."""
    opened, plan = subject.state.opened, subject.state.plan
    if opened.plan_digest != to_hex(plan_digest(opened.plan_text)):
        message = "entry 0's plan digest is not of its plan"
        raise RecordError(message, culprits=("entry 0",))
    waivers = "".join(f"; WAIVED {w.rule} for {w.subject}: {w.reason} (granted by {w.granted_by})" for w in plan.waiver)
    earlier = f"; follows {plan.previous_head}" if plan.previous_head else ""
    commits = ", ".join(f"{commit.name} {commit.sha256}" for commit in plan.commits)
    return proven(f"plan {opened.plan_digest}, committing to {commits}{earlier}{waivers}")


def artifact_is_known(subject: Subject) -> Finding:
    """The contract's compiled artifact that entry 0 names is the one this installation carries."""
    artifact = subject.artifact
    return proven(f"artifact {artifact.version}, SHA-256 {to_hex(artifact.digest)}")


def runs_were_tested(subject: Subject) -> Finding:
    """Every run passed its self-tests first; the tool of entry 0 is named, and so is every other one that ran."""
    runs = list(subject.bodies(RunStarted))
    if not runs:
        return pending("no run")
    for entry, body in runs:
        if not body.self_tests:
            message = f"run {entry.index} names no self-test"
            raise RecordError(message, culprits=(f"entry {entry.index}",))
    first = next((file.sha256 for file in subject.state.opened.files if file.name == "tool"), None)
    others = sorted({body.tool for _, body in runs} - {first})
    failed = len(list(subject.bodies(ApprovalFailed)))
    tools = f"{first}{f', and by others: {others}' if others else ''}"
    evidence = f"{len(runs)} runs by tool {tools}; {failed} failed signings, each acknowledged"
    return Finding(evidence, "attested by the operator's machine")


def marks_were_founded_openly(subject: Subject) -> Finding:
    """A high-water mark founded anew says so in an entry, at the root the transcript had there."""
    founded = list(subject.bodies(MarkFounded))
    for entry, body in founded:
        if body.root != to_hex(subject.book.root(body.size)):
            message = f"the mark founded in entry {entry.index} is of another history"
            raise RecordError(message, culprits=(f"entry {entry.index}",))
    who = ", ".join(f"custodian {body.custodian} in entry {entry.index}" for entry, body in founded)
    return proven(f"{len(founded)} founded anew{f': {who}' if who else ''}")
