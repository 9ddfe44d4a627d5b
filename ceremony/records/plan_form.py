"""A plan's tree as the record. Faulty fields get stand-ins, so that the rules can be asked about all the others at once."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from ceremony.records.plan import CUSTODIANS, HALTING, QUORUM, Plan
from ceremony.records.plan_faults import explain_faults
from ceremony.records.plan_problem import Place, Problem
from ceremony.records.plan_rules import judge_expiry, judge_plan

DEPTH_LIMIT = 8
"""Lists and tables inside each other: a token's roles stand at 6."""
_OPTIONAL = frozenset(
    {"approval_hours", "previous_head", "succeeds", "mirror", "require_locked_memory", "dice", "config", "mark", "roles", "plain_import"}
    | {"waiver"}
)
_DERIVED = frozenset({"waiver-subject"})
"""Rules that a stand-in could break although the plan, once corrected, does not."""


def judge_tree(tree: dict[str, Any], now: str) -> tuple[Plan | None, tuple[Problem, ...]]:
    """The plan, when the tree has its form, and everything that is wrong in form and by the rules."""
    faults: list[Problem] = []
    while True:  # few rounds: members, then lists of them, then commits of one name; each mends all that it finds
        try:
            plan = Plan.model_validate(_with_tuples(tree))
        except ValidationError as error:
            found = explain_faults(error, tree)
            for fault in found:
                _mend(tree, fault)
            faults += found
        else:
            break
    broken = (*judge_plan(plan), *judge_expiry(plan, now))
    if not faults:
        return plan, broken
    return None, (*faults, *(problem for problem in broken if not _is_derived(problem, faults)))


def _is_derived(problem: Problem, faults: list[Problem]) -> bool:
    places = [fault.place for fault in faults]
    if problem.place[0] == "quorum" and any(place[0] == "quorum" for place in places):
        return True
    return problem.rule in _DERIVED or any(problem.place[: len(place)] == place for place in places)


def _with_tuples(value: Any, depth: int = DEPTH_LIMIT) -> Any:  # noqa: ANN401 - whatever TOML holds
    """Lists as tuples, as strict records want them. Deeper than any field, all is refused as it is, so None may stand there."""
    if depth == 0:
        return None
    if isinstance(value, dict):
        return {name: _with_tuples(inner, depth - 1) for name, inner in value.items()}
    return tuple(_with_tuples(inner, depth - 1) for inner in value) if isinstance(value, list) else value


def _mend(tree: Any, fault: Problem) -> None:  # noqa: ANN401 - whatever TOML holds
    """Take a faulty field out of the tree, or put a stand-in there that no rule minds."""
    *around, last = fault.place
    for part in around:
        tree = tree[part]
    if fault.rule == "field-unknown" or last in _OPTIONAL:
        del tree[last]
    elif isinstance(last, int):
        tree[last] = _MEMBERS[str(around[-1])](fault.place)
    else:
        tree[last] = _FIELDS.get(last, _text)(fault.place)


def _text(place: Place) -> str:
    """A text that stands nowhere else in the plan."""
    return f"stand-in {'/'.join(str(part) for part in place)}"


def _endpoint(place: Place) -> str:
    return f"https://{'.'.join(str(part) for part in place)}.invalid"


def _commit(place: Place) -> dict[str, Any]:
    return {"name": _text(place), "sha256": "0" * 64}


def _token(place: Place) -> dict[str, Any]:
    return {"serial": _text(place), "module": "stand-in"}


def _custodian(place: Place) -> dict[str, Any]:
    own = _text(place)
    return {"name": own, "affiliation": own, "site": own, "token": [_token(place)]}


def _waiver(place: Place) -> dict[str, Any]:
    return dict.fromkeys(("rule", "subject", "reason", "granted_by"), _text(place))


_MEMBERS: Mapping[str, Callable[[Place], Any]] = MappingProxyType(
    {"endpoints": _endpoint, "commits": _commit, "custodian": _custodian, "token": _token, "waiver": _waiver},
)
_FIELDS: Mapping[str, Callable[[Place], Any]] = MappingProxyType(
    {
        "version": lambda _place: 1,
        "rehearsal": lambda _place: False,
        "expires": lambda _place: "2000-01-01T00:00:00Z",
        "quorum": lambda _place: {"n": CUSTODIANS, "k": QUORUM, "halting": HALTING},
        "n": lambda _place: CUSTODIANS,
        "k": lambda _place: QUORUM,
        "halting": lambda _place: HALTING,
        "chain": lambda place: {"id": 1, "endpoints": [_endpoint(place)], "contract": "deploy"},
        "id": lambda _place: 1,
        "endpoints": lambda place: [_endpoint(place)],
        "contract": lambda _place: "deploy",
        "commits": lambda place: [_commit(place)],
        "sha256": lambda _place: "0" * 64,
        "custodian": lambda place: [_custodian((*place, at)) for at in range(CUSTODIANS)],
        "token": lambda place: [_token(place)],
    },
)
