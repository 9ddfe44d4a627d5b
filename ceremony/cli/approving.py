"""What `ceremony approve` does. The directory's lock is held only from intent to outcome, not while a person reads."""

from pathlib import Path

from ceremony.cli.owed import Outcome, outcome_of
from ceremony.cli.people import AskedBefore, open_people
from ceremony.cli.wiring import open_agent, open_journal, open_ports, read_state
from ceremony.conductor.approving import approve, describe_owed, require_asked, require_owed
from ceremony.conductor.conductor import Conductor
from ceremony.transcript.checkpoint_file import CheckpointFile

QUESTION = "Do you approve exactly this, and do your neighbours read the same words?"


def show_owed(directory: Path, name: str) -> tuple[str, ...]:
    """What this custodian would sign now."""
    book, state = read_state(directory)
    index = require_asked(state, name)
    return describe_owed(state, require_owed(state, book, CheckpointFile(directory).signed(book), index))


def approve_as(directory: Path, name: str, answers_fd: int | None, *, quiet: bool) -> Outcome:
    """Read, ask, then lock, look again, and sign."""
    book, state = read_state(directory)
    plan, checkpoint = state.asked_plan, CheckpointFile(directory)
    index = require_asked(state, name)
    owed = require_owed(state, book, checkpoint.signed(book), index)
    agent = open_agent(plan.who(index), plan.signer(index))  # it starts while the custodian reads
    try:
        people = open_people(answers_fd, rehearsal=plan.rehearsal, command="this command", quiet=quiet)
        prepared = AskedBefore(people)
        ports = open_ports(state.plan, directory, prepared)
        people.confirm(plan.who(index), describe_owed(state, owed), QUESTION)
        if not agent.opened.token.protected_pin:
            prepared.hand(people.pin(plan.who(index), plan.signer(index).serial))
        ports.open_agent = lambda _who, _token: agent
        with open_journal(directory, state.plan) as journal, Conductor(journal, ports) as conductor:
            signed = approve(conductor, checkpoint, index, expected=owed.act)
            people.tell(f"{plan.who(index)} has signed the {signed.act.struct.type} act.")
            return outcome_of(conductor.state, directory, checkpoint.signed(journal.book), len(journal.book))
    finally:
        agent.close()
