"""Simulated parts that a schedule's troubles strike: tokens, agents, people, chain and journal."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from ceremony import errors
from ceremony.anchor.chain import FACTORY
from ceremony.errors import AgentTimeout, AnswerLost, ChainUnreachable, Declined
from ceremony.hsm.messages import Reply
from ceremony.records.entries import Body, Entry
from ceremony.records.evidence import BlockSeen
from tests.crash.calls import Call, Calls
from tests.crash.driven import AccountedJournal, AccountedToken
from tests.seeded.schedule import Kind, Trouble
from tests.simulators.chain import SimulatedChain
from tests.simulators.ports import LocalAgent, Willing

STRANGER = PrivateKey(b"\x07" * 32)
STANDSTILL = 5
"""Looks during which finality does not move."""
CODES = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)


class Killed(BaseException):
    """The command ends here as by kill -9 between two entries: no handler of the ceremony's may take it for an error."""


class Struck:
    """The troubles of one rehearsal, and which of them struck."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        self.troubles = troubles
        self.gone: dict[int, str] = {}
        """Custodians whose token is gone until the next command, and how its absence shows."""
        self.dead: set[int] = set()
        self.liars: set[int] = set()
        """Custodians whose token answers every point wrongly from now on."""

    def strikes(self, kind: Kind, whose: int = 0, what: str = "") -> Trouble | None:
        """Count one occasion of this kind (of this custodian; whose detail begins so); the trouble that strikes now, if any."""
        fitting = (one for one in self.troubles if one.kind is kind and whose in {0, one.whose} and one.what.startswith(what))
        return next((one for one in fitting if one.strikes()), None)


def raise_error(name: str, who: str) -> None:
    """A token's named error, as an agent would raise it."""
    message = f"{who} is disturbed"
    raise getattr(errors, name)(message, culprits=(who,))


class FaultyToken(AccountedToken):
    """A token that fails, goes away or lies when its time has come."""

    struck: Struck

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        return self._disturbed(name, found) if name in DISTURBED else found

    def _disturbed(self, name: str, honest: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            struck, number = self.struck, self._number
            if trouble := struck.strikes(Kind.TOKEN_GOES, number):
                struck.gone[number] = trouble.what
            if number in struck.gone:
                raise_error(struck.gone[number], f"custodian {number}")
            if number in struck.liars and name == "derive":
                return LIES["derive: flipped"](honest(*arguments))
            if trouble := struck.strikes(Kind.TOKEN_FAILS, number):
                if trouble.turn % 2:
                    honest(*arguments)  # it was done, and the answer says that it was not
                raise_error(trouble.what, f"custodian {number}")
            lie = struck.strikes(Kind.TOKEN_LIES, number, f"{name}: ")
            return LIES[lie.what](honest(*arguments)) if lie else honest(*arguments)

        return call


DISTURBED = frozenset(
    {
        "describe", "login", "random", "count", "generate_governance_key", "generate_transport_key", "unwrap_shard", "public_key",
        "attributes", "sign", "derive", "destroy",
    }
)  # fmt: skip
LIES: Mapping[str, Callable[[Any], Any]] = {
    "random: short": lambda honest: honest[:-1],
    "random: alike": lambda honest: b"\xaa" * len(honest),
    "count: none": lambda _honest: 0,
    "count: one more": lambda honest: honest + 1,
    "public_key: a stranger's": lambda _honest: STRANGER.public_key.format(compressed=False),
    "attributes: extractable": lambda honest: {**honest, "extractable": True},
    "attributes: kept back": lambda honest: {name: value for name, value in honest.items() if name != "sensitive"},
    "sign: a stranger's": lambda _honest: STRANGER.sign_recoverable(b"\1" * 32, hasher=None)[:64],
    "sign: cut short": lambda honest: honest[:-1],
    "derive: flipped": lambda honest: bytes([honest[0] ^ 1]) + honest[1:],
    "derive: of nothing": lambda honest: bytes(len(honest)),
    "derive: cut short": lambda honest: honest[:-1],
}


class FaultyAgent(LocalAgent):
    """An agent whose answer may be lost, before or after its token did what was asked."""

    struck: Struck
    number: int

    def receive(self) -> Reply:
        """As any agent."""
        trouble = self.struck.strikes(Kind.ANSWER_LOST, self.number)
        if trouble and trouble.what == "before":
            self._waiting.popleft()
        reply = None if trouble and trouble.what == "before" else super().receive()
        if trouble or reply is None:
            raise AgentTimeout(f"{self.who} did not answer", culprits=(self.who,))
        return reply


class FaultyPeople(Willing):
    """People who decline once, or mistype a PIN."""

    struck: Struck

    def confirm(self, who: str, lines: Sequence[str], question: str) -> None:
        """Yes, mostly."""
        super().confirm(who, lines, question)
        if self.struck.strikes(Kind.DECLINED):
            raise Declined(f"{who} did not answer Yes", culprits=(who,))

    def pin(self, who: str, serial: str) -> str:
        """The PIN, mostly."""
        pin = super().pin(who, serial)
        return "mistyped" if self.struck.strikes(Kind.PIN_WRONG, int(serial.removeprefix("sim"))) else pin


class FaultyChain(SimulatedChain):
    """A chain that is silent, slow, forgetful, or throws an act out again before it is final."""

    struck: Struck
    _still = 0

    def chain_id(self) -> int:
        """As any chain."""
        self._speak()
        return super().chain_id()

    def finalized(self) -> BlockSeen:
        """Without moving, for a while."""
        self._speak()
        if self.struck.strikes(Kind.LATE):
            self._still = STANDSTILL
        if self._still:
            self._still -= 1
            return self.block(self._data["height"] - 2)
        return super().finalized()

    def proof(self, address: str, slots: Sequence[bytes], number: int) -> Mapping[str, Any]:
        """As any chain."""
        self._speak()
        return super().proof(address, slots, number)

    def call(self, address: str, data: bytes, number: int) -> bytes:
        """As any chain."""
        self._speak()
        return super().call(address, data, number)

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        """Taken, mostly."""
        sent = super().send(to, data, nonce=nonce, raised=raised)
        if to != FACTORY and self.struck.strikes(Kind.DROPPED):
            self._data["genesis"] = None
            self._save()
        if self.struck.strikes(Kind.SENT_LOST):
            raise AnswerLost(f"{self.name} did not answer", culprits=(self.name,))
        return sent

    def _speak(self) -> None:
        if self.struck.strikes(Kind.CHAIN_SILENT):
            raise ChainUnreachable(f"{self.name} does not answer", culprits=(self.name,))


class FaultyJournal(AccountedJournal):
    """A journal whose writer is killed before or after an entry."""

    struck: Struck

    def append(self, body: Body, require: Callable[[Entry], None]) -> Entry:
        """As any journal."""
        trouble = self.struck.strikes(Kind.KILLED)
        if trouble and trouble.what == "before":
            raise Killed
        entry = super().append(body, require)
        if trouble:
            raise Killed
        return entry


@contextmanager
def faulty_disk(base: Path, struck: Struck) -> Iterator[None]:
    """The disk below `base`; free of cost where no trouble of the schedule is the disk's."""
    if not any(one.kind is Kind.DISK_FAILS and not one.struck for one in struck.troubles):
        yield
        return

    def around(call: Call, perform: Callable[[], Any]) -> Any:
        if trouble := struck.strikes(Kind.DISK_FAILS):
            code = CODES[trouble.turn % len(CODES)]
            raise OSError(code, os.strerror(code), call.path)
        return perform()

    with Calls(base, around).watched():
        yield
