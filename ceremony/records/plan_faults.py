"""A plan's faults of form in plain English: which field, what is wrong with it, how to write it."""

import difflib
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from ceremony.records.base import Record
from ceremony.records.plan import ChainPlan, Commit, Custodian, Plan, Quorum, TokenPlan, Waiver
from ceremony.records.plan_problem import Place, Problem

_HOW: Mapping[str, str] = MappingProxyType(
    {
        "version": "Write version = 1.",
        "rehearsal": "Write rehearsal = true or rehearsal = false.",
        "expires": 'Write a UTC time in quotes: expires = "2026-01-31T12:00:00Z".',
        "approval_hours": "Write a whole number of hours from 1 to 720.",
        "previous_head": 'Write "0x" and 64 lower-case hex digits in quotes, or leave the line out.',
        "require_locked_memory": "Write require_locked_memory = true, or leave the line out.",
        "quorum": "Write a [quorum] table with n = 7, k = 5 and halting = 3.",
        "n": "Write n = 7.",
        "k": "Write k = 5.",
        "halting": "Write halting = 3.",
        "chain": "Write a [chain] table with id, endpoints and contract.",
        "id": "Write the chain's id, a whole number.",
        "depth": "Write how many blocks make one final where the chain has no finality of its own, 0 to 100000; leave it out otherwise.",
        "endpoints": 'Write 1 to 8 URLs in a list: endpoints = ["https://rpc.example"], none with a name or password in it.',
        "contract": 'Write "deploy", or the address: "0x" and 40 lower-case hex digits.',
        "commits": "Write 1 to 16 [[commits]] tables, each with a name of its own and the sha256 of its file.",
        "sha256": "Write the 64 lower-case hex digits that `sha256sum FILE` prints.",
        "custodian": "Write seven [[custodian]] tables, each with name, affiliation, site and a [[custodian.token]].",
        "dice": "Write dice = true, or leave the line out.",
        "token": "Write 1 to 4 [[custodian.token]] tables, each with serial and module, under each [[custodian]].",
        "serial": "Write the serial that `ceremony token init` printed for this token.",
        "module": "Write the path of the vendor's PKCS#11 module (.so).",
        "roles": 'Write roles = ["sign", "shard"], or leave the line out; of several tokens, one signs.',
        "plain_import": "Write in quotes why this token may be given its shard in the clear, or leave the line out.",
        "waiver": "Write a [[waiver]] table with rule, subject, reason and granted_by.",
    },
)
_HOW_TEXT = "Write 1 to 200 printable characters in quotes."
_WHAT: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is missing",
        "literal_error": "is not one of the words or numbers allowed",
        "string_type": "is not text in quotes",
        "string_too_short": "is empty",
        "string_too_long": "is too long",
        "string_pattern_mismatch": "does not have the form asked for",
        "int_type": "is not a whole number",
        "bool_type": "is neither true nor false",
        "tuple_type": "is not a list",
        "model_type": "is not a table",
        "too_short": "has too few members",
        "too_long": "has too many members",
    },
)
_RECORDS: Mapping[str, type[Record]] = MappingProxyType(
    {"": Plan, "quorum": Quorum, "chain": ChainPlan, "commits": Commit, "custodian": Custodian, "token": TokenPlan, "waiver": Waiver},
)
_NAMED = frozenset(field for record in _RECORDS.values() for field in record.model_fields)


def explain_faults(error: ValidationError, tree: dict[str, Any]) -> tuple[Problem, ...]:
    """One problem a field, however many ways its value fails; none for a list that is faulty only because of its members."""
    found: dict[Place, Problem] = {}
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        loc = fault["loc"]
        for problem in [_explain(fault["type"], loc, fault["msg"])] if loc else _equal_commits(tree):
            found.setdefault(problem.place, problem)
    return tuple(fault for place, fault in found.items() if not any(place == other[: len(place)] for other in found if other != place))


def _equal_commits(tree: dict[str, Any]) -> Iterator[Problem]:
    """The one fault that is no single field's."""
    names = [commit["name"] for commit in tree["commits"]]
    for at, name in enumerate(names):
        if name in names[:at]:
            reason = f"the commit {name!r} stands already as number {names.index(name) + 1}"
            yield Problem("equal-commits", ("commits", at, "name"), reason, "Give each commit a name of its own.")


def _explain(kind: str, loc: Place, said: str) -> Problem:
    if kind == "extra_forbidden":
        return _unknown(loc)
    place = _field(loc)
    name = _name(place)
    rule = "field-missing" if kind == "missing" else "field-value"
    what = _WHAT.get(kind, f"is wrong: {said.removeprefix('Value error, ')}")
    return Problem(rule, place, f"{_where(place)} {what}", _HOW.get(name, _HOW_TEXT))


def _unknown(loc: Place) -> Problem:
    name, around = str(loc[-1]), _name(loc[:-1])
    fields = tuple(_RECORDS[around].model_fields)
    near = difflib.get_close_matches(name[:40], fields, 1)
    remedy = f"Write {near[0]}." if near else f"Delete it; the fields here are {', '.join(fields)}."
    return Problem("field-unknown", loc, f"{_where(loc[:-1])} has an unknown field {name[:40]!r}", remedy)


def _field(loc: Place) -> Place:
    """The place without what the record's reader adds for the alternatives it tried."""
    while (isinstance(loc[-1], str) and loc[-1] not in _NAMED) or "roles" in loc[:-1]:
        loc = loc[:-1]
    return loc


def _name(place: Place) -> str:
    """The innermost field's name; "" for the whole plan."""
    return next((part for part in reversed(place) if isinstance(part, str)), "")


def _where(place: Place) -> str:
    """A place in words: "custodian 3, token 1: serial"."""
    around = [f"{place[at - 1]} {part + 1}" for at, part in enumerate(place) if isinstance(part, int)]
    inner = place[-1] if place and isinstance(place[-1], str) else ""
    return ": ".join(part for part in (", ".join(around), inner) if part) or "the plan"
