"""When each entry of a succession may stand, written once more from the issue: nothing old is destroyed before all is carried over."""

import pytest

from ceremony.errors import OutOfTurn, PlanError
from ceremony.protocol.fold import apply, fold, open_state, require_allowed
from ceremony.records.entries import Entry
from tests.simulators.eventful import eventful_book, eventful_succession, succession_kinds

BOOK = eventful_succession()
BODIES = [entry.body for entry in BOOK]
SEVEN, FIVE = range(1, 8), 5


def place_of(kind, **fields):
    """Where the first such entry stands."""
    return next(at for at, body in enumerate(BODIES) if body.kind == kind and all(getattr(body, n) == v for n, v in fields.items()))


class Past:
    """What stands below a place, and the questions the rules ask of it."""

    def __init__(self, size):
        self.bodies = BODIES[:size]

    def has(self, kind, **fields):
        return any(body.kind == kind and all(getattr(body, n) == v for n, v in fields.items()) for body in self.bodies)

    def count(self, kind):
        return sum(body.kind == kind for body in self.bodies)

    @property
    def envelopes(self):
        return next((body.envelopes for body in self.bodies if body.kind == "envelopes_listed"), None)

    def carried(self):
        return [body.number for body in self.bodies if body.kind == "rewrapped"]

    def failure(self, custodian):
        places = [at for at, body in enumerate(self.bodies) if body.kind == "consent_failed" and body.custodian == custodian]
        return places[-1] if places and not self.has("consented", custodian=custodian) else None

    def settled(self):
        return self.has("closing_named")


def may_stand(past, body):  # noqa: PLR0911 - one return a rule
    kind, number, who = body.kind, getattr(body, "number", 0), getattr(body, "custodian", 0)
    if past.settled() or kind == "succession_opened":
        return kind == "succession_opened" and not past.has(kind) and not past.settled()
    if kind == "envelopes_listed":
        return past.has("anchored") and not past.has(kind)
    if past.envelopes is None:
        return False
    settled = past.count("rewrapped") + past.count("envelope_left_out")
    if kind in {"rewrap_begun", "rewrapped", "envelope_left_out"}:
        here = settled == number - 1 < past.envelopes
        return here and (kind == "envelope_left_out" or past.has("rewrap_begun", number=number) == (kind == "rewrapped"))
    if kind in {"reopen_begun", "reopened"}:
        carried = past.has("rewrapped", number=number) and not past.has("reopened", number=number)
        here = settled == past.envelopes and carried and all(past.has("reopened", number=n) for n in past.carried() if n < number)
        return here and past.has("reopen_begun", number=number) == (kind == "reopened")
    if kind == "succession_proposed":
        whole = settled == past.envelopes and past.count("reopened") == past.count("rewrapped")
        return whole and not past.has(kind) and body.act.size == len(past.bodies)
    if kind in {"consent_begun", "consented", "consent_failed"}:
        waiting = past.has("succession_proposed") and past.count("consented") < FIVE
        open_ = waiting and who in SEVEN and not past.has("consented", custodian=who)
        tries = sum(b.kind == "consent_begun" and b.custodian == who for b in past.bodies)
        failed = sum(b.kind == "consent_failed" and b.custodian == who for b in past.bodies)
        begun = tries > failed
        return open_ and begun == (kind != "consent_begun") and (kind != "consent_begun" or body.acknowledged == past.failure(who))
    ended = past.has("shard_destroyed", custodian=who) or past.has("shard_outstanding", custodian=who)
    open_ = who in SEVEN and past.count("consented") >= FIVE and not ended
    if kind == "shard_outstanding":
        return open_
    return open_ and past.has("destroy_begun", custodian=who) == (kind == "shard_destroyed")


def candidates():
    """Every entry of a succession, and others of a stranger or of another envelope."""
    found = [body for body in BODIES if body.kind in succession_kinds()]
    others = [body.model_copy(update={"custodian": 8}) for body in found if "custodian" in type(body).model_fields]
    others += [body.model_copy(update={"number": body.number + 1}) for body in found if "number" in type(body).model_fields]
    outstanding = next(body for body in found if body.kind == "shard_outstanding")
    return [*found, *others, *(outstanding.model_copy(update={"custodian": index}) for index in SEVEN)]


def judge(state, body):
    entry = Entry.model_construct(v=1, index=state.size, previous=BOOK.entries[0].previous, at=BOOK.entries[0].at, body=body)
    try:
        require_allowed(state, entry)
    except OutOfTurn as refusal:
        return refusal
    return None


def test_each_entry_of_a_succession_is_allowed_or_refused_at_each_state_as_the_rules_say():
    state, pool, allowed = open_state(BOOK.entries[0]), candidates(), set()
    for size in range(1, len(BOOK) + 1):
        past = Past(size)
        for body in pool:
            refusal = judge(state, body)
            assert (refusal is None) == may_stand(past, body), (size, body.kind, body, refusal)
            allowed |= {body.kind} if refusal is None else set()
        if size < len(BOOK):
            apply(state, BOOK.entries[size])
    assert allowed == succession_kinds()


def test_a_first_ceremony_knows_none_of_them():
    pool = candidates()
    for size in range(1, len(eventful_book()), 17):
        state = fold(eventful_book().entries[:size])
        assert all(judge(state, body) is not None for body in pool)


def changed(kind, **fields):
    place = place_of(kind)
    return fold(BOOK.entries[:place]), BODIES[place].model_copy(update=fields)


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("succession_opened", {"predecessor": "0x" + "11" * 32}, "another predecessor"),
        ("succession_opened", {"plan_text": "k = 4"}, "predecessor's plan is none"),
        ("succession_opened", {"roster": BODIES[place_of("succession_opened")].roster[1:]}, "another chain or quorum"),
        ("succession_opened", {"commitments": BODIES[place_of("succession_opened")].commitments[1:]}, "another chain or quorum"),
        ("reopened", {"custodians": (1, 2, 3, 4)}, "distinct enrolled"),
        ("reopened", {"custodians": (1, 2, 3, 4, 4)}, "distinct enrolled"),
        ("reopened", {"custodians": (1, 2, 3, 4, 8)}, "distinct enrolled"),
        ("closing_named", {"custodians": (1, 2, 3, 4)}, "distinct"),
    ],
)
def test_an_entry_that_says_something_else_is_refused(kind, fields, reason):
    state, body = changed(kind, **fields)
    assert reason in judge(state, body).message


def test_an_envelope_wrapped_for_elsewhere_is_refused():
    state, body = changed("rewrapped")
    header = body.sealed.header
    for update in ({"dealing": 9}, {"ceremony": "0x" + "22" * 32}, {"tags": header.tags[1:]}):
        other = body.sealed.model_copy(update={"header": header.model_copy(update=update)})
        assert "another dealing" in judge(state, body.model_copy(update={"sealed": other})).message


def test_a_summary_of_something_else_is_refused():
    state, body = changed("succession_proposed")
    for update in ({"envelopes": 4}, {"size": 3}, {"dealing": 2}, {"ceremony": "0x" + "22" * 32}):
        assert "sums up other entries" in judge(state, body.model_copy(update={"act": body.act.model_copy(update=update)})).message


def test_a_successor_proposes_no_genesis_and_a_first_ceremony_no_rotation():
    state, body = changed("proposed")
    first = next(entry.body for entry in eventful_book() if entry.body.kind == "proposed")
    assert "a successor the rotation" in judge(state, body.model_copy(update={"act": first.act})).message
    at = next(index for index, entry in enumerate(eventful_book()) if entry.body.kind == "proposed")
    assert "a successor the rotation" in judge(fold(eventful_book().entries[:at]), first.model_copy(update={"act": body.act})).message


def test_the_predecessors_custodians_are_asked_until_the_rotation_is_on_chain():
    before, after = fold(BOOK.entries[: place_of("anchored")]), fold(BOOK.entries)
    origin = BODIES[place_of("succession_opened")].origin
    assert (before.contract, before.first_block) == (origin.contract, origin.block)
    assert before.asked_plan.custodian[6].name == "Gus"
    assert after.asked_plan.custodian[6].name == "Jin"
    assert after.roster_at(1) != after.roster_at(2)
    assert (before.epoch, after.left_behind.keys()) == (2, {(7, 1)})


def test_a_plan_in_the_transcript_that_is_none_is_no_traceback():
    with pytest.raises(PlanError):
        fold([BOOK.entries[0].model_copy(update={"body": BODIES[0].model_copy(update={"plan_text": "x"})})])
