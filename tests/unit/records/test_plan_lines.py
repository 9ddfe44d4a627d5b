"""Finding lines in TOML that nobody would write by hand."""

import pytest

from ceremony.records.plan_lines import Lines
from ceremony.records.plan_problem import Place

ODD = '''
a.b."c.d" = """
[not]
x = "1" ""\\""""" # two quotes, then the end"[
'e f' = \'\'\'
[[no]] # = '
\'\'\'\'
list = [ # [
  "]", {x = "}", y = [1,
  2]},
]
flat = [ 1 # 0, "0"
  , 2, 3,
  "]", # [
  [], ]

empty = [

]
[ t . u ] # [v]
"k=k" = 1
[[t.l]]
n=1
[[t.l]]
  [[t.l.m]]
  n = 2
  [t.l.m.z]
  [[t.l.m]]
  n = 3
[t.l.o.p]
last = 1'''


@pytest.mark.parametrize(
    ("place", "line"),
    [
        (("a",), 2),
        (("a", "b"), 2),
        (("a", "b", "c.d"), 2),
        (("not",), 1),
        (("x",), 1),
        (("e f",), 5),
        (("list",), 8),
        (("list", 1, "y"), 9),
        (("t", "u"), 20),
        (("t", "u", "k=k"), 21),
        (("t", "l"), 22),
        (("t", "l", 0), 22),
        (("t", "l", 0, "n"), 23),
        (("t", "l", 1), 24),
        (("t", "l", 1, "m"), 25),
        (("t", "l", 1, "m", 0, "n"), 26),
        (("t", "l", 1, "m", 0, "z"), 27),
        (("t", "l", 1, "m", 1), 28),
        (("t", "l", 1, "m", 1, "n"), 29),
        (("t", "l", 1, "m", 1, "missing"), 28),
        (("t", "l", 1, "o", "p"), 30),
        (("t", "l", 1, "o", "p", "last"), 31),
        ((), 1),
        (("list", 0), 9),
        (("list", 1), 9),
        (("list", 1, "y", 1), 9),
        (("list", 2), 8),
        (("flat", 0), 12),
        (("flat", 1), 13),
        (("flat", 2), 13),
        (("flat", 3), 14),
        (("flat", 4), 15),
        (("flat", 5), 12),
        (("empty", 0), 17),
    ],
)
def test_lines_in_odd_toml(place: Place, line: int) -> None:
    assert Lines(ODD).of(place) == line
