"""What makes a dealing sound, from public data alone: committed points, their sum, and who attested to what (DESIGN 4.3; pure)."""

from collections.abc import Sequence

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.errors import CeremonyError, DealingError
from ceremony.records.base import Record, from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.dealing_entries import ContributionCommitted, ContributionRevealed
from ceremony.records.structs import Attestation, Domain, TypedAct
from ceremony.shards.feldman import share_point, sum_commitments
from ceremony.shards.field import Point, encode_point, parse_point
from ceremony.shards.secret import contribution_digest


def parse_points(points: Sequence[str]) -> tuple[Point, ...]:
    """Compressed points (hex) as points; ShareError when one is not on the curve."""
    return tuple(parse_point(from_hex(point)) for point in points)


def public_share(commitments: Sequence[str], index: int) -> Point:
    """The public half of shard `index`, from the commitments (hex); ShareError when a point or the index is none."""
    return share_point(parse_points(commitments), index)


def digest_commitments(commitments: Sequence[str]) -> str:
    """SHA-256 of the commitments as an RFC 8785 array, hex: what a custodian's signature says they were judged by."""
    return to_hex(digest_canonical(list(commitments)))


def require_contribution(committed: ContributionCommitted, revealed: ContributionRevealed, k: int) -> None:
    """Raise DealingError naming the source unless it shows the k points that it committed to before (T20)."""
    try:
        found = to_hex(contribution_digest(parse_points(revealed.points)))
    except CeremonyError as error:
        message = f"{revealed.source} shows what are no points: {error.message}"
        raise DealingError(message, culprits=(revealed.source,)) from None
    if len(revealed.points) != k or found != committed.digest:
        message = f"{revealed.source} shows other points than it committed to"
        raise DealingError(message, culprits=(revealed.source,))


def require_sum(commitments: Sequence[str], contributions: Sequence[Sequence[str]]) -> None:
    """Raise DealingError unless the dealing's commitments are the sum of all contributions."""
    total = sum_commitments([parse_points(points) for points in contributions])
    if tuple(to_hex(encode_point(point, compressed=True)) for point in total) != tuple(commitments):
        message = "the dealing's commitments are not the sum of the contributions"
        raise DealingError(message, culprits=("the dealer",))


def require_attested(  # noqa: PLR0913 - each fact is one that a forger would change
    attestation: Attestation,
    signature: str,
    evidence: Record,
    *,
    subject: str,
    domain: Domain,
    ceremony: str,
    dealing: int,
    custodian: int,
    address: str,
) -> None:
    """Raise DealingError naming the custodian unless their governance key signed this evidence, on this subject, for this dealing."""
    who = f"custodian {custodian}"
    said = (attestation.subject, attestation.ceremony, attestation.dealing, attestation.custodian, attestation.evidence)
    if said != (subject, ceremony, dealing, custodian, to_hex(digest_canonical(evidence.model_dump(mode="json")))):
        message = f"what {who} signed is not what stands in the entry"
        raise DealingError(message, culprits=(who,))
    try:
        require_signature(from_hex(signature), digest(TypedAct(domain=domain, struct=attestation)), from_hex(address))
    except CeremonyError as error:
        message = f"the attestation of {who} is not validly signed: {error.message}"
        raise DealingError(message, culprits=(who,)) from None
