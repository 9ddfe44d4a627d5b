"""The proofs: every token holds its shard, two sets of five open an envelope, and nothing is left that could be unwrapped again."""

from contextlib import closing
from typing import Any

from ceremony.conductor.conductor import Conductor
from ceremony.custody.envelope import seal_test as seal
from ceremony.custody.messages import Combine
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask, expect
from ceremony.protocol.steps import OPENING_ROUNDS, Step, opening_set
from ceremony.quorum.dealings import parse_points, require_attested
from ceremony.records import dealing_entries as deal
from ceremony.records.evidence import EnvelopeHeader

ENTROPY_BYTES = 48


def hold(c: Conductor, step: Step) -> None:
    """One custodian's agent challenges every other token with a fresh point of its own, judges the answers and signs what it saw."""
    agents, me = c.seats(c.state.plan.indices), step.part
    c.begin(step, lambda: deal.HoldingBegun(dealing=step.series, custodian=me))
    others = [index for index in agents if index != me]
    for holder in others:
        asked = ask(agents[me], m.Challenge(place=c.place(me), holder=holder), m.Challenged)
        agents[holder].send(m.Hold(place=c.place(holder), point=asked.point, nonce=asked.nonce))
    answers = tuple((holder, expect(agents[holder], m.Held).answer) for holder in others)
    request = m.AttestHolding(domain=c.state.domain, place=c.place(me), answers=answers, commitments=c.state.commitments)
    reply = ask(agents[me], request, m.HoldingReply)
    _require_attested(c, step, "holding", reply)
    c.write(
        deal.HoldingAttested(
            dealing=step.series, custodian=me, evidence=reply.evidence, attestation=reply.attestation, signature=reply.signature
        )
    )


def seal_test(c: Conductor, step: Step) -> None:
    """A fresh envelope that only five tokens together can open."""
    header = seal(
        ceremony=c.state.opened.ceremony,
        dealing=step.series,
        n=c.state.plan.quorum.n,
        commitments=parse_points(c.state.commitments),
        entropy=c.ports.entropy(ENTROPY_BYTES),
    )
    c.write(deal.TestSealed(dealing=step.series, header=header))


def open_test(c: Conductor, step: Step) -> None:
    """One set of five opens the test envelope."""
    custodians = _opening_set(c, step.part)
    c.seats(custodians)
    c.begin(step, lambda: deal.OpeningBegun(dealing=step.series, round=step.part, custodians=custodians))
    c.file_keys[step.part] = _open(c, custodians)
    c.write(deal.Opened(dealing=step.series, round=step.part, custodians=custodians))


def witness(c: Conductor, step: Step) -> None:
    """A custodian's agent checks that the openings it took part in gave the key the envelope commits to, and signs so."""
    me = step.part
    agent = c.seat(me)
    c.begin(step, lambda: deal.OpeningWitnessBegun(dealing=step.series, custodian=me))
    rounds = [number for number in OPENING_ROUNDS if me in _opening_set(c, number)]
    for number in rounds:
        if number not in c.file_keys:  # a run before this one saw it; see it again
            c.file_keys[number] = _open(c, _opening_set(c, number))
    request = m.AttestOpening(
        domain=c.state.domain,
        place=c.place(me),
        header=_header(c),
        sets=tuple(_opening_set(c, number) for number in rounds),
        file_keys=tuple(c.file_keys[number] for number in rounds),
    )
    reply = ask(agent, request, m.OpeningReply)
    _require_attested(c, step, "opening", reply)
    c.write(
        deal.OpeningAttested(
            dealing=step.series, custodian=me, evidence=reply.evidence, attestation=reply.attestation, signature=reply.signature
        )
    )


def retire(c: Conductor, step: Step) -> None:
    """The transport key is destroyed, read back: what is left is one shard that can never be unwrapped again."""
    agent = c.seat(step.part)
    c.begin(step, lambda: deal.RetireBegun(dealing=step.series, custodian=step.part))
    reply = ask(agent, m.Retire(domain=c.state.domain, place=c.place(step.part)), m.RetirementReply)
    _require_attested(c, step, "retirement", reply)
    c.write(
        deal.Retired(
            dealing=step.series, custodian=step.part, evidence=reply.evidence, attestation=reply.attestation, signature=reply.signature
        )
    )


def burn(c: Conductor, step: Step) -> None:
    """The wrapped shards on disk are destroyed, read back."""
    c.ports.blobs.destroy(step.series)
    c.write(deal.BlobsDestroyed(dealing=step.series))


def _open(c: Conductor, custodians: tuple[int, ...]) -> str:
    agents = c.seats(custodians)
    for index, agent in agents.items():
        agent.send(m.AnswerEnvelope(place=c.place(index), header=_header(c)))
    answers = tuple((index, expect(agent, m.Answered).x) for index, agent in agents.items())
    with closing(c.ports.open_combiner()) as combiner:
        return combiner.combine(_question(c, answers)).file_key


def _question(c: Conductor, answers: tuple[tuple[int, str], ...]) -> Combine:
    plan = c.state.plan
    return Combine(header=_header(c), k=plan.quorum.k, answers=answers, require_locked_memory=plan.require_locked_memory)


def _opening_set(c: Conductor, number: int) -> tuple[int, ...]:
    return opening_set(c.state.plan.quorum.n, c.state.plan.quorum.k, number)


def _header(c: Conductor) -> EnvelopeHeader:
    if c.state.test is None:  # pragma: no cover - the protocol seals before it opens
        raise AssertionError
    return c.state.test.header


def _require_attested(c: Conductor, step: Step, subject: str, reply: Any) -> None:  # noqa: ANN401 - three replies of one shape
    require_attested(
        reply.attestation,
        reply.signature,
        reply.evidence,
        subject=subject,
        domain=c.state.domain,
        ceremony=c.state.opened.ceremony,
        dealing=step.series,
        custodian=step.part,
        address=c.state.roster[step.part],
    )
