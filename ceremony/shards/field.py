"""Scalars and points of P-256 (NIST SP 800-186 3.2.1.3, SEC 2 2.4.2): checked at the border, plain inside.

A scalar is an int modulo ORDER; a point is `Point`. Whatever comes from outside passes `require_scalar` or
`parse_point` first.
"""

from collections.abc import Sequence

from Crypto.PublicKey.ECC import EccPoint

from ceremony.errors import ShareError

Point = EccPoint

# SPEC SEC 2 2.4.2: prime, coefficient b (a is -3), base point, order. The cofactor is 1: on the curve is in the group.
PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_BASE = Point(
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    curve="p256",
)

SCALAR_BYTES = 32
WIDE_BYTES = 48
"""Random bytes for one scalar: 128 bits more than the order has keep the bias below 2^-128 (RFC 9380 5.1)."""
COMPRESSED_BYTES = 33
UNCOMPRESSED_BYTES = 65


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
        return bytes([2 | int(point.y) & 1]) + x
    return b"\x04" + x + int(point.y).to_bytes(SCALAR_BYTES, "big")


def encode_x(point: Point) -> bytes:
    """The x coordinate, 32 bytes: what a token's ECDH returns (CKM_ECDH1_DERIVE, null KDF); ShareError for infinity."""
    return int(require_finite(point).x).to_bytes(SCALAR_BYTES, "big")


def points_at(x: bytes) -> tuple[Point, Point]:
    """The two points with this x coordinate (32 bytes), the one with even y first; ShareError when there is none."""
    if len(x) != SCALAR_BYTES:
        message = f"an x coordinate has {SCALAR_BYTES} bytes, not {len(x)}"
        raise ShareError(message)
    across = int.from_bytes(x, "big")
    # SPEC SEC 1 2.3.4: the prime is 3 mod 4, so this power is the square root if there is one; never 0: odd order.
    root = pow(_square(across), (PRIME + 1) // 4, PRIME)
    even = root if root & 1 == 0 else PRIME - root
    return _point(across, even), _point(across, PRIME - even)


def base_multiply(scalar: int) -> Point:
    """Give scalar * G, for a scalar in 0 to n-1; ShareError when out of range."""
    return _BASE * require_scalar(scalar, zero=True)


def multiply(point: Point, scalar: int) -> Point:
    """Give scalar * point, for a scalar in 0 to n-1; ShareError when out of range."""
    return point * require_scalar(scalar, zero=True)


def weighted_sum(points: Sequence[Point], weights: Sequence[int]) -> Point:
    """The sum of weight * point, one weight (>= 0) for each point; infinite when they cancel out.

    Its time depends on the weights, so they must be public (indices, Lagrange weights); the points may be secret.
    """
    total = Point(0, 0, curve="p256")  # pycryptodome's point at infinity
    for bit in reversed(range(max(weight.bit_length() for weight in weights))):
        total.double()  # in place, as is +=: a new point costs a hundred times as much
        for point, weight in zip(points, weights, strict=True):
            if weight >> bit & 1:
                total += point
    return total


def require_finite(point: Point) -> Point:
    """The point itself; ShareError when it is infinite."""
    if point.is_point_at_infinity():
        message = "a sum of points is the point at infinity"
        raise ShareError(message)
    return point


def _square(x: int) -> int:
    """x^3 - 3x + b: y squared, when x is on the curve."""
    return (x * x * x - 3 * x + _B) % PRIME


def _point(x: int, y: int) -> Point:
    if not (0 <= x < PRIME and 0 <= y < PRIME) or y * y % PRIME != _square(x):
        message = "a point is not on the curve P-256"
        raise ShareError(message)
    return Point(x, y, curve="p256")
