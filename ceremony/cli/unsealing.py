"""What `ceremony unseal` and `ceremony prove` do: a closed ceremony, its custody journal, and the people one after another."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ceremony.cli.people import Answers, Terminal, open_people, require_statement
from ceremony.cli.sealing import open_source, read_header, read_open_header, require_new, write_stream
from ceremony.cli.wiring import now, open_custody, open_journal, open_ports, read_custody, read_state
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import (
    Custody,
    describe_envelope,
    describe_origin,
    prove,
    register,
    require_dealt,
    require_not_succeeded,
    require_sealed_here,
    unseal,
)
from ceremony.conductor.succeeding import find_carried
from ceremony.conductor.untrusted import unseal_untrusted
from ceremony.custody.stream import open_stream
from ceremony.errors import Owed, PinRefused, PinWrong, TokenError
from ceremony.protocol.state import State
from ceremony.records.custody_entries import HoldingFailed, HoldingProven
from ceremony.records.dealing_entries import HoldingAttested
from ceremony.records.plan import Plan

MISTYPED = frozenset({PinWrong.__name__, PinRefused.__name__})
"""Failures that say nothing about the token."""
DAY = 86_400
"""Seconds."""


@dataclass(frozen=True)
class Asked:
    """What the command line asked for."""

    directory: Path
    reason: str
    names: tuple[str, ...]
    answers_fd: int | None
    quiet: bool

    def custodians(self, state: State) -> tuple[int, ...]:
        """Who is meant, in the plan's order, each once; all when nobody is named."""
        named = {state.plan.require_index(name) for name in self.names}
        return tuple(sorted(named)) or tuple(state.plan.indices)


def preview(file: str, asked: Asked, *, untrusted: bool = False) -> tuple[str, ...]:
    """What each custodian would read, and who they are."""
    _, state = read_state(asked.directory)
    header = find_carried(state, read_header(file).sealed).header
    require_dealt(state)
    require_sealed_here(state, header)
    who = ", ".join(state.plan.who(index) for index in asked.custodians(state))
    until = "" if asked.names else f", until {state.plan.quorum.k} have answered rightly"
    doubt = (f"Sealer:    not trusted; {state.plan.quorum.k} of them approve the header first",) if untrusted else ()
    reason = require_statement(asked.reason, "the operator")
    return (*describe_envelope(header), *describe_origin(state, header), f"Reason:    {reason}", f"Asked:     {who}{until}", *doubt)


def unseal_file(file: str, target: str, asked: Asked, *, untrusted: bool = False) -> dict[str, Any]:
    """Open the file: the key first, with the people; then the payload, chunk by chunk."""
    reason = require_statement(asked.reason, "the operator")
    require_new(target)
    with open_source(file) as source:
        parsed = read_open_header(source, file)
        with sitting(asked, "unseal") as here:
            state = here.conductor.state
            opening = unseal_untrusted if untrusted else unseal
            key, done = opening(here, find_carried(state, parsed.sealed), reason, asked.custodians(state), every=bool(asked.names))
        parsed.require_authentic(key)
        write_stream(target, open_stream(key, source))
    return {
        "envelope": done.header_digest,
        "custodians": [state.plan.who(index) for index in done.custodians],
        "wrong": [{"who": state.plan.whose(one.custodian, one.token_number), "error": one.error} for one in done.wrong],
        "out": target,
    }


def preview_register(directory: Path, file: str) -> None:
    """Raise what registering this file would be refused with; OpeningError, OutOfTurn."""
    book, state = read_state(directory)
    require_dealt(state)
    sealed = read_header(file).sealed
    if find_carried(state, sealed) is sealed:
        require_sealed_here(state, sealed.header)
    require_not_succeeded(read_custody(directory, book, state))


def register_file(directory: Path, file: str) -> bool:
    """Enter a sealed file's header in the custody journal; whether it was not there already."""
    sealed = read_header(file).sealed
    with sitting(Asked(directory, "", (), None, quiet=True), "envelope register") as here:
        return register(here, sealed)


def prove_holders(asked: Asked) -> int:
    """Ask the tokens; the exit code: 0, or that of something about a token when one did not prove it."""
    with sitting(asked, "prove") as here:
        wrong = prove(here, asked.custodians(here.conductor.state))
    return TokenError.exit_code if wrong else 0


@dataclass(frozen=True)
class Standing:
    """Which token proved last when (None: it failed since), and how many custodians have one whose proof is young enough."""

    proofs: dict[str, str | None]
    failed: dict[str, str]
    born: str
    """When the last proof within the ceremony was written down."""
    fresh: int
    needed: int
    max_age: int | None

    @property
    def exit_code(self) -> int:
        """Owed, when a monitor asked and too few are young enough."""
        return Owed.exit_code if self.max_age is not None and self.fresh < self.needed else 0

    def lines(self) -> tuple[str, ...]:
        """For people."""
        age = f" in the last {self.max_age} days" if self.max_age is not None else ""
        return (
            *(f"{who}: {self._says(who, at)}" for who, at in self.proofs.items()),
            f"{self.fresh} hold their shards by proof{age}; {self.needed} are needed, margin {self.fresh - self.needed:+d}",
        )

    def _says(self, who: str, at: str | None) -> str:
        if who in self.failed:
            return f"FAILED to prove it, {self.failed[who]}"
        whom = "in the ceremony, to every other custodian's agent" if at == self.born else "to the machine that asked"
        return f"proved {at}, {whom}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        margin = self.fresh - self.needed
        return {"proofs": self.proofs, "failed": self.failed, "fresh": self.fresh, "needed": self.needed, "margin": margin}


def standing(directory: Path, max_age: int | None) -> Standing:
    """What the custody journal says of proofs; a token that failed after its last proof has none, a mistyped PIN takes none away."""
    book, state = read_state(directory)
    require_dealt(state)
    born = max(entry.at for entry in book if isinstance(entry.body, HoldingAttested) and entry.body.dealing == state.dealing)
    last: dict[tuple[int, int], str | None] = dict.fromkeys(state.plan.holders, born)
    failed: dict[str, str] = {}
    for entry in read_custody(directory, book, state):
        body: Any = entry.body
        if isinstance(body, HoldingProven):
            last[body.custodian, body.token_number] = entry.at
            failed.pop(state.plan.whose(body.custodian, body.token_number), None)
        elif isinstance(body, HoldingFailed) and body.error not in MISTYPED:
            last[body.custodian, body.token_number] = None
            failed[state.plan.whose(body.custodian, body.token_number)] = f"{entry.at}: {body.error}"
    fresh = {whose[0] for whose, at in last.items() if at and (max_age is None or _age(at) <= max_age * DAY)}
    proofs = {state.plan.whose(*whose): at for whose, at in last.items()}
    return Standing(proofs, failed, born, len(fresh), state.plan.quorum.k, max_age)


def _age(at: str) -> float:
    return (datetime.fromisoformat(now()) - datetime.fromisoformat(at)).total_seconds()


@contextmanager
def sitting(asked: Asked, command: str, people: Terminal | Answers | None = None, *, copy: bool = False) -> Iterator[Custody]:
    """The closed ceremony under its lock, and its custody journal, made at the first use; `people` if they were met before.

    Of a `copy` at somebody's own place a mirror that is not there is no fault: it is another machine's.
    """
    _, state = read_state(asked.directory)
    require_dealt(state)
    plan = state.plan
    people = people or meet(asked, command, plan)
    if copy and plan.mirror and not Path(plan.mirror).is_dir():
        plan = plan.model_copy(update={"mirror": None})
    with (
        open_journal(asked.directory, plan) as journal,
        Conductor(journal, open_ports(plan, asked.directory, people)) as conductor,
        open_custody(asked.directory, plan) as custody,
    ):
        yield Custody(conductor, custody)


def meet(asked: Asked, command: str, plan: Plan) -> Terminal | Answers:
    """Whoever answers, at the terminal or over the pipe."""
    return open_people(asked.answers_fd, rehearsal=plan.rehearsal, command=f"`ceremony {command}`", quiet=asked.quiet)
