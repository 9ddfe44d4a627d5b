"""What two runs of one ceremony must agree on, whatever their randomness and however often they were interrupted."""

from collections import Counter
from typing import Any

from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.records.entries import Body, Entry
from ceremony.transcript.book import Book

OF_A_RUN = frozenset({"run_started"})
OF_A_LOST_DEALING = frozenset({"dealing_abandoned", "discard_begun", "discarded"})
OF_A_DEALING = frozenset(
    {
        StepKind.TRANSPORT,
        StepKind.DEAL,
        StepKind.LOAD,
        StepKind.HOLDING,
        StepKind.SEAL_TEST,
        StepKind.OPEN_TEST,
        StepKind.WITNESS,
        StepKind.RETIRE,
        StepKind.BURN,
    },
)
Shape = dict[str, Any]


def shape_of(state: State, book: Book) -> Shape:
    """The state and the entries behind it, run entries and thrown-away dealings aside; the dealing that stands is called 1."""
    return {
        "done": sorted(map(str, _steps(state, state.done))),
        "begun": sorted(map(str, _steps(state, state.begun))),
        "attempt": state.attempt,
        "enrolled": sorted(state.enrolled),
        "transports": [list(whose) for whose in sorted(state.transports)],
        "contributions": sorted(state.contributions),
        "revealed": sorted(state.revealed),
        "commitments": len(state.dealt.commitments) if state.dealt else 0,
        "approvals": sorted(state.approvals),
        "failures": sorted(state.failures),
        "outstanding": [list(whose) for whose in state.outstanding()],
        "stopped": state.stopped,
        "anchored": state.anchored is not None,
        "closing": list(state.closing.custodians) if state.closing else [],
        "entries": sorted(f"{name} x{count}" for name, count in _entries(book, state.dealing).items()),
    }


def differences(expected: Shape, found: Shape) -> list[str]:
    """In words; empty when there are none."""
    faults = []
    for name in expected:
        if expected[name] == found[name]:
            continue
        if isinstance(expected[name], list):
            missing, extra = _minus(expected[name], found[name]), _minus(found[name], expected[name])
            faults.append(f"{name}: missing {missing}, too many {extra}")
        else:
            faults.append(f"{name}: {found[name]!r}, not {expected[name]!r}")
    return faults


def entry_name(body: Body) -> str:
    """An entry's kind and whose it is."""
    whose = getattr(body, "custodian", None) or getattr(body, "source", None) or getattr(body, "round", None)
    return f"{body.kind}({whose})" if whose else body.kind


def dealings_made(book: Book) -> int:
    """How many dealings were opened."""
    return sum(entry.body.kind == "dealing_opened" for entry in book)


def _entries(book: Book, dealing: int) -> Counter[str]:
    return Counter(entry_name(entry.body) for entry in book if _stands(entry, dealing))


def _stands(entry: Entry, dealing: int) -> bool:
    kind = entry.body.kind
    if kind == "approval_failed" or getattr(entry.body, "acknowledged", None) is not None:
        return False  # a try that failed, and the one after it that acknowledged so (T13), count as the one try there should be
    return kind not in OF_A_RUN | OF_A_LOST_DEALING and getattr(entry.body, "dealing", dealing) == dealing


def _steps(state: State, steps: set[Step]) -> list[Step]:
    kept = (step for step in steps if step.kind is not StepKind.DISCARD and (step.kind not in OF_A_DEALING or step.series == state.dealing))
    return [Step(step.kind, step.part, 1 if step.kind in OF_A_DEALING else step.series) for step in kept]


def _minus(left: list[Any], right: list[Any]) -> list[Any]:
    return list((Counter(map(str, left)) - Counter(map(str, right))).elements())
