"""Connects the conductor to the real doors: spawned agents, dealer and combiner, the directory, the chain."""

import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from importlib import resources
from pathlib import Path

from ceremony.anchor.chain import ChainReader, ChainWriter
from ceremony.anchor.failover import Failover
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.unlocked import UnlockedWriter
from ceremony.cli.people import ask_hidden
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody, require_bound
from ceremony.conductor.ports import People, Ports, no_predecessor
from ceremony.custody.blobs import BlobDirectory
from ceremony.custody.spawned import SpawnedCombiner, SpawnedDealer
from ceremony.errors import BalanceTooLow, ChainUnreachable, DirectoryError, OutOfTurn
from ceremony.hsm.agents import SpawnedAgent, mark_directory
from ceremony.hsm.messages import OpenToken
from ceremony.isolation.spawned import START_DEADLINE
from ceremony.protocol.fold import fold
from ceremony.protocol.state import State
from ceremony.records.base import to_hex
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.evidence import FileDigest
from ceremony.records.plan import Plan, TokenPlan
from ceremony.transcript.book import Book
from ceremony.transcript.journal import TRANSCRIPT, Journal, read_book

CUSTODY = "custody"
"""Directory, below a ceremony's, of the journal of what happens with its shards."""
LOCK_FILE = "requirements.txt"
"""In the package, so that its digest can be named wherever the toolkit is installed."""


def now() -> str:
    """The wall clock as entries show it, for people only."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def open_agent(who: str, token: TokenPlan, seconds: float = START_DEADLINE) -> SpawnedAgent:
    """One custodian's agent, in a process of its own; `seconds` for each of its answers."""
    return SpawnedAgent(
        OpenToken(
            who=who,
            serial=token.serial,
            module=token.module,
            config=token.config,
            mark_directory=str(mark_directory(token.config, token.mark)),
        ),
        seconds,
    )


def open_readers(plan: Plan) -> tuple[ChainReader, ...]:
    """Every endpoint that the plan names."""
    return tuple(JsonRpc(url, depth=plan.chain.depth) for url in plan.chain.endpoints)


def open_ports(plan: Plan, directory: Path, people: People, open_writer: Callable[[], ChainWriter] | None = None) -> Ports:
    """All real doors for this plan."""
    endpoints = plan.chain.endpoints
    return Ports(
        people=people,
        open_agent=open_agent,
        open_dealer=SpawnedDealer,
        open_combiner=SpawnedCombiner,
        blobs=BlobDirectory(directory),
        entropy=os.urandom,
        readers=open_readers(plan),
        open_writer=open_writer or (lambda: Failover([UnlockedWriter(url) for url in endpoints])),
        tool=to_hex(tool_digest()),
        open_predecessor=partial(open_predecessor, Path(plan.succeeds.directory)) if plan.succeeds else no_predecessor,
    )


@contextmanager
def open_predecessor(directory: Path, ports: Ports) -> Iterator[Custody]:
    """The closed ceremony in a directory with its custody journal, under its locks; its agents come through `ports`.

    DirectoryError or OutOfTurn when the directory does not hold one.
    """
    if not (directory / TRANSCRIPT).exists():
        message = f"the predecessor's directory, {directory}, is not there, or holds no transcript"
        remedy = "Put the directory of the ceremony that hands over back there, whole, and run the same command again. Start nothing new."
        raise DirectoryError(message, culprits=(str(directory),), remedy=remedy)
    _, state = read_state(directory)
    if state.closing is None:
        message = f"the predecessor, in {directory}, is not closed yet"
        raise OutOfTurn(message, culprits=(str(directory),), remedy=f"`ceremony status {directory}` shows what is owed there.")
    with (
        open_journal(directory, state.plan) as journal,
        Conductor(journal, ports) as conductor,
        open_custody(directory, state.plan) as written,
    ):
        yield Custody(conductor, written)


def ask_payer(keystore: Path, plan: Plan) -> Callable[[], ChainWriter]:
    """The payer whose key file is opened with a password, which is asked for; DirectoryError or AnswerError when it does not open."""
    from ceremony.anchor.evm import EvmWriter, open_keystore

    if not keystore.is_file():
        message = f"there is no key file {keystore}"
        raise DirectoryError(message, culprits=(str(keystore),))
    password = ask_hidden(f"Password of {keystore}")
    account = open_keystore(keystore, password)
    writer = Failover([EvmWriter(url, account, plan.chain.id) for url in plan.chain.endpoints])
    return lambda: writer


def require_payer(plan: Plan) -> None:
    """Raise BalanceTooLow, before any token is touched, when nobody can pay for the contract that the plan deploys."""
    url, accounts = plan.chain.endpoints[0], None
    with suppress(ChainUnreachable):  # it answered a moment ago: what it refuses now is to name accounts
        accounts = JsonRpc(url).ask("eth_accounts")
    if plan.chain.contract == "deploy" and not accounts:
        message = f"endpoint {url} has no unlocked account to pay for the contract with"
        raise BalanceTooLow(message, culprits=(url,), remedy="Name the payer's key file: `ceremony run ... --keystore FILE`.")


def open_journal(directory: Path, plan: Plan, *, create: bool = False) -> Journal:
    """The directory's journal, with the plan's mirror."""
    return Journal(directory, now, mirror=Path(plan.mirror) if plan.mirror else None, create=create)


def open_custody(directory: Path, plan: Plan) -> Journal:
    """The directory's custody journal, made at the first use, with the plan's mirror."""
    place = directory / CUSTODY
    if plan.mirror and not Path(plan.mirror).is_dir():
        message = f"the mirror {plan.mirror} is not there"
        remedy = "Mount the medium that the plan names as mirror, and run the same command again."
        raise DirectoryError(message, culprits=(plan.mirror,), remedy=remedy)
    mirror = Path(plan.mirror) / CUSTODY if plan.mirror else None
    return Journal(place, now, mirror=mirror, create=not (place / TRANSCRIPT).exists(), kind=CustodyEntry)


def require_unused(directory: Path) -> None:
    """Raise OutOfTurn when the directory's shards were at work already: its custody journal is bound to the transcript as it is."""
    if (directory / CUSTODY / TRANSCRIPT).exists():
        message = f"{directory / CUSTODY} is there: what is written in it rests on this transcript, which takes no more entries"
        raise OutOfTurn(message, culprits=(str(directory),), remedy="Have those sign who were named before.")


def read_custody(directory: Path, book: Book, state: State) -> Book:
    """What the custody journal says, read without its lock; nothing when there is none. TranscriptError when it is another ceremony's."""
    path = directory / CUSTODY / TRANSCRIPT
    written = read_book(path, CustodyEntry) if path.exists() else Book(CustodyEntry)
    require_bound(written, book, state)
    return written


def read_state(directory: Path) -> tuple[Book, State]:
    """What a ceremony directory adds up to, read without its lock."""
    book = read_book(directory / TRANSCRIPT)
    return book, fold(book)


def tool_digest() -> bytes:
    """SHA-256 over the toolkit's own files, in the order of their names: what ran."""
    package = Path(str(resources.files("ceremony")))
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in {".py", ".json"} and path.is_file():
            digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def file_digests(plan: Plan) -> tuple[FileDigest, ...]:
    """Digests of everything that takes part: tool, lock file and what was installed, contract artifact, PKCS#11 modules (DESIGN 6)."""
    from ceremony.anchor.artifacts.artifact import load_artifact, name_artifact

    modules = sorted({token.module for custodian in plan.custodian for token in custodian.token})
    return (
        FileDigest(name="tool", sha256=to_hex(tool_digest())),
        FileDigest(name="lock file", sha256=to_hex(_file_digest(Path(str(resources.files("ceremony") / LOCK_FILE))))),
        FileDigest(name="packages installed", sha256=to_hex(_packages_digest())),
        name_artifact(load_artifact()),
        *(FileDigest(name=f"module {module}", sha256=to_hex(_file_digest(Path(module)))) for module in modules),
    )


def _packages_digest() -> bytes:
    """SHA-256 of the sorted names of the installed packages' records, versions included: what the lock file amounted to here, or not."""
    found = sorted({path.name for place in map(Path, sys.path) if place.is_dir() for path in place.glob("*-info")})
    return hashlib.sha256("\n".join(found).encode()).digest()


def _file_digest(path: Path) -> bytes:
    try:
        return hashlib.sha256(path.read_bytes()).digest()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise DirectoryError(message, culprits=(str(path),)) from None
