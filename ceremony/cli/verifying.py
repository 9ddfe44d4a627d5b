"""What `ceremony verify` reads: two files, the reader's own knowledge, and the endpoints."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ceremony.acts.words import parse_words
from ceremony.anchor.rpc import JsonRpc
from ceremony.disk import read_limited
from ceremony.errors import AnswerError, DirectoryError
from ceremony.records.base import to_hex
from ceremony.transcript.checkpoint import NOTE_LIMIT
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT
from ceremony.verify.report import Report
from ceremony.verify.state import Trust
from ceremony.verify.transcript_checks import TRANSCRIPT_LIMIT
from ceremony.verify.verifier import verify

_DIGEST = re.compile(r"0x[0-9a-f]{64}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_BLOCK = re.compile(r"(0|[1-9][0-9]{0,15}):0x[0-9a-f]{64}")
DIGEST_BYTES = 32
ENDPOINT_LIMIT = 16
"""Endpoints asked at once; more add nothing but waiting."""


@dataclass(frozen=True)
class Knowledge:
    """What the command line brings along from outside, as it was typed; `verify.state.Trust` says what each means."""

    roster: str | None
    contract: str | None
    endpoints: Sequence[str]
    need: int
    depth: int
    pinned: str | None
    rehearsal: bool

    def parse(self) -> Trust:
        """The same, read; AnswerError names the option that is wrong."""
        urls = distinct(self.endpoints)
        if urls:
            require_enough(urls, self.need)
        return Trust(
            roster=None if self.roster is None else parse_roster(self.roster),
            contract=None if self.contract is None else parse_contract(self.contract),
            readers=tuple(JsonRpc(url, depth=self.depth) for url in urls),
            needed=self.need,
            depth=self.depth,
            pinned=None if self.pinned is None else parse_block(self.pinned),
            rehearsal=self.rehearsal,
        )


def verify_directory(directory: Path, knowledge: Knowledge, *, every: bool) -> Report:
    """Read transcript and checkpoint of a directory, and verify them."""
    data = read_limited(directory / TRANSCRIPT, TRANSCRIPT_LIMIT)
    if data is None:
        message = f"{directory} holds no transcript"
        raise DirectoryError(message, culprits=(str(directory),), remedy="Name the directory that holds `transcript` and `checkpoint`.")
    return verify(data, read_limited(directory / CHECKPOINT, NOTE_LIMIT), knowledge.parse(), every=every)


def parse_roster(text: str) -> str:
    """A roster digest in hex, from hex or from the words read aloud; AnswerError or RecordError for anything else."""
    if " " in text.strip():
        found = parse_words(text)
        text = to_hex(found) if len(found) == DIGEST_BYTES else ""
    return _require_form(text.strip().lower(), _DIGEST, "--roster", "a roster digest: 0x and 64 hex digits, or 32 words")


def parse_contract(text: str) -> str:
    """A contract's address in lower-case hex; AnswerError for anything else."""
    return _require_form(text.strip().lower(), _ADDRESS, "--contract", "an address: 0x and 40 hex digits")


def require_enough(urls: Sequence[str], need: int) -> None:
    """Raise AnswerError unless as many different endpoints are named as must answer."""
    if not 1 <= need <= len(urls):
        message = f"--need {need}, but different endpoints named: {len(urls)}"
        raise AnswerError(message, culprits=("--need",), remedy="Name more endpoints, or need fewer: one alone is taken at its word.")


def parse_block(text: str) -> tuple[int, str]:
    """A block's number and hash (lower-case hex) from NUMBER:HASH; AnswerError for anything else."""
    form = "a block's number and hash: NUMBER:0x and 64 hex digits"
    number, _, name = _require_form(text.strip().lower(), _BLOCK, "--block", form).partition(":")
    return int(number), name


def distinct(endpoints: Sequence[str]) -> tuple[str, ...]:
    """Endpoints by their own spelling, each once however often or differently it is named; AnswerError for what is no http URL."""
    found: dict[tuple[str, str, str, str], str] = {}
    for url in endpoints:
        try:
            parts = urlsplit(url)
            port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
        except ValueError:
            parts, port = urlsplit(""), 0
        if parts.username or parts.password:
            message = "an endpoint's URL with a name or password in it is not taken: it would be shown and logged"
            raise AnswerError(message, culprits=("--rpc",))
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            message = f"{url} is not an http or https URL"
            raise AnswerError(message, culprits=("--rpc",))
        host = parts.hostname.rstrip(".")
        host = "this machine" if host in {"localhost", "::1"} or host.startswith("127.") else host
        found.setdefault((parts.scheme, f"{host}:{port}", parts.path.rstrip("/"), parts.query), url)
    if len(found) > ENDPOINT_LIMIT:
        message = f"more than {ENDPOINT_LIMIT} endpoints"
        raise AnswerError(message, culprits=("--rpc",))
    return tuple(found.values())


def _require_form(text: str, form: re.Pattern[str], option: str, what: str) -> str:
    if not form.fullmatch(text):
        message = f"{option} takes {what}"
        remedy = "Copy it from your own record of the ceremony, not from the directory you check."
        raise AnswerError(message, culprits=(option,), remedy=remedy)
    return text
