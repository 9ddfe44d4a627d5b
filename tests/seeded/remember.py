"""What many rehearsals in one process need not compute twice: pure functions of the same bytes, remembered.

Reading a line, a plan or a dealing's points, and folding entries, depend on nothing but what they are given; two thirds of a rehearsal went
into doing that again at every command. The judge's own `verify` folds afresh.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import fields, replace
from functools import lru_cache
from types import ModuleType
from typing import Any

from ceremony.conductor import conductor, custody, proving
from ceremony.hsm import holder
from ceremony.protocol import fold as folding
from ceremony.protocol.fold import apply, fold
from ceremony.protocol.state import State
from ceremony.quorum import dealings
from ceremony.transcript.book import Book
from tests.crash.sweep import remember_lines

FOLDS = 64
"""Beginnings of transcripts whose state is kept, the ones used last."""
_folds: "OrderedDict[tuple[int, bytes], State]" = OrderedDict()


def remember() -> None:
    """In this process, from now on."""
    remember_lines()
    conductor.fold = fold_on  # type: ignore[assignment]
    folding.parse_plan = lru_cache(folding.parse_plan)  # type: ignore[assignment]
    _replace("public_share", dealings, holder, custody)
    _replace("parse_points", dealings, proving)


def fold_on(book: Book) -> State:
    """As `fold`, from the longest beginning of this book whose state is known."""
    found = next((key for key in sorted(_folds, reverse=True) if key[0] <= len(book) and book.root(key[0]) == key[1]), None)
    if found is None:
        state = fold(book)
    else:
        _folds.move_to_end(found)
        state = copy_state(_folds[found])
        for entry in book.entries[found[0] :]:
            apply(state, entry)
    _folds[len(book), book.root()] = copy_state(state)
    while len(_folds) > FOLDS:
        _folds.popitem(last=False)
    return state


def copy_state(state: State) -> State:
    """Another one that says the same; entries are frozen, what holds them is not."""
    changed = {one.name: _copy(getattr(state, one.name)) for one in fields(state) if isinstance(getattr(state, one.name), set | dict)}
    return replace(state, **changed)


def _copy(held: Any) -> Any:
    if isinstance(held, set):
        return set(held)
    return {key: _copy(value) if isinstance(value, set | dict) else value for key, value in held.items()}


def _replace(name: str, *modules: ModuleType) -> None:
    real: Callable[..., Any] = getattr(modules[0], name)
    kept = lru_cache(maxsize=512)(real)

    def remembered(points: Any, *rest: Any) -> Any:
        return kept(tuple(points), *rest)

    for module in modules:
        setattr(module, name, remembered)
