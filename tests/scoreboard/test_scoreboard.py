"""The scoreboard's words: green only for what was measured and reached its target."""

import sys

import pytest

from scripts import scoreboard_rows as board
from scripts.scoreboard_rows import Measured, Row
from tests.sweeps import Swept

BROKEN = Row("a broken sweep", "none", measure=lambda _real: [].pop())
ABSENT = Row("a missing module", "none", measure=board.swept("tests.no_such_module"))
GOOD = Row("good", "all", measure=lambda _real: Measured("3 tried, 0 faults", passed=True))
BAD = Row("bad", "all", measure=lambda _real: Measured("3 tried, 1 fault", passed=False, faults=("entry 3 is lost",)))
LATER = Row("later", "all", "custody")


def shown(row, capsys):
    passed = board.show(9, row, real=False)
    return passed, capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "passed", "words"),
    [
        (GOOD, True, "PASS"),
        (BAD, False, "FAIL"),
        (BAD, False, "entry 3 is lost"),
        (BROKEN, False, "the sweep itself broke"),
        (ABSENT, None, "not measured (tests.no_such_module is not there)"),
        (LATER, None, "not measured (later issue: custody)"),
    ],
)
def test_each_row_says_what_it_is(row, passed, words, capsys):
    found, line = shown(row, capsys)
    assert found is passed
    assert words in line
    assert ("PASS" in line) is (passed is True)


@pytest.mark.parametrize(("parts", "passed"), [([Swept(5, ())], True), ([Swept(4, ())], False), ([Swept(5, ()), Swept(5, ("x",))], False)])
def test_a_sweep_passes_only_whole_and_without_faults(parts, passed):
    assert board._join(parts, least=5).passed is passed


@pytest.mark.parametrize(("rows", "code"), [((GOOD, LATER), 0), ((BAD, GOOD), 1), ((LATER, ABSENT), 0), ((GOOD, BROKEN), 1)])
def test_the_exit_code_is_of_measured_rows_only_and_every_row_is_shown(rows, code, monkeypatch, capsys):
    monkeypatch.setattr(board, "ROWS", dict(enumerate(rows, 1)))
    monkeypatch.setattr(sys, "argv", ["scoreboard"])
    assert board.main() == code
    assert len([line for line in capsys.readouterr().out.splitlines() if line[:3].strip().isdigit()]) == len(rows)


def test_every_row_of_the_threats_has_its_line():
    assert set(board.ROWS) == {*range(1, 21), 23, 24, 25, 26, 27, 28, 29, 32, 33}
    assert all(row.measure or row.issue != "ceremony" for row in board.ROWS.values())


def test_a_row_that_does_not_exist_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["scoreboard", "--rows", "99"])
    with pytest.raises(SystemExit):
        board.main()
