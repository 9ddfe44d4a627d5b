"""The small ways in which a state remembers an entry, and the shapes of rules and effects (pure)."""

from collections.abc import Callable
from typing import Any

from ceremony.protocol.state import State
from ceremony.records.entries import Entry

Rule = Callable[[State, Any], str | None]
"""The reason why an entry with this body may not stand next, or None."""
Effect = Callable[[State, Entry], None]


def body_of(entry: Entry) -> Any:  # noqa: ANN401 - whoever asks has looked its kind up
    """The entry's body, as the kind that it is."""
    return entry.body


def keep(name: str) -> Effect:
    """Remember the body under this name."""
    return lambda state, entry: setattr(state, name, entry.body)


def keep_by(name: str, key: str) -> Effect:
    """Remember the body in the mapping of this name, by one of its fields."""
    return lambda state, entry: getattr(state, name).__setitem__(getattr(entry.body, key), entry.body)
