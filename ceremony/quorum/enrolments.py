"""Who the custodians are: enrolments and transport keys, each vouched for by a governance key (DESIGN 4.4; pure)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest as hash_roster
from ceremony.acts.signature import address_of, require_signature
from ceremony.errors import CeremonyError, DealingError
from ceremony.quorum.approvals import require_distinct_keys
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.roster_entries import Enrolled, TransportMade
from ceremony.records.structs import Domain, TypedAct


def require_people(  # noqa: PLR0913 - the dealer must know all of it
    enrolled: Sequence[Enrolled],
    transports: Sequence[TransportMade],
    *,
    domain: Domain,
    ceremony: str,
    plan_digest: str,
    epoch: int,
    dealing: int,
    n: int,
    roster_digest: str,
) -> None:
    """Raise DealingError unless n enrolled custodians with distinct keys and signed transport keys form the roster all confirmed."""
    indices = list(range(1, n + 1))
    if [e.custodian for e in enrolled] != indices or [t.custodian for t in transports] != indices:
        message = f"a dealing needs custodians 1 to {n}, each enrolled and with a transport key"
        raise DealingError(message, culprits=("the roster",))
    roster = {entry.custodian: entry.enrolment.governance_key for entry in enrolled}
    with _named("the roster", "list of keys"):
        require_distinct_keys(roster)
        require_distinct_keys({transport.custodian: transport.public_key for transport in transports})
    if to_hex(hash_roster(roster.values())) != roster_digest:
        message = "the enrolled keys are not the roster that the custodians confirmed"
        raise DealingError(message, culprits=("the roster",))
    for person, transport in zip(enrolled, transports, strict=True):
        require_enrolled(person, domain, ceremony, plan_digest, epoch)
        require_transport(transport, person, domain, dealing)


def require_enrolled(entry: Enrolled, domain: Domain, ceremony: str, plan_digest: str, epoch: int) -> None:
    """Raise DealingError unless the governance key itself signed this enrolment of this custodian in this ceremony and epoch."""
    claim, who = entry.enrolment, f"custodian {entry.custodian}"
    with _named(who, "enrolment"):
        address = address_of(from_hex(entry.public_key))
        said = (claim.ceremony, claim.plan_digest, claim.epoch, claim.custodian, claim.serial, claim.governance_key)
        if said != (ceremony, plan_digest, epoch, entry.custodian, entry.token.serial, to_hex(address)):
            message = "it says something else than its entry"
            raise DealingError(message)
        require_signature(from_hex(entry.signature), digest(TypedAct(domain=domain, struct=claim)), address)


def require_transport(entry: TransportMade, enrolled: Enrolled, domain: Domain, dealing: int) -> None:
    """Raise DealingError unless the custodian's governance key signed this transport key for this dealing."""
    claim, who = entry.transport, f"custodian {entry.custodian}"
    said = (entry.dealing, entry.custodian, claim.ceremony, claim.dealing, claim.custodian, claim.serial, claim.key_digest)
    place = (dealing, enrolled.custodian, enrolled.enrolment.ceremony, dealing, enrolled.custodian, enrolled.token.serial)
    with _named(who, "transport key"):
        if said != (*place, to_hex(digest_canonical(entry.public_key))):
            message = "it is not the one that was signed"
            raise DealingError(message)
        address = from_hex(enrolled.enrolment.governance_key)
        require_signature(from_hex(entry.signature), digest(TypedAct(domain=domain, struct=claim)), address)


@contextmanager
def _named(who: str, what: str) -> Iterator[None]:
    """Whatever is wrong inside is wrong with this custodian's enrolment or transport key."""
    try:
        yield
    except CeremonyError as error:
        message = f"the {what} of {who} is not valid: {error.message}"
        raise DealingError(message, culprits=error.culprits or (who,)) from None
