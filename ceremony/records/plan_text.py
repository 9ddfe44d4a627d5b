"""Reading a plan: TOML text to the record, with everything that is wrong said at once, each with line, reason and remedy."""

import hashlib
from dataclasses import replace

from ceremony.errors import PlanError
from ceremony.records.plan import Plan
from ceremony.records.plan_form import judge_tree
from ceremony.records.plan_lines import Lines
from ceremony.records.plan_problem import Problem
from ceremony.records.plan_toml import judge_letters, judge_size, read_toml
from ceremony.records.roster_entries import PLAN_LIMIT

__all__ = ["PLAN_LIMIT", "judge_text", "parse_plan", "plan_digest", "require_plan"]

PROBLEMS_LIMIT = 100
"""Problems listed: nobody reads more, and a text of 64 KiB can have thousands."""


def parse_plan(text: str) -> Plan:
    """The plan; PlanError names everything that is wrong with it, in its form and by the rules."""
    return require_plan(*judge_text(text))


def require_plan(plan: Plan | None, problems: tuple[Problem, ...]) -> Plan:
    """The plan when nothing is wrong with it; else PlanError, one line a problem."""
    if plan is not None and not problems:
        return plan
    shown = [str(problem) for problem in problems[:PROBLEMS_LIMIT]]
    more = [f"and {len(problems) - PROBLEMS_LIMIT} more"] if len(problems) > PROBLEMS_LIMIT else []
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    message = "\n  ".join([f"the plan has {count}:", *shown, *more])
    raise PlanError(message)


def plan_digest(text: str) -> bytes:
    """SHA-256 of the plan's text in UTF-8: 32 bytes that name this plan to the letter."""
    try:
        return hashlib.sha256(text.encode()).digest()
    except UnicodeEncodeError:
        message = "the plan's text cannot be written as UTF-8"
        raise PlanError(message) from None


def judge_text(text: str, now: str = "") -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan, when the text has the form of one, and everything that is wrong with it, in the order of its lines.

    Args:
        text: the plan's TOML.
        now: the time, for a plan that is yet to be started; a plan in a transcript may have expired since.
    """
    too_long = judge_size(text)
    if too_long:
        return None, too_long
    problems = list(judge_letters(text))
    tree, rest, slips = read_toml(text)
    problems += slips
    if tree is None:
        return None, _sorted(problems)
    plan, found = judge_tree(tree, now)
    lines = Lines(rest) if found else None
    for problem in found:
        if lines and not (slips and problem.rule == "field-missing"):  # it may stand on a broken line
            problems.append(replace(problem, line=lines.of(problem.place)))
    return None if slips else plan, _sorted(problems)


def _sorted(problems: list[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda problem: problem.line))
