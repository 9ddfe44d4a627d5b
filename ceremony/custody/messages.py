"""What the ceremony asks of dealer and combiner, and what they answer."""

from typing import Annotated, Literal, cast

from pydantic import Field

from ceremony.records.base import Count, Hex32, HexBytes, Index, Plain, Point33, Record, kinds_of, parse_tagged
from ceremony.records.evidence import EnvelopeHeader, SealedHeader
from ceremony.records.roster_entries import PLAN_LIMIT, Enrolled, TransportMade
from ceremony.records.structs import Domain


class OpenDealing(Record):
    """Check the people first (DESIGN 4.4): enrolments, transport keys and the roster digest they confirmed; then make a one-time key.

    The plan's text says which tokens are to hold a shard, and which of them may be given it in the clear; every enrolment signs its digest.
    """

    ask: Literal["open_dealing"] = "open_dealing"
    domain: Domain
    ceremony: Hex32
    plan_text: Annotated[str, Field(max_length=PLAN_LIMIT)]
    epoch: Count
    dealing: Count
    k: Count
    roster_digest: Hex32
    enrolled: tuple[Enrolled, ...]
    transports: tuple[TransportMade, ...]
    diced: tuple[Index, ...] = ()
    """Custodians whose dice contribute too."""
    require_locked_memory: bool = False


class RevealSystem(Record):
    """Show the system's own points."""

    ask: Literal["reveal_system"] = "reveal_system"


class Contribution(Record):
    """One source's committed points and its seed, sealed to the dealer."""

    source: Plain
    digest: Hex32
    points: tuple[Point33, ...]
    sealed_seed: HexBytes


class Deal(Record):
    """Sum the contributions, wrap the shards, and end."""

    ask: Literal["deal"] = "deal"
    contributions: tuple[Contribution, ...]


class DealingReady(Record):
    """The one-time key, the system's committed digest, and whether memory could be locked."""

    reply: Literal["dealing_ready"] = "dealing_ready"
    dealer_key: Hex32
    system_digest: Hex32
    memory_locked: bool


class SystemRevealed(Record):
    """The system's points."""

    reply: Literal["system_revealed"] = "system_revealed"
    points: tuple[Point33, ...]


class DealtOut(Record):
    """The sum of all commitments, and one wrapped shard for each token that is to hold one, in the order of the transport keys."""

    reply: Literal["dealt_out"] = "dealt_out"
    commitments: tuple[Point33, ...]
    wrapped: tuple[HexBytes, ...]


class Combine(Record):
    """Open an envelope from these answers."""

    ask: Literal["combine"] = "combine"
    header: EnvelopeHeader
    k: Count
    answers: Annotated[tuple[tuple[Index, Hex32], ...], Field(repr=False)]
    require_locked_memory: bool = False


class Join(Record):
    """Open an envelope from these points, each checked before without the sealer's tags."""

    ask: Literal["join"] = "join"
    header: EnvelopeHeader
    k: Count
    points: Annotated[tuple[tuple[Index, Point33], ...], Field(repr=False)]
    require_locked_memory: bool = False


class Combined(Record):
    """The file key that came out, and whether memory could be locked."""

    reply: Literal["combined"] = "combined"
    file_key: Annotated[Hex32, Field(repr=False)]
    memory_locked: bool = False


class Rewrap(Record):
    """Open an envelope from these answers, and wrap the payload's key to another dealing at once; it is shown to nobody."""

    ask: Literal["rewrap"] = "rewrap"
    sealed: SealedHeader
    k: Count
    answers: Annotated[tuple[tuple[Index, Hex32], ...], Field(repr=False)]
    require_locked_memory: bool = False
    origin: Hex32
    """The digest of the header that the file itself carries."""
    ceremony: Hex32
    dealing: Count
    n: Count
    commitments: tuple[Point33, ...]


class WrappedAnew(Record):
    """The new header, and a commitment to the payload's key that it wraps."""

    reply: Literal["wrapped_anew"] = "wrapped_anew"
    sealed: SealedHeader
    payload: Hex32


class Reopen(Record):
    """Open an envelope from these answers, only to commit to the payload's key that it wraps."""

    ask: Literal["reopen"] = "reopen"
    sealed: SealedHeader
    k: Count
    answers: Annotated[tuple[tuple[Index, Hex32], ...], Field(repr=False)]
    require_locked_memory: bool = False
    origin: Hex32


class PayloadSeen(Record):
    """A commitment to the payload's key."""

    reply: Literal["payload_seen"] = "payload_seen"
    payload: Hex32


CombinerRequest = Annotated[Combine | Join | Rewrap | Reopen, Field(discriminator="ask")]
_COMBINER = kinds_of(CombinerRequest, "ask")


def parse_combiner_request(line: bytes) -> CombinerRequest:
    """Read one request to the combiner; RecordError when it is not one."""
    return cast("CombinerRequest", parse_tagged(line, "ask", _COMBINER))


DealerRequest = Annotated[OpenDealing | RevealSystem | Deal, Field(discriminator="ask")]
_DEALER = kinds_of(DealerRequest, "ask")


def parse_dealer_request(line: bytes) -> DealerRequest:
    """Read one request to the dealer; RecordError when it is not one."""
    return cast("DealerRequest", parse_tagged(line, "ask", _DEALER))
