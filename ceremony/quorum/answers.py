"""Which answers to a request count: of custodians who were asked, one each, signed with their enrolled keys, for this request (pure)."""

from collections.abc import Mapping, Sequence
from typing import NoReturn

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.errors import CeremonyError, RequestRefused
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.structs import Attestation, Domain, TypedAct
from ceremony.records.unseal_files import SignedAnswer, UnsealAnswer, UnsealRequest


def request_digest(request: UnsealRequest) -> str:
    """SHA-256 of the request's RFC 8785 bytes, hex: what its answers are bound to, and what people compare as words."""
    return to_hex(digest_canonical(request.model_dump(mode="json")))


def attest_answer(answer: UnsealAnswer, request: UnsealRequest) -> Attestation:
    """What the answering custodian's governance key signs."""
    return Attestation(
        subject="answer",
        ceremony=request.header.ceremony,
        dealing=request.header.dealing,
        custodian=answer.custodian,
        evidence=to_hex(digest_canonical(answer.model_dump(mode="json"))),
    )


def require_answers(
    signed: Sequence[SignedAnswer], request: UnsealRequest, domain: Domain, roster: Mapping[int, str]
) -> dict[int, SignedAnswer]:
    """The answers by custodian.

    Args:
        signed: answers as they came in.
        request: what was asked.
        domain: the ceremony's own signing domain.
        roster: governance address (hex) of each custodian index.

    Raises:
        RequestRefused: one is to another request, of somebody who was not asked or is not enrolled, not signed with that
            custodian's key, or the second one of the same custodian. Names the custodian.
    """
    counted: dict[int, SignedAnswer] = {}
    for one in signed:
        require_answer(one, request, domain, roster)
        if one.answer.custodian in counted:
            _refuse(one, "answered twice", remedy="Leave one of the two files out: each custodian counts once.")
        counted[one.answer.custodian] = one
    return counted


def require_answer(signed: SignedAnswer, request: UnsealRequest, domain: Domain, roster: Mapping[int, str]) -> None:
    """Raise RequestRefused unless this one answer counts (arguments as in `require_answers`)."""
    answer = signed.answer
    if answer.request != request_digest(request):
        _refuse(signed, "answered another request")
    if answer.custodian not in request.custodians:
        _refuse(signed, "was not asked")
    address = roster.get(answer.custodian)
    if address is None:
        _refuse(signed, "is not on the roster")
    try:
        act = TypedAct(domain=domain, struct=attest_answer(answer, request))
        require_signature(from_hex(signed.signature), digest(act), from_hex(address))
    except CeremonyError as error:
        _refuse(signed, f"did not sign this answer: {error.message}")


def _refuse(signed: SignedAnswer, what: str, remedy: str = "") -> NoReturn:
    who = f"custodian {signed.answer.custodian}"
    message = f"{who} {what}"
    raise RequestRefused(message, culprits=(who,), remedy=remedy)
