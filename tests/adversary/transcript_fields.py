"""Every field and every entry of a closed transcript, changed by hand and by an insider (scoreboard row 11).

By hand: one line is changed where it stands, or lines are dropped, doubled, swapped, spliced in from another ceremony, or replaced to
the end by another history (a fork). The insider at the operator's machine does the same and makes everything after it fit again, without
a key: hashes alone (`rehash` repairs index and `previous` of all later entries), or everything (`cover` repairs the act's root and all
digests too, see `forge`). Index and `previous` themselves are then no mutants, being repaired.

By hand, a changed line is judged as in `transcript_bytes`; a line that is no entry is refused in reading whatever follows it; everything
else goes through the whole `verify`.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import cache, reduce
from itertools import pairwise
from multiprocessing import get_context
from typing import Any

from ceremony.errors import CeremonyError
from ceremony.records.canonical import encode_canonical
from ceremony.records.entries import parse_entry
from ceremony.transcript.book import Book, parse_transcript
from ceremony.verify.verifier import verify
from tests.adversary.forge import Forger, encode_lines, parse_entries, rehash
from tests.adversary.played import Played, play
from tests.adversary.transcript_bytes import PROCESSES, Count, judge_whole, misnamed, prefix, read_changed
from tests.sweeps import Swept

Entry = dict[str, Any]
Path = tuple[str | int, ...]
REPAIRED = frozenset({("index",), ("previous",)})
ENTRIES_EVERY = 7
"""A budgeted sweep drops, doubles, swaps, splices and forks at the first entry of each kind and at every 7th."""
TURNS = 3
"""And there takes a third of the ways, which are different ones each time: 3 and 7 have no common divisor."""
_HEX = re.compile(r"0x[0-9a-f]+")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


# --- one field ---


def paths(value: Any, before: Path = ()) -> Iterator[Path]:
    """Where every member of every object and list stands, however deep."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*before, name)
        yield from paths(member, (*before, name))


def another(value: Any) -> Any:
    """Another value of the same type and, where it has one, of the same form."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return _another_text(value)
    if value is None:
        return 0
    return _another_group(value)


def _another_text(text: str) -> str:
    if _HEX.fullmatch(text):
        return f"{text[:5]}{int(text[5], 16) ^ 1:x}{text[6:]}"
    if _TIME.fullmatch(text):
        return f"{'2026' if text.startswith('2027') else '2027'}{text[4:]}"
    return text.replace('title = "', 'title = "Another ') if "\n" in text else f"{text}x"


def _another_group(value: Any) -> Any:
    if isinstance(value, dict):
        return {**value, "more": True}
    return value[::-1] if value[::-1] != value else [*value, *(value[-1:] or [0])]


def retyped(value: Any) -> Any:
    """A value of another type."""
    return {} if isinstance(value, list) else [] if isinstance(value, dict) else 0 if isinstance(value, str) else str(value)


def change_field(entry: Entry, path: Path, how: str) -> Entry:
    """The entry with the member at `path` dropped, retyped, or set to another value."""
    changed = deepcopy(entry)
    group: Any = changed
    for step in path[:-1]:
        group = group[step]
    if how == "dropped":
        del group[path[-1]]
    else:
        group[path[-1]] = (retyped if how == "retyped" else another)(group[path[-1]])
    return changed


def field_mutants(entries: Sequence[Entry], places: Sequence[int], *, full: bool) -> Iterator[tuple[int, Path, str]]:
    """Every field of these entries in three ways; with a budget, each field once for each kind of entry (and place in a list aside)."""
    seen = set()
    for place in places:
        for path in paths(entries[place]):
            field = (entries[place]["body"]["kind"], *_form(path))
            if full or field not in seen:
                seen.add(field)
                yield from ((place, path, how) for how in ("dropped", "retyped", "set"))


def _form(path: Path) -> Path:
    """A path without places in lists, and without the names of attributes: those are alike."""
    alike = ["name" if before in {"attributes", "own"} else 0 if isinstance(step, int) else step for before, step in pairwise(path)]
    return (*path[:1], *alike)


# --- one entry ---


@cache
def other_history() -> tuple[Entry, ...]:
    """The same people, the same ceremony, all signatures valid, but its first run tested something else."""
    played = play()
    forger = Forger(played.data, played.keys)
    forger.body("run_started")["self_tests"].append("one more")
    return tuple(parse_entries(forger.rebuild()))


def _drop(entries: list[Entry], place: int) -> list[Entry]:
    return entries[:place] + entries[place + 1 :]


def _double(entries: list[Entry], place: int) -> list[Entry]:
    return entries[: place + 1] + entries[place:]


def _swap(entries: list[Entry], place: int) -> list[Entry]:
    return [*entries[:place], *entries[place : place + 2][::-1], *entries[place + 2 :]]


def _splice(entries: list[Entry], place: int) -> list[Entry]:
    return [*entries[:place], parse_entries(play(2).data)[place], *entries[place + 1 :]]


def _fork(entries: list[Entry], place: int) -> list[Entry]:
    return [*entries[:place], *other_history()[place:]]


def _fork_of_another(entries: list[Entry], place: int) -> list[Entry]:
    return [*entries[:place], *parse_entries(play(2).data)[place:]]


WAYS: dict[str, Callable[[list[Entry], int], list[Entry]]] = {
    "dropped": _drop,
    "doubled": _double,
    "swapped": _swap,
    "spliced": _splice,
    "forked": _fork,
    "forked to another ceremony": _fork_of_another,
}


# --- the sweep ---


def sweep(full: bool) -> Swept:
    """All fields and entries, by hand and by both kinds of insider; with a budget, each field of each kind of entry once."""
    entries = parse_entries(play().data)
    play(2), other_history()
    fields = list(field_mutants(entries, range(len(entries)), full=full))
    places = [place for place in range(len(entries)) if full or place % ENTRIES_EVERY == 0 or _is_first(entries, place)]
    jobs = [("fields", fields[start : start + 60], full) for start in range(0, len(fields), 60)]
    jobs += [("entries", places[start : start + 2], full) for start in range(0, len(places), 2)]
    with get_context("fork").Pool(PROCESSES) as pool:
        total = reduce(Count.__add__, pool.imap_unordered(_sweep_part, jobs))
    what = f"{len(fields)} changes of fields, {len(places)} entries"
    note = f"{what}: {total.read} refused in reading, {total.checked} by a check, {total.open} not closed"
    return Swept(total.tried, total.faults, note)


def _is_first(entries: Sequence[Entry], place: int) -> bool:
    kind = entries[place]["body"]["kind"]
    return all(entry["body"]["kind"] != kind for entry in entries[:place])


def _sweep_part(job: tuple[str, list[Any], bool]) -> Count:
    what, cases, full = job
    return sweep_fields(play(), cases, full=full) if what == "fields" else sweep_entries(play(), cases, full=full)


def sweep_fields(played: Played, cases: Sequence[tuple[int, Path, str]], *, full: bool = True) -> Count:
    """These fields, by hand and by the insider; with a budget, the two kinds of insider take turns."""
    entries, total = parse_entries(played.data), Count()
    for turn, (place, path, how) in enumerate(cases):
        changed = change_field(entries[place], path, how)
        where = f"entry {place} {'.'.join(map(str, path))} {how}"
        total += _by_hand(played, place, encode_canonical(changed), where)
        if path not in REPAIRED:
            insiders = (_rehash, _cover) if full else ((_rehash, _cover)[turn // 3 % 2],)
            total += _by_insider(played, entries, place, changed, where, insiders)
    return total


def _by_hand(played: Played, place: int, line: bytes, where: str) -> Count:
    lines = played.data.splitlines(keepends=True)
    refusal = read_changed(prefix(_whole(played.data), place), line + b"\n", lines[place + 1 : place + 2])
    if refusal is not None:
        return Count(tried=1, read=1, faults=misnamed(where, refusal, place))
    return _judge(played, b"".join([*lines[:place], line + b"\n", *lines[place + 1 :]]), where)


@cache
def _whole(data: bytes) -> Book:
    return parse_transcript(data)


def _by_insider(
    played: Played, entries: list[Entry], place: int, changed: Entry, where: str, insiders: Sequence[Callable[[list[Entry]], bytes]]
) -> Count:
    try:
        parse_entry(encode_canonical(changed))
    except CeremonyError:
        return Count()  # by hand it was refused in reading, and no later entry changes that
    history = [*entries[:place], changed, *entries[place + 1 :]]
    return reduce(Count.__add__, (_judge(played, insider(history), f"{where}, {insider.__name__}") for insider in insiders))


def _rehash(entries: list[Entry]) -> bytes:
    return encode_lines(rehash(entries))


def _cover(entries: list[Entry]) -> bytes:
    """Everything that needs no key made to fit; where that cannot be worked out, hashes alone."""
    try:
        return Forger(_rehash(entries)).rebuild()
    except (CeremonyError, LookupError, AttributeError):
        return _rehash(entries)


def sweep_entries(played: Played, places: Sequence[int], *, full: bool = True) -> Count:
    """Ways to change order and number of entries at these places, by hand and by the insider; with a budget, a third of them in turn."""
    total = Count()
    for place in places:
        for turn, (how, change) in enumerate(WAYS.items()):
            if not full and (turn + place) % TURNS:
                continue
            history = change(parse_entries(played.data), place)
            where = f"entry {place} {how}"
            total += _judge(played, encode_lines([encode_canonical(entry) for entry in history]), where)
            total += _judge(played, _rehash(history), f"{where}, rehashed")
    return total


def _judge(played: Played, data: bytes, where: str) -> Count:
    """The whole verify; a fault unless what refuses it names an entry."""
    if data == played.data:
        return Count()
    report = verify(data, played.note, played.offline)
    failure = report.rows[-1].failure
    names = r"the roster" if data == play(2).data else r"\bentr(y|ies) \d"  # all of another ceremony has other people, and no wrong entry
    if failure is not None and not any(re.search(names, culprit) for culprit in failure.culprits):
        return Count(tried=1, checked=1, faults=(f"{where}: refused by {failure.check}, but names {failure.culprits}",))
    return judge_whole(where, report.verdict, failure)
