"""An envelope opened over several places: the request, each custodian's answer at their own place, and the joining of the answers.

The requester and each custodian have a copy of the closed ceremony, and a custody journal of their own. Only public facts, and answers
that none but the requester can open, travel.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from ceremony.acts.words import encode_words
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody, describe_envelope, describe_origin, join_answers, require_dealt, require_sealed_here
from ceremony.errors import AnswerError, CeremonyError, OpeningError, Replayed, RequestRefused, TokenError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.protocol.state import State
from ceremony.quorum.answers import request_digest, require_answer
from ceremony.records import custody_entries as custody
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import EnvelopeHeader, SealedHeader
from ceremony.records.unseal_files import SignedAnswer, UnsealRequest
from ceremony.shards.reply import derive_reply_key, open_answer, reply_public
from ceremony.shards.threshold import find_tag, header_digest, resolve_answer

NONCE_BYTES = 32


def describe_request(state: State, request: UnsealRequest) -> tuple[str, ...]:
    """A request in plain words, as its custodians read it."""
    digest = request_digest(request)
    asked = ", ".join(f"custodian {index}" if index not in state.plan.indices else state.plan.who(index) for index in request.custodians)
    return (
        *describe_envelope(request.header),
        *describe_origin(state, request.header),
        f"Reason:    {request.reason}",
        f"Asked by:  {request.requester}, at {request.at}; nothing here proves it",
        f"Asked:     {asked}",
        f"Request:   {digest}",
        f"In words:  {encode_words(from_hex(digest))}",
        "Whoever made this request can read your answer, nobody else. Call them, by a way you trust: they must read you these words.",
    )


@dataclass(frozen=True)
class Wanted:
    """What a requester wants: why, who they say they are, who is asked, and when."""

    reason: str
    requester: str
    custodians: tuple[int, ...]
    at: str


def make_request(here: Custody, header: EnvelopeHeader, wanted: Wanted, secret: bytes) -> UnsealRequest:
    """A request whose answers only `secret`, 16 fresh bytes that a person keeps, opens; in the journal before anybody gets it.

    OpeningError when the envelope is sealed elsewhere, or fewer are asked than must answer.
    """
    state = here.conductor.state
    require_enough(state, header, wanted.custodians)
    nonce = here.conductor.ports.entropy(NONCE_BYTES)
    request = UnsealRequest(
        header=header,
        reason=wanted.reason,
        requester=wanted.requester,
        custodians=wanted.custodians,
        nonce=to_hex(nonce),
        reply_key=to_hex(reply_public(derive_reply_key(secret, nonce))),
        at=wanted.at,
    )
    here.write(
        custody.RequestMade(
            request=request_digest(request),
            header_digest=to_hex(header_digest(header)),
            description=header.description,
            reason=request.reason,
            requester=request.requester,
            custodians=request.custodians,
        )
    )
    return request


def require_enough(state: State, header: EnvelopeHeader, custodians: Sequence[int]) -> None:
    """Raise OpeningError unless the envelope is sealed to this ceremony, and as many are asked as must answer."""
    require_dealt(state)
    require_sealed_here(state, header)
    if len(custodians) < state.plan.quorum.k:
        message = f"{len(custodians)} custodians would be asked; {state.plan.quorum.k} must answer"
        raise OpeningError(message, remedy="Name more custodians with --custodian, or none: then all are asked.")


def require_mine(state: State, request: UnsealRequest, custodian: int) -> None:
    """Raise OpeningError or RequestRefused unless this ceremony's custodian was asked, for an envelope of this ceremony."""
    require_dealt(state)
    require_sealed_here(state, request.header)
    if custodian not in request.custodians:
        message = f"this request does not ask {state.plan.who(custodian)}"
        raise RequestRefused(message, culprits=(state.plan.who(custodian),))


def answer(here: Custody, request: UnsealRequest, custodian: int) -> SignedAnswer:
    """This custodian's answer: shown, confirmed, written down before the token is asked. The same request again gets the same answer.

    Raises:
        RequestRefused: this custodian was not asked.
        Replayed: another request with this nonce was read here before.
        Declined: the custodian said no.
        CeremonyError: the token or its agent refused; that stands in the journal too.
    """
    c = here.conductor
    require_mine(c.state, request, custodian)
    given = find_answer(here, request, custodian)
    if given is not None:
        c.ports.people.tell(f"      {c.who(custodian)}: has answered this request before; this is the same answer")
        return given
    c.ports.people.confirm(c.who(custodian), describe_request(c.state, request), "Shall your token help to open this envelope?")
    here.write(_begun(request, custodian))
    try:
        signed = _ask_token(c, request, custodian)
    except CeremonyError as error:
        here.write(custody.AnswerFailed(request=request_digest(request), custodian=custodian, error=error.name))
        raise
    here.write(custody.AnswerGiven(signed=signed))
    return signed


def find_answer(here: Custody, request: UnsealRequest, custodian: int) -> SignedAnswer | None:
    """What this custodian answered to this very request before, if they did; Replayed when its nonce was in another one."""
    digest = request_digest(request)
    for body in here.bodies():
        if isinstance(body, custody.AnswerBegun) and (body.custodian, body.nonce) == (custodian, request.nonce) and body.request != digest:
            message = f"{here.conductor.who(custodian)} has read another request with the same nonce: {body.request}, {body.description!r}"
            raise Replayed(message, culprits=(request.requester,))
        if isinstance(body, custody.AnswerGiven) and (body.signed.answer.custodian, body.signed.answer.request) == (custodian, digest):
            return body.signed
    return None


def require_own(here: Custody, request: UnsealRequest, sealed: SealedHeader) -> None:
    """Raise RequestRefused unless this copy made the request, for this very file."""
    require_sealed_here(here.conductor.state, request.header)
    digest = request_digest(request)
    if not any(isinstance(body, custody.RequestMade) and body.request == digest for body in here.bodies()):
        message = "this request was not made with this copy of the ceremony, or was changed since"
        raise RequestRefused(message, culprits=(digest,), remedy="Combine with the DIR that `ceremony unseal request` was given.")
    if request.header != sealed.header:
        message = "this request is for another sealed file"
        raise RequestRefused(message, culprits=(request.header.description,), remedy="Name the file that the request was made for.")


def require_reply_key(request: UnsealRequest, secret: bytes) -> bytes:
    """The private key that answers to this request were sealed to; AnswerError when the words are of another one."""
    private = derive_reply_key(secret, from_hex(request.nonce))
    if to_hex(reply_public(private)) != request.reply_key:
        message = "these are not the words that were shown when this request was made"
        raise AnswerError(message, culprits=(request.requester,))
    return private


def combine(
    here: Custody, request: UnsealRequest, sealed: SealedHeader, answers: Mapping[int, SignedAnswer], private: bytes
) -> tuple[bytes, custody.AnswersCombined]:
    """The payload's key, 16 bytes, and the entry that says whose answers brought it back.

    Args:
        here: the requester's copy, which made the request.
        request: what was asked.
        sealed: of the sealed file.
        answers: by custodian, judged by `require_answers` before.
        private: the requester's key, of `require_reply_key`.

    Raises:
        OpeningError: too few right answers; names each wrong one.
    """
    c, digest, bound = here.conductor, request_digest(request), to_hex(header_digest(request.header))
    here.write(custody.CombineBegun(request=digest, header_digest=bound, custodians=tuple(sorted(answers))))
    right, wrong = _read_all(request, answers, private)
    k = c.state.plan.quorum.k
    if len(right) < k:
        here.write(custody.CombineFailed(request=digest, header_digest=bound, custodians=tuple(right), wrong=wrong))
        message = f"right answers: {len(right)}, needed: {k}; the envelope stays closed"
        culprits = tuple(f"{c.who(one.custodian)}: {one.error}" for one in wrong)
        raise OpeningError(message, culprits=culprits, remedy="Wait for more answers, then run the same command again with all of them.")
    with closing(c.ports.open_combiner()) as combiner:
        key, chosen, locked = join_answers(c, combiner, sealed, right)
    done = custody.AnswersCombined(request=digest, header_digest=bound, custodians=chosen, wrong=wrong, memory_locked=locked)
    here.write(done)
    return key, done


def _read_all(
    request: UnsealRequest, answers: Mapping[int, SignedAnswer], private: bytes
) -> tuple[dict[int, str], tuple[custody.Wrong, ...]]:
    """The right answers, hex of 32 bytes, and whose are wrong: each is measured by the sealer's tag."""
    digest, bound = from_hex(request_digest(request)), header_digest(request.header)
    right: dict[int, str] = {}
    wrong: list[custody.Wrong] = []
    for index, signed in sorted(answers.items()):
        try:
            x = open_answer(from_hex(signed.answer.sealed), private, request=digest, index=index)
            resolve_answer(bound, index, x, find_tag(request.header.tags, index))
            right[index] = to_hex(x)
        except OpeningError as error:
            wrong.append(custody.Wrong(custodian=index, error=error.name))
    return right, tuple(wrong)


def _ask_token(c: Conductor, request: UnsealRequest, custodian: int) -> SignedAnswer:
    """The answer of the first of the custodian's tokens that hold the shard and answer; the error of the last one, when none does."""
    *others, last = c.state.plan.custodian[custodian - 1].holders
    c.sit(f"custodian {custodian}")
    for number in others:
        try:
            return _ask_one(c, request, custodian, number)
        except (OpeningError, TokenError) as error:
            c.ports.people.tell(f"      {c.state.plan.whose(custodian, number)}: {error.name}: {error.message}")
            c.ports.people.tell(f"      {c.who(custodian)}: another token holds the same shard, and is asked now")
    return _ask_one(c, request, custodian, last)


def _ask_one(c: Conductor, request: UnsealRequest, custodian: int, number: int) -> SignedAnswer:
    """One token's answer; where it does not sign, its custodian's token that does seals and signs what it answered."""
    agent, place = c.seat(custodian, number), c.place(custodian)
    if number == c.state.plan.custodian[custodian - 1].signer:
        asked = m.AnswerRequest(domain=c.state.domain, place=place, request=request)
        signed = ask(agent, asked, m.RequestAnswered).signed
    else:
        c.require_signer(custodian)
        x = ask(agent, m.AnswerEnvelope(place=place, header=request.header), m.Answered).x
        sealing = m.SealAnswer(domain=c.state.domain, place=place, request=request, x=x)
        signed = ask(c.seat(custodian), sealing, m.RequestAnswered).signed
    c.rise()
    require_answer(signed, request, c.state.domain, {custodian: c.state.roster[custodian]})
    return signed


def _begun(request: UnsealRequest, custodian: int) -> custody.AnswerBegun:
    return custody.AnswerBegun(
        request=request_digest(request),
        nonce=request.nonce,
        header_digest=to_hex(header_digest(request.header)),
        description=request.header.description,
        reason=request.reason,
        requester=request.requester,
        custodian=custodian,
    )
