"""An opening over several places, simulated: a requester's copy of a closed ceremony, and one of each custodian."""

from pathlib import Path

from ceremony.conductor.requests import Wanted, answer, make_request
from ceremony.records.evidence import SealedHeader
from ceremony.records.unseal_files import SignedAnswer, UnsealRequest
from tests.simulators.custody import ALL, custody, sealed_to
from tests.simulators.tokens import SimulatedToken

SECRET = b"\x2a" * 16
AT = "2026-11-25T12:00:00Z"


def requested(here, custodians=ALL, *, reason="audit", sealed=None) -> tuple[SealedHeader, UnsealRequest]:
    """Something sealed, and a request for it by the requester `here`."""
    sealed = sealed or sealed_to(here.conductor.state)
    return sealed, make_request(here, sealed.header, Wanted(reason, "Ada", tuple(custodians), AT), SECRET)


def answers_to(
    request: UnsealRequest, place: Path, custodians=ALL, kind: type[SimulatedToken] = SimulatedToken, *, twins: bool = False
) -> dict[int, SignedAnswer]:
    """Each custodian's answer, each at a place of their own."""
    found = {}
    for index in custodians:
        with custody(place / str(index), kind, twins=twins) as there:
            found[index] = answer(there, request, index)
    return found
