"""Adding points of P-256 in Jacobian coordinates (pure): the one thing on the curve that OpenSSL does not offer (`ceremony.shards.field`).

(X, Y, Z) stands for the point (X/Z^2, Y/Z^3), and Z = 0 for the point at infinity, so that many sums take one inversion. The formulas are
those of the Explicit-Formulas Database (D. J. Bernstein, T. Lange) for short Weierstrass curves, a = -3: "dbl-2001-b", "add-1998-cmo-2".
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import factorial

PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
Affine = tuple[int, int]
Jacobian = tuple[int, int, int]
_INFINITY: Jacobian = (1, 1, 0)


def add_weighted(points: Sequence[Affine], weights: Sequence[int]) -> Affine | None:
    """The sum of weight * point, one weight (>= 0) for each point of the curve; None when it is infinite."""
    return _affine([_weigh(_lift(points), weights)])[0]


def evaluate(coefficients: Sequence[Affine], n: int) -> list[Affine | None]:
    """The polynomial with these points as coefficients, from the constant upward, at 1 to n: finite differences, so additions alone."""
    differences = _differences(_lift(coefficients))
    values = []
    for left in reversed(range(n)):  # what the steps that are left need, and no more
        moved = [_add(one, higher) for one, higher in pairwise(differences[: left + 2])]
        differences[: len(moved)] = moved
        values.append(differences[0])
    return _affine(values)


def invert_all(values: Sequence[int]) -> list[int]:
    """The inverse of each value (none is 0 modulo the prime), for the price of one (P. Montgomery's trick)."""
    products = list(accumulate(values, lambda one, two: one * two % PRIME, initial=1))
    inverse, inverses = pow(products[-1], -1, PRIME), []
    for value, before in zip(reversed(values), products[-2::-1], strict=True):
        inverses.append(inverse * before % PRIME)
        inverse = inverse * value % PRIME
    return inverses[::-1]


def _differences(coefficients: Sequence[Jacobian]) -> list[Jacobian]:
    """The forward differences at 0: m! times the coefficient of x(x-1)...(x-m+1), which division by x, x-1, x-2, ... leaves over."""
    found, top = list(coefficients), len(coefficients) - 1
    for root in range(1, top):
        for at in reversed(range(root, top)):
            found[at] = _add(found[at], _times(root, found[at + 1]))
    return [_times(factorial(m), point) for m, point in enumerate(found)]


def _times(number: int, point: Jacobian) -> Jacobian:
    """A public number >= 1 times a point."""
    total = point
    for bit in f"{number:b}"[1:]:
        total = _double(total)
        if bit == "1":
            total = _add(total, point)
    return total


def _weigh(points: Sequence[Jacobian], weights: Sequence[int]) -> Jacobian:
    total = _INFINITY
    for bit in reversed(range(max(weight.bit_length() for weight in weights))):
        total = _double(total)
        for point, weight in zip(points, weights, strict=True):
            if weight >> bit & 1:
                total = _add(total, point)
    return total


def _double(point: Jacobian) -> Jacobian:
    x, y, z = point
    if not z:
        return point
    delta, gamma = z * z % PRIME, y * y % PRIME
    beta, alpha = x * gamma % PRIME, 3 * (x - delta) * (x + delta) % PRIME
    doubled = (alpha * alpha - 8 * beta) % PRIME
    return doubled, (alpha * (4 * beta - doubled) - 8 * gamma * gamma) % PRIME, 2 * y * z % PRIME


def _add(one: Jacobian, two: Jacobian) -> Jacobian:
    """Every case: infinite, equal and opposite points too."""
    (x, y, z), (x_2, y_2, z_2) = one, two
    if not z or not z_2:
        return two if z_2 else one
    square, square_2 = z * z % PRIME, z_2 * z_2 % PRIME
    x, y = x * square_2 % PRIME, y * z_2 * square_2 % PRIME
    across, up = (x_2 * square - x) % PRIME, (y_2 * z * square - y) % PRIME
    if across == 0:
        return _INFINITY if up else _double(one)
    across_2 = across * across % PRIME
    across_3, shifted = across * across_2 % PRIME, x * across_2 % PRIME
    total = (up * up - across_3 - 2 * shifted) % PRIME
    return total, (up * (shifted - total) - y * across_3) % PRIME, z * z_2 * across % PRIME


def _lift(points: Sequence[Affine]) -> list[Jacobian]:
    return [(*point, 1) for point in points]


def _affine(points: Sequence[Jacobian]) -> list[Affine | None]:
    inverses = invert_all([z or 1 for _, _, z in points])
    return [
        (x * inverse**2 % PRIME, y * inverse**3 % PRIME) if z else None for (x, y, z), inverse in zip(points, inverses, strict=True)
    ]
