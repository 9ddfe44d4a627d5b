"""An envelope whose sealer is not trusted: five approve its exact header, then each token answers twice (`ceremony.shards.queries`).

Every approval is shown to every agent, with the entries that say whose keys count; the combiner's side of the two questions is here.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from ceremony.acts.render import render
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody, Joined, conclude, describe_envelope, gather, require_dealt, require_sealed_here
from ceremony.conductor.ports import CombinerPort
from ceremony.custody.messages import Join
from ceremony.custody.sealed import unwrap_key
from ceremony.errors import ApprovalError, QuorumError, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.quorum.approvals import Approval, require_approval
from ceremony.quorum.dealings import public_share
from ceremony.quorum.envelopes import Opening
from ceremony.quorum.replay import ShownEntry
from ceremony.records import custody_entries as custody
from ceremony.records.base import from_hex, to_hex
from ceremony.records.dealing_entries import Dealt
from ceremony.records.evidence import SealedHeader
from ceremony.records.roster_entries import Enrolled
from ceremony.records.structs import TypedAct
from ceremony.shards.field import encode_point, encode_scalar, parse_point
from ceremony.shards.queries import QUERY_BYTES, Pair, draw_query, judge_pair
from ceremony.shards.threshold import header_digest

MORE = "Run the same command again with more custodians: --custodian NAME for each."


@dataclass(frozen=True)
class _Asked:
    """One opening: what is approved, and the approvals so far, signatures in hex by custodian."""

    opening: Opening
    act: TypedAct
    approvals: dict[int, str]


def unseal_untrusted(
    here: Custody, sealed: SealedHeader, reason: str, custodians: Sequence[int], *, every: bool = True
) -> tuple[bytes, custody.Unsealed]:
    """The payload's key, 16 bytes, and the entry that says who brought it back; no tag of the sealer's is looked at.

    The first k of `custodians` who say Yes approve; then they answer as in `unseal`.

    Raises:
        QuorumError: too few tokens signed an approval.
        OpeningError: sealed elsewhere; too few right answers (names the wrong ones); or the sealer committed to another key.
        CombinerLied: an agent found this machine asking what it must not.
        Declined: a custodian said no.
    """
    c = here.conductor
    require_dealt(c.state)
    require_sealed_here(c.state, sealed.header)
    with closing(c.ports.open_combiner()) as combiner:
        asked = _begin(here, sealed, reason, custodians)
        _approve_all(here, asked, custodians)
        enough = len(custodians) if every else c.state.plan.quorum.k
        points, wrong = gather(
            c, custodians, lambda *whose: _answer_twice(c, asked, *whose), enough=enough, greet=lambda index: _confirm(c, asked, index)
        )
        return conclude(here, sealed.header, points, wrong, lambda: _join(c, combiner, sealed, points), MORE)


def _begin(here: Custody, sealed: SealedHeader, reason: str, custodians: Sequence[int]) -> _Asked:
    """The intent, whose place in the journal every approval is bound to."""
    header = sealed.header
    here.write(
        custody.UnsealBegun(
            header_digest=to_hex(header_digest(header)), description=header.description, reason=reason, custodians=tuple(custodians)
        )
    )
    tree = here.journal.book.tree
    opening = Opening(header, reason, to_hex(tree.leaf(len(here.journal.book) - 1)))
    return _Asked(opening, opening.act(here.conductor.state.domain), {})


def _approve_all(here: Custody, asked: _Asked, custodians: Sequence[int]) -> None:
    """Approvals of k custodians; QuorumError, written down, when there are fewer."""
    c, k = here.conductor, here.conductor.state.plan.quorum.k
    approvals, wrong = gather(c, custodians, lambda index, _number: _approve(here, asked, index), enough=k, signing=True)
    asked.approvals.update(approvals)
    if len(approvals) < k:
        digest = to_hex(header_digest(asked.opening.header))
        here.write(custody.UnsealFailed(header_digest=digest, custodians=(), wrong=wrong))
        message = f"{len(approvals)} of {k} needed approvals; no token has answered"
        raise QuorumError(message, culprits=tuple(f"{c.who(one.custodian)}: {one.error}" for one in wrong), remedy=MORE)


def _approve(here: Custody, asked: _Asked, index: int) -> str:
    """One custodian's approval: read, confirmed, signed, checked and written down; the signature, hex."""
    c, opening = here.conductor, asked.opening
    c.ports.people.confirm(c.who(index), render(asked.act), "Do you approve that exactly this envelope is opened?")
    request = m.ApproveEnvelope(
        domain=asked.act.domain, place=c.place(index), header=opening.header, reason=opening.reason, opening=opening.opening
    )
    signed = ask(c.seat(index), request, m.Signed)
    _require_enrolled(c, asked, index, signed)
    here.write(
        custody.EnvelopeApproved(
            header_digest=to_hex(header_digest(opening.header)),
            reason=opening.reason,
            opening=opening.opening,
            custodian=index,
            signature=signed.signature,
        )
    )
    c.ports.people.tell(f"      {c.who(index)}: has approved")
    return signed.signature


def _require_enrolled(c: Conductor, asked: _Asked, index: int, signed: m.Signed) -> None:
    """Raise TokenLied unless this is the signature of the custodian's enrolled key over exactly this."""
    try:
        require_approval(Approval(index, signed.digest, signed.signature), asked.act, c.state.roster)
    except ApprovalError as error:
        message = f"what the token signed is no approval: {error.message}"
        raise TokenLied(message, culprits=(c.who(index),)) from None


def _confirm(c: Conductor, asked: _Asked, index: int) -> None:
    who = ", ".join(c.who(one) for one in sorted(asked.approvals))
    reason = f"Reason:    {asked.opening.reason}"
    lines = (*describe_envelope(asked.opening.header), reason, f"Approved:  by {who}", "Sealer:    not trusted")
    c.ports.people.confirm(c.who(index), lines, "Shall your token help to open this envelope?")


def _answer_twice(c: Conductor, asked: _Asked, index: int, number: int) -> str:
    """One token's answer as a point, hex of 33 bytes, its sign decided and itself checked by a second answer."""
    header, digest = asked.opening.header, header_digest(asked.opening.header)
    query = draw_query(parse_point(from_hex(header.point)), c.ports.entropy(QUERY_BYTES))
    agent = c.seat(index, number)
    committed = ask(agent, _commit_request(c, asked, index, encode_point(query.point, compressed=True)), m.AnswersCommitted)
    shown = m.OpenAnswers(commitment=committed.commitment, a=to_hex(encode_scalar(query.a)), b=to_hex(encode_scalar(query.b)))
    opened = ask(agent, shown, m.AnswersOpened)
    point = judge_pair(
        Pair(from_hex(opened.salt), from_hex(opened.to_point), from_hex(opened.to_query)),
        from_hex(committed.commitment),
        header=digest,
        index=index,
        query=query,
        public=public_share(c.state.commitments, index),
    )
    c.ports.people.tell(f"      {c.state.plan.whose(index, number)}: the token has answered")
    return to_hex(encode_point(point, compressed=True))


def _commit_request(c: Conductor, asked: _Asked, index: int, query: bytes) -> m.CommitAnswers:
    return m.CommitAnswers(
        domain=asked.act.domain,
        place=c.place(index),
        header=asked.opening.header,
        reason=asked.opening.reason,
        opening=asked.opening.opening,
        approvals=tuple(sorted(asked.approvals.items())),
        shown=show_electorate(c, asked.approvals),
        query=to_hex(query),
    )


def show_electorate(c: Conductor, custodians: Collection[int]) -> tuple[ShownEntry, ...]:
    """The entries that say whose approvals count, these custodians' enrolments and the dealing, each with its proof."""
    book = c.journal.book
    places = (
        entry.index
        for entry in book
        if (isinstance(entry.body, Enrolled) and entry.body.enrolment.custodian in custodians)
        or (isinstance(entry.body, Dealt) and entry.body.dealing == c.state.dealing)
    )
    return tuple(
        ShownEntry(index=place, line=book.lines[place].decode(), proof=tuple(to_hex(node) for node in book.tree.inclusion(place)))
        for place in places
    )


def _join(c: Conductor, combiner: CombinerPort, sealed: SealedHeader, points: Mapping[int, str]) -> Joined:
    """What right points (hex of 33 bytes) bring back."""
    k, required = c.state.plan.quorum.k, c.state.plan.require_locked_memory
    chosen = tuple(sorted(points)[:k])
    given = tuple((index, points[index]) for index in chosen)
    combined = combiner.combine(Join(header=sealed.header, k=k, points=given, require_locked_memory=required))
    return unwrap_key(from_hex(combined.file_key), sealed), chosen, combined.memory_locked
