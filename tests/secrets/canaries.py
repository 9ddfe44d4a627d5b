"""Rows 25 and 26: what the dealer knew, the PINs and the file key, looked for in all that a real ceremony left, said and held in memory.

Each search is first made for what a leaky dealer gave away: it must find that, or it would show nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.secrets.forms import Needle, hits, number, raw, text
from tests.secrets.played import Watched, watched
from tests.sweeps import Swept

MASTER, FILE_KEY, PIN = "the master secret", "the file key", "the PIN"
NEVER = "dealer's"
"""Begins the name of what only the dealer may know."""


@dataclass(frozen=True)
class Found:
    """One search: how many pieces were looked for, in how many bytes, and what was found where."""

    pieces: int
    size: int
    hits: Mapping[tuple[str, str], set[str]]

    def faults(self, where: str) -> list[str]:
        """Every hit in words."""
        return [f"{secret} as {form} in {where}: {sorted(files)[:3]}" for (secret, form), files in sorted(self.hits.items())]


def dealers(notes: Sequence[Mapping[str, Any]]) -> list[Needle]:
    """All that a dealer knew: nine seeds (one of dice), the polynomial that they add up to (first of it the secret), seven shares."""
    (dealt,) = [note for note in notes if "shares" in note]
    seeds = {str(note["source"]): str(note["seed"]) for note in notes if "seed" in note}
    coefficients, shares = list(dealt["coefficients"]), list(dealt["shares"])
    assert (len(seeds), len(coefficients), len(shares)) == (9, 5, 7)
    return [
        *(needle for source, seed in seeds.items() for needle in raw(f"{NEVER} seed of {source}", bytes.fromhex(seed))),
        *number(f"{NEVER} master secret", int(coefficients[0], 16)),
        *(needle for m, one in enumerate(coefficients[1:], 1) for needle in number(f"{NEVER} coefficient {m}", int(one, 16))),
        *(needle for index, one in enumerate(shares, 1) for needle in number(f"{NEVER} share {index}", int(one, 16))),
    ]


def file_keys(seen: Watched) -> list[Needle]:
    """The keys that combiners gave back: two of the test envelope (one key), one of the file."""
    keys = {str(note["file_key"]) for note in seen.known if "file_key" in note}
    return [needle for key in sorted(keys) for needle in raw(FILE_KEY, bytes.fromhex(key))]


def pins(seen: Watched) -> list[Needle]:
    """Seven PINs."""
    return [needle for pin in seen.pins.values() for needle in text(PIN, pin)]


def places(seen: Watched) -> Iterator[tuple[str, Path]]:
    """Where nothing secret may be, by name."""
    yield "what was printed, and shown at a terminal", seen.out / "said"
    yield "the transcript, checkpoint, plan and journals", seen.directory
    yield "command lines and environments", seen.seen
    yield "temporary files, the home and the working directory (cores, too)", seen.out / "tmp"
    yield "the home", seen.out / "home"
    yield "the working directory", seen.out / "cwd"
    yield "the tokens, as they lie on the disk", seen.out / "tokens"
    yield "the directory while wrapped shards stood in it", seen.shots
    yield "everything else that the ceremony left", seen.out


def searched(place: Path, needles: Sequence[Needle], *, but: str = ".mem") -> Found:
    """One place; snapshots of memory have a row of their own."""
    size = sum(path.stat().st_size for path in place.rglob("*") if path.is_file() and path.suffix != but)
    found = {what: {file for file in files if not file.endswith(but)} for what, files in hits(place, needles).items()}
    return Found(len(needles), size, {what: files for what, files in found.items() if files})


def sweep(*, full: bool) -> Swept:
    """Row 25; the same whether `full` or not."""
    seen = watched()
    needles = [*dealers(seen.known), *file_keys(seen), *pins(seen)]
    faults: list[str] = []
    for name, place in places(seen):
        found = searched(place, needles)
        faults += found.faults(name)
        faults += [] if found.size or place.name in {"tmp", "home"} else [f"nothing was searched in {name}"]
    faults += [f"left behind: {path}" for name in ("tmp", "home") for path in (seen.out / name).iterdir()]
    faults += [f"a core: {path}" for path in (seen.out / "cwd").iterdir() if path.name.startswith("core")]
    faults += _unseen(seen)
    looked = len({needle.secret for needle in needles}) + len(seen.pins) - 1
    note = f"{looked} secrets in {len({needle.form for needle in needles})} forms, {len(list(places(seen)))} places"
    return Swept(len(needles) * len(list(places(seen))), tuple(faults), f"{note}; {len(faults)} hits")


def _unseen(seen: Watched) -> Iterator[str]:
    """What shows that the search would find: the leaky dealer's words and file, and that the processes were looked at."""
    leaked = dealers(seen.leaks)
    if f"{NEVER} master secret" not in {secret for secret, _ in searched(seen.out / "said", leaked).hits}:
        yield "the leaky dealer's error is not found"
    if (f"{NEVER} master secret", "reversed bytes") not in hits(seen.leaked, leaked):
        yield "the leaky dealer's temporary file is not found"
    for module in (b"dealer_process", b"combiner_process", b"agent_process"):
        if not any(module in command for command in seen.onlooker.commands):
            yield f"{module.decode()} was never seen running"
