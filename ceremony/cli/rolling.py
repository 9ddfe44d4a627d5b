"""What `ceremony dice check` does: rolls and words from a person, points from a transcript, and one sum."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ceremony.cli.people import Answers, ask_hidden, open_people
from ceremony.cli.wiring import read_state
from ceremony.errors import OutOfTurn, PlanError
from ceremony.protocol.state import State, dice_of
from ceremony.quorum.dealings import require_sum
from ceremony.quorum.dice import recompute_dice, require_dice


@dataclass(frozen=True)
class Shown:
    """The points of a custodian's dice, and of what sum they are a part."""

    source: str
    dealing: int
    points: tuple[str, ...]
    sources: tuple[str, ...]
    master: str
    checked: bool

    def lines(self) -> tuple[str, ...]:
        """For people."""
        said = "your rolls and words give exactly these" if self.checked else "your rolls and words must give exactly these"
        return (
            f"Dealing {self.dealing}, {self.source}: {said} {len(self.points)} points.",
            *(f"  {point}" for point in self.points),
            f"With the points of {len(self.sources) - 1} other sources they add up to the dealing's commitments;",
            f"master public key {self.master}",
        )

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        facts = {"source": self.source, "dealing": self.dealing, "points": list(self.points), "checked": self.checked}
        return {**facts, "sources": list(self.sources), "master": self.master}


def check_dice(directory: Path, name: str, answers_fd: int | None, *, dry_run: bool) -> Shown:
    """The custodian's points, computed again and found in the sum.

    Raises:
        PlanError: the plan wants no dice of this custodian.
        OutOfTurn: nothing is dealt yet.
        DiceRefused: something is mistyped.
        DealingError: other points stand in the transcript, or the sum is not the dealing's.
    """
    _, state = read_state(directory)
    index = state.plan.require_index(name)
    _require_diced(state, index)
    source, who = dice_of(index), state.plan.who(index)
    points = state.revealed[source].points
    if not dry_run:
        rolls, words = _ask(answers_fd, who, rehearsal=state.plan.rehearsal)
        k, ceremony, dealing = state.plan.quorum.k, state.opened.ceremony, state.dealing
        require_dice(recompute_dice(rolls, words, ceremony=ceremony, dealing=dealing, source=source, k=k), points, source)
    require_sum(state.commitments, [entry.points for entry in state.revealed.values()])
    return Shown(source, state.dealing, points, tuple(state.revealed), state.commitments[0], checked=not dry_run)


def _require_diced(state: State, index: int) -> None:
    who = state.plan.who(index)
    if index not in state.plan.diced:
        message = f"the plan of this ceremony wants no dice of {who}"
        raise PlanError(message, culprits=(who,), remedy="`ceremony plan show PLAN` says whose dice are wanted.")
    if state.dealt is None:
        message = "nothing is dealt yet"
        raise OutOfTurn(message)


def _ask(answers_fd: int | None, who: str, *, rehearsal: bool) -> tuple[str, str]:
    people = open_people(answers_fd, rehearsal=rehearsal, command="`ceremony dice check`")
    if isinstance(people, Answers):
        return people.dice(who), people.salt(who)
    return ask_hidden(f"{who}: the rolls"), ask_hidden(f"{who}: the words of the salt")
