"""What goes wrong in one seeded rehearsal: drawn from the seed alone, the same on every machine and version of Python."""

from dataclasses import dataclass
from enum import StrEnum

from tests.simulators.randomness import Stream

CUSTODIANS = 7
MOST_TROUBLES = 4


class Kind(StrEnum):
    """What kind of trouble, and what its occasions are."""

    TOKEN_FAILS = "a token answers with an error"  # noqa: S105 - no password, a token
    """Each call of the custodian's token."""
    TOKEN_GOES = "a token is gone until the next command"  # noqa: S105 - no password, a token
    """Likewise."""
    TOKEN_LIES = "a token lies"  # noqa: S105 - no password, a token
    """Each call of one method of it."""
    ANSWER_LOST = "an agent's answer is lost"
    """Each answer of the custodian's agent."""
    KILLED = "the command is killed between two entries"
    """Each entry."""
    DISK_FAILS = "the disk fails"
    """Each call that changes a file of the ceremony's."""
    DECLINED = "somebody does not say Yes"
    """Each question."""
    PIN_WRONG = "a PIN is mistyped"
    """Each time that this custodian is asked for it."""
    CHAIN_SILENT = "the chain does not answer"
    """Each question to it."""
    SENT_LOST = "a transaction's answer is lost"
    """Each one sent."""
    DROPPED = "a reorganisation drops a transaction"
    """Likewise."""
    LATE = "finality stands still for a while"
    """Each look for it."""
    STOPPED = "a custodian stops the act"
    """Each command while an act waits."""
    MARK_LOST = "a token's mark is lost"
    """Each command once all are enrolled."""
    NEW_DEALING = "the operator throws the dealing away"
    """Each command while there is a dealing and no act."""
    DEAD = "a custodian never comes back"
    """Each command while an act waits, or the transcript waits to be signed."""
    TOO_MANY_DEAD = "three custodians never come back"
    """Each command while an act waits: nothing may go on without five."""


RATHER = {
    Kind.TOKEN_FAILS: 60, Kind.TOKEN_GOES: 60, Kind.TOKEN_LIES: 20, Kind.ANSWER_LOST: 40, Kind.KILLED: 90, Kind.DISK_FAILS: 250,
    Kind.DECLINED: 8, Kind.PIN_WRONG: 3, Kind.CHAIN_SILENT: 40, Kind.SENT_LOST: 1, Kind.DROPPED: 1, Kind.LATE: 8, Kind.STOPPED: 6,
    Kind.MARK_LOST: 8, Kind.NEW_DEALING: 3, Kind.DEAD: 5, Kind.TOO_MANY_DEAD: 5,
}  # fmt: skip
"""Occasions of each kind that may pass before it strikes: as many as half a ceremony has."""
ERRORS = ("TokenFault", "TokenMissing", "TokenIncapable", "PinRefused", "AgentTimeout", "AgentCrashed")
LIES = {
    "random": ("short", "alike"),
    "count": ("none", "one more"),
    "public_key": ("a stranger's",),
    "attributes": ("extractable", "kept back"),
    "sign": ("a stranger's", "cut short"),
    "derive": ("flipped", "of nothing", "cut short"),
}


@dataclass
class Trouble:
    """One trouble; it strikes once, at the occasion after `left` others."""

    kind: Kind
    whose: int
    """The custodian, where it is one's."""
    left: int
    what: str
    """What exactly."""
    turn: int
    """A number for whoever needs another choice."""
    struck: bool = False

    def strikes(self) -> bool:
        """Count one occasion; whether this is the one."""
        if self.struck:
            return False
        self.struck = self.left == 0
        self.left -= 1
        return self.struck

    def __str__(self) -> str:
        return f"{self.kind} ({self.what}, custodian {self.whose})"


class Dice:
    """Small numbers from a seed."""

    def __init__(self, seed: int, label: str) -> None:
        self._stream = Stream(seed, label)

    def below(self, limit: int) -> int:
        """0 to limit - 1; the bias of a remainder of 64 bits does not matter here."""
        return int.from_bytes(self._stream(8), "big") % limit

    def one_of(self, choices: tuple[str, ...]) -> str:
        """Any of these."""
        return choices[self.below(len(choices))]


@dataclass(frozen=True)
class Schedule:
    """Where a rehearsal starts, and its troubles."""

    seed: int
    start: int
    """A number for the stage that it starts from."""
    troubles: tuple[Trouble, ...]


def draw(seed: int) -> Schedule:
    """The schedule of a seed: one to four troubles, the first one's kind in turn."""
    dice = Dice(seed, "schedule")
    start = dice.below(1 << 16)
    kinds = tuple(Kind)
    chosen = [kinds[seed % len(kinds)], *(kinds[dice.below(len(kinds))] for _ in range(dice.below(MOST_TROUBLES)))]
    return Schedule(seed, start, tuple(_trouble(kind, dice) for kind in chosen))


def _trouble(kind: Kind, dice: Dice) -> Trouble:
    what = str(kind)
    if kind in {Kind.TOKEN_FAILS, Kind.TOKEN_GOES}:
        what = dice.one_of(ERRORS)
    elif kind is Kind.TOKEN_LIES:
        method = dice.one_of(tuple(LIES))
        what = f"{method}: {dice.one_of(LIES[method])}"
    elif kind in {Kind.KILLED, Kind.ANSWER_LOST}:
        what = dice.one_of(("before", "after"))
    return Trouble(kind, 1 + dice.below(CUSTODIANS), dice.below(RATHER[kind]), what, dice.below(1 << 16))
