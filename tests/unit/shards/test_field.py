"""Scalars and points of P-256: known answers, both encodings, and everything refused at the border."""

import pytest
from Crypto.PublicKey.ECC import EccPoint
from hypothesis import given
from hypothesis import strategies as st

from ceremony.errors import ShareError
from ceremony.shards import field

SCALARS = st.integers(1, field.ORDER - 1)
WEIGHTS = st.one_of(st.integers(0, 5000), st.integers(0, field.ORDER - 1))
G = field.base_multiply(1)
INFINITY = field.base_multiply(0)

# RFC 5903 8.1: an exchange of two parties on P-256; girx is what a token's ECDH returns.
I_SECRET = 0xC88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433
R_SECRET = 0xC6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53
GI = (
    "04DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C3772581180"
    "5271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3"
)
GR = (
    "04D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF63"
    "56FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB"
)
GIRX = "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE"


def test_the_exchange_of_rfc_5903() -> None:
    assert field.encode_point(field.base_multiply(I_SECRET)).hex().upper() == GI
    assert field.encode_point(field.base_multiply(R_SECRET)).hex().upper() == GR
    for point, secret in ((GR, I_SECRET), (GI, R_SECRET)):
        shared = field.multiply(field.parse_point(bytes.fromhex(point)), secret)
        assert field.encode_x(shared).hex().upper() == GIRX


@given(SCALARS)
def test_both_encodings_read_back(scalar: int) -> None:
    point = field.base_multiply(scalar)
    long, short = field.encode_point(point), field.encode_point(point, compressed=True)
    assert (len(long), len(short)) == (65, 33)
    assert field.parse_point(long) == point == field.parse_point(short)
    even, odd = field.points_at(field.encode_x(point))
    assert (int(even.y) % 2, int(odd.y) % 2) == (0, 1)
    assert even == -odd
    assert point in (even, odd)


def test_leading_zeros_of_x_are_kept() -> None:
    # The first multiple of G whose x begins with a zero byte.
    scalar = next(k for k in range(1, 3000) if int(field.base_multiply(k).x) < 1 << 248)
    x = field.encode_x(field.base_multiply(scalar))
    assert (len(x), x[0]) == (32, 0)
    assert field.base_multiply(scalar) in field.points_at(x)


PRIME_BYTES = field.PRIME.to_bytes(32, "big")
G_LONG = field.encode_point(G)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00" * 65,
        b"\x00" * 33,
        G_LONG[:64],
        G_LONG + b"\0",
        G_LONG[1:],
        b"\x02" + G_LONG[1:],
        b"\x05" + G_LONG[1:],
        b"\x06" + G_LONG[1:],
        b"\x04" + G_LONG[1:33],
        b"\x01" + G_LONG[1:33],
        G_LONG[:64] + bytes([G_LONG[64] ^ 1]),
        b"\x04" + G_LONG[33:] + G_LONG[1:33],
        b"\x04" + bytes(64),
        b"\x02" + PRIME_BYTES,
        b"\x02" + b"\xff" * 32,
        b"\x04" + PRIME_BYTES + G_LONG[33:],
        # x = 5 is on the curve, x = 1 is not; the same x, written as x + p, is another spelling and refused.
        b"\x03" + (1).to_bytes(32, "big"),
        b"\x02" + (5 + field.PRIME).to_bytes(32, "big"),
    ],
)
def test_what_is_no_point_is_refused(data: bytes) -> None:
    with pytest.raises(ShareError, match=r"point"):
        field.parse_point(data)


def test_an_x_beyond_the_prime_is_another_spelling_and_refused() -> None:
    even, _ = field.points_at((5).to_bytes(32, "big"))
    x, y = 5 + field.PRIME, int(even.y)
    assert x < 1 << 256
    with pytest.raises(ShareError, match="not on the curve"):
        field.parse_point(b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big"))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_an_x_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ShareError, match=f"not {size}"):
        field.points_at(bytes(size))


def test_infinity_is_never_written() -> None:
    for write in (field.encode_point, field.encode_x, field.require_finite):
        with pytest.raises(ShareError, match="infinity"):
            write(INFINITY)


@pytest.mark.parametrize("value", [-1, field.ORDER, field.ORDER + 1, 1 << 256])
def test_scalars_out_of_range_are_refused_everywhere(value: int) -> None:
    for use in (field.require_scalar, field.encode_scalar, field.base_multiply, lambda one: field.multiply(G, one)):
        with pytest.raises(ShareError, match="out of range"):
            use(value)


def test_zero_is_a_scalar_only_where_it_is_said() -> None:
    assert field.encode_scalar(0) == bytes(32)
    assert field.require_scalar(0, zero=True) == 0
    assert field.require_scalar(1) == 1
    assert field.encode_scalar(field.ORDER - 1) == (field.ORDER - 1).to_bytes(32, "big")
    with pytest.raises(ShareError, match="out of range"):
        field.require_scalar(0)


def test_reducing_random_bytes_never_gives_zero() -> None:
    # FIPS 186-5 A.2.1: c mod (n-1) + 1.
    assert field.reduce_scalar(bytes(48)) == 1
    assert field.reduce_scalar((field.ORDER - 1).to_bytes(48, "big")) == 1
    assert field.reduce_scalar((field.ORDER - 2).to_bytes(48, "big")) == field.ORDER - 1
    for size in (0, 32, 47, 49):
        with pytest.raises(ShareError, match="48 random bytes"):
            field.reduce_scalar(bytes(size))


@given(st.lists(st.tuples(SCALARS, WEIGHTS), min_size=1, max_size=4))
def test_a_weighted_sum_is_the_sum_of_the_scalars(terms: list[tuple[int, int]]) -> None:
    total = sum(scalar * weight for scalar, weight in terms) % field.ORDER
    points = [field.base_multiply(scalar) for scalar, _ in terms]
    assert field.weighted_sum(points, [weight for _, weight in terms]) == field.base_multiply(total)


EDGES = (1, 2, 3, 4, 2**32 - 1, 2**32, 2**255, field.ORDER // 2, field.ORDER // 2 + 1, field.ORDER - 3, field.ORDER - 2, field.ORDER - 1)


def peer(point: field.Point) -> EccPoint:
    return EccPoint(point.x, point.y, curve="p256")


def same(point: field.Point, other: EccPoint) -> bool:
    return (point.x, point.y) == (int(other.x), int(other.y))


@pytest.mark.parametrize("scalar", EDGES, ids=hex)
@pytest.mark.parametrize("base", EDGES, ids=hex)
def test_products_are_those_of_another_library(base: int, scalar: int) -> None:
    point = field.base_multiply(base)
    assert same(point, peer(G) * base)
    assert same(field.multiply(point, scalar), peer(point) * scalar)


@given(SCALARS, SCALARS)
def test_products_of_any_scalar_are_those_of_another_library(base: int, scalar: int) -> None:
    point = field.base_multiply(base)
    assert same(field.multiply(point, scalar), peer(point) * scalar)


@pytest.mark.parametrize("one", range(-4, 5))
@pytest.mark.parametrize("two", range(-4, 5))
def test_sums_of_near_points_are_those_of_their_scalars(one: int, two: int) -> None:
    """Equal, opposite and infinite on the way: every case of an addition."""
    points = [field.base_multiply(3), field.base_multiply(-2 % field.ORDER), G, G]
    for weights in ([abs(one), abs(two), 1, 2], [abs(one), 0, abs(two), 0], [2, 3, abs(one), abs(two)]):
        signed = [point if sign >= 0 else -point for point, sign in zip(points, (one, two, one, two), strict=True)]
        scalars = [scalar if sign >= 0 else -scalar for scalar, sign in zip((3, -2, 1, 1), (one, two, one, two), strict=True)]
        total = sum(scalar * weight for scalar, weight in zip(scalars, weights, strict=True)) % field.ORDER
        assert field.weighted_sum(signed, weights) == field.base_multiply(total)


def test_infinity_is_not_multiplied_and_no_weight_reaches_the_order() -> None:
    assert field.multiply(G, 0) == INFINITY == field.base_multiply(0)
    with pytest.raises(ShareError, match="infinity"):
        field.multiply(INFINITY, 1)
    with pytest.raises(ShareError, match="out of range"):
        field.weighted_sum([G, G], [1, field.ORDER])


def test_a_point_is_never_shown() -> None:
    assert repr(G) == str(G) == "Point()"


def test_a_weighted_sum_of_equal_and_opposite_points() -> None:
    assert field.weighted_sum([G, G], [1, 1]) == field.base_multiply(2)
    assert field.weighted_sum([G, -G], [1, 1]) == INFINITY
    assert field.weighted_sum([G, field.base_multiply(2)], [2, field.ORDER - 1]) == INFINITY
