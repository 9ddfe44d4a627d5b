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

CUSTODY_QUESTION = "Who set this token's PIN and SO PIN, and who holds or has discarded each? (one sentence)"


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
    _require_serial(c, step.part, token.serial)
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
    agents = c.seats(step.part for step in steps)
    for step in steps:
        c.begin(step, partial(roster.TransportBegun, dealing=step.series, custodian=step.part))
        agents[step.part].send(m.MakeTransport(domain=c.state.domain, place=c.place(step.part)))
    for step in steps:
        _write_transport(c, step, expect(agents[step.part], m.TransportReply))


def _write_transport(c: Conductor, step: Step, reply: m.TransportReply) -> None:
    require_attributes(Role.TRANSPORT, reply.attributes, c.who(step.part))
    entry = roster.TransportMade(
        dealing=step.series,
        custodian=step.part,
        public_key=reply.public_key,
        attributes=reply.attributes,
        transport=reply.transport,
        signature=reply.signature,
    )
    require_transport(entry, c.state.enrolled[step.part], c.state.domain, step.series)
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
    agent = c.seat(step.part)
    c.begin(step, lambda: deal.DiscardBegun(dealing=step.series, custodian=step.part))
    left = ask(agent, m.Discard(place=c.place(step.part, step.series)), m.HoldingsReply)
    if left.shard or left.transport:
        message = f"the token of {c.who(step.part)} still lists keys of dealing {step.series}"
        raise TokenLied(message, culprits=(c.who(step.part),))
    c.write(deal.Discarded(dealing=step.series, custodian=step.part, shards=left.shard, transport_keys=left.transport))


def _require_serial(c: Conductor, index: int, serial: str) -> None:
    planned = c.state.plan.custodian[index - 1].token[0].serial
    if serial != planned:
        message = f"the plan names token {planned}, but {serial} answered"
        raise TokenLied(message, culprits=(c.who(index), serial))
