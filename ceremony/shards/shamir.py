"""Shamir's sharing modulo a prime: split a polynomial into shares, combine shares into its value at zero.

The modulus is a parameter so that a small field can be tried out exhaustively (T22); the ceremony itself only uses
P-256's order.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from ceremony.errors import ShareError
from ceremony.shards.field import ORDER, Point, base_multiply, require_finite, require_scalar, weighted_sum

INDEX_LIMIT = 32
"""The most custodians there can be: one bit each in the contract's bitmap."""


@dataclass(frozen=True)
class Share:
    """The point (index, value) of a polynomial; `value` is secret and never shown."""

    index: int
    value: int = field(repr=False)


@dataclass(frozen=True)
class Polynomial:
    """Coefficients from the constant (the secret) upward, each in 0 to n-1.

    Never shown. ShareError when one is out of range or none is there.
    """

    coefficients: tuple[int, ...] = field(repr=False)

    def __post_init__(self) -> None:
        _require_threshold(len(self.coefficients))
        for coefficient in self.coefficients:
            require_scalar(coefficient, zero=True)

    @property
    def k(self) -> int:
        """How many shares give the secret: one more than the degree."""
        return len(self.coefficients)

    def split(self, n: int, *, modulus: int = ORDER) -> tuple[Share, ...]:
        """Shares 1 to n; ShareError unless k <= n <= 32."""
        if n < self.k:
            _refuse(f"{n} shares cannot give back what needs {self.k}")
        indices = range(1, n + 1)
        _require_indices(indices, n=INDEX_LIMIT, modulus=modulus)
        return tuple(Share(index, _evaluate(self.coefficients, index, modulus)) for index in indices)

    def commit(self) -> tuple[Point, ...]:
        """Feldman's commitments: each coefficient times the base point of P-256, from the constant upward."""
        return tuple(base_multiply(coefficient) for coefficient in self.coefficients)


def sum_polynomials(polynomials: Sequence[Polynomial]) -> Polynomial:
    """The sum, coefficient by coefficient, modulo P-256's order.

    ShareError when there is none or their lengths differ.
    """
    if len({polynomial.k for polynomial in polynomials}) != 1:
        _refuse("polynomials of one length are summed, at least one")
    columns = zip(*(polynomial.coefficients for polynomial in polynomials), strict=True)
    return Polynomial(tuple(sum(column) % ORDER for column in columns))


def combine(shares: Iterable[Share], k: int, *, n: int = INDEX_LIMIT, modulus: int = ORDER) -> int:
    """The secret from at least k shares. The first k are used; every further one must lie on the same polynomial.

    Args:
        shares: in any order.
        k: the threshold.
        n: the highest index there is.
        modulus: a prime.

    Raises:
        ShareError: fewer than k shares; an index that is 0, beyond n or doubled (T21); a value out of range; shares
            that do not lie on one polynomial. Names the custodians.
    """
    given = tuple(shares)
    _require_threshold(k)
    _require_indices([share.index for share in given], n=n, modulus=modulus)
    _require_values(given, modulus)
    if len(given) < k:
        _refuse(f"{len(given)} shares are fewer than the {k} needed")
    used = given[:k]
    for extra in given[k:]:
        if _interpolate(used, extra.index, modulus) != extra.value:
            others = ", ".join(str(share.index) for share in used)
            message = f"share {extra.index} does not lie on one polynomial with shares {others}"
            remedy = "Check each share against the commitments: they say which one is wrong."
            raise ShareError(message, culprits=_who(share.index for share in given), remedy=remedy)
    return _interpolate(used, 0, modulus)


def lagrange_at_zero(indices: Sequence[int], *, n: int = INDEX_LIMIT, modulus: int = ORDER) -> tuple[int, ...]:
    """The weight of each index, in the order given, so that the weighted sum of values is the value at zero.

    Raises:
        ShareError: no index at all, or as `combine`.
    """
    _require_threshold(len(indices))
    _require_indices(indices, n=n, modulus=modulus)
    return tuple(_weight(indices, index, 0, modulus) for index in indices)


def interpolate_points(points: Mapping[int, Point], *, n: int = INDEX_LIMIT) -> Point:
    """What points f(i)*Q, by index i, give at zero: f(0)*Q, joined in the exponent.

    ShareError as `combine`, or when the sum is infinite.
    """
    return require_finite(weighted_sum(tuple(points.values()), lagrange_at_zero(tuple(points), n=n)))


def require_index(index: int, *, n: int = INDEX_LIMIT, modulus: int = ORDER) -> None:
    """Raise ShareError naming the index unless it is one of 1 to n.

    0 would be the secret itself, and n is far below the order (T21).
    """
    if not 1 <= index <= min(n, INDEX_LIMIT, modulus - 1):
        message = f"{index} is not an index from 1 to {n}"
        raise ShareError(message, culprits=_who([index]))


def _require_indices(indices: Collection[int], *, n: int, modulus: int) -> None:
    seen: set[int] = set()
    for index in indices:
        require_index(index, n=n, modulus=modulus)
        if index in seen:
            message = f"index {index} stands twice"
            raise ShareError(message, culprits=_who([index]))
        seen.add(index)


def _require_values(shares: Iterable[Share], modulus: int) -> None:
    for share in shares:
        if not 0 <= share.value < modulus:
            message = f"share {share.index} is not below the order"
            raise ShareError(message, culprits=_who([share.index]))


def _require_threshold(k: int) -> None:
    if not 1 <= k <= INDEX_LIMIT:
        _refuse(f"a threshold is from 1 to {INDEX_LIMIT}, not {k}")


def _evaluate(coefficients: Sequence[int], x: int, modulus: int) -> int:
    total = 0
    for coefficient in reversed(coefficients):
        total = (total * x + coefficient) % modulus
    return total


def _interpolate(shares: Sequence[Share], x: int, modulus: int) -> int:
    indices = [share.index for share in shares]
    return sum(_weight(indices, share.index, x, modulus) * share.value for share in shares) % modulus


def _weight(indices: Sequence[int], index: int, x: int, modulus: int) -> int:
    top, bottom = 1, 1
    for other in indices:
        if other != index:
            top = top * (x - other) % modulus
            bottom = bottom * (index - other) % modulus
    return top * pow(bottom, -1, modulus) % modulus


def _who(indices: Iterable[int]) -> tuple[str, ...]:
    return tuple(f"custodian {index}" for index in indices)


def _refuse(message: str) -> NoReturn:
    raise ShareError(message)
