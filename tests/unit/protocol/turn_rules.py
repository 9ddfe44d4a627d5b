"""When each kind of entry may stand, written once more from DESIGN and the issue, without the protocol's own table: the tests' oracle."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

SEVEN = range(1, 8)
SOURCES = {"system", *(f"custodian {index}" for index in SEVEN)}
FIVE = 5


class Past:
    """What stands so far, and the questions the rules ask of it."""

    def __init__(self, bodies: Sequence[Any]) -> None:
        self.bodies = bodies
        self._by_kind: dict[str, list[Any]] = defaultdict(list)
        for body in bodies:
            self._by_kind[body.kind].append(body)
        self.dealing = 1 + self.count("dealing_abandoned")
        self.attempt = 1 + self.count("act_voided")

    def find(self, kind: str, **fields: Any) -> list[Any]:
        found = self._by_kind.get(kind, [])
        return [body for body in found if all(getattr(body, name) == value for name, value in fields.items())]

    def count(self, kind: str, **fields: Any) -> int:
        return len(self.find(kind, **fields))

    def has(self, kind: str, **fields: Any) -> bool:
        return bool(self.find(kind, **fields))

    def all_have(self, kind: str, **fields: Any) -> bool:
        return all(self.has(kind, custodian=index, **fields) for index in SEVEN)

    # --- where the ceremony stands ---

    @property
    def waiting(self) -> Any:
        """The proposal that waits, if one does."""
        found = self.find("proposed", attempt=self.attempt)
        return found[0] if found else None

    @property
    def stopped(self) -> bool:
        return self.has("abort_asked", attempt=self.attempt) and not self.has("anchored")

    def approved(self) -> set[int]:
        return {body.custodian for body in self.find("approved", attempt=self.attempt)}

    def failure(self, custodian: int) -> int | None:
        """The newest failed try at this act, until it was approved."""
        places = [
            place
            for place, body in enumerate(self.bodies)
            if body.kind == "approval_failed" and (body.attempt, body.custodian) == (self.attempt, custodian)
        ]
        return places[-1] if places and custodian not in self.approved() else None

    def trying(self, custodian: int) -> bool:
        """An intent without an outcome."""
        fields = {"attempt": self.attempt, "custodian": custodian}
        return self.count("approval_begun", **fields) > self.count("approval_failed", **fields) + self.count("approved", **fields)

    def clean(self) -> bool:
        """Nothing of an abandoned dealing may be left in a token."""
        return all(
            self.has("discarded", dealing=begun.dealing, custodian=begun.custodian)
            for begun in self.find("transport_begun")
            if begun.dealing < self.dealing
        )

    def reached(self, phase: str) -> bool:
        """Everything before this phase is finished."""
        return all(self._finished[name] for name in ORDER[: ORDER.index(phase)])

    @cached_property
    def _finished(self) -> dict[str, bool]:
        return dict(self._milestones())

    def _milestones(self) -> Iterable[tuple[str, bool]]:
        d = self.dealing
        yield "clean up", self.clean()
        yield "enrol", self.all_have("enrolled") and self.all_have("custody_stated")
        yield "transport", self.all_have("transport_made", dealing=d)
        yield "confirm", self.all_have("roster_confirmed")
        yield "deal", self.has("dealt", dealing=d)
        yield "load", self.all_have("loaded", dealing=d)
        yield "hold", self.all_have("holding_attested", dealing=d)
        yield "open", self.has("opened", dealing=d, round=2)
        yield "witness", self.all_have("opening_attested", dealing=d)
        yield "retire", self.all_have("retired", dealing=d)
        yield "burn", self.has("blobs_destroyed", dealing=d)
        yield "deploy", self.has("deployed")
        yield "propose", self.waiting is not None
        yield "approve", len(self.approved()) >= FIVE and not self.stopped
        yield "anchor", self.has("anchored")


ORDER = (
    "clean up", "enrol", "transport", "confirm", "deal", "load", "hold", "open", "witness", "retire", "burn",
    "deploy", "propose", "approve", "anchor", "name",
)  # fmt: skip


def may_stand(past: Past, body: Any) -> bool:
    """Whether this entry may stand next."""
    if past.has("closing_named") and body.kind != "closing_named":
        return False
    if getattr(body, "token_number", 1) != 1:  # this plan gives each custodian one token
        return False
    return bool(globals()[f"_{body.kind}"](past, body))


def _ceremony_opened(_past: Past, _body: Any) -> bool:
    return False


def _run_started(_past: Past, _body: Any) -> bool:
    return True


def _begin(past: Past, body: Any, phase: str, **place: Any) -> bool:
    return past.reached(phase) and not past.has(body.kind, **place)


def _end(past: Past, body: Any, phase: str, begun: str, **place: Any) -> bool:
    return past.reached(phase) and past.has(begun, **place) and not past.has(body.kind, **place)


def _person(body: Any) -> bool:
    return body.custodian in SEVEN


def _enrol_begun(past: Past, body: Any) -> bool:
    return _person(body) and _begin(past, body, "enrol", custodian=body.custodian)


def _enrolled(past: Past, body: Any) -> bool:
    return _end(past, body, "enrol", "enrol_begun", custodian=body.custodian)


def _transport_begun(past: Past, body: Any) -> bool:
    place = {"custodian": body.custodian, "dealing": past.dealing}
    return body.dealing == past.dealing and _person(body) and _begin(past, body, "transport", **place)


def _transport_made(past: Past, body: Any) -> bool:
    return body.dealing == past.dealing and _end(
        past, body, "transport", "transport_begun", custodian=body.custodian, dealing=body.dealing
    )


def _custody_stated(past: Past, body: Any) -> bool:
    whose = {"custodian": body.custodian}
    return past.has("enrolled", **whose) and _begin(past, body, "enrol", **whose)


def _roster_confirmed(past: Past, body: Any) -> bool:
    return _person(body) and _begin(past, body, "confirm", custodian=body.custodian)


def _discard_begun(past: Past, body: Any) -> bool:
    place = {"custodian": body.custodian, "dealing": body.dealing}
    return body.dealing < past.dealing and past.has("transport_begun", **place) and _begin(past, body, "clean up", **place)


def _discarded(past: Past, body: Any) -> bool:
    return _end(past, body, "clean up", "discard_begun", custodian=body.custodian, dealing=body.dealing)


def _dealing_opened(past: Past, body: Any) -> bool:
    return body.dealing == past.dealing and _begin(past, body, "deal", dealing=body.dealing)


def _in_dealing(past: Past, body: Any) -> bool:
    d = past.dealing
    return body.dealing == d and past.reached("deal") and past.has("dealing_opened", dealing=d) and not past.has("dealt", dealing=d)


def _sources(past: Past, kind: str) -> set[str]:
    return {body.source for body in past.find(kind, dealing=past.dealing)}


def _contribution_committed(past: Past, body: Any) -> bool:
    fresh = body.source in SOURCES - _sources(past, "contribution_committed")
    return _in_dealing(past, body) and fresh and not _sources(past, "contribution_revealed")


def _contribution_revealed(past: Past, body: Any) -> bool:
    all_committed = _sources(past, "contribution_committed") == SOURCES
    return _in_dealing(past, body) and all_committed and body.source in SOURCES - _sources(past, "contribution_revealed")


def _dealt(past: Past, body: Any) -> bool:
    shape = (len(body.commitments), len(body.wrapped)) == (FIVE, len(SEVEN))
    return _in_dealing(past, body) and _sources(past, "contribution_revealed") == SOURCES and shape


def _of_dealing(phase: str, begun: str | None) -> Any:
    def judge(past: Past, body: Any) -> bool:
        place = {"dealing": body.dealing, "custodian": body.custodian}
        if body.dealing != past.dealing or not _person(body):
            return False
        return _end(past, body, phase, begun, **place) if begun else _begin(past, body, phase, **place)

    return judge


_load_begun, _loaded = _of_dealing("load", None), _of_dealing("load", "load_begun")
_holding_begun, _holding_attested = _of_dealing("hold", None), _of_dealing("hold", "holding_begun")
_opening_witness_begun, _opening_attested = _of_dealing("witness", None), _of_dealing("witness", "opening_witness_begun")
_retire_begun, _retired = _of_dealing("retire", None), _of_dealing("retire", "retire_begun")


def _test_sealed(past: Past, body: Any) -> bool:
    return body.dealing == past.dealing and _begin(past, body, "open", dealing=body.dealing)


def _round(past: Past, body: Any) -> bool:
    d = past.dealing
    before = past.has("test_sealed", dealing=d) if body.round == 1 else past.has("opened", dealing=d, round=1)
    people = {1: (1, 2, 3, 4, 5), 2: (3, 4, 5, 6, 7)}.get(body.round)
    return body.dealing == d and before and body.custodians == people


def _opening_begun(past: Past, body: Any) -> bool:
    return _round(past, body) and _begin(past, body, "open", dealing=body.dealing, round=body.round)


def _opened(past: Past, body: Any) -> bool:
    return _round(past, body) and _end(past, body, "open", "opening_begun", dealing=body.dealing, round=body.round)


def _blobs_destroyed(past: Past, body: Any) -> bool:
    return body.dealing == past.dealing and _begin(past, body, "burn", dealing=body.dealing)


def _dealing_abandoned(past: Past, body: Any) -> bool:
    return body.dealing == past.dealing and past.waiting is None and not past.has("anchored")


def _deploy_begun(past: Past, body: Any) -> bool:
    return _begin(past, body, "deploy")


def _deployed(past: Past, body: Any) -> bool:
    return _end(past, body, "deploy", "deploy_begun")


def _proposed(past: Past, body: Any) -> bool:
    act, seen = body.act, body.seen
    fits = act.size == len(past.bodies) and (seen.head, seen.sequence, seen.epoch) == (act.head, act.sequence, act.epoch)
    return body.attempt == past.attempt and fits and _begin(past, body, "propose", attempt=body.attempt)


def _open_to_approval(past: Past, body: Any) -> bool:
    ended = past.stopped or past.has("abort_asked", attempt=past.attempt) or past.has("anchor_begun", attempt=past.attempt)
    return bool(past.waiting) and body.attempt == past.attempt and not ended and _person(body) and body.custodian not in past.approved()


def _approval_begun(past: Past, body: Any) -> bool:
    acknowledged = body.acknowledged == past.failure(body.custodian)
    return _open_to_approval(past, body) and not past.trying(body.custodian) and acknowledged


def _approved(past: Past, body: Any) -> bool:
    return _open_to_approval(past, body) and past.trying(body.custodian)


def _approval_failed(past: Past, body: Any) -> bool:
    waits = bool(past.waiting) and body.attempt == past.attempt and not past.has("anchored")
    return waits and past.trying(body.custodian)


def _mark_founded(past: Past, body: Any) -> bool:
    return past.has("enrolled", custodian=body.custodian) and body.size == len(past.bodies)


def _abort_asked(past: Past, body: Any) -> bool:
    waits = bool(past.waiting) and body.attempt == past.attempt and not past.has("anchored")
    return waits and not past.has("abort_asked", attempt=past.attempt) and _person(body)


def _act_voided(past: Past, body: Any) -> bool:
    if past.waiting is None or body.attempt != past.attempt or past.has("anchored"):
        return False
    act, seen = past.waiting.act, body.seen
    return seen.block.time > act.deadline and (seen.head, seen.sequence, seen.epoch) == (act.head, act.sequence, act.epoch)


def _anchor_begun(past: Past, body: Any) -> bool:
    names = set(body.custodians)
    enough = len(names) == len(body.custodians) >= FIVE and names <= past.approved()
    turn = past.stopped or past.reached("anchor")
    once = not (past.has("anchor_begun", attempt=past.attempt) or past.has("anchored"))
    return body.attempt == past.attempt and turn and enough and once


def _anchored(past: Past, body: Any) -> bool:
    begun = past.has("anchor_begun", attempt=past.attempt)
    return body.attempt == past.attempt and begun and (past.stopped or past.reached("anchor")) and not past.has("anchored")


def _closing_named(past: Past, body: Any) -> bool:
    names = set(body.custodians)
    return past.has("anchored") and len(names) == len(body.custodians) >= FIVE and names <= set(SEVEN)
