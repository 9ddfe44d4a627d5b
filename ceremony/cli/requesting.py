"""What `ceremony unseal request`, `answer` and `combine` do with files; each place has its own copy of the closed ceremony."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from ceremony.acts.words import encode_words
from ceremony.cli.people import require_statement
from ceremony.cli.sealing import open_source, read_header, read_open_header, require_new, write_stream
from ceremony.cli.unsealing import Asked, meet, sitting
from ceremony.cli.wiring import now, open_agent, read_state
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import describe_envelope, describe_origin, require_dealt, require_sealed_here
from ceremony.conductor.requests import (
    Wanted,
    answer,
    combine,
    describe_request,
    make_request,
    require_enough,
    require_mine,
    require_own,
    require_reply_key,
)
from ceremony.conductor.succeeding import find_carried
from ceremony.custody.stream import open_stream
from ceremony.disk import read_limited, write_new
from ceremony.errors import CeremonyError, DirectoryError, RecordError
from ceremony.protocol.state import State
from ceremony.quorum.answers import request_digest, require_answers
from ceremony.records.base import Record, from_hex
from ceremony.records.unseal_files import SignedAnswer, UnsealRequest
from ceremony.shards.reply import SECRET_BYTES

FILE_LIMIT = 1 << 16
"""Bytes of a request or an answer: a request for 32 shards takes 5,000."""
OPERATOR = "the requester"
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Moved:
    """Where the custodian's own machine keeps what the plan names elsewhere; None: as in the plan."""

    module: str | None
    config: str | None

    def apply(self, c: Conductor) -> None:
        """Have agents started with these."""
        changes = {name: path for name, path in vars(self).items() if path is not None}
        if changes:
            c.ports.open_agent = lambda who, token: open_agent(who, token.model_copy(update=changes))


@dataclass(frozen=True)
class Answered:
    """A request, and the answers to it that count, by custodian."""

    state: State
    request: UnsealRequest
    answers: dict[int, SignedAnswer]

    def lines(self) -> tuple[str, ...]:
        """For people: whose answers are here, and whether they are enough."""
        who = (f"{self.state.plan.who(index)}: has answered" for index in sorted(self.answers))
        return (*describe_request(self.state, self.request), *who, f"{len(self.answers)} of {self.state.plan.quorum.k} needed answers")


def preview_request(file: str, requester: str, asked: Asked) -> tuple[str, ...]:
    """What a request would say."""
    _, state = read_state(asked.directory)
    header, custodians = find_carried(state, read_header(file).sealed).header, asked.custodians(state)
    require_enough(state, header, custodians)
    return (
        *describe_envelope(header),
        *describe_origin(state, header),
        f"Reason:    {require_statement(asked.reason, OPERATOR)}",
        f"Asked by:  {require_statement(requester, OPERATOR)}",
        f"Asked:     {', '.join(state.plan.who(index) for index in custodians)}",
    )


def write_request(file: str, requester: str, target: Path, asked: Asked) -> dict[str, Any]:
    """Make a request: a secret that a person keeps, an entry, a file."""
    require_new(str(target))
    sealed = read_header(file).sealed
    reason, requester = require_statement(asked.reason, OPERATOR), require_statement(requester, OPERATOR)
    _, state = read_state(asked.directory)
    header, custodians = find_carried(state, sealed).header, asked.custodians(state)
    require_enough(state, header, custodians)
    people = meet(asked, "unseal request", state.plan)
    secret = people.keep_secret(requester, os.urandom(SECRET_BYTES))
    with sitting(asked, "unseal request", people, copy=True) as here:
        request = make_request(here, header, Wanted(reason, requester, custodians, now()), secret)
    write_new(target, request.encode() + b"\n")
    digest = request_digest(request)
    return {
        "request": digest,
        "words": encode_words(from_hex(digest)),
        "custodians": [state.plan.who(index) for index in custodians],
        "out": str(target),
    }


def show_request(file: Path, asked: Asked) -> tuple[str, ...]:
    """What the custodian named would read."""
    request = read_file(file, UnsealRequest)
    _, state = read_state(asked.directory)
    require_mine(state, request, asked.custodians(state)[0])
    return describe_request(state, request)


def write_answer(file: Path, target: Path, asked: Asked, moved: Moved) -> dict[str, Any]:
    """Answer a request as the one custodian named."""
    require_new(str(target))
    request = read_file(file, UnsealRequest)
    with sitting(asked, "unseal answer", copy=True) as here:
        state = here.conductor.state
        moved.apply(here.conductor)
        custodian = asked.custodians(state)[0]
        signed = answer(here, request, custodian)
    write_new(target, signed.encode() + b"\n")
    return {
        "request": request_digest(request),
        "custodian": state.plan.who(custodian),
        "requester": request.requester,
        "out": str(target),
    }


def read_answers(file: Path, answers: Sequence[Path], asked: Asked) -> Answered:
    """A request and its answers, each judged by the transcript in DIR; RequestRefused names the file that does not belong here."""
    request = read_file(file, UnsealRequest)
    _, state = read_state(asked.directory)
    require_dealt(state)
    require_sealed_here(state, request.header)
    counted: list[SignedAnswer] = []
    for path in answers:
        counted.append(read_file(path, SignedAnswer))
        try:
            found = require_answers(counted, request, state.domain, state.roster)
        except CeremonyError as error:
            error.culprits = (str(path), *error.culprits)
            raise
    return Answered(state, request, found)


def combine_files(answered: Answered, file: str, target: str, asked: Asked) -> dict[str, Any]:
    """Open the file: the words first, then the answers, then the payload chunk by chunk."""
    require_new(target)
    request, plan = answered.request, answered.state.plan
    with open_source(file) as source:
        parsed = read_open_header(source, file)
        people = meet(asked, "unseal combine", plan)
        with sitting(asked, "unseal combine", people, copy=True) as here:
            sealed = find_carried(here.conductor.state, parsed.sealed)
            require_own(here, request, sealed)
            private = require_reply_key(request, people.secret(request.requester, SECRET_BYTES))
            key, done = combine(here, request, sealed, answered.answers, private)
        parsed.require_authentic(key)
        write_stream(target, open_stream(key, source))
    return {
        "request": done.request,
        "envelope": done.header_digest,
        "custodians": [plan.who(index) for index in done.custodians],
        "wrong": [{"who": plan.who(one.custodian), "error": one.error} for one in done.wrong],
        "out": target,
    }


def read_file(path: Path, kind: type[R]) -> R:
    """One record in a file; DirectoryError or RecordError names the file."""
    data = read_limited(path, FILE_LIMIT)
    if data is None:
        message = f"there is no file {path}"
        raise DirectoryError(message, culprits=(str(path),))
    try:
        return kind.parse(data.removesuffix(b"\n"))
    except RecordError as error:
        message = f"{path} is not what belongs here: {error.message}"
        raise RecordError(message, culprits=(str(path),), remedy="Name the right file; have it sent again if it was damaged.") from None
