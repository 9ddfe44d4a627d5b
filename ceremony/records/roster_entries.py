"""Entries from the plan to the confirmed roster: what is opened, who is enrolled, and who they say they are."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ceremony.records.base import Count, Hex32, HexBytes, Index, OfToken, Plain, Record, Signature65
from ceremony.records.evidence import Attributes, FileDigest, TokenSeen
from ceremony.records.structs import Enrolment, Transport

PLAN_LIMIT = 1 << 16
"""Bytes of a plan: seven custodians take 3,000."""


class CeremonyOpened(Record):
    """Entry 0: everything the rest is measured against."""

    kind: Literal["ceremony_opened"] = "ceremony_opened"
    ceremony: Hex32
    plan_text: Annotated[str, Field(max_length=PLAN_LIMIT)]
    plan_digest: Hex32
    rehearsal: bool
    files: tuple[FileDigest, ...]


class RunStarted(Record):
    """One `run`: the self-tests that passed, and the tool that passed them."""

    kind: Literal["run_started"] = "run_started"
    tool: Hex32
    self_tests: tuple[Plain, ...]


class EnrolBegun(Record):
    """Intent: a governance key is about to be born in this custodian's token."""

    kind: Literal["enrol_begun"] = "enrol_begun"
    custodian: Index


class Enrolled(Record):
    """A custodian's public key, as the token itself vouches for it."""

    kind: Literal["enrolled"] = "enrolled"
    custodian: Index
    token: TokenSeen
    public_key: Annotated[str, Field(pattern=r"^0x04[0-9a-f]{128}$")]
    attributes: Attributes
    enrolment: Enrolment
    signature: Signature65


class TransportBegun(OfToken):
    """Intent: a transport key for this dealing is about to be born."""

    kind: Literal["transport_begun"] = "transport_begun"
    dealing: Count
    custodian: Index


class TransportMade(OfToken):
    """The key that may receive this custodian's shard of this dealing.

    RSA, born in the token; or, where the plan allows this token a plain import, the one-time X25519 key of its agent, which no token knows
    (then `attributes` is empty).

    `seen` is what the token said about itself, where it is not the one that signed the enrolment.
    """

    ADDED: ClassVar[frozenset[str]] = frozenset({"token_number", "seen"})

    kind: Literal["transport_made"] = "transport_made"
    dealing: Count
    custodian: Index
    public_key: HexBytes
    attributes: Attributes
    transport: Transport
    signature: Signature65
    seen: TokenSeen | None = None


class CustodyStated(Record):
    """The custodian's own words: who set, holds or discards the PIN and the SO PIN."""

    kind: Literal["custody_stated"] = "custody_stated"
    custodian: Index
    statement: Plain


class RosterConfirmed(Record):
    """This custodian read the roster digest in words and said Yes."""

    kind: Literal["roster_confirmed"] = "roster_confirmed"
    custodian: Index
    roster_digest: Hex32


class MarkFounded(OfToken):
    """The token's high-water mark was missing; its custodian said Yes to founding it anew at this size and root."""

    kind: Literal["mark_founded"] = "mark_founded"
    custodian: Index
    size: Count
    root: Hex32
