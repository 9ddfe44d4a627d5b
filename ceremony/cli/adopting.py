"""What `ceremony adopt` does: people type, a process of its own combines and seals, and only the sealed file comes back."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from ceremony.cli.people import Answers, Terminal, ask_hidden, open_people
from ceremony.cli.sealing import STREAM, read_master, require_description, require_new, write_stream
from ceremony.cli.wiring import now, read_state
from ceremony.custody import adoption as m
from ceremony.custody.spawned import SpawnedAdopter
from ceremony.disk import named_faults
from ceremony.errors import AdoptionError, AnswerError
from ceremony.records.base import from_hex
from ceremony.records.evidence import EnvelopeHeader

OPERATOR = "the operator"
COMPARE = "Before you destroy what it came from, open the sealed file once with five tokens, and compare."
PASSPHRASE = "Nothing can tell a wrong passphrase from the right one: it gives another secret."  # noqa: S105 - it is about one
CHECKED = "All shares agree, so that none of them was mistyped."
UNCHECKED = (
    "These are no more shares than are needed, and their format has no checksum:",
    "one that is mistyped or foreign gives a wrong secret, and nothing will say so.",
)


@dataclass(frozen=True)
class Wanted:
    """What the command line asked for: a file, or with k and size old share strings, or else mnemonics."""

    place: Path
    target: str
    source: str | None
    k: int | None
    size: int | None
    text: str | None
    answers_fd: int | None
    quiet: bool

    @property
    def what(self) -> str:
        """One share of its kind, as it is called."""
        return "mnemonic" if self.k is None else "share"

    @property
    def description(self) -> str:
        """What the envelope will say."""
        where = "SLIP-39 mnemonics" if self.k is None else "secretsharing strings"
        if self.source is not None:
            where = "standard input" if self.source == STREAM else Path(self.source).name
        return require_description(self.text, f"adopted from {where}")


class Sheet:
    """Shares in the order in which they are typed at the terminal, or stand in a rehearsal's answers."""

    def __init__(self, people: Terminal | Answers, what: str) -> None:
        self._people, self._what = people, what
        self._given = _listed(people) if isinstance(people, Answers) else None

    def share(self, number: int, *, needed: bool) -> str | None:
        """Share `number`; None when there is no more, which may be said only when it is not needed."""
        if self._given is not None:
            return self._given[number - 1] if number <= len(self._given) else None
        rest = "" if needed else "; empty if there is no more"
        return ask_hidden(f"{self._what.capitalize()} {number} (not shown{rest})") or (None if not needed else "")

    def refuse(self, error: AdoptionError) -> None:
        """Say what is wrong with a share, so that it is typed again; answers from a pipe get no second try."""
        if self._given is not None:
            raise error
        click.echo(f"      {error.message}. {error.next_step}", err=True)  # with --json too: somebody is typing

    def passphrase(self) -> str:
        """SLIP-39's, typed twice; empty where there is none."""
        if isinstance(self._people, Answers):
            return str(self._people.given("passphrase") or "")
        while True:
            first = ask_hidden("Passphrase of the mnemonics (not shown; empty if there is none)")
            if not first.isascii():
                click.echo("      SLIP-39 takes ASCII only. Type it as it was when the mnemonics were made.", err=True)
            elif ask_hidden("The same once more") == first:
                return first
            else:
                click.echo("      These were two different ones.", err=True)


def preview(wanted: Wanted) -> tuple[str, ...]:
    """What would be asked for, and whom it would be sealed to."""
    master = read_master(wanted.place)
    require_new(wanted.target)
    from_where = wanted.source or (
        "SLIP-39 mnemonics, typed one by one, and their passphrase"
        if wanted.k is None
        else f"{wanted.k} share strings or more, typed one by one, of a secret of {wanted.size} bytes"
    )
    return (
        f"Secret:    {from_where}",
        f"Says:      {wanted.description}",
        f"Sealed to: ceremony {master.ceremony}, dealing {master.dealing}, {master.k} of {master.n}",
    )


def adopt_secret(wanted: Wanted) -> tuple[EnvelopeHeader, tuple[str, ...]]:
    """Have the secret sealed to a new file; its header, and what people should know of it."""
    require_new(wanted.target)
    master = read_master(wanted.place)
    plan = read_state(wanted.place)[1].plan if wanted.place.is_dir() else None  # a key alone says nothing of these
    rehearsal, locked = (plan.rehearsal, plan.require_locked_memory) if plan else (False, False)
    people = open_people(wanted.answers_fd, rehearsal=rehearsal, command="`ceremony adopt`", quiet=wanted.quiet)
    with _origin(wanted) as (origin, inherited), closing(SpawnedAdopter(inherited)) as adopter:
        opening = m.OpenAdoption(master=master, description=wanted.description, at=now(), require_locked_memory=locked, origin=origin)
        adopter.open_adoption(opening)
        passphrase, note = _type(wanted, adopter, people) if wanted.source is None else ("", "")
        sealed = adopter.seal_secret(m.SealSecret(passphrase=passphrase))
    write_stream(wanted.target, (from_hex(sealed.file),))
    return sealed.header, (note, COMPARE) if note else (COMPARE,)


def _type(wanted: Wanted, adopter: SpawnedAdopter, people: Terminal | Answers) -> tuple[str, str]:
    """Have all shares typed: the passphrase to combine them with, and what people should know of the result."""
    sheet = Sheet(people, wanted.what)
    checked = _hand_over(adopter, sheet, people, wanted.what)
    if wanted.k is None:
        return sheet.passphrase(), PASSPHRASE
    if not checked:
        people.confirm(OPERATOR, UNCHECKED, "Shall it be sealed all the same?")
    return "", CHECKED if checked else " ".join(UNCHECKED)


def _hand_over(adopter: SpawnedAdopter, sheet: Sheet, people: Terminal | Answers, what: str) -> bool:
    """Give the adopter one share after another until it has all, or enough and there are no more; whether a wrong one would have shown."""
    number, added = 1, None
    while added is None or not added.complete:
        text = sheet.share(number, needed=added is None or not added.enough)
        if text is None:
            break
        try:
            added = adopter.add_share(m.AddShare(number=number, text=_require_typed(text, what, number)))
        except AdoptionError as error:
            sheet.refuse(error)
            continue
        people.tell(f"      {what} {number}: {added.place}")
        number += 1
    return added is not None and added.checked


def _require_typed(text: str, what: str, number: int) -> str:
    """Raise AdoptionError unless the text is plain ASCII of a length that a share can have."""
    if not (text.isascii() and len(text) <= m.TEXT_LIMIT and all(letter.isprintable() for letter in text)):
        message = f"{what} {number}: it has characters that no {what} has"
        raise AdoptionError(message, culprits=(f"{what} {number}",), remedy="Type it once more.")
    return text


def _listed(people: Answers) -> list[str]:
    found = people.given("shares")
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        message = "the answers hold no list of shares"
        raise AnswerError(message, culprits=("--answers-fd",))
    return found


@contextmanager
def _origin(wanted: Wanted) -> Iterator[tuple[m.FromFile | m.FromMnemonics | m.FromOldShares, tuple[int, ...]]]:
    """Where the secret comes from, and the descriptor to inherit; the file is opened here and read by the adopter alone."""
    if wanted.k is not None and wanted.size is not None:
        yield m.FromOldShares(k=wanted.k, size=wanted.size), ()
    elif wanted.source is None:
        yield m.FromMnemonics(), ()
    else:
        with named_faults(Path(wanted.source)):
            opened = os.dup(sys.stdin.fileno()) if wanted.source == STREAM else os.open(wanted.source, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield m.FromFile(descriptor=opened), (opened,)
        finally:
            os.close(opened)
