"""`ceremony replace`: the plan of a successor, what it will carry over, and what will be lost."""

import json

import pytest

from ceremony.cli import run_command
from ceremony.conductor.custody import register
from ceremony.errors import DirectoryError, OutOfTurn, PlanError
from ceremony.records.plan_text import parse_plan
from tests.simulators.custody import custody, sealed_to
from tests.simulators.stages import Stage, ceremony_at
from tests.simulators.successor import ENVELOPES, SuccessorCeremony


@pytest.fixture
def closed(tmp_path):
    """A closed ceremony's directory, with three envelopes registered."""
    with custody(tmp_path) as here:
        for number, description in enumerate(ENVELOPES):
            register(here, sealed_to(here.conductor.state, description, entropy=bytes([number + 1]) * 48))
        state = here.conductor.state
    return tmp_path / "ceremony", state


def test_the_plan_is_the_old_one_with_its_predecessor_and_its_contract(closed, tmp_path, capsys):
    directory, state = closed
    target = tmp_path / "next.toml"
    assert run_command(["replace", str(directory), "-o", str(target)]) == 0
    text = capsys.readouterr().out
    assert "Registered envelopes: 3" in text
    assert "WILL BE LOST" in text
    plan = parse_plan(target.read_text())
    assert (plan.succeeds.ceremony, plan.succeeds.directory) == (state.opened.ceremony, str(directory))
    assert plan.chain.contract == state.contract
    same = plan.model_copy(update={"succeeds": None, "chain": plan.chain.model_copy(update={"contract": "deploy"})})
    assert same == state.plan
    assert run_command(["replace", str(directory), "-o", str(target)]) == DirectoryError.exit_code
    assert run_command(["plan", "show", str(target)]) == 0
    shown = capsys.readouterr().out
    assert f"Succeeds:   ceremony {state.opened.ceremony}\n  in {directory}; its contract {state.contract} is taken over\n" in shown
    assert "Follows:" not in shown


def test_a_dry_run_writes_nothing(closed, tmp_path, capsys):
    directory, _ = closed
    target = tmp_path / "next.toml"
    assert run_command(["replace", str(directory), "-o", str(target), "--dry-run"]) == 0
    assert "Would succeed" in capsys.readouterr().out
    assert run_command(["replace", str(directory), "-o", str(target), "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["description"] for one in found["envelopes"]] == list(ENVELOPES)
    assert not target.exists()


def test_only_a_closed_ceremony_is_succeeded(tmp_path):
    ceremony = ceremony_at(Stage.NAMED, tmp_path)
    target = tmp_path / "next.toml"
    assert run_command(["replace", str(ceremony.directory), "-o", str(target)]) in {0, OutOfTurn.exit_code}
    other = ceremony_at(Stage.PROPOSED, tmp_path / "other")
    assert run_command(["replace", str(other.directory), "-o", str(tmp_path / "x.toml")]) == OutOfTurn.exit_code


def test_a_successor_is_succeeded_in_turn(tmp_path, capsys):
    """The plan of the third names the second; what the second carried over stands first on its list."""
    with custody(tmp_path) as here:
        register(here, sealed_to(here.conductor.state, "from the first"))
    second = SuccessorCeremony(tmp_path, 7)
    second.play()
    target = tmp_path / "third.toml"
    assert run_command(["replace", str(second.directory), "-o", str(target), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["description"] for one in found["envelopes"]] == ["from the first"]
    plan = parse_plan(target.read_text())
    assert plan.succeeds.directory == str(second.directory)
    assert target.read_text().count("[succeeds]") == 1


def test_a_successor_that_would_deploy_is_refused(closed, tmp_path, capsys):
    directory, _ = closed
    target = tmp_path / "next.toml"
    run_command(["replace", str(directory), "-o", str(target)])
    plan = parse_plan(target.read_text())
    target.write_text(target.read_text().replace(f'"{plan.chain.contract}"', '"deploy"'))
    capsys.readouterr()
    assert run_command(["plan", "check", str(target)]) == PlanError.exit_code
    assert "succession-contract" in capsys.readouterr().err
