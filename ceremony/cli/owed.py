"""What is owed now, by whom, and with which command: the one rendering that `run`, `status`, `approve` and `anchor` share."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from ceremony.protocol.state import State
from ceremony.protocol.steps import WORDING, Step, person_of, wording_of
from ceremony.records.plan import Plan


@dataclass(frozen=True)
class OwedStep:
    """One owed step in words."""

    who: str
    does: str
    command: str


@dataclass(frozen=True)
class Outcome:
    """Where a ceremony stands after a command."""

    directory: Path
    entries: int
    phase: str | None
    owed: tuple[OwedStep, ...]
    genesis: str | None
    rehearsal: bool = False

    def lines(self) -> tuple[str, ...]:
        """For people."""
        if self.phase is None:
            asked = ("--rehearsal",) if self.rehearsal else ()
            command = shlex.join(("ceremony", "verify", str(self.directory), "--roster", "DIGEST", "--rpc", "URL", *asked))
            return (f"Closed: {self.entries} entries. Verify it from outside with `{command}`.",)
        return (
            f"Phase: {self.phase} ({self.entries} entries). Owed now:",
            *(f"  {step.who} {step.does}:\n    {step.command}" for step in self.owed),
        )

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "directory": str(self.directory),
            "entries": self.entries,
            "phase": self.phase,
            "closed": self.phase is None,
            "genesis_root": self.genesis,
            "owed": [{"who": step.who, "does": step.does, "command": step.command} for step in self.owed],
        }


def show_outcome(outcome: Outcome, *, as_json: bool, news: str = "") -> None:
    """Where a ceremony stands: as one JSON object, or for people, after what is new."""
    if as_json:
        click.echo(json.dumps(outcome.as_json()))
        return
    for line in (*([news] if news else []), *outcome.lines()):
        click.echo(line)


def news_of(state: State, genesis: str | None) -> str:
    """What an anchored act has done, in a line."""
    if state.predecessor is None:
        return f"Anchored: genesis root {genesis}"
    return f"Rotated: from epoch {state.epoch} on, the contract's roster is that of this ceremony"


def show_dry_run(lines: Sequence[str], *, as_json: bool) -> None:
    """What would be acted on, without acting."""
    if as_json:
        click.echo(json.dumps({"dry_run": True, "shows": list(lines)}))
        return
    for line in lines:
        click.echo(line)


def outcome_of(state: State, directory: Path, signed: frozenset[int], entries: int) -> Outcome:
    """Where this state stands; `signed` are the custodians whose signature the checkpoint has."""
    phase = state.phase(signed)
    owed = state.owed(signed)
    if phase is None and state.closing is None:  # pragma: no cover - naming is the last phase of every course
        raise AssertionError
    genesis = state.anchored.seen.genesis_root if state.anchored else None
    steps = tuple(one for step in owed for one in describe(state.plan_of(step), (step,), directory))
    return Outcome(directory, entries, phase.name if phase else None, steps, genesis, state.opened.rehearsal)


def describe(plan: Plan, steps: tuple[Step, ...], directory: Path) -> tuple[OwedStep, ...]:
    """Owed steps in words, with the command for each."""
    return tuple(_describe(plan, step, directory) for step in steps)


def actor(plan: Plan, step: Step) -> str:
    """Who acts: a custodian by name, or the operator, the payer, five custodians."""
    role = WORDING[step.kind].actor
    return person_of(plan, step) if role == "custodian" else role if role[0].isdigit() or role.startswith("five") else f"the {role}"


def _describe(plan: Plan, step: Step, directory: Path) -> OwedStep:
    wording = wording_of(plan, step)
    name = plan.custodian[step.part - 1].name if wording.actor == "custodian" else ""
    commands = {
        "run": shlex.join(("ceremony", "run", str(directory))),
        "approve": shlex.join(("ceremony", "approve", str(directory), "--custodian", name)),
        "anchor": shlex.join(("ceremony", "anchor", str(directory))),
    }
    return OwedStep(actor(plan, step), wording.does, commands[wording.verb])


