"""What `ceremony replace` does: from a closed ceremony to the plan of the one that succeeds it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceremony.cli.wiring import read_custody, read_state
from ceremony.conductor.custody import require_dealt, require_not_succeeded
from ceremony.conductor.succeeding import LOST, Registered, register_of
from ceremony.disk import write_new
from ceremony.errors import PlanError
from ceremony.protocol.state import State
from ceremony.records.plan_text import judge_text

_CONTRACT = re.compile(r"^contract\s*=.*$", re.MULTILINE)
_SUCCEEDS = re.compile(r"^\[succeeds\]\n(?:[^\[\n].*\n|\n)*", re.MULTILINE)
_QUORUM = re.compile(r"^\[quorum\]", re.MULTILINE)


@dataclass(frozen=True)
class Draft:
    """The successor's plan, and what it takes over."""

    text: str
    state: State
    envelopes: tuple[Registered, ...]

    def write(self, target: Path) -> None:
        """Write the plan to a new file; DirectoryError when it is there already."""
        write_new(target, self.text.encode())

    def lines(self, target: Path | None) -> tuple[str, ...]:
        """For people: what is handed over, what is lost, and what comes next."""
        plan = target or "PLAN"
        return (
            (f"{'Would succeed' if target is None else f'{target} succeeds'} ceremony {self.state.opened.ceremony}, "
            f"epoch {self.state.epoch}, on contract {self.state.contract}"),
            f"Registered envelopes: {len(self.envelopes)}",
            *(one.line(number) for number, one in enumerate(self.envelopes, 1)),
            LOST,
            f"Next: edit custodians, tokens and `expires` in {plan}; `ceremony plan check {plan}`; `ceremony run {plan} --dir NEW`.",
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        listed = [{"digest": one.origin, "description": one.sealed.header.description} for one in self.envelopes]
        return {"succeeds": self.state.opened.ceremony, "contract": self.state.contract, "envelopes": listed, "plan": self.text}


def draft(directory: Path) -> Draft:
    """The plan that succeeds the closed ceremony in `directory`; OutOfTurn before it is closed."""
    book, state = read_state(directory)
    require_dealt(state)
    written = read_custody(directory, book, state)
    require_not_succeeded(written)
    named = f'[succeeds]\nceremony = "{state.opened.ceremony}"\ndirectory = "{directory.resolve()}"\n\n[quorum]'
    text = _CONTRACT.sub(f'contract = "{state.contract}"', _SUCCEEDS.sub("", state.opened.plan_text), count=1)
    text = _QUORUM.sub(lambda _found: named, text, count=1)
    _require_same(text, state)
    return Draft(text, state, register_of(state, written))


def _require_same(text: str, state: State) -> None:
    """Raise PlanError unless the text reads as the old plan but for its predecessor and its contract."""
    plan, problems = judge_text(text)
    left = [problem for problem in problems if problem.rule != "expired"]
    expected = state.plan.model_dump()
    expected.pop("succeeds")
    found = plan.model_dump() if plan else {}
    found.pop("succeeds", None)
    if found:
        found["chain"]["contract"] = expected["chain"]["contract"]
    if left or found != expected:
        message = "the plan of this ceremony is written in a way that its successor cannot be drafted from"
        raise PlanError(message, remedy="Write the plan by hand: the same, with a [succeeds] table and the contract's address.")
