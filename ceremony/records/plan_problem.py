"""One thing that is wrong with a plan: where, why, and what to do. Every reader and rule of plans speaks in these."""

from dataclasses import dataclass

Place = tuple[str | int, ...]
"""Where something stands in the plan: names of tables and fields, and positions from 0."""


@dataclass(frozen=True)
class Problem:
    """One problem.

    Args:
        rule: the name of the rule that is broken.
        place: where in the plan.
        reason: what is not as it must be.
        remedy: what to do.
        line: of the text; readers fill it in.
        subject: whom a rule that can be waived is about.
    """

    rule: str
    place: Place
    reason: str
    remedy: str
    line: int = 1
    subject: str = ""

    def __str__(self) -> str:
        """The problem as people read it."""
        return f"line {self.line}: {self.reason} [{self.rule}]; {self.remedy}"

    def as_json(self) -> dict[str, str | int]:
        """The problem for programs."""
        return {"line": self.line, "rule": self.rule, "reason": self.reason, "remedy": self.remedy}
