"""An envelope whose tags are worth nothing, its approvals, and what an agent is shown to judge them by."""

from collections.abc import Collection
from typing import Any

from ceremony.conductor.conductor import Conductor
from ceremony.conductor.untrusted import show_electorate
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.quorum.envelopes import Opening
from ceremony.records.base import to_hex
from ceremony.records.evidence import SealedHeader
from ceremony.shards.field import encode_point, encode_scalar
from ceremony.shards.queries import Query
from tests.simulators.custody import sealed_to

NO_TAGS: tuple[str, ...] = ()
BAD_TAGS = tuple("0x" + f"{number:064x}" for number in range(7))
ASKED_IN = "0x" + "0a" * 32
"""Where the opening was asked for, as far as the agents are told."""


def with_tags(sealed: SealedHeader, tags: tuple[str, ...]) -> SealedHeader:
    """The same envelope under other tags: they are no part of what the header digest covers."""
    return sealed.model_copy(update={"header": sealed.header.model_copy(update={"tags": tags})})


def opening_of(c: Conductor, **changes: Any) -> Opening:
    """What five approve; `changes` are made to the header."""
    header = with_tags(sealed_to(c.state), NO_TAGS).header.model_copy(update=changes)
    return Opening(header, "audit", ASKED_IN)


def approved(c: Conductor, opening: Opening, custodians: Collection[int] = (1, 2, 3, 4, 5)) -> dict[int, str]:
    """These custodians' approvals."""
    found = {}
    for index in custodians:
        request = m.ApproveEnvelope(
            domain=c.state.domain, place=c.place(index), header=opening.header, reason=opening.reason, opening=opening.opening
        )
        found[index] = ask(c.seat(index), request, m.Signed).signature
    return found


def committing(c: Conductor, opening: Opening, approvals: dict[int, str], query: Query, index: int, /, **changes: Any) -> m.CommitAnswers:
    """The request to commit, or with `changes`."""
    facts = {
        "domain": c.state.domain,
        "place": c.place(index),
        "header": opening.header,
        "reason": opening.reason,
        "opening": opening.opening,
        "approvals": tuple(sorted(approvals.items())),
        "shown": show_electorate(c, approvals),
        "query": to_hex(encode_point(query.point, compressed=True)),
    }
    return m.CommitAnswers(**{**facts, **changes})


def revealing(commitment: str, query: Query, **changes: int) -> m.OpenAnswers:
    """The scalars, or others."""
    scalars = {"a": query.a, "b": query.b, **changes}
    return m.OpenAnswers(commitment=commitment, **{name: to_hex(encode_scalar(value)) for name, value in scalars.items()})
