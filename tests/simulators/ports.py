"""Agents, dealer, combiner and people in this process, behind the conductor's ports."""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1
from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ceremony.custody import messages as c
from ceremony.custody.combiner import combine, reopen, rewrap
from ceremony.custody.dealer import Dealer
from ceremony.hsm.agent import Agent
from ceremony.hsm.marks import MarkFile
from ceremony.hsm.messages import Opened, Reply, Request, parse_reply, parse_request
from ceremony.hsm.token import Token

PIN = "rehearsal-pin"


class LocalAgent:
    """An agent in this process; every message still goes through its bytes, as over a pipe."""

    def __init__(self, token: Token, marks: Path, entropy: Callable[[int], bytes], who: str) -> None:
        self.who = who
        self._agent = Agent(token, MarkFile(marks, token.describe().serial), entropy, who)
        self._waiting: deque[bytes] = deque()

    @property
    def opened(self) -> Opened:
        """What the token said about itself."""
        return self._agent.describe()

    def send(self, request: Request) -> None:
        """Keep the request until it is received."""
        self._waiting.append(request.encode())

    def receive(self) -> Reply:
        """Answer the oldest request."""
        return parse_reply(self._agent.answer(parse_request(self._waiting.popleft())).encode())

    def close(self) -> None:
        """Nothing to end."""


class LocalDealer:
    """A dealer in this process, with seeded randomness in everything, OAEP too."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        self._dealer = Dealer(entropy, lambda key, plain: wrap_seeded(key, plain, entropy))

    def open_dealing(self, request: c.OpenDealing) -> c.DealingReady:
        """As the spawned one."""
        return self._dealer.open_dealing(request, memory_locked=False)

    def reveal_system(self) -> c.SystemRevealed:
        """As the spawned one."""
        return self._dealer.reveal_system()

    def deal(self, request: c.Deal) -> c.DealtOut:
        """As the spawned one."""
        return self._dealer.deal(request)

    def close(self) -> None:
        """Nothing to end."""


class LocalCombiner:
    """A combiner in this process; `join` makes another of it."""

    def __init__(self, join: Callable[[c.Combine], c.Combined] = combine, entropy: Callable[[int], bytes] = os.urandom) -> None:
        self._join = join
        self._entropy = entropy

    def combine(self, request: c.Combine) -> c.Combined:
        """As the spawned one."""
        return self._join(request)

    def rewrap(self, request: c.Rewrap) -> c.WrappedAnew:
        """As the spawned one."""
        return rewrap(request, self._entropy(48))

    def reopen(self, request: c.Reopen) -> c.PayloadSeen:
        """As the spawned one."""
        return reopen(request)

    def close(self) -> None:
        """Nothing to end."""


def wrap_seeded(key: rsa.RSAPublicKey, plain: bytes, entropy: Callable[[int], bytes]) -> bytes:
    """RSA-OAEP-SHA1 whose randomness is an argument."""
    public = RSA.import_key(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return PKCS1_OAEP.new(public, hashAlgo=SHA1, randfunc=entropy).encrypt(plain)


def rolls_of(who: str) -> str:
    """A person's rolls, always the same."""
    return "".join(str(1 + byte % 6) for byte in hashlib.shake_256(who.encode()).digest(120))


class Willing:
    """People who say Yes, know the rehearsal PIN, and are quiet unless `tell` is given."""

    def __init__(self, tell: Callable[[str], None] = lambda _line: None) -> None:
        self._tell = tell
        self.asked: list[tuple[str, str]] = []

    def tell(self, line: str) -> None:
        """Progress."""
        self._tell(line)

    def confirm(self, who: str, lines: Sequence[str], question: str) -> None:
        """Yes."""
        self.asked.append((who, question))
        for line in lines:
            self._tell(f"      {line}")

    def pin(self, who: str, serial: str) -> str:
        """The public rehearsal PIN."""
        self.asked.append((who, f"PIN {serial}"))
        return PIN

    def dice(self, who: str) -> str:
        """A hundred and twenty rolls of theirs."""
        self.asked.append((who, "dice"))
        return rolls_of(who)

    def statement(self, who: str, question: str) -> str:
        """A sentence."""
        self.asked.append((who, question))
        return "Rehearsal: both PINs are public constants, held by nobody."
