"""Feldman's commitments: from public points alone, everyone checks that each share lies on one polynomial.

P. Feldman, "A practical scheme for non-interactive verifiable secret sharing", FOCS 1987. Commitment m is (coefficient
m) * G.
"""

from collections.abc import Iterable, Mapping, Sequence

from ceremony.errors import ShareError
from ceremony.shards.field import Point, base_multiply, evaluate_points, require_finite, weighted_sum
from ceremony.shards.shamir import INDEX_LIMIT, Share, require_index

Commitments = Sequence[Point]
"""From the constant coefficient (the master public key) upward; as many as the threshold."""


def sum_commitments(contributions: Sequence[Commitments]) -> tuple[Point, ...]:
    """The commitments of the sum of polynomials.

    ShareError when there are none, their lengths differ, or a sum is infinite (they cancel out).
    """
    lengths = {len(points) for points in contributions}
    if len(lengths) != 1 or 0 in lengths:
        message = "commitments of one length are summed, at least one"
        raise ShareError(message)
    ones = [1] * len(contributions)
    return tuple(require_finite(weighted_sum(points, ones)) for points in zip(*contributions, strict=True))


def share_points(commitments: Commitments, n: int) -> dict[int, Point]:
    """Y_i = f(i) * G for every index i from 1 to n; ShareError as `share_point`."""
    require_index(n)
    _require_commitments(commitments)
    return {index: require_finite(point) for index, point in enumerate(evaluate_points(commitments, n), 1)}


def share_point(commitments: Commitments, index: int, *, n: int = INDEX_LIMIT) -> Point:
    """Y_i = f(i) * G, the public key of shard `index`.

    ShareError for an index outside 1 to n, no commitments, or an infinite result.
    """
    require_index(index, n=n)
    _require_commitments(commitments)
    return require_finite(weighted_sum(commitments, [index**power for power in range(len(commitments))]))


def require_share(commitments: Commitments, share: Share) -> None:
    """Raise ShareError naming its custodian unless the share lies on the committed polynomial (T6)."""
    require_shares(commitments, [share])


def require_shares(commitments: Commitments, shares: Iterable[Share]) -> None:
    """Raise ShareError naming every custodian whose share does not lie on the committed polynomial."""
    _require_none([share.index for share in shares if not _fits(commitments, share)])


def require_points_on_polynomial(points: Mapping[int, Point], commitments: Commitments) -> None:
    """Raise ShareError naming every custodian whose public key Y_i (by index) is not what the commitments say."""
    _require_none([index for index, point in points.items() if point != share_point(commitments, index)])


def _fits(commitments: Commitments, share: Share) -> bool:
    expected = share_point(commitments, share.index)
    try:
        return base_multiply(share.value) == expected
    except ShareError:  # not below the order
        return False


def _require_commitments(commitments: Commitments) -> None:
    if not 1 <= len(commitments) <= INDEX_LIMIT:
        message = f"a dealing has 1 to {INDEX_LIMIT} commitments, not {len(commitments)}"
        raise ShareError(message)


def _require_none(wrong: list[int]) -> None:
    if wrong:
        culprits = tuple(f"custodian {index}" for index in wrong)
        message = f"not the share that the commitments say: {', '.join(culprits)}"
        raise ShareError(message, culprits=culprits)
