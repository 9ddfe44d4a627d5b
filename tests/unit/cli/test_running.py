"""What `ceremony run` refuses, says and asks around the conductor."""

import pytest

from ceremony.cli import run_command
from ceremony.cli.running import _confirm_loss, read_state_locked
from ceremony.cli.wiring import ask_payer
from ceremony.errors import DirectoryError, Owed
from ceremony.records.plan_text import parse_plan
from ceremony.transcript.journal import TRANSCRIPT
from tests.simulators.ceremony_directory import plan_text
from tests.simulators.stages import Stage, ceremony_at


class Asked:
    def __init__(self):
        self.lines = []

    def confirm(self, who, lines, _question):
        self.lines += [(who, line) for line in lines]


def test_a_directory_that_holds_something_else_is_refused_before_anything(tmp_path, capsys):
    plan, place = tmp_path / "plan.toml", tmp_path / "place"
    plan.write_text(plan_text())
    place.mkdir()
    (place / "holiday.jpg").write_bytes(b"")
    assert run_command(["run", str(plan), "--dir", str(place)]) == DirectoryError.exit_code
    assert "holiday.jpg" in capsys.readouterr().err
    assert [path.name for path in place.iterdir()] == ["holiday.jpg"]


def test_an_entry_cut_short_is_told(tmp_path, capsys):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path)
    path = ceremony.directory / TRANSCRIPT
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    book, _ = read_state_locked(ceremony.directory)
    assert len(book) == whole.count(b"\n") - 1
    assert f"{len(whole.splitlines(keepends=True)[-1]) - 20} bytes of an entry cut short" in capsys.readouterr().err
    read_state_locked(ceremony.directory)
    assert not capsys.readouterr().err


@pytest.mark.parametrize("signed", [frozenset(), frozenset({1, 2})])
def test_closing_signatures_are_given_up_only_with_a_yes(signed):
    people = Asked()
    _confirm_loss(people, signed)
    assert [who for who, _ in people.lines] == ["the operator"] * bool(signed)
    assert not signed or "given already: 2" in people.lines[0][1]


def test_the_password_of_a_key_file_is_typed_by_a_person(tmp_path):
    keystore = tmp_path / "payer.json"
    keystore.write_text("{}")
    with pytest.raises(Owed, match="must be typed by a person"):
        ask_payer(keystore, parse_plan(plan_text()))
    with pytest.raises(DirectoryError, match="no key file"):
        ask_payer(tmp_path / "none.json", parse_plan(plan_text()))
