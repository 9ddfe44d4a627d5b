"""When an agent may answer for an envelope whose sealer is not trusted: a quorum has approved exactly its header (pure).

Who counts is not the asking machine's word: enrolled keys, and how many are needed, are read from entries that stand in the transcript
which this token has followed since its enrolment (its high-water mark).

What is assumed: a token follows whatever extends the transcript that it knows, so a machine that had shown it an extension of its own
making could have enrolled keys of its own there. It cannot hide that: the token then refuses the true transcript for ever after, and a
closed transcript takes no entries. Its custodian's Yes and PIN are asked in any case.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ceremony.errors import MarkError
from ceremony.quorum.approvals import Approval, count_approvals
from ceremony.quorum.replay import Mark, ShownEntry, parse_shown
from ceremony.records.base import to_hex
from ceremony.records.dealing_entries import Dealt
from ceremony.records.evidence import EnvelopeHeader
from ceremony.records.roster_entries import Enrolled
from ceremony.records.structs import Domain, EnvelopeApproval, TypedAct
from ceremony.shards.threshold import header_digest


class Opening(NamedTuple):
    """What custodians approve: this header, for this reason, asked for in the custody entry with this leaf hash (hex)."""

    header: EnvelopeHeader
    reason: str
    opening: str

    def act(self, domain: Domain) -> TypedAct:
        """What they sign, in the ceremony's own domain; MarkError for that of another ceremony."""
        if domain.salt != self.header.ceremony:
            message = "an opening is approved in the domain of the ceremony that the envelope is sealed to, and in no other"
            raise MarkError(message)
        struct = EnvelopeApproval(
            ceremony=self.header.ceremony,
            dealing=self.header.dealing,
            header=to_hex(header_digest(self.header)),
            description=self.header.description,
            reason=self.reason,
            opening=self.opening,
        )
        return TypedAct(domain=domain, struct=struct)


class Electorate(NamedTuple):
    """Governance address (hex) of each custodian, and how many must approve."""

    roster: dict[int, str]
    k: int


def read_electorate(shown: Sequence[ShownEntry], mark: Mark, dealing: int) -> Electorate:
    """Who may approve, from entries of the transcript that this token follows: enrolments, and the dealing that its shard is of.

    A dealing has as many commitments as shards are needed, so their number is the quorum. MarkError when an entry is not of that
    transcript, is another kind of entry, or is missing.
    """
    roster: dict[int, str] = {}
    k = 0
    for one in shown:
        body = parse_shown(one, mark.size, mark.root)
        if isinstance(body, Enrolled) and body.enrolment.custodian not in roster:
            roster[body.enrolment.custodian] = body.enrolment.governance_key
        elif isinstance(body, Dealt) and body.dealing == dealing:
            k = len(body.commitments)
        else:
            message = f"entry {one.index} says nothing about who may approve an opening"
            raise MarkError(message)
    if not k:
        message = "the entry that deals these shards was not shown: nobody knows how many must approve"
        raise MarkError(message)
    return Electorate(roster, k)


def require_envelope_quorum(opening: Opening, approvals: Iterable[Approval], domain: Domain, electorate: Electorate) -> None:
    """Raise ApprovalError or QuorumError unless as many distinct custodians as must have validly approved exactly this opening."""
    count_approvals(opening.act(domain), approvals, electorate.roster, k=electorate.k)
