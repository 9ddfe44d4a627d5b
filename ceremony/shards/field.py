"""Scalars and points of P-256 (NIST SP 800-186 3.2.1.3, SEC 2 2.4.2): checked at the border, plain inside.

A scalar is an int modulo ORDER; a point is `Point`. Whatever comes from outside passes `require_scalar` or
`parse_point` first.

Multiplication, which is where secret scalars are, is OpenSSL's (through `cryptography`), in constant time; only sums are our own
(`ceremony.shards.addition`), and their weights are public.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ceremony.errors import ShareError
from ceremony.shards.addition import PRIME, Affine, add_weighted, evaluate, invert_all

# SPEC SEC 2 2.4.2: prime (in `addition`), coefficient b (a is -3), order. The cofactor is 1: on the curve is in the group.
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_CURVE = ec.SECP256R1()

SCALAR_BYTES = 32
WIDE_BYTES = 48
"""Random bytes for one scalar: 128 bits more than the order has keep the bias below 2^-128 (RFC 9380 5.1)."""
SMALL_BITS = 32
"""Up to here a weight is quicker added up than multiplied with."""
COMPRESSED_BYTES = 33
UNCOMPRESSED_BYTES = 65


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the curve by its coordinates; never shown, since it may be secret. (0, 0), which is not on the curve, is infinity."""

    x: int = field(repr=False)
    y: int = field(repr=False)

    def __neg__(self) -> "Point":
        """The opposite point."""
        return Point(self.x, -self.y % PRIME)


INFINITY = Point(0, 0)


def require_scalar(value: int, *, zero: bool = False) -> int:
    """The scalar itself when it is in 1 to n-1 (from 0 when `zero`); ShareError otherwise."""
    if not (0 if zero else 1) <= value < ORDER:
        message = "a scalar is out of range: it must be above zero and below the order of P-256"
        raise ShareError(message)
    return value


def encode_scalar(value: int) -> bytes:
    """A scalar in 0 to n-1 as 32 bytes, big-endian, leading zeros kept; ShareError when out of range."""
    return require_scalar(value, zero=True).to_bytes(SCALAR_BYTES, "big")


def reduce_scalar(data: bytes) -> int:
    """A scalar in 1 to n-1 from 48 uniform random bytes (FIPS 186-5 A.2.1: c mod (n-1) + 1).

    ShareError for another length.
    """
    if len(data) != WIDE_BYTES:
        message = f"{WIDE_BYTES} random bytes make a scalar, not {len(data)}"
        raise ShareError(message)
    return int.from_bytes(data, "big") % (ORDER - 1) + 1


def parse_point(data: bytes) -> Point:
    """A point from its SEC 1 bytes, compressed (33) or not (65).

    ShareError when off the curve, infinite or spelt otherwise.
    """
    # SPEC SEC 1 2.3.4; the point at infinity (one zero byte) has no use here and is refused.
    if len(data) == UNCOMPRESSED_BYTES and data[0] == 4:  # noqa: PLR2004 - SEC 1's own mark
        return _point(int.from_bytes(data[1:COMPRESSED_BYTES], "big"), int.from_bytes(data[COMPRESSED_BYTES:], "big"))
    if len(data) == COMPRESSED_BYTES and data[0] in (2, 3):
        even, odd = points_at(data[1:])
        return odd if data[0] & 1 else even
    message = "a point is 33 bytes beginning with 02 or 03, or 65 beginning with 04"
    raise ShareError(message)


def encode_point(point: Point, *, compressed: bool = False) -> bytes:
    """SEC 1 bytes of a point: 65, or 33 when `compressed`; ShareError for infinity, which no honest sum reaches."""
    x = encode_x(point)
    if compressed:
        return bytes([2 | point.y & 1]) + x
    return b"\x04" + x + point.y.to_bytes(SCALAR_BYTES, "big")


def encode_x(point: Point) -> bytes:
    """The x coordinate, 32 bytes: what a token's ECDH returns (CKM_ECDH1_DERIVE, null KDF); ShareError for infinity."""
    return require_finite(point).x.to_bytes(SCALAR_BYTES, "big")


def points_at(x: bytes) -> tuple[Point, Point]:
    """The two points with this x coordinate (32 bytes), the one with even y first; ShareError when there is none."""
    if len(x) != SCALAR_BYTES:
        message = f"an x coordinate has {SCALAR_BYTES} bytes, not {len(x)}"
        raise ShareError(message)
    try:
        even = _coordinates(ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x02" + x))
    except ValueError:
        raise _not_on_curve() from None
    return even, -even


def base_multiply(scalar: int) -> Point:
    """Give scalar * G, for a scalar in 0 to n-1; ShareError when out of range."""
    return _coordinates(_key(scalar).public_key()) if require_scalar(scalar, zero=True) else INFINITY


def multiply(point: Point, scalar: int) -> Point:
    """Give scalar * point, for a finite point and a scalar in 0 to n-1; ShareError when out of range or infinite."""
    return multiply_each([point], scalar)[1]


def multiply_each(points: Sequence[Point], scalar: int) -> list[Point]:
    """Give scalar * G, and scalar * point for each of the points; as `multiply`."""
    encoded = [encode_point(point) for point in points]
    if require_scalar(scalar, zero=True) == 0:
        return [INFINITY] * (1 + len(points))
    keys = [_key(scalar)]
    base = _coordinates(keys[0].public_key())
    if scalar == ORDER - 1:
        return [base, *(-point for point in points)]
    keys.append(_key(scalar + 1))
    # ECDH gives x alone; y follows from the x of the next multiple, scalar * point + point. What comes out is checked to be on the curve.
    # SPEC E. Brier, M. Joye, "Weierstrass elliptic curves and side-channel attacks", PKC 2002, section 4, with a = -3.
    products = [base]
    for point, data, half in zip(points, encoded, invert_all([2 * point.y for point in points]), strict=True):
        public = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, data)
        x, after = (int.from_bytes(key.exchange(ec.ECDH(), public), "big") for key in keys)
        top = 2 * _B + (point.x * x - 3) * (point.x + x) - after * (point.x - x) ** 2
        products.append(_point(x, top * half % PRIME))
    return products


def weighted_sum(points: Sequence[Point], weights: Sequence[int]) -> Point:
    """The sum of weight * point, one weight (0 to n-1) for each finite point; infinite when they cancel out.

    Its time depends on the weights, so they must be public (indices, Lagrange weights); the points may be secret.
    """
    large = [weight.bit_length() > SMALL_BITS for weight in weights]
    terms = [multiply(point, weight) if big else point for point, weight, big in zip(points, weights, large, strict=True)]
    return _maybe(add_weighted(_pairs(terms), [1 if big else weight for weight, big in zip(weights, large, strict=True)]))


def evaluate_points(coefficients: Sequence[Point], n: int) -> tuple[Point, ...]:
    """The polynomial with these finite points as coefficients, from the constant upward, at 1 to n; infinite where it is zero."""
    return tuple(_maybe(value) for value in evaluate(_pairs(coefficients), n))


def require_finite(point: Point) -> Point:
    """The point itself; ShareError when it is infinite."""
    if point.y == 0:  # of the curve's points none has this: its order is odd
        message = "a sum of points is the point at infinity"
        raise ShareError(message)
    return point


def _key(scalar: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(scalar, _CURVE)


def _coordinates(public: ec.EllipticCurvePublicKey) -> Point:
    data = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return Point(int.from_bytes(data[1:COMPRESSED_BYTES], "big"), int.from_bytes(data[COMPRESSED_BYTES:], "big"))


def _pairs(points: Sequence[Point]) -> list[Affine]:
    return [(point.x, point.y) for point in map(require_finite, points)]


def _maybe(pair: Affine | None) -> Point:
    return INFINITY if pair is None else Point(*pair)


def _square(x: int) -> int:
    """x^3 - 3x + b: y squared, when x is on the curve."""
    return (x * x * x - 3 * x + _B) % PRIME


def _point(x: int, y: int) -> Point:
    if not (0 <= x < PRIME and 0 <= y < PRIME) or y * y % PRIME != _square(x):
        raise _not_on_curve()
    return Point(x, y)


def _not_on_curve() -> ShareError:
    return ShareError("a point is not on the curve P-256")
