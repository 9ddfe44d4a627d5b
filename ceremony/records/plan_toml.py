"""A plan's text as TOML: its size, its letters and its syntax, before anybody asks what it says."""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from typing import Any

from ceremony.records.plan_problem import Problem
from ceremony.records.roster_entries import PLAN_LIMIT

LINE_LIMIT = 1024
"""Characters of a line: the longest field takes 300; the TOML reader needs quadratic time for a dotted name as long as a plan."""
SLIPS_LIMIT = 20
"""Broken lines looked past: after so many the rest is guesswork."""
DEPTH_LIMIT = 16
"""Lists and tables within each other: a plan needs two; the TOML reader recurses, and how deep it can is not the same everywhere."""
_REMEDY = "Correct the line; text stands in double quotes, each key stands once, tables are [name] or [[name]]."
_WHERE = re.compile(r" \((?:at line (\d+), column \d+|at end of document)\)")
_NO_BRACKETS = re.compile(r"""\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'|#[^\n]*|[^\[\]{}\n]""")
"""Texts, comments, and whatever else neither opens nor closes a list or table."""
_WHOLE_STATEMENT = re.compile(r"\s*[\w.-]+\s*=[^\[{]*")
"""A key and its value on one line; without such a line the others still mean what they meant."""


def judge_size(text: str) -> tuple[Problem, ...]:
    """What is too long is not read at all: reading it could take for ever."""
    size = len(text.encode(errors="replace"))  # in bytes, as files are measured
    if size > PLAN_LIMIT:
        return (Problem("text-size", (), f"the plan has more than the {PLAN_LIMIT} bytes allowed", "Shorten its comments."),)
    long = [number for number, line in enumerate(text.split("\n"), 1) if len(line) > LINE_LIMIT]
    remedy = "Break the line; lists may go over several lines."
    return tuple(Problem("text-line", (), f"longer than {LINE_LIMIT} characters", remedy, line=number) for number in long)


def judge_letters(text: str) -> Iterator[Problem]:
    """Only letters that everyone sees and that have one spelling: the text goes into entry 0 as it is, and people read it there."""
    for number, line in enumerate(text.split("\n"), 1):
        hidden = next((letter for letter in line if not (letter.isprintable() or letter == "\t")), None)
        if hidden:
            reason = f"the invisible character U+{ord(hidden):04X} stands here"
            yield Problem("text-invisible", (), reason, "Delete it; end lines as Unix does, and use plain blanks.", line=number)
        # SPEC UAX 15: NFC.
        if not unicodedata.is_normalized("NFC", line):
            yield Problem("text-form", (), "not in Unicode's normal form NFC", "Type the accented letters anew.", line=number)


def read_toml(text: str) -> tuple[dict[str, Any] | None, str, list[Problem]]:
    """The tree, the text that it was read from, and the lines left out of that text because they are no TOML.

    No tree when a broken line cannot be left out without changing what others mean.
    """
    slips: list[Problem] = list(_judge_depth(text))
    if slips:
        return None, text, slips
    while True:
        try:
            return tomllib.loads(text), text, slips
        except ValueError as error:
            found = _slip(text, error)
            slips.append(found)
            lines = text.split("\n")
            if len(slips) == SLIPS_LIMIT or not _WHOLE_STATEMENT.fullmatch(lines[found.line - 1]):
                return None, text, slips
            lines[found.line - 1] = ""
            text = "\n".join(lines)


def _judge_depth(text: str) -> Iterator[Problem]:
    depth, line = 0, 1
    for letter in _NO_BRACKETS.sub("", text):
        depth = max(0, depth + (letter in "[{") - (letter in "]}"))
        line += letter == "\n"
        if depth > DEPTH_LIMIT:
            yield Problem("toml", (), f"not TOML that a plan needs: nested deeper than {DEPTH_LIMIT} levels", _REMEDY, line=line)
            return


def _slip(text: str, error: ValueError) -> Problem:
    where = _WHERE.search(str(error))
    last = text.rstrip("\n").count("\n") + 1
    line = int(where[1] or last) if where else 1
    return Problem("toml", (), f"not TOML: {_WHERE.sub('', str(error))}", _REMEDY, line=line)
