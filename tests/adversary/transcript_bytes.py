"""Every byte of a closed transcript and of its checkpoint: eight flips, deleted, doubled, one put before it (scoreboard row 10).

A whole `verify` takes a tenth of a second and there are a million mutants, so most of them are judged by less than all of it, and this is
why that is the same:

- `verify` begins with `parse_transcript`, which splits the bytes at newlines and appends line after line to a `Book`; the first line that
  `Book.append` refuses ends everything as REFUSED. What `append` does depends on the line, on how many stand before it and on the last of
  them alone. A mutant differs from the original in one line (or in two that a lost newline joins, or in one that a new newline parts), so
  all lines before it are the original ones and already appended: the sweep walks down the transcript with the real `Book` of the original
  lines, offers it the changed lines and then the next original one, and calls the mutant refused only when `append` itself refused.
- What is accepted so far goes through the whole `verify`, and so does what touches the last line's newline. Accepted before the last line,
  which alone no later line binds, it is a fault by itself.
- The checkpoint is read by `transcript_is_closed` alone (`test_transcript_bytes` shows that no other check changes with it), so that check
  alone judges mutants of it; what it lets pass goes through the whole `verify`.

Beside this, every `CROSS`-th mutant of the transcript is judged by the whole `verify` too, and must get the same answer.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from multiprocessing import get_context

from ceremony.errors import CeremonyError, CheckFailed
from ceremony.protocol.fold import fold
from ceremony.transcript.book import Book, parse_transcript
from ceremony.transcript.merkle import Tree, leaf_hash
from ceremony.verify.act_checks import transcript_is_closed
from ceremony.verify.report import Verdict
from ceremony.verify.state import Subject
from ceremony.verify.verifier import verify
from tests.adversary.played import Played, play
from tests.sweeps import Swept

PROCESSES = 2
EVERY = 97
"""A budgeted sweep takes every 97th byte: a prime, so that it falls on all places of an entry in turn."""
CROSS = 1009
KINDS = 8 + 3
"""Mutants of one byte."""


@dataclass(frozen=True)
class Count:
    """What became of the mutants: refused by the reading layer or by a check, not closed, or worse, accepted, or refused without a name."""

    tried: int = 0
    read: int = 0
    checked: int = 0
    open: int = 0
    faults: tuple[str, ...] = ()

    def __add__(self, other: "Count") -> "Count":
        return Count(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))


def mutants(data: bytes, place: int) -> Iterator[tuple[str, bytes]]:
    """What stands instead of the byte at `place`: each bit flipped, nothing, the byte twice, a blank before it."""
    byte = data[place : place + 1]
    for bit in range(8):
        yield f"bit {bit} flipped", bytes([byte[0] ^ 1 << bit])
    yield "deleted", b""
    yield "doubled", byte * 2
    yield "a zero put before", b"0" + byte


def sweep(full: bool) -> Swept:
    """All bytes, or every 97th of the transcript and all of the checkpoint."""
    played = play()
    step = 1 if full else EVERY
    lines = len(parse_transcript(played.data))
    jobs = [("transcript", step, part) for part in _parts(lines)] + [("checkpoint", 1, part) for part in _parts(len(played.note), 100)]
    with get_context("fork").Pool(PROCESSES) as pool:
        total = reduce(Count.__add__, pool.imap_unordered(_sweep_part, jobs))
    note = f"{total.read} refused in reading, {total.checked} by a check, {total.open} not closed"
    return Swept(total.tried, total.faults, note)


def _parts(size: int, width: int = 8) -> list[range]:
    return [range(start, min(start + width, size)) for start in range(0, size, width)]


def _sweep_part(job: tuple[str, int, range]) -> Count:
    what, step, part = job
    played = play()  # played before the processes parted
    return sweep_lines(played, step, part) if what == "transcript" else sweep_note(played, part)


# --- the transcript ---


def sweep_lines(played: Played, step: int, part: Sequence[int]) -> Count:
    """Mutants of every `step`-th byte of the transcript that falls into these lines."""
    lines = played.data.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    before, total = parse_transcript(b"".join(lines[: max(part)])), Count()
    for number in part:
        book = prefix(before, number)
        first = -starts[number] % step
        for place in range(first, len(lines[number]), step):
            for how, instead in mutants(lines[number], place):
                at = starts[number] + place
                changed = lines[number][:place] + instead + lines[number][place + 1 :]
                total += _judge_line(played, book, changed, lines[number + 1 : number + 2], (at, how, instead))
                if len(book) != number:  # the mutant's own line was taken: go back to what stands before it
                    book = prefix(before, number)
    return total


def prefix(whole: Book, size: int) -> Book:
    """The book as it was when it had `size` entries."""
    book = Book()
    book.entries, book.lines = whole.entries[:size], whole.lines[:size]
    book.tree = Tree(leaf_hash(line) for line in book.lines)
    return book


def _judge_line(played: Played, book: Book, changed: bytes, following: list[bytes], mutant: tuple[int, str, bytes]) -> Count:
    at, how, instead = mutant
    number, where = len(book), f"byte {at} {how}"
    data = played.data[:at] + instead + played.data[at + 1 :]
    if data == played.data:
        return Count()  # a digit doubled beside itself: not a mutant
    refusal = read_changed(book, changed, following)
    if refusal is None and following:
        return Count(tried=1, faults=(f"{where}: read without complaint, though another entry follows",))
    whole = refusal is None or at % CROSS == 0
    if not whole:
        return Count(tried=1, read=1, faults=misnamed(where, refusal, number))
    report = verify(data, played.note, played.offline)
    failure = report.rows[-1].failure
    if refusal is not None:
        same = failure is not None and (failure.check, failure.culprits) == ("transcript_is_whole", refusal.culprits)
        faults = () if same else (f"{where}: the whole verify answers {report.words}, {failure}",)
        return Count(tried=1, read=1, faults=faults + misnamed(where, refusal, number))
    return judge_whole(where, report.verdict, failure)


def read_changed(book: Book, changed: bytes, following: list[bytes]) -> CeremonyError | None:
    """How reading refuses the changed lines, or the original one after them; None when it takes them all."""
    given = (changed + b"".join(following)).split(b"\n")
    if given.pop():  # the file would end without a newline
        return None
    try:
        for line in given:
            book.append(line)
    except CeremonyError as error:
        return error
    return None


def misnamed(where: str, refusal: CeremonyError | None, number: int) -> tuple[str, ...]:
    """A fault unless the refusal names the changed entry or a neighbour.

    A changed `previous` reads like a change of the entry before, and a new newline begins the line behind.
    """
    named = refusal.culprits if refusal else ()
    right = {(f"entry {place}",) for place in (number - 1, number, number + 1)}
    return () if named in right else (f"{where}: refused, but names {named}",)


# --- the checkpoint ---


def sweep_note(played: Played, part: Iterable[int]) -> Count:
    """Mutants of these bytes of the checkpoint."""
    book = parse_transcript(played.data)
    state = fold(book)
    total = Count()
    for place in part:
        for how, instead in mutants(played.note, place):
            note = played.note[:place] + instead + played.note[place + 1 :]
            if note != played.note:
                total += _judge_note(played, Subject(book, state, note, played.offline), f"checkpoint byte {place} {how}")
    return total


def _judge_note(played: Played, subject: Subject, where: str) -> Count:
    try:
        limit = transcript_is_closed(subject).limit
    except CeremonyError as error:
        return Count(tried=1, checked=1, faults=() if error.culprits else (f"{where}: refused, but names nobody",))
    if limit is Verdict.NOT_CLOSED:
        return Count(tried=1, open=1)
    report = verify(played.data, subject.note, played.offline)
    return judge_whole(where, report.verdict, report.rows[-1].failure)


def judge_whole(where: str, verdict: Verdict, failure: CheckFailed | None) -> Count:
    if failure is not None:
        return Count(tried=1, checked=1, faults=() if failure.culprits else (f"{where}: refused by {failure.check}, but names nobody",))
    if verdict is Verdict.NOT_CLOSED:
        return Count(tried=1, open=1)
    return Count(tried=1, faults=(f"{where}: accepted as {verdict.words}",))
