"""Custodians' dice in a dealing: two of seven want them; committed, shown and summed as every source, and checked by each (DESIGN 4.3)."""

import json
import os

import pytest

from ceremony.cli import run_command
from ceremony.errors import AnswerError, DiceRefused, OutOfTurn
from ceremony.protocol.steps import StepKind
from ceremony.records.dealing_entries import ContributionCommitted, ContributionRevealed, DealingOpened
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.simulators import ceremony_directory
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text
from tests.simulators.ports import Willing, rolls_of
from tests.simulators.stages import run_until

ONES = "0x" + "11" * 32
ADA, EVE = "custodian 1 Ada", "custodian 5 Eve"


def diced_plan():
    text = plan_text()
    for name in ("Ada", "Eve"):
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\ndice = true\n')
    return text


@pytest.fixture
def ceremony(tmp_path, monkeypatch):
    """Its plan wants the dice of two."""
    monkeypatch.setattr(ceremony_directory, "plan_text", diced_plan)
    told = []
    found = SimulatedCeremony(tmp_path, 1, tell=told.append)
    found.told = told
    found.start()
    return found


def bodies(ceremony, kind):
    return [entry.body for entry in read_book(ceremony.directory / TRANSCRIPT) if entry.body.kind == kind]


def salt_of(ceremony, who):
    (line,) = [line for line in ceremony.told if f"{who}: the dice are taken, salt: " in line]
    return line.partition("salt: ")[2]


def answered(**answers):
    """An inherited pipe that gives these answers."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(answers).encode())
    os.close(writing)
    return str(reading)


def checked(ceremony, name, *options, **answers):
    given = ["--answers-fd", answered(**answers)] if answers else []
    return run_command(["dice", "check", str(ceremony.directory), "--custodian", name, *options, *given])


def test_ten_sources_are_committed_shown_and_summed_and_each_finds_theirs(ceremony, capsys):
    run_until(ceremony, StepKind.LOAD)
    for kind in ("contribution_committed", "contribution_revealed"):
        sources = [body.source for body in bodies(ceremony, kind)]
        assert sources == ["system", *(f"custodian {index}" for index in range(1, 8)), "dice of custodian 1", "dice of custodian 5"]
    capsys.readouterr()
    assert checked(ceremony, "Eve", dice={EVE: rolls_of(EVE)}, salts={EVE: salt_of(ceremony, EVE)}) == 0
    out = capsys.readouterr().out
    shown = [body.points for body in bodies(ceremony, "contribution_revealed")][-1]
    assert "your rolls and words give exactly these 5 points" in out
    assert "With the points of 9 other sources they add up to the dealing's commitments" in out
    assert all(point in out for point in shown)
    assert checked(ceremony, "Eve", "--dry-run", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["points"], found["checked"], len(found["sources"])) == (list(shown), False, 10)


@pytest.mark.parametrize(
    ("name", "answers", "code"),
    [
        ("Eve", {"dice": {EVE: rolls_of(ADA)}, "salts": {EVE: None}}, 55),
        ("Ada", {"dice": {ADA: rolls_of(ADA)}, "salts": {ADA: "aardvark " * 31}}, 78),
        ("Ada", {"dice": {ADA: "1234"}, "salts": {ADA: None}}, 78),
        ("Ada", {"dice": {ADA: rolls_of(ADA)}}, 75),
        ("Ben", {"dice": {}, "salts": {}}, 30),
    ],
    ids=["another's dice", "other words", "too few rolls", "no salt", "no dice wanted"],
)
def test_what_does_not_fit_is_named(ceremony, name, answers, code, capsys):
    run_until(ceremony, StepKind.LOAD)
    salts = {who: words or salt_of(ceremony, who) for who, words in answers.get("salts", {}).items()}
    given = {"dice": answers["dice"], **({"salts": salts} if "salts" in answers else {})}
    assert checked(ceremony, name, **given) == code
    assert rolls_of(ADA) not in capsys.readouterr().err


def test_nothing_is_to_be_checked_before_the_dealing(ceremony):
    assert checked(ceremony, "Ada", dice={}, salts={}) == OutOfTurn.exit_code


def test_a_whole_ceremony_with_dice_closes_and_verifies(ceremony):
    ceremony.play()
    report = verify((ceremony.directory / TRANSCRIPT).read_bytes(), (ceremony.directory / "checkpoint").read_bytes(), Trust(rehearsal=True))
    assert not [row.check for row in report.rows if row.failure]
    (row,) = [row for row in report.rows if row.check == "contributions_were_committed_first"]
    assert "10 contributions" in row.finding.evidence


@pytest.mark.parametrize(("rolls", "error"), [("1" * 100, DiceRefused), ("12", DiceRefused), (AnswerError("none"), AnswerError)])
def test_dice_that_are_refused_begin_no_dealing_and_the_next_run_asks_again(ceremony, rolls, error, monkeypatch):
    def dice(_self, _who):
        if isinstance(rolls, Exception):
            raise rolls
        return rolls

    with monkeypatch.context() as patch:
        patch.setattr(Willing, "dice", dice)
        with pytest.raises(error):
            ceremony.run()
    assert not bodies(ceremony, "dealing_opened")
    run_until(ceremony, StepKind.LOAD)
    assert bodies(ceremony, "dealt")[0].dealing == 1


def test_exactly_the_sources_that_the_plan_wants_contribute(ceremony):
    run_until(ceremony, StepKind.DEAL)

    def act(c):
        c.write(DealingOpened(dealing=1, dealer_key=ONES))
        for source in ("system", *(f"custodian {index}" for index in range(1, 8)), "dice of custodian 1"):
            c.write(ContributionCommitted(dealing=1, source=source, digest=ONES))
        with pytest.raises(OutOfTurn, match="may not contribute"):
            c.write(ContributionCommitted(dealing=1, source="dice of custodian 2", digest=ONES))
        with pytest.raises(OutOfTurn, match="not every source has committed"):
            c.write(ContributionRevealed(dealing=1, source="system", points=()))

    ceremony.conduct(act)
