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
from ceremony.records.plan import Plan, TokenPlan
from ceremony.records.roster_entries import Enrolled, TransportMade
from ceremony.records.structs import Domain, TypedAct
from ceremony.shards.plain import is_import_key


def require_people(  # noqa: PLR0913 - the dealer must know all of it
    enrolled: Sequence[Enrolled],
    transports: Sequence[TransportMade],
    *,
    domain: Domain,
    ceremony: str,
    plan_digest: str,
    epoch: int,
    dealing: int,
    plan: Plan,
    roster_digest: str,
) -> None:
    """Raise DealingError unless the plan's custodians, enrolled with distinct keys, form the roster that all of them confirmed.

    Each token that is to hold a shard has a transport key of its own, signed, and of the kind that the plan allows it.
    """
    if [e.custodian for e in enrolled] != list(plan.indices) or [(t.custodian, t.token_number) for t in transports] != list(plan.holders):
        message = f"a dealing needs custodians 1 to {len(plan.custodian)}, each enrolled and with a transport key for each token that holds"
        raise DealingError(message, culprits=("the roster",))
    roster = {entry.custodian: entry.enrolment.governance_key for entry in enrolled}
    with _named("the roster", "list of keys"):
        require_distinct_keys(roster)
        _require_own_keys(transports)
    if to_hex(hash_roster(roster.values())) != roster_digest:
        message = "the enrolled keys are not the roster that the custodians confirmed"
        raise DealingError(message, culprits=("the roster",))
    for person in enrolled:
        require_enrolled(person, domain, ceremony, plan_digest, epoch)
    for transport in transports:
        person, token = enrolled[transport.custodian - 1], plan.token(transport.custodian, transport.token_number)
        require_transport(transport, person, domain, dealing, token)


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


def require_transport(entry: TransportMade, enrolled: Enrolled, domain: Domain, dealing: int, token: TokenPlan) -> None:
    """Raise DealingError unless the custodian's governance key signed this transport key of this token for this dealing.

    The key of an agent, for a plain import, is one only where the plan allows that token one.
    """
    claim, who = entry.transport, f"custodian {entry.custodian}"
    said = (entry.dealing, entry.custodian, claim.ceremony, claim.dealing, claim.custodian, claim.serial, claim.key_digest)
    place = (dealing, enrolled.custodian, enrolled.enrolment.ceremony, dealing, enrolled.custodian, token.serial)
    with _named(who, "transport key"):
        if is_import_key(from_hex(entry.public_key)) != bool(token.plain_import):
            message = f"the plan {'allows' if token.plain_import else 'does not allow'} token {token.serial} a plain import"
            raise DealingError(message)
        if said != (*place, to_hex(digest_canonical(entry.public_key))):
            message = "it is not the one that was signed"
            raise DealingError(message)
        address = from_hex(enrolled.enrolment.governance_key)
        require_signature(from_hex(entry.signature), digest(TypedAct(domain=domain, struct=claim)), address)


def _require_own_keys(transports: Sequence[TransportMade]) -> None:
    keys = [transport.public_key for transport in transports]
    shared = tuple(f"custodian {one.custodian}" for one in transports if keys.count(one.public_key) > 1)
    if shared:
        message = f"{' and '.join(shared)} have one key"
        raise DealingError(message, culprits=shared)


@contextmanager
def _named(who: str, what: str) -> Iterator[None]:
    """Whatever is wrong inside is wrong with this custodian's enrolment or transport key."""
    try:
        yield
    except CeremonyError as error:
        message = f"the {what} of {who} is not valid: {error.message}"
        raise DealingError(message, culprits=error.culprits or (who,)) from None
