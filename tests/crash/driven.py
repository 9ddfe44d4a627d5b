"""A simulated ceremony that keeps the books a judge needs: what was acknowledged as written, and every signature its tokens made."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ceremony.acts.digest import digest
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.opening import open_ceremony
from ceremony.protocol.state import State
from ceremony.records.base import to_hex
from ceremony.records.entries import Body, Entry
from ceremony.records.plan_text import parse_plan
from ceremony.records.structs import TypedAct
from ceremony.transcript.journal import TRANSCRIPT, Journal
from tests.simulators.ceremony_directory import FILES, SimulatedCeremony, plan_text
from tests.simulators.randomness import Clock, Stream
from tests.simulators.tokens import SimulatedToken

ACKNOWLEDGED = "acknowledged"
SIGNED = "signed"
MIRROR = "mirror"


class Books:
    """What is outside the ceremony's reach and survives everything: a line each for acknowledged entries and for signatures."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self._parts = base / "parts"
        self._parts.mkdir(parents=True, exist_ok=True)

    def add(self, book: str, line: str) -> None:
        """One more line."""
        with (self._parts / book).open("a") as stream:
            stream.write(line + "\n")

    def lines(self, book: str) -> list[str]:
        """All lines."""
        path = self._parts / book
        return path.read_text().splitlines() if path.exists() else []

    def entries_on_disk(self) -> int:
        """Whole lines of the transcript at this moment."""
        path = self.base / "ceremony" / TRANSCRIPT
        return path.read_bytes().count(b"\n") if path.exists() else 0


class AccountedToken(SimulatedToken):
    """Writes down every signature before it leaves: whose, over what, and how long the transcript was then."""

    def __init__(self, path: Path, random: Callable[[int], bytes], *, serial: str, pin: str, number: int) -> None:
        super().__init__(path, random, serial=serial, pin=pin, number=number)
        self._books = Books(path.parent.parent)

    def sign(self, key_id: bytes, act: TypedAct) -> bytes:
        """As any token, with a witness."""
        struct: Any = act.struct
        line = {
            "custodian": self._number,
            "type": struct.type,
            "subject": getattr(struct, "subject", ""),
            "dealing": getattr(struct, "dealing", 0),
            "digest": to_hex(digest(act)),
            "size": self._books.entries_on_disk(),
        }
        self._books.add(SIGNED, json.dumps(line))
        return super().sign(key_id, act)


class AccountedJournal(Journal):
    """Writes down every entry once it is acknowledged: from then on it may never be lost."""

    books: Books

    def append(self, body: Body, require: Callable[[Entry], None]) -> Entry:
        """As any journal."""
        entry = super().append(body, require)
        self.books.add(ACKNOWLEDGED, self.book.lines[-1].decode())
        return entry


class DrivenCeremony(SimulatedCeremony):
    """A simulated ceremony with books and, if wished, a mirror. Another `seed` at resume: nobody's randomness survives a crash."""

    def __init__(self, base: Path, seed: int, *, mirrored: bool = False, clock: Callable[[], str] | None = None) -> None:
        super().__init__(base, seed, make_token=AccountedToken, clock=clock)
        self.base = base
        self.books = Books(base)
        self._now = clock or Clock()
        self._first_seed = seed
        self.mirror = base / MIRROR if mirrored else None

    def journal(self, *, create: bool = False) -> AccountedJournal:
        """The directory's journal, as the commands open it."""
        journal = AccountedJournal(self.directory, self._now, mirror=self.mirror, create=create)
        journal.books = self.books
        return journal

    def start(self) -> None:
        """Entry 0, unless it stands already."""
        path = self.directory / TRANSCRIPT
        text = plan_text()
        with self.journal(create=not path.exists()) as journal:
            if not len(journal.book):
                open_ceremony(journal, parse_plan(text), text, FILES, Stream(self._first_seed, "ceremony id")(32))

    def conduct(self, act: Callable[[Conductor], object]) -> State:
        """One command, under the lock."""
        with self.journal() as journal, Conductor(journal, self.ports()) as conductor:
            act(conductor)
            return conductor.state


def watched(ceremony: DrivenCeremony) -> tuple[Path, ...]:
    """The directories whose every file call is the ceremony's own: its directory, the tokens' marks, the mirror."""
    return (ceremony.directory, ceremony.base / "parts" / "marks", ceremony.base / MIRROR)
