"""Shamir's sharing: published shares, every subset, every bad index, and no word of a secret in what people see."""

from itertools import combinations, product

import pytest

from ceremony.errors import ShareError
from ceremony.shards.field import ORDER, Point, base_multiply, encode_point, multiply
from ceremony.shards.shamir import (
    INDEX_LIMIT,
    Polynomial,
    Share,
    combine,
    interpolate_points,
    lagrange_at_zero,
    require_index,
    sum_polynomials,
)

SECRET = Polynomial((1234567, ORDER - 1, 3, 2**200, 99))
SHARES = SECRET.split(7)
SMALL = 11
"""A prime beyond seven indices and small enough to try everything."""

# RFC 9591 E.4, FROST(P-256, SHA-256): a secret split 2 of 3 by Shamir's scheme over P-256's order, and its public key.
RFC_9591_SECRET = 0x8BA9BBA2E0FD8C4767154D35A0B7562244A4AAF6F36C8FB8735FA48B301BD8DE
RFC_9591_COEFFICIENT = 0x80F25E6C0709353E46BFBE882A11BDBB1F8097E46340EB8673B7E14556E6C3A4
RFC_9591_SHARES = (
    0x0C9C1A0FE806C184ADD50BBDCAC913DDA73E482DAF95DCB9F35DBB0D8A9F7731,
    0x8D8E787BEF0FF6C2F494CA45F4DAD198C6BEE01212D6C84067159C52E1863AD5,
    0x0E80D6E8F6192C003B5488CE1EEC8F5429587D48CF001541E713B2D53C09D928,
)
RFC_9591_PUBLIC = "023a309ad94e9fe8a7ba45dfc58f38bf091959d3c99cfbd02b4dc00585ec45ab70"


def test_the_shares_of_rfc_9591() -> None:
    polynomial = Polynomial((RFC_9591_SECRET, RFC_9591_COEFFICIENT))
    shares = polynomial.split(3)
    assert tuple(share.value for share in shares) == RFC_9591_SHARES
    assert encode_point(polynomial.commit()[0], compressed=True).hex() == RFC_9591_PUBLIC
    for pair in combinations(shares, 2):
        assert combine(pair, 2) == RFC_9591_SECRET


def test_any_five_in_any_order_give_the_secret_and_more_are_checked() -> None:
    for size in (5, 6, 7):
        for chosen in combinations(SHARES, size):
            assert combine(reversed(chosen), 5) == 1234567


@pytest.mark.parametrize("size", range(5))
def test_fewer_than_five_are_refused(size: int) -> None:
    with pytest.raises(ShareError, match=f"{size} shares are fewer than the 5 needed"):
        combine(SHARES[:size], 5)


def test_a_sixth_share_that_does_not_fit_is_refused() -> None:
    wrong = Share(6, SHARES[5].value ^ 1)
    with pytest.raises(ShareError, match="share 6 does not lie on one polynomial with shares 1, 2, 3, 4, 5") as refused:
        combine([*SHARES[:5], wrong], 5)
    assert refused.value.culprits == tuple(f"custodian {index}" for index in range(1, 7))
    with pytest.raises(ShareError, match="share 6 does not lie"):
        combine([Share(1, 5), *SHARES[1:6]], 5)


@pytest.mark.parametrize("index", [0, -1, 8, 33, ORDER, ORDER + 1, 2 * ORDER + 3, -ORDER])
def test_t21_an_index_that_is_zero_the_order_or_out_of_range_is_refused_by_number(index: int) -> None:
    with pytest.raises(ShareError, match=f"^{index} is not an index from 1 to 7$") as refused:
        combine([*SHARES[:4], Share(index, 1)], 5, n=7)
    assert refused.value.culprits == (f"custodian {index}",)
    with pytest.raises(ShareError, match=f"^{index} is not an index"):
        interpolate_points({index: base_multiply(1)}, n=7)
    with pytest.raises(ShareError, match=f"^{index} is not an index"):
        lagrange_at_zero([1, index], n=7)


@pytest.mark.parametrize("place", range(7))
def test_t21_a_doubled_index_is_refused_by_number(place: int) -> None:
    doubled = SHARES[place]
    for again in (doubled, Share(doubled.index, 5)):
        with pytest.raises(ShareError, match=f"index {doubled.index} stands twice") as refused:
            combine([*SHARES, again], 5)
        assert refused.value.culprits == (f"custodian {doubled.index}",)


def test_t21_an_index_equal_to_zero_in_a_small_field_is_refused() -> None:
    require_index(10, modulus=SMALL)
    with pytest.raises(ShareError, match="11 is not an index"):
        require_index(11, modulus=SMALL)


def test_the_last_index_there_can_be() -> None:
    require_index(INDEX_LIMIT)
    with pytest.raises(ShareError, match="33 is not an index from 1 to 32"):
        require_index(INDEX_LIMIT + 1)
    with pytest.raises(ShareError, match="33 is not an index from 1 to 100"):
        require_index(INDEX_LIMIT + 1, n=100)
    assert len(SECRET.split(INDEX_LIMIT)) == INDEX_LIMIT
    with pytest.raises(ShareError, match="33 is not an index"):
        SECRET.split(INDEX_LIMIT + 1)


@pytest.mark.parametrize("value", [-1, ORDER, 2**256])
def test_a_value_beyond_the_order_is_refused_by_custodian(value: int) -> None:
    with pytest.raises(ShareError, match="share 3 is not below the order") as refused:
        combine([*SHARES[:2], Share(3, value), *SHARES[3:]], 5)
    assert refused.value.culprits == ("custodian 3",)


def test_the_largest_and_smallest_values_are_taken() -> None:
    assert combine([Share(1, ORDER - 1)], 1) == ORDER - 1
    assert combine([Share(1, 0)], 1) == 0


@pytest.mark.parametrize("k", [0, -1, 33])
def test_a_threshold_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(ShareError, match=f"a threshold is from 1 to 32, not {k}"):
        combine(SHARES, k)


def test_polynomials_out_of_range_are_refused() -> None:
    for coefficients in ((), (0,) * 33):
        with pytest.raises(ShareError, match="a threshold is from 1 to 32"):
            Polynomial(coefficients)
    for coefficient in (-1, ORDER):
        with pytest.raises(ShareError, match="a scalar is out of range"):
            Polynomial((1, coefficient))
    with pytest.raises(ShareError, match="4 shares cannot give back what needs 5"):
        SECRET.split(4)
    assert len(SECRET.split(5)) == 5


def test_sums_of_polynomials_share_the_sum() -> None:
    other = Polynomial((ORDER - 1234560, 2, 0, 7, ORDER - 99))
    total = sum_polynomials([SECRET, other])
    assert total.coefficients == (7, 1, 3, 2**200 + 7, 0)
    added = [Share(a.index, (a.value + b.value) % ORDER) for a, b in zip(SHARES, other.split(7), strict=True)]
    assert tuple(added) == total.split(7)
    with pytest.raises(ShareError, match="one length"):
        sum_polynomials([])
    with pytest.raises(ShareError, match="one length"):
        sum_polynomials([SECRET, Polynomial((1, 2))])


def test_points_are_joined_in_the_exponent_like_shares() -> None:
    base = base_multiply(77)
    points = {share.index: multiply(base, share.value) for share in SHARES}
    for chosen in combinations(points, 5):
        assert interpolate_points({index: points[index] for index in chosen}) == multiply(base, 1234567)
    four = interpolate_points({index: points[index] for index in (1, 2, 3, 4)})
    assert four != multiply(base, 1234567)


def test_points_that_cancel_out_or_none_at_all_are_refused() -> None:
    with pytest.raises(ShareError, match="infinity"):
        # 2 * Y_1 - Y_2 = 0 for Y_2 = 2 * Y_1.
        interpolate_points({1: base_multiply(5), 2: base_multiply(10)})
    with pytest.raises(ShareError, match="a threshold is from 1"):
        interpolate_points({})


def test_weights_add_up_to_one() -> None:
    for chosen in combinations(range(1, 8), 5):
        assert sum(lagrange_at_zero(chosen)) % ORDER == 1
    assert lagrange_at_zero([1, 2]) == (2, ORDER - 1)
    assert lagrange_at_zero([2, 1]) == (ORDER - 1, 2)


def test_no_secret_is_shown() -> None:
    shown = repr(SECRET) + repr(SHARES) + str(SHARES[0])
    assert "1234567" not in shown
    assert not any(str(share.value) in shown for share in SHARES)
    assert repr(SHARES[2]) == "Share(index=3)"


def _require_uniform(k: int, sets: list[tuple[int, ...]]) -> None:
    """For every polynomial of the small field, note what each set of k-1 holders sees, with the secret."""
    seen: dict[tuple[int, ...], set[tuple[int, ...]]] = {indices: set() for indices in sets}
    for coefficients in product(range(SMALL), repeat=k):
        values = [share.value for share in Polynomial(coefficients).split(7, modulus=SMALL)]
        for indices, views in seen.items():
            views.add((coefficients[0], *(values[index - 1] for index in indices)))
    # As many views as there are of k numbers: each set of k-1 shares occurs with every secret, equally often.
    assert {len(views) for views in seen.values()} == {SMALL**k}


def test_t22_two_shares_of_three_leave_the_secret_uniform() -> None:
    _require_uniform(3, list(combinations(range(1, 8), 2)))


def test_t22_four_shares_leave_the_secret_uniform() -> None:
    _require_uniform(5, [(1, 2, 3, 4), (1, 3, 5, 7), (4, 5, 6, 7)])


def test_t22_five_shares_give_every_secret_of_the_small_field() -> None:
    for coefficients in product(range(0, SMALL, 5), repeat=5):
        shares = Polynomial(coefficients).split(7, modulus=SMALL)
        assert combine(shares[2:], 5, modulus=SMALL) == coefficients[0]


def test_t22_a_zero_top_coefficient_is_an_ordinary_one() -> None:
    polynomial = Polynomial((42, 1, 2, 3, 0))
    assert combine(polynomial.split(7)[1:6], 5) == 42
    assert polynomial.k == 5
    assert isinstance(polynomial.commit()[4], Point)


def test_t22_the_threshold_is_not_ignored() -> None:
    # A library that ignores k gives "a" secret for four shares; here it is refused, and the number would be another.
    with pytest.raises(ShareError, match="4 shares are fewer"):
        combine(SHARES[:4], 5)
    assert combine(SHARES[:4], 4) != 1234567
