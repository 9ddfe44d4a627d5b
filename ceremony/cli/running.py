"""What `ceremony run` does: open the directory, conduct, and say what is owed next."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click

from ceremony.anchor.chain import ChainWriter
from ceremony.cli.owed import Outcome, OwedStep, describe, outcome_of
from ceremony.cli.people import open_people
from ceremony.cli.wiring import (
    ask_payer,
    file_digests,
    now,
    open_journal,
    open_ports,
    open_readers,
    read_state,
    require_payer,
    require_unused,
)
from ceremony.conductor.closing import name_others
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.dealing import abandon
from ceremony.conductor.opening import open_ceremony, require_chain_ready, require_same_plan
from ceremony.conductor.ports import People
from ceremony.conductor.running import run
from ceremony.conductor.succeeding import leave_behind, leave_out
from ceremony.disk import read_limited, replace_whole
from ceremony.errors import DirectoryError, OutOfTurn, PlanError
from ceremony.protocol.fold import fold
from ceremony.protocol.state import State, course_of
from ceremony.protocol.steps import Course, phases
from ceremony.records.plan import Plan
from ceremony.records.plan_text import PLAN_LIMIT, parse_plan
from ceremony.transcript.book import Book
from ceremony.transcript.checkpoint_file import CheckpointFile
from ceremony.transcript.journal import LOCK, TRANSCRIPT, Journal

PLAN_COPY = "plan.toml"


@dataclass(frozen=True)
class Wishes:
    """What the command line asked for beside the place."""

    new_dealing: bool = False
    closing_signers: str | None = None
    outstanding: str | None = None
    leave_out: int | None = None
    keystore: Path | None = None
    answers_fd: int | None = None
    quiet: bool = False


def start(plan_path: Path, directory: Path, wishes: Wishes, ceremony_id: bytes) -> Outcome:
    """Start a ceremony; when this directory holds one of the same plan already (a crash, perhaps), go on with it."""
    text = read_plan(plan_path)
    plan = parse_plan(text)
    if _begun(directory):
        _, state = read_state(directory)
        require_same_plan(state.opened, text)
        return resume(directory, wishes)
    _require_own(directory)
    require_chain_ready(plan, open_readers(plan))
    if wishes.keystore is None:
        require_payer(plan)
    files = file_digests(plan)
    with open_journal(directory, plan, create=not (directory / TRANSCRIPT).exists()) as journal:
        keep_plan(directory / PLAN_COPY, text)
        if not len(journal.book):  # else its mirror holds what this medium has lost
            open_ceremony(journal, plan, text, files, ceremony_id)
    return resume(directory, wishes)


def _require_own(directory: Path) -> None:
    """Raise DirectoryError when the directory holds what no ceremony has put there."""
    strange = sorted({path.name for path in directory.iterdir()} - {PLAN_COPY, TRANSCRIPT, LOCK}) if directory.is_dir() else []
    if strange:
        message = f"{directory} is not empty: it holds {strange[0]}"
        raise DirectoryError(message, culprits=(str(directory),), remedy="Choose a new directory; a ceremony has one of its own.")


def _begun(directory: Path) -> bool:
    """Whether entry 0 stands, once what a crash may have left of it is cut off under the lock."""
    if not (directory / TRANSCRIPT).exists():
        return False
    return len(_settle(directory)) > 0


def _settle(directory: Path) -> Book:
    """The transcript, once a torn tail, if there is one, was cut off under the lock; whoever is there is told."""
    with Journal(directory, now) as journal:
        if journal.torn:
            cut = f"The transcript ended in {journal.torn} bytes of an entry cut short by a crash. It never counted and is gone."
            click.echo(cut, err=True)
        return journal.book


def keep_plan(path: Path, text: str) -> None:
    """Keep the plan's text beside the transcript; a part of it that a crash left is completed, anything else refused."""
    standing = read_limited(path, PLAN_LIMIT)
    if standing is not None and not text.encode().startswith(standing):
        message = f"{path} is there already and is another plan"
        raise DirectoryError(message, culprits=(str(path),), remedy="Choose a new directory.")
    replace_whole(path, text.encode())


def resume(directory: Path, wishes: Wishes) -> Outcome:
    """Carry on from what is written and what the tokens hold."""
    _, state = read_state_locked(directory)
    copy = directory / PLAN_COPY
    if copy.exists():
        require_same_plan(state.opened, read_plan(copy))
    plan, checkpoint = state.plan, CheckpointFile(directory)
    command = f"`ceremony run {directory}`"
    people = open_people(wishes.answers_fd, rehearsal=plan.rehearsal, command=command, quiet=wishes.quiet)
    payer = ask_payer(wishes.keystore, plan) if wishes.keystore else None
    with open_journal(directory, plan) as journal, Conductor(journal, open_ports(plan, directory, people, payer)) as conductor:
        if wishes.new_dealing and (state.proposed or state.anchored):
            message = f"dealing {state.dealing} stands: its act is proposed"
            raise OutOfTurn(message)
        if wishes.new_dealing:
            people.confirm("the operator", (f"Dealing {conductor.state.dealing} is to be thrown away.",), "Throw it away?")
            abandon(conductor, "the operator asked for a new one")
        if wishes.closing_signers is not None:
            signed = checkpoint.signed(journal.book)
            require_unused(directory)
            _confirm_loss(people, signed)
            name_others(conductor, wishes.closing_signers, signed)
        if wishes.outstanding is not None:
            leave_behind(conductor, wishes.outstanding)
        if wishes.leave_out is not None:
            leave_out(conductor, wishes.leave_out)
        run(conductor)
        return outcome_of(conductor.state, directory, checkpoint.signed(journal.book), len(journal.book))


def _confirm_loss(people: People, signed: frozenset[int]) -> None:
    """Another naming is another last entry, which nobody has signed yet: the operator says Yes to asking everybody again."""
    if signed:
        line = f"Closing signatures given already: {len(signed)}. They leave the new naming out, and will not count."
        people.confirm("the operator", (line,), "Name other signers, and have all of them sign?")


def conduct(
    directory: Path,
    people: People,
    act: Callable[[Conductor], object],
    writer: Callable[[], ChainWriter] | None = None,
) -> Outcome:
    """Do one thing under the directory's lock, and say where the ceremony stands then."""
    _, state = read_state(directory)
    ports = open_ports(state.plan, directory, people, writer)
    with open_journal(directory, state.plan) as journal, Conductor(journal, ports) as conductor:
        act(conductor)
        return outcome_of(conductor.state, directory, CheckpointFile(directory).signed(journal.book), len(journal.book))


def preview(place: Path, directory: Path | None) -> Outcome:
    """What a run would do, without doing it."""
    if directory is None:
        book, state = read_state(place)
        return outcome_of(state, place, CheckpointFile(place).signed(book), len(book))
    plan = parse_plan(read_plan(place))
    course = course_of(plan)
    return Outcome(directory, 0, next(phase.name for phase in phases(course) if phase.tracks), describe_plan(plan, course, directory), None)


def describe_plan(plan: Plan, course: Course, directory: Path) -> tuple[OwedStep, ...]:
    """The first phase's steps of a ceremony that has not begun."""
    first = next(phase for phase in phases(course) if phase.tracks)
    return describe(plan, first.owed(set()), directory)


def read_state_locked(directory: Path) -> tuple[Book, State]:
    """The state after a torn tail, if there is one, was cut off under the lock."""
    book = _settle(directory)
    return book, fold(book)


def read_plan(path: Path) -> str:
    """The plan file's text; PlanError when it is no text."""
    data = read_limited(path, PLAN_LIMIT)
    if data is None:
        message = f"there is no plan {path}"
        raise PlanError(message, culprits=(str(path),), remedy="Write one with `ceremony plan new PLAN`.")
    try:
        return data.decode()
    except UnicodeDecodeError:
        message = f"{path} is not UTF-8 text"
        raise PlanError(message, culprits=(str(path),)) from None
