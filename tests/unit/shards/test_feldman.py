"""Commitments: a share that does not lie on the polynomial is named, whoever made it wrong."""

import pytest

from ceremony.errors import DealingError, ShareError
from ceremony.shards.feldman import (
    require_points_on_polynomial,
    require_share,
    require_shares,
    share_point,
    share_points,
    sum_commitments,
)
from ceremony.shards.field import ORDER, base_multiply
from ceremony.shards.shamir import Polynomial, Share, sum_polynomials

POLYNOMIAL = Polynomial((5, ORDER - 6, 7, 8, 2**255 % ORDER))
COMMITMENTS = POLYNOMIAL.commit()
SHARES = POLYNOMIAL.split(7)


def test_public_keys_follow_from_the_commitments() -> None:
    for share in SHARES:
        assert share_point(COMMITMENTS, share.index) == base_multiply(share.value)
    last = POLYNOMIAL.split(32)[31]
    assert share_point(COMMITMENTS, 32) == base_multiply(last.value)
    require_shares(COMMITMENTS, SHARES)


@pytest.mark.parametrize("k", [1, 2, 3, 5, 7, 32])
def test_all_public_keys_at_once_are_the_single_ones(k: int) -> None:
    for coefficients in (range(1, k + 1), [ORDER - 1 - m for m in range(k)], [1] * k):
        commitments = Polynomial(tuple(coefficients)).commit()
        assert share_points(commitments, 32) == {index: share_point(commitments, index) for index in range(1, 33)}


@pytest.mark.parametrize("zero", [1, 2, 3, 7])
def test_a_public_key_at_infinity_among_all_is_refused(zero: int) -> None:
    # f(x) = (x - zero) * (x + 1): its differences are equal, opposite and infinite points on the way.
    commitments = [base_multiply(value % ORDER) for value in (-zero, 1 - zero, 1)]
    if zero == 1:
        commitments[1:] = [base_multiply(2), base_multiply(ORDER - 1)]  # f(x) = -1 + 2x - x^2
    with pytest.raises(ShareError, match="infinity"):
        share_points(commitments, 7)
    if zero > 1:
        assert len(share_points(commitments, zero - 1)) == zero - 1


@pytest.mark.parametrize("n", [0, 33])
def test_as_many_public_keys_as_there_can_be_indices(n: int) -> None:
    with pytest.raises(ShareError, match=f"{n} is not an index"):
        share_points(COMMITMENTS, n)


def test_t6_a_mangled_share_is_named() -> None:
    for share in SHARES:
        for value in (share.value ^ 1, ORDER - share.value, 0, ORDER, share.value + ORDER, -1):
            with pytest.raises(ShareError, match=f"custodian {share.index}") as refused:
                require_share(COMMITMENTS, Share(share.index, value))
            assert refused.value.culprits == (f"custodian {share.index}",)


def test_t6_all_mangled_shares_are_named_at_once_and_their_values_are_not() -> None:
    wrong = [Share(share.index, 987654321) if share.index in (2, 6) else share for share in SHARES]
    with pytest.raises(ShareError) as refused:
        require_shares(COMMITMENTS, wrong)
    assert refused.value.culprits == ("custodian 2", "custodian 6")
    assert "987654321" not in str(refused.value)


def test_swapped_shares_are_both_named() -> None:
    with pytest.raises(ShareError) as refused:
        require_shares(COMMITMENTS, [Share(1, SHARES[1].value), Share(2, SHARES[0].value), SHARES[2]])
    assert refused.value.culprits == ("custodian 1", "custodian 2")


def test_public_keys_off_the_polynomial_are_named() -> None:
    points = {share.index: base_multiply(share.value) for share in SHARES}
    require_points_on_polynomial(points, COMMITMENTS)
    with pytest.raises(ShareError) as refused:
        require_points_on_polynomial({**points, 3: base_multiply(1), 7: -points[7]}, COMMITMENTS)
    assert refused.value.culprits == ("custodian 3", "custodian 7")
    # A public key for an index that the commitments know nothing of.
    with pytest.raises(ShareError, match="33 is not an index"):
        require_points_on_polynomial({33: points[1]}, COMMITMENTS)


def test_t20_commitments_of_all_sources_add_up_to_those_of_the_sum() -> None:
    others = [Polynomial(tuple(range(m, m + 5))) for m in range(1, 5)]
    total = sum_polynomials([POLYNOMIAL, *others])
    parts = [COMMITMENTS, *(other.commit() for other in others)]
    assert sum_commitments(parts) == total.commit()
    # One honest source is enough: leave it out and every commitment is another one.
    assert not set(map(_xy, sum_commitments(parts[1:]))) & set(map(_xy, total.commit()))


def _xy(point: object) -> tuple[int, int]:
    return int(point.x), int(point.y)  # type: ignore[attr-defined]


def test_contributions_that_cancel_out_or_differ_in_length_are_refused() -> None:
    opposite = Polynomial(tuple((ORDER - coefficient) % ORDER for coefficient in POLYNOMIAL.coefficients)).commit()
    with pytest.raises(ShareError, match="infinity"):
        sum_commitments([COMMITMENTS, opposite])
    for parts in ([], [()], [(), ()], [COMMITMENTS, COMMITMENTS[:4]]):
        with pytest.raises(DealingError, match="one length"):
            sum_commitments(parts)


@pytest.mark.parametrize("index", [0, -1, 8, ORDER])
def test_t21_indices_out_of_range_have_no_public_key(index: int) -> None:
    with pytest.raises(ShareError, match=f"{index} is not an index from 1 to 7"):
        share_point(COMMITMENTS, index, n=7)


def test_commitments_out_of_range_or_a_public_key_at_infinity_are_refused() -> None:
    for commitments in ((), COMMITMENTS[:1] * 33):
        with pytest.raises(ShareError, match=f"1 to 32 commitments, not {len(commitments)}"):
            share_point(commitments, 1)
    with pytest.raises(ShareError, match="infinity"):
        # f(x) = 2 - x is zero at index 2.
        share_point(Polynomial((2, ORDER - 1)).commit(), 2)
    assert share_point(COMMITMENTS[:1] * 32, 1) == base_multiply(5 * 32)
