"""One table: `run`, `status`, `script` and the transition rule all take the order of steps from `ceremony.protocol.steps`."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.cli import run_command
from ceremony.conductor.running import HANDLERS, SITTINGS, TOGETHER
from ceremony.errors import OutOfTurn
from ceremony.protocol.fold import apply, fold
from ceremony.protocol.state import State
from ceremony.protocol.steps import (
    OF_EACH_TOKEN,
    OPENING_ROUNDS,
    PLAIN,
    WORDING,
    Course,
    Phase,
    Step,
    StepKind,
    all_steps,
    opening_set,
    phases,
    wording_of,
)
from ceremony.protocol.table import BEGINS, TABLE, Edge, step_of
from ceremony.records.dealing_entries import DealingAbandoned
from ceremony.records.entries import Entry
from ceremony.records.plan_text import parse_plan
from tests.simulators.ceremony_directory import plan_text, twin_plan
from tests.simulators.eventful import all_kinds, eventful_book
from tests.simulators.stages import Stage, ceremony_at

COURSE = Course(7, 5, named=(1, 2, 3, 4, 5))
COMMANDS = {StepKind.APPROVE: "approve", StepKind.ANCHOR: "anchor", StepKind.CONSENT: "approve", StepKind.SIGN: "approve"}
"""Steps that have a command of their own; `run` takes all others."""
WITHOUT_ROW = {StepKind.SIGN, StepKind.VOID}
"""A closing signature is a line of the checkpoint; a stopped act ends by `act_voided`, which an act that merely expired has too."""


@pytest.mark.parametrize("kind", StepKind)
def test_every_step_has_words_somebody_who_takes_it_and_entries(kind):
    wording = WORDING[kind]
    assert all((wording.actor, wording.does, wording.types, wording.sees))
    assert (kind in HANDLERS or kind in TOGETHER) == (kind not in COMMANDS)
    assert wording.verb == COMMANDS.get(kind, "run")
    assert (kind in {found for found, _ in TABLE.values()}) == (kind not in WITHOUT_ROW)


def test_every_step_has_a_place_in_the_course():
    courses = (COURSE, Course(7, 5, stopped=True, discards=((1, 2, 1),)), Course(7, 5, predecessors=7, envelopes=2))
    assert {step.kind for course in courses for _, step in all_steps(course)} == set(StepKind)


def test_every_kind_of_entry_has_a_row_or_a_rule_of_its_own():
    without = {"ceremony_opened", "run_started", "mark_founded", "dealing_abandoned", "approval_failed", "abort_asked", "act_voided"}
    without |= {"consent_failed"}
    assert set(TABLE) == all_kinds() - without
    for kind in StepKind:
        edges = [edge for found, edge in TABLE.values() if found is kind]
        assert edges.count(Edge.END) == (kind not in WITHOUT_ROW)
        assert (Edge.BEGIN in edges) == (kind in BEGINS)


def test_only_steps_that_open_a_token_belong_to_a_sitting():
    assert {kind for kind in (*HANDLERS, *TOGETHER) if WORDING[kind].types == "the token's PIN"} <= set(SITTINGS)


def test_steps_end_in_the_order_of_the_course():
    ceremony = eventful_book()
    standing = fold(ceremony).dealing
    ended = [located[0] for entry in ceremony if (located := step_of(entry.body)) and located[1] is Edge.END]
    order = [phase.name for phase in phases(COURSE)]
    places = {step: order.index(name) for name, step in all_steps(Course(7, 5, dealing=standing, attempt=2))}
    once = {StepKind.ENROL, StepKind.CUSTODY, StepKind.CONFIRM}  # people and their keys outlive a dealing that was thrown away
    walked = [places[step] for step in ended if step in places and step.kind not in once]
    assert len(walked) > len(once)
    assert walked == sorted(walked)


def test_the_script_is_the_course(tmp_path, capsys):
    plan = tmp_path / "plan.toml"
    plan.write_text(plan_text())
    assert run_command(["script", str(plan), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    expected = [(phase, WORDING[step.kind].does, WORDING[step.kind].verb) for phase, step in all_steps(COURSE)]
    assert [(row["phase"], row["does"], row["command"]) for row in rows] == expected
    assert [row["step"] for row in rows] == list(range(1, len(expected) + 1))
    assert run_command(["script", str(plan)]) == 0
    text = capsys.readouterr().out
    assert all(WORDING[step.kind].does in text for _, step in all_steps(COURSE))


def test_the_script_of_a_successor_is_its_course(tmp_path, capsys):
    plan, named = tmp_path / "plan.toml", f'[succeeds]\nceremony = "0x{"5e" * 32}"\ndirectory = "/before"\n\n[quorum]'
    plan.write_text(plan_text().replace("[quorum]", named).replace('"deploy"', f'"0x{"c0" * 20}"'))
    assert run_command(["script", str(plan), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    course = Course(7, 5, named=(1, 2, 3, 4, 5), predecessors=7, envelopes=1)
    assert [row["does"] for row in rows] == [WORDING[step.kind].does for _, step in all_steps(course)]


@pytest.mark.parametrize("stage", [Stage.OPENED, Stage.DEALT, Stage.PROPOSED, Stage.NAMED])
def test_status_shows_the_phases_and_owes_what_the_state_owes(stage, tmp_path, capsys):
    ceremony = ceremony_at(stage, tmp_path)
    state = ceremony.conduct(lambda _c: None)
    assert run_command(["status", str(ceremony.directory)]) == 0
    text = capsys.readouterr().out
    assert all(f" {phase.name} (" in text for phase in phases(state.course) if phase.tracks)
    assert run_command(["status", str(ceremony.directory), "--json"]) == 0
    owed = json.loads(capsys.readouterr().out)["owed"]
    assert [row["does"] for row in owed] == [WORDING[step.kind].does for step in ceremony.owed(state)]


def test_a_token_of_each_custodians_own_takes_its_own_steps():
    plan = parse_plan(twin_plan())
    course = Course(7, 5, discards=((1, 3, 2),), predecessors=7, holders=plan.holders, old_holders=plan.holders)
    taken = {kind: [(step.part, step.token) for _, step in all_steps(course) if step.kind is kind] for kind in StepKind}
    for kind in OF_EACH_TOKEN - {StepKind.DISCARD}:
        assert taken[kind] == [(1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (5, 2), (6, 1), (7, 1)]
    assert taken[StepKind.DISCARD] == [(3, 2)]
    assert taken[StepKind.ENROL] == taken[StepKind.CONFIRM] == taken[StepKind.WITNESS] == [(index, 1) for index in range(1, 8)]


def test_what_a_plain_import_does_is_said_as_it_is():
    plan = parse_plan(twin_plan())
    assert wording_of(plan, Step(StepKind.LOAD, 5, 1, 2)).does == PLAIN[StepKind.LOAD]
    assert wording_of(plan, Step(StepKind.LOAD, 3, 1, 2)) is WORDING[StepKind.LOAD]
    assert wording_of(plan, Step(StepKind.ENROL, 5)) is WORDING[StepKind.ENROL]
    assert wording_of(plan, Step(StepKind.PROPOSE)) is WORDING[StepKind.PROPOSE]


# --- phases ---

A, B, C = (Step(StepKind.APPROVE, index) for index in (1, 2, 3))


def test_each_track_owes_its_next_step():
    phase = Phase("x", ((A, B), (C,)))
    assert phase.owed(set()) == (A, C)
    assert phase.owed({A}) == (B, C)
    assert phase.owed({A, C}) == (B,)
    assert phase.owed({A, B, C}) == ()


def test_enough_tracks_finish_a_phase():
    phase = Phase("x", ((A,), (B,), (C,)), enough=2)
    assert phase.owed({A}) == (B, C)
    assert phase.owed({A, B}) == ()


@given(st.integers(1, 7).flatmap(lambda k: st.tuples(st.just(k), st.integers(k, min(7, 2 * k)))))
def test_the_two_opening_rounds_are_of_k_and_together_of_all(numbers):
    k, n = numbers
    rounds = [opening_set(n, k, number) for number in OPENING_ROUNDS]
    assert [len(set(people)) for people in rounds] == [k, k]
    assert set(rounds[0]) | set(rounds[1]) == set(range(1, n + 1))


def test_an_entry_that_belongs_to_no_step_is_found_to():
    assert step_of(eventful_book().entries[0].body) is None


# --- the state ---


def test_nothing_goes_to_a_contract_that_does_not_stand():
    state = fold(eventful_book().entries[:40])
    assert state.act_owed is None
    with pytest.raises(OutOfTurn, match="does not stand"):
        state.contract_act(None)


def test_a_closed_state_owes_nothing():
    state = fold(eventful_book())
    signers = frozenset(state.closing.custodians)
    assert state.owed(signers) == ()
    assert state.phase(signers) is None
    assert {step.part for step in state.owed(signers - {3})} == {3}


def test_what_an_abandoned_dealing_left_is_outstanding_until_it_is_discarded():
    book = eventful_book()
    left = [len(fold(book.entries[: size + 1]).outstanding()) for size, entry in enumerate(book.entries) if entry.body.kind == "discarded"]
    at = next(size for size, entry in enumerate(book.entries) if entry.body.kind == "dealing_abandoned")
    assert fold(book.entries[: at + 1]).outstanding() == tuple((1, index, 1) for index in range(1, 8))
    assert left == [6, 5, 4, 3, 2, 1, 0]


def test_a_rehearsals_signatures_are_of_another_domain():
    state = fold(eventful_book().entries[:1])
    real = State(opened=state.opened.model_copy(update={"rehearsal": False}), plan=state.plan)
    assert (state.domain.name, real.domain.name) == ("ceremony rehearsal", "ceremony")
    assert state.terms["name"] == "ceremony rehearsal"
    assert real.terms["name"] == "ceremony"


def test_a_dealing_thrown_away_before_anything_was_made_leaves_nothing():
    state = fold(eventful_book().entries[:1])
    body = DealingAbandoned(dealing=1, reason="the operator asked for a new one")
    apply(state, Entry.model_construct(index=1, body=body))
    assert (state.dealing, state.outstanding()) == (2, ())


def test_four_approvals_owe_a_fifth_and_five_owe_the_anchor():
    book = eventful_book()
    attempt = max(entry.body.attempt for entry in book if entry.body.kind == "proposed")
    places = [place for place, entry in enumerate(book) if entry.body.kind == "approved" and entry.body.attempt == attempt]
    owed = [[(step.kind, step.part) for step in fold(book.entries[: place + 1]).owed()] for place in places]
    assert owed[3] == [(StepKind.APPROVE, index) for index in (1, 2, 7)]
    assert owed[4] == [(StepKind.ANCHOR, 0)]
