"""On which line of a plan something stands: TOML readers do not say, and people need to know."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field

from ceremony.records.plan_problem import Place

_PIECE = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}|'
    r"'''.*?'{3,5}|"
    r'"(?:\\.|[^"\\\n])*"|'
    r"'[^'\n]*'|"
    r"#[^\n]*|"
    r"[^\"'#\[\]{}=\n]+|.",
    re.DOTALL,
)
"""A string, a comment, a run of other text, or one of the characters that shape a statement."""


@dataclass
class _Statement:
    """What stands between two ends of lines that count: a table's brackets, or keys, "=" and a value."""

    line: int = 1
    head: str = ""
    value: list[tuple[int, str]] = field(default_factory=list)
    is_value: bool = False

    def add(self, piece: str, line: int) -> None:
        """One more piece, which begins on `line`."""
        if self.is_value:
            self.value.append((line, piece))
        elif piece == "=":
            self.is_value = True
        else:
            self.line = line  # a head stands on one line
            self.head += piece


class Lines:
    """Where everything in a valid TOML text stands."""

    def __init__(self, text: str) -> None:
        self._at: dict[Place, int] = {}
        self._tables: dict[Place, int] = {}
        """How many tables each list of tables has so far."""
        table: Place = ()
        for statement in _statements(text):
            head = statement.head.strip()
            if head.startswith("["):
                table = self._open(head, statement.line)
            else:
                self._note((*table, *_keys(head)), len(table), statement)

    def of(self, place: Place) -> int:
        """The line of what stands at `place`, or of the nearest thing around it that has a line."""
        while place and place not in self._at:
            place = place[:-1]
        return self._at.get(place, 1)

    def _open(self, head: str, line: int) -> Place:
        """The place of the table that `[a.b]` or `[[a.b]]` opens."""
        many = head.startswith("[[")
        *parents, last = _keys(head[2:-2] if many else head[1:-1])
        place: Place = ()
        for key in parents:
            place = self._inside((*place, key))
        place = (*place, last)
        self._at.setdefault(place, line)
        if many:
            self._tables[place] = self._tables.get(place, 0) + 1
            place = self._inside(place)
        self._at[place] = line
        return place

    def _inside(self, place: Place) -> Place:
        """In a list of tables, its newest table is meant."""
        return (*place, self._tables[place] - 1) if place in self._tables else place

    def _note(self, place: Place, known: int, statement: _Statement) -> None:
        for size in range(known + 1, len(place) + 1):
            self._at.setdefault(place[:size], statement.line)
        for number, line in enumerate(_member_lines(statement.value)):
            self._at[*place, number] = line


def _statements(text: str) -> Iterator[_Statement]:
    """The statements of a text, in their order."""
    line, depth, made = 1, 0, _Statement()
    for piece in _PIECE.findall(f"{text}\n"):
        depth += _step(piece)
        if piece == "\n" and depth == 0:
            if made.head.strip():
                yield made
            made = _Statement()
        elif not piece.startswith("#"):
            made.add(piece, line)
        line += piece.count("\n")


def _step(piece: str) -> int:
    """How many brackets deeper the text is after this piece."""
    return (piece in {"[", "{"}) - (piece in {"]", "}"})


def _member_lines(value: list[tuple[int, str]]) -> list[int]:
    """The line of each member of a value that is a list."""
    found: list[int] = []
    depth, is_next = 0, True
    for line, piece in value:
        parts = piece.split(",") if depth == 1 and piece[0] not in "\"']" else [piece.strip("]")]
        for number, part in enumerate(parts):
            is_next = is_next or number > 0
            if depth == 1 and is_next and part.strip():
                found.append(line)
                is_next = False
        depth += _step(piece)
    return found


def _keys(text: str) -> list[str]:
    """The keys of a dotted name, read by the TOML reader itself."""
    found: list[str] = []
    inner: object = tomllib.loads(f"{text} = 0")
    while isinstance(inner, dict):
        name, inner = next(iter(inner.items()))
        found.append(name)
    return found
