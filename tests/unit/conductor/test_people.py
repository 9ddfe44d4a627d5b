"""People who say No, mistype a PIN, lose a mark, or cannot sign the closing after all; and who is asked what, and when."""

from dataclasses import replace

import pytest

from ceremony.acts.roster import roster_digest
from ceremony.conductor.closing import name_others
from ceremony.conductor.opening import require_same_plan
from ceremony.conductor.self_test import TESTS, self_test
from ceremony.errors import (
    ApprovalError,
    Declined,
    MarkError,
    OutOfTurn,
    PinLocked,
    PinWrong,
    PlanChanged,
    QuorumError,
    SelfTestError,
    TokenLied,
)
from ceremony.protocol.steps import StepKind
from ceremony.transcript.checkpoint import index_of, parse_note
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.simulators.ceremony_directory import plan_text
from tests.simulators.ports import PIN, Willing
from tests.simulators.stages import Stage, ceremony_at, kind_of_token, run_until
from tests.simulators.tokens import PIN_TRIES, SimulatedToken


class Reluctant(Willing):
    """Says No to some questions, and gives these PINs, one after the other."""

    def __init__(self, no="", pins=()):
        super().__init__()
        self.no = no
        self.pins = iter(pins)

    def confirm(self, who, lines, question):
        super().confirm(who, lines, question)
        if self.no and self.no in question:
            raise Declined("the answer was not an exact Yes", culprits=(who,))

    def pin(self, who, serial):
        super().pin(who, serial)
        return next(self.pins, PIN)


def transcript(ceremony):
    return (ceremony.directory / TRANSCRIPT).read_bytes()


def kinds(ceremony):
    return [entry.body.kind for entry in read_book(ceremony.directory / TRANSCRIPT)]


def marks(base, index):
    return list((base / "parts" / "marks").glob(f"sim{index}-*.mark"))


# --- No ---


def test_a_no_to_the_roster_writes_nothing_and_a_later_yes_goes_on(tmp_path):
    ceremony = ceremony_at(Stage.OPENED, tmp_path)
    ceremony.people = Reluctant(no="Are these the seven")
    with pytest.raises(Declined):
        ceremony.run()
    assert "roster_confirmed" not in kinds(ceremony)
    ceremony.people = Willing()
    run_until(ceremony, StepKind.DEAL)
    assert kinds(ceremony).count("roster_confirmed") == 7


def test_a_no_to_the_contract_sends_nothing(tmp_path):
    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    ceremony.people = Reluctant(no="Deploy this contract?")
    with pytest.raises(Declined):
        ceremony.run()
    assert kinds(ceremony)[-1] == "run_started"
    assert ceremony.chain._data["contract"] is None


def test_a_no_to_a_missing_mark_signs_nothing(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    marks(tmp_path, 1)[0].unlink()
    ceremony.people = Reluctant(no="Found it anew")
    before = transcript(ceremony)
    with pytest.raises(Declined) as refusal:
        ceremony.approve(1)
    assert refusal.value.culprits == ("custodian 1 Ada",)
    assert transcript(ceremony) == before
    assert marks(tmp_path, 1) == []


# --- marks ---


def test_a_missing_mark_is_founded_anew_by_its_custodians_yes_as_an_entry(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    marks(tmp_path, 1)[0].unlink()
    size = len(read_book(ceremony.directory / TRANSCRIPT))
    ceremony.approve(1)
    assert kinds(ceremony)[-3:] == ["mark_founded", "approval_begun", "approved"]
    founded = read_book(ceremony.directory / TRANSCRIPT).entries[size].body
    assert (founded.custodian, founded.size) == (1, size)
    assert len(marks(tmp_path, 1)) == 1
    assert ("custodian 1 Ada", "Found it anew at the transcript as it stands?") in ceremony.people.asked


def test_a_mark_lost_between_two_runs_is_asked_for_before_the_token_does_anything_else(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    marks(tmp_path, 2)[0].unlink()
    ceremony.run()
    found = kinds(ceremony)
    assert found.index("roster_confirmed") < found.index("mark_founded") < found.index("contribution_revealed")
    assert len(marks(tmp_path, 2)) == 1


def test_a_mark_lost_at_the_closing_is_founded_without_an_entry(tmp_path):
    """The checkpoint's signers are named: no entry may follow."""
    ceremony = ceremony_at(Stage.NAMED, tmp_path)
    marks(tmp_path, 1)[0].unlink()
    before = transcript(ceremony)
    ceremony.approve(1)
    assert transcript(ceremony) == before
    assert len(marks(tmp_path, 1)) == 1


def test_a_transcript_behind_a_mark_is_refused(tmp_path):
    """Somebody put an older copy of the directory back."""
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    old = ceremony_at(Stage.PROPOSED, tmp_path / "old")
    (ceremony.directory / TRANSCRIPT).write_bytes(transcript(old))
    with pytest.raises(MarkError, match="has seen"):
        ceremony.approve(5)
    assert transcript(ceremony) == transcript(old)


# --- PINs (T10) ---


def test_a_wrong_pin_is_tried_once_and_the_right_one_goes_on(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    ceremony.people = Reluctant(pins=["wrong"])
    before = transcript(ceremony)
    with pytest.raises(PinWrong, match="2 tries left"):
        ceremony.approve(1)
    assert transcript(ceremony) == before
    assert [question for _, question in ceremony.people.asked] == ["PIN sim1"]
    ceremony.approve(1)
    assert kinds(ceremony)[-1] == "approved"


def test_a_wrong_pin_while_enrolling_writes_no_intent(tmp_path):
    ceremony = ceremony_at(Stage.OPENED, tmp_path)
    ceremony.people = Reluctant(pins=["wrong"])
    with pytest.raises(PinWrong):
        ceremony.run()
    assert kinds(ceremony) == ["ceremony_opened", "run_started"]
    run_until(ceremony, StepKind.CONFIRM)
    assert kinds(ceremony).count("enrolled") == 7


def test_a_locked_pin_is_named_and_nothing_is_lost(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    ceremony.people = Reluctant(pins=["wrong"] * PIN_TRIES)
    for _ in range(PIN_TRIES):
        with pytest.raises(PinWrong):
            ceremony.approve(1)
    with pytest.raises(PinLocked):
        ceremony.approve(1)
    assert "approval_begun" not in kinds(ceremony)
    ceremony.approve(2)
    assert kinds(ceremony)[-1] == "approved"


def test_a_token_with_its_own_pin_pad_is_not_asked_for_a_pin(tmp_path):
    class Pad(SimulatedToken):
        def describe(self):
            return replace(super().describe(), protected_pin=True)

        def login(self, pin):
            assert pin is None
            super().login(PIN)

    ceremony = ceremony_at(Stage.PROPOSED, tmp_path, make_token=kind_of_token({1: Pad}))
    ceremony.approve(1)
    assert kinds(ceremony)[-1] == "approved"
    assert ceremony.people.asked == []


def test_every_session_is_closed_before_the_next_sitting_and_after_every_signature(tmp_path):
    logs: list[str] = []

    class Logged(SimulatedToken):
        def login(self, pin):
            logs.append(f"in {self._number}")
            super().login(pin)

        def logout(self):
            logs.append(f"out {self._number}")
            super().logout()

    ceremony = ceremony_at(Stage.OPENED, tmp_path, make_token=Logged)
    ceremony.run()
    for index in range(1, 8):
        mine = [log.split()[0] for log in logs if log.endswith(f" {index}")]
        assert mine == ["in", "out"] * (len(mine) // 2)
        assert len(mine) >= 6  # enrol, load, prove
    logs.clear()
    ceremony.approve(1)
    assert logs == ["in 1", "out 1"]


def test_a_token_that_is_gone_at_logout_is_logged_out(tmp_path):
    class Pulled(SimulatedToken):
        def logout(self):
            raise TokenLied("pulled")

    ceremony = ceremony_at(Stage.PROPOSED, tmp_path, make_token=kind_of_token({1: Pulled}))
    ceremony.approve(1)
    assert kinds(ceremony)[-1] == "approved"


def test_another_token_than_the_planned_one_is_refused_at_enrolment(tmp_path):
    class Swapped(SimulatedToken):
        """Answers with another serial once it is logged in."""

        def describe(self):
            seen = super().describe()
            return replace(seen, serial="sim9") if self._logged_in else seen

    ceremony = ceremony_at(Stage.OPENED, tmp_path, make_token=kind_of_token({2: Swapped}))
    with pytest.raises(TokenLied, match="sim9") as refusal:
        ceremony.run()
    assert "custodian 2 Ben" in refusal.value.culprits
    assert kinds(ceremony).count("enrolled") == 1


# --- closing ---


def test_other_closing_signers_replace_those_named_before_and_nothing_is_lost(tmp_path):
    ceremony = ceremony_at(Stage.NAMED, tmp_path)
    ceremony.approve(1)
    first = (ceremony.directory / "checkpoint").read_bytes()
    ceremony.conduct(lambda c: name_others(c, "Gus, Finn,Eve, Dan , Cleo"))
    state = ceremony.play()
    assert state.closing.custodians == (3, 4, 5, 6, 7)
    checkpoint, signatures = parse_note((ceremony.directory / "checkpoint").read_bytes())
    assert checkpoint.size == state.size
    assert [index_of(one.name) for one in signatures] == [3, 4, 5, 6, 7]
    assert (ceremony.directory / f"checkpoint-{state.size - 1}").read_bytes() == first
    roster = "0x" + roster_digest(state.terms["roster"]).hex()
    report = verify(transcript(ceremony), (ceremony.directory / "checkpoint").read_bytes(), Trust(roster=roster, rehearsal=True))
    assert report.verdict is Verdict.CHAIN_NOT_CHECKED


@pytest.mark.parametrize(
    ("names", "error", "culprit"),
    [
        ("Ada, Ben, Cleo, Dan, Hal", ApprovalError, "Hal"),
        ("", ApprovalError, ""),
        ("Ada, Ben, Cleo, Dan", QuorumError, None),
        ("Ada, Ben, Cleo, Dan, Dan", QuorumError, None),
    ],
)
def test_closing_signers_that_do_not_suffice_are_refused(names, error, culprit, tmp_path):
    ceremony = ceremony_at(Stage.NAMED, tmp_path)
    before = transcript(ceremony)
    with pytest.raises(error) as refusal:
        ceremony.conduct(lambda c: name_others(c, names))
    assert refusal.value.culprits == (() if culprit is None else (culprit,))
    assert transcript(ceremony) == before


def test_closing_signers_are_named_after_the_anchor(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    with pytest.raises(OutOfTurn, match="after the anchor"):
        ceremony.conduct(lambda c: name_others(c, "Ada, Ben, Cleo, Dan, Eve"))


def test_a_closed_ceremony_takes_no_further_run(tmp_path):
    ceremony = ceremony_at(Stage.CLOSED, tmp_path)
    before = transcript(ceremony)
    state = ceremony.run()
    assert ceremony.owed(state) == ()
    assert transcript(ceremony) == before


# --- the start of a run ---


def test_every_run_begins_with_the_self_tests(tmp_path):
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path)
    ceremony.run()
    last = read_book(ceremony.directory / TRANSCRIPT).entries[-1].body
    assert (last.kind, last.self_tests) == ("run_started", tuple(TESTS))
    assert len(TESTS) == 5


@pytest.mark.parametrize("broken", [lambda: False, lambda: 1 // 0])
def test_a_machine_that_computes_wrongly_is_named_before_a_token_is_touched(broken, tmp_path, monkeypatch):
    monkeypatch.setattr("ceremony.conductor.self_test.TESTS", {**TESTS, "tree": broken})
    with pytest.raises(SelfTestError) as refusal:
        self_test()
    assert refusal.value.culprits == ("tree",)
    ceremony = ceremony_at(Stage.OPENED, tmp_path)
    with pytest.raises(SelfTestError):
        ceremony.run()
    assert kinds(ceremony) == ["ceremony_opened"]
    assert ceremony.people.asked == []


def test_the_plan_of_entry_0_is_the_plan_to_the_byte(tmp_path):
    state = ceremony_at(Stage.OPENED, tmp_path).conduct(lambda _c: None)
    require_same_plan(state.opened, plan_text())
    with pytest.raises(PlanChanged):
        require_same_plan(state.opened, plan_text() + "\n")
