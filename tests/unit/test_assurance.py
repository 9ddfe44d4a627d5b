"""The README's assurance table: every promise has evidence, and every test it names exists."""

import ast
import re
from pathlib import Path

HOUSE = Path(__file__).parent.parent.parent
TABLE = HOUSE.joinpath("README.md").read_text().partition("## Assurance")[2]
ROW = re.compile(r"^\| (P\d) .*$", re.MULTILINE)
ID = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_promise_has_a_row_with_evidence() -> None:
    rows = {match[1]: ID.findall(match[0]) for match in ROW.finditer(TABLE)}
    assert sorted(rows) == [f"P{number}" for number in range(1, 10)]
    assert all(len(ids) > 1 for ids in rows.values())


def test_every_test_it_names_exists() -> None:
    for path, name in ID.findall(TABLE):
        functions = [node.name for node in ast.parse((HOUSE / path).read_text()).body if isinstance(node, ast.FunctionDef)]
        assert name in functions, f"{path}::{name}"
