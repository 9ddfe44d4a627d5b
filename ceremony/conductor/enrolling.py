"""Steps of the Enrol and Confirm phases, and the cleaning up after an abandoned dealing."""

from collections.abc import Sequence
from functools import partial

from ceremony.acts.roster import roster_digest
from ceremony.acts.words import encode_words
from ceremony.conductor.conductor import Conductor
from ceremony.errors import TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask, expect
from ceremony.hsm.template import require_attributes
from ceremony.hsm.token import Role
from ceremony.protocol.steps import Step
from ceremony.quorum.enrolments import require_enrolled, require_transport
from ceremony.records import dealing_entries as deal
from ceremony.records import roster_entries as roster
from ceremony.records.base import to_hex
from ceremony.records.plan import TokenPlan

CUSTODY_QUESTION = "Who set the PIN and SO PIN of each of your tokens, and who holds or has discarded each? (one sentence)"


def enrol(c: Conductor, step: Step) -> None:
    """A governance key born in the token, read back, and the enrolment it signed."""
    agent, opened = c.seat(step.part), c.state.opened
    c.begin(step, lambda: roster.EnrolBegun(custodian=step.part))
    request = m.Enrol(
        domain=c.state.domain,
        ceremony=opened.ceremony,
        plan_digest=opened.plan_digest,
        epoch=c.state.epoch,
        custodian=step.part,
        size=c.size,
        root=c.root,
    )
    reply = ask(agent, request, m.EnrolReply)
    token = c.describe(step.part)
    _require_serial(c, step.part, c.state.plan.custodian[step.part - 1].signer, token.serial)
    require_attributes(Role.GOVERNANCE, reply.attributes, c.who(step.part))
    entry = roster.Enrolled(
        custodian=step.part,
        token=token,
        public_key=reply.public_key,
        attributes=reply.attributes,
        enrolment=reply.enrolment,
        signature=reply.signature,
    )
    require_enrolled(entry, c.state.domain, opened.ceremony, opened.plan_digest, c.state.epoch)
    c.write(entry)


def transports(c: Conductor, steps: Sequence[Step]) -> None:
    """The transport keys of this dealing: all tokens make theirs at once, since RSA takes long; each is read back and signed."""
    for step in steps:
        c.announce(step)
    agents = c.seats((step.part, step.token) for step in steps)
    for step in steps:
        token = c.state.plan.token(step.part, step.token)
        if "sign" not in token.roles:
            c.first_mark(step.part, step.token)
        c.begin(step, partial(roster.TransportBegun, dealing=step.series, custodian=step.part, token_number=step.token))
        place = c.place(step.part)
        alone = _signs_alone(token)
        request = m.MakeTransport(domain=c.state.domain, place=place) if alone else m.OfferTransport(place=place, plain=_is_plain(token))
        agents[step.part, step.token].send(request)
    for step in steps:
        agent = agents[step.part, step.token]
        if _signs_alone(c.state.plan.token(step.part, step.token)):
            _write_transport(c, step, expect(agent, m.TransportReply))
        else:
            _write_transport(c, step, _vouched(c, step, expect(agent, m.TransportOffered)))


def _is_plain(token: TokenPlan) -> bool:
    return token.plain_import is not None


def _signs_alone(token: TokenPlan) -> bool:
    """Whether one agent makes the key, reads it back and signs it: nobody's word comes between."""
    return "sign" in token.roles and not _is_plain(token)


def _vouched(c: Conductor, step: Step, offered: m.TransportOffered) -> m.TransportReply:
    """The key that one token's agent showed, signed by the token of the same custodian that signs."""
    request = m.VouchTransport(
        domain=c.state.domain,
        place=c.place(step.part),
        serial=c.state.plan.token(step.part, step.token).serial,
        public_key=offered.public_key,
        attributes=offered.attributes,
    )
    signed = ask(c.seat(step.part), request, m.TransportVouched)
    return m.TransportReply(
        public_key=offered.public_key, attributes=offered.attributes, transport=signed.transport, signature=signed.signature
    )


def _write_transport(c: Conductor, step: Step, reply: m.TransportReply) -> None:
    token = c.state.plan.token(step.part, step.token)
    if not _is_plain(token):
        require_attributes(Role.TRANSPORT, reply.attributes, c.whose(step))
    seen = None
    if "sign" not in token.roles:  # the others were described when they were enrolled
        seen = c.describe(step.part, step.token)
        _require_serial(c, step.part, step.token, seen.serial)
    entry = roster.TransportMade(
        dealing=step.series,
        custodian=step.part,
        token_number=step.token,
        public_key=reply.public_key,
        attributes=reply.attributes,
        transport=reply.transport,
        signature=reply.signature,
        seen=seen,
    )
    require_transport(entry, c.state.enrolled[step.part], c.state.domain, step.series, token)
    c.write(entry)


def state_custody(c: Conductor, step: Step) -> None:
    """The custodian's own words on PIN and SO PIN."""
    statement = c.ports.people.statement(c.who(step.part), CUSTODY_QUESTION)
    c.write(roster.CustodyStated(custodian=step.part, statement=statement))


def confirm(c: Conductor, step: Step) -> None:
    """The custodian reads the roster digest in words, with the others, and says Yes."""
    digest = roster_digest(c.state.roster.values())
    lines = (
        *(f"{c.who(index)}: {address}" for index, address in c.state.roster.items()),
        f"Roster digest: 0x{digest.hex()}",
        f"In words:      {encode_words(digest)}",
    )
    c.ports.people.confirm(c.who(step.part), lines, "Are these the seven, and do your neighbours read the same words?")
    c.write(roster.RosterConfirmed(custodian=step.part, roster_digest=to_hex(digest)))


def discard(c: Conductor, step: Step) -> None:
    """Whatever the token holds of an abandoned dealing is destroyed, with read-back (P1)."""
    agent = c.seat(step.part, step.token)
    c.begin(step, lambda: deal.DiscardBegun(dealing=step.series, custodian=step.part, token_number=step.token))
    left = ask(agent, m.Discard(place=c.place(step.part, step.series)), m.HoldingsReply)
    if left.shard or left.transport:
        message = f"the token of {c.whose(step)} still lists keys of dealing {step.series}"
        raise TokenLied(message, culprits=(c.whose(step),))
    entry = deal.Discarded(
        dealing=step.series, custodian=step.part, token_number=step.token, shards=left.shard, transport_keys=left.transport
    )
    c.write(entry)


def _require_serial(c: Conductor, index: int, token: int, serial: str) -> None:
    planned = c.state.plan.token(index, token).serial
    if serial != planned:
        message = f"the plan names token {planned}, but {serial} answered"
        raise TokenLied(message, culprits=(c.who(index), serial))
