"""The proofs: every token holds its shard, two sets of five open an envelope, and nothing is left that could be unwrapped again."""

from contextlib import closing
from typing import Any, Literal

from ceremony.conductor.conductor import Conductor
from ceremony.custody.envelope import seal_test as seal
from ceremony.custody.messages import Combine
from ceremony.errors import TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask, expect
from ceremony.protocol.steps import OPENING_ROUNDS, Step, opening_set
from ceremony.quorum.dealings import parse_points, require_attested
from ceremony.records import dealing_entries as deal
from ceremony.records.evidence import EnvelopeHeader, HoldingEvidence, RetirementEvidence

ENTROPY_BYTES = 48


def hold(c: Conductor, step: Step) -> None:
    """One token's agent challenges every other token with a fresh point of its own and judges the answers; what it saw is signed."""
    agents, me = c.seats(c.state.plan.holders), (step.part, step.token)
    c.begin(step, lambda: deal.HoldingBegun(dealing=step.series, custodian=step.part, token_number=step.token))
    place, others = c.place(step.part), [whose for whose in agents if whose != me]
    for holder, number in others:
        asked = ask(agents[me], m.Challenge(place=place, holder=holder, token_number=number), m.Challenged)
        agents[holder, number].send(m.Hold(place=c.place(holder), point=asked.point, nonce=asked.nonce))
    answers = tuple(
        m.HoldingAnswer(holder=holder, token_number=number, answer=expect(agents[holder, number], m.Held).answer)
        for holder, number in others
    )
    if _signs(c, step):
        attest = m.AttestHolding(
            domain=c.state.domain, place=place, token_number=step.token, answers=answers, commitments=c.state.commitments
        )
        reply = ask(agents[me], attest, m.HoldingReply)
    else:
        see = m.SeeHolding(place=place, token_number=step.token, answers=answers, commitments=c.state.commitments)
        evidence = ask(agents[me], see, m.HoldingSeen).evidence
        signed = _vouch(c, step, "holding", evidence)
        reply = m.HoldingReply(evidence=evidence, attestation=signed.attestation, signature=signed.signature)
    _require_attested(c, step, "holding", reply)
    c.write(
        deal.HoldingAttested(
            dealing=step.series,
            custodian=step.part,
            token_number=step.token,
            evidence=reply.evidence,
            attestation=reply.attestation,
            signature=reply.signature,
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
    c.seats(_primaries(c, custodians))
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
    agent, place = c.seat(step.part, step.token), c.place(step.part)
    c.begin(step, lambda: deal.RetireBegun(dealing=step.series, custodian=step.part, token_number=step.token))
    if _signs(c, step):
        reply = ask(agent, m.Retire(domain=c.state.domain, place=place, token_number=step.token), m.RetirementReply)
    else:
        evidence = ask(agent, m.SeeRetired(place=place, token_number=step.token), m.RetirementSeen).evidence
        signed = _vouch(c, step, "retirement", evidence)
        reply = m.RetirementReply(evidence=evidence, attestation=signed.attestation, signature=signed.signature)
    _require_attested(c, step, "retirement", reply)
    c.write(
        deal.Retired(
            dealing=step.series,
            custodian=step.part,
            token_number=step.token,
            evidence=reply.evidence,
            attestation=reply.attestation,
            signature=reply.signature,
        )
    )


def burn(c: Conductor, step: Step) -> None:
    """The wrapped shards on disk are destroyed, read back."""
    c.ports.blobs.destroy(step.series)
    c.write(deal.BlobsDestroyed(dealing=step.series))


def _open(c: Conductor, custodians: tuple[int, ...]) -> str:
    agents = c.seats(_primaries(c, custodians))
    for (index, _), agent in agents.items():
        agent.send(m.AnswerEnvelope(place=c.place(index), header=_header(c)))
    answers = tuple((index, expect(agent, m.Answered).x) for (index, _), agent in agents.items())
    with closing(c.ports.open_combiner()) as combiner:
        return combiner.combine(_question(c, answers)).file_key


def _question(c: Conductor, answers: tuple[tuple[int, str], ...]) -> Combine:
    plan = c.state.plan
    return Combine(header=_header(c), k=plan.quorum.k, answers=answers, require_locked_memory=plan.require_locked_memory)


def _primaries(c: Conductor, custodians: tuple[int, ...]) -> list[tuple[int, int]]:
    """Each custodian's first token that holds the shard; that the others hold the same one is proven by the challenges."""
    return [(index, c.state.plan.custodian[index - 1].holders[0]) for index in custodians]


def _signs(c: Conductor, step: Step) -> bool:
    """Whether the token of this step is the one that signs for its custodian."""
    return step.token == c.state.plan.custodian[step.part - 1].signer


def _vouch(
    c: Conductor, step: Step, subject: Literal["holding", "retirement"], evidence: HoldingEvidence | RetirementEvidence
) -> m.Vouched:
    """What the agent of a token that does not sign saw, signed by its custodian's token that does."""
    request = m.Vouch(domain=c.state.domain, place=c.place(step.part), subject=subject, evidence=evidence)
    return ask(c.seat(step.part), request, m.Vouched)


def _opening_set(c: Conductor, number: int) -> tuple[int, ...]:
    return opening_set(c.state.plan.quorum.n, c.state.plan.quorum.k, number)


def _header(c: Conductor) -> EnvelopeHeader:
    if c.state.test is None:  # pragma: no cover - the protocol seals before it opens
        raise AssertionError
    return c.state.test.header


def _require_attested(c: Conductor, step: Step, subject: str, reply: Any) -> None:  # noqa: ANN401 - three replies of one shape
    if getattr(reply.evidence, "token_number", step.token) != step.token:
        message = f"the evidence is of another token than that of {c.whose(step)}"
        raise TokenLied(message, culprits=(c.whose(step),))
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
