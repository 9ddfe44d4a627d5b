"""The limits of DESIGN 6, and the purity that an import linter cannot see."""

import ast
import statistics
import tomllib
from pathlib import Path

HOUSE = Path(__file__).parent.parent.parent
FILES = sorted((HOUSE / "ceremony").rglob("*.py"))
MEDIAN_FILE, LONGEST_FILE, MEDIAN_FUNCTION = 150, 350, 13


def functions() -> list[ast.FunctionDef]:
    return [node for path in FILES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]


def test_files_stay_in_the_band() -> None:
    lines = {path: path.read_text().splitlines() for path in FILES if path.read_text().count("\n") > 1}
    assert statistics.median(len(text) for text in lines.values()) < MEDIAN_FILE
    long = [path.name for path, text in lines.items() if len(text) > LONGEST_FILE and "because" not in text[0]]
    assert not long, f"over {LONGEST_FILE} lines without a reason (because ...) in the first line: {long}"


def test_functions_stay_in_the_band() -> None:
    assert statistics.median(node.end_lineno - node.lineno + 1 for node in functions()) < MEDIAN_FUNCTION


def test_pure_rooms_do_not_open_print_or_ask() -> None:
    contracts = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    pure = next(one["source_modules"] for one in contracts if one["name"].startswith("Pure rooms"))
    assert len(pure) > 20
    for module in pure:
        place = HOUSE / module.replace(".", "/")
        for path in sorted(place.rglob("*.py")) or [place.with_suffix(".py")]:
            calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
            names = {node.func.id for node in calls if isinstance(node.func, ast.Name)}
            assert not names & {"open", "print", "input", "exec", "eval"}, path


def test_no_room_has_a_name_that_says_nothing() -> None:
    nothing = {"common", "utils", "util", "helpers", "helper", "misc", "core", "manager", "service"}
    assert not [path for path in FILES if {path.stem, *path.parts[len(HOUSE.parts) : -1]} & nothing]
