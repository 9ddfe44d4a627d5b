"""At each state of an eventful ceremony, each entry that is not allowed there is refused by name, and no other (T12, T13, P1, P2, P4).

The oracle is `turn_rules`, which knows nothing of the protocol's own table.
"""

from collections import Counter
from copy import deepcopy

import pytest

from ceremony.errors import OutOfTurn, PlanError
from ceremony.protocol.fold import apply, fold, open_state, require_allowed
from ceremony.records.entries import Entry
from tests.simulators.eventful import eventful_book, first_kinds
from tests.unit.protocol.turn_rules import Past, may_stand

BOOK = eventful_book()
BODIES = [entry.body for entry in BOOK]


def variants(body):
    """The same entry of a stranger, of a token that there is not, of the next dealing, of the next attempt."""
    next_of = {name: getattr(body, name, 0) + 1 for name in ("dealing", "attempt")}
    changes = ({"custodian": 8}, {"token_number": 2}, *({name: number} for name, number in next_of.items()))
    return [body.model_copy(update=change) for change in changes if set(change) <= set(type(body).model_fields)]


def candidates():
    """Every entry of the ceremony, and of each kind one of a stranger and the like."""
    first = {body.kind: body for body in reversed(BODIES)}
    named = next(body for body in BODIES if body.kind == "closing_named")
    wrong = [named.model_copy(update={"custodians": people}) for people in ((1, 2, 3, 4), (1, 2, 3, 4, 4), (1, 2, 3, 4, 8))]
    begun = first["anchor_begun"]
    wrong += [begun.model_copy(update={"custodians": people}) for people in ((3, 4, 5, 6), (3, 4, 5, 6, 6), (1, 3, 4, 5, 6))]
    wrong += [first["dealt"].model_copy(update={name: getattr(first["dealt"], name)[1:]}) for name in ("commitments", "wrapped")]
    wrong += [first["opened"].model_copy(update={"custodians": (1, 2, 3, 4, 6)}), first["opening_begun"].model_copy(update={"round": 3})]
    wrong += [first["contribution_committed"].model_copy(update={"source": "a stranger"})]
    return [*BODIES, *(other for body in first.values() for other in variants(body)), *wrong]


def entry(state, body):
    return Entry.model_construct(v=1, index=state.size, previous=BOOK.entries[0].previous, at=BOOK.entries[0].at, body=body)


def judge(state, body):
    """None when allowed, else the refusal."""
    try:
        require_allowed(state, entry(state, body))
    except OutOfTurn as refusal:
        return refusal
    return None


def test_every_kind_happens_in_this_ceremony():
    assert {body.kind for body in BODIES} == first_kinds()


def test_each_entry_is_allowed_or_refused_at_each_state_as_the_rules_say():
    state, tried, allowed = open_state(BOOK.entries[0]), Counter(), Counter()
    pool = candidates()
    for size in range(1, len(BOOK) + 1):
        past = Past(BODIES[:size])
        for body in pool:
            refusal = judge(state, body)
            assert (refusal is None) == may_stand(past, body), (size, body.kind, body, refusal)
            tried[body.kind] += 1
            allowed[body.kind] += refusal is None
            if refusal is not None:
                assert refusal.culprits == (f"entry {size}",)
                assert f"entry {size} ({body.kind}) may not stand here: " in refusal.message
        if size < len(BOOK):
            apply(state, BOOK.entries[size])
    assert set(tried) == first_kinds()
    assert {kind for kind in tried if not allowed[kind]} == {"ceremony_opened"}
    assert {kind for kind in tried if allowed[kind] == tried[kind]} == set()


def test_a_refused_entry_leaves_the_state_as_it_was():
    for size in range(1, len(BOOK), 23):
        state = fold(BOOK.entries[:size])
        before = deepcopy(vars(state))
        for body in BODIES[:: len(BODIES) // 40]:
            if judge(state, body) is not None:
                with pytest.raises(OutOfTurn):
                    apply(state, entry(state, body))
                assert vars(state) == before


@pytest.mark.parametrize("entries", [[], BOOK.entries[1:2]])
def test_a_ceremony_begins_with_entry_0(entries):
    with pytest.raises(OutOfTurn) as refusal:
        fold(entries)
    assert refusal.value.culprits[0].startswith("entry ")


def test_a_plan_that_is_none_is_refused_naming_entry_0():
    opened = BOOK.entries[0]
    with pytest.raises(PlanError) as refusal:
        fold([opened.model_copy(update={"body": opened.body.model_copy(update={"plan_text": "k = 4"})})])
    assert refusal.value.culprits == ("entry 0",)
