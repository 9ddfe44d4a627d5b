"""What holds for every polynomial, every set of holders and every change to a share."""

import random
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.errors import ShareError
from ceremony.shards.feldman import require_shares, share_point, sum_commitments
from ceremony.shards.field import ORDER, base_multiply, multiply
from ceremony.shards.secret import expand_seed, open_seed, seal_seed
from ceremony.shards.shamir import Polynomial, Share, combine, interpolate_points, lagrange_at_zero, sum_polynomials

SCALARS = st.integers(0, ORDER - 1) | st.sampled_from([0, 1, ORDER - 1, 2**255])
BYTES32 = st.binary(min_size=32, max_size=32)


@st.composite
def polynomials(draw: st.DrawFn) -> tuple[Polynomial, int]:
    """A polynomial and how many shares to make of it."""
    k = draw(st.integers(1, 8))
    return Polynomial(tuple(draw(st.lists(SCALARS, min_size=k, max_size=k)))), draw(st.integers(k, 12))


@given(polynomials(), st.randoms(use_true_random=False))
def test_any_k_shares_in_any_order_give_the_secret(made: tuple[Polynomial, int], order: random.Random) -> None:
    polynomial, n = made
    shares = list(polynomial.split(n))
    order.shuffle(shares)
    assert combine(shares[: polynomial.k], polynomial.k, n=n) == polynomial.coefficients[0]
    assert combine(shares, polynomial.k, n=n) == polynomial.coefficients[0]


@given(polynomials(), st.data())
def test_one_wrong_share_never_gives_the_secret_silently(made: tuple[Polynomial, int], data: st.DataObject) -> None:
    polynomial, n = made
    shares = list(polynomial.split(n))
    place = data.draw(st.integers(0, polynomial.k - 1))
    value = data.draw(SCALARS.filter(lambda value: value != shares[place].value))
    shares[place] = Share(place + 1, value)
    assert combine(shares[: polynomial.k], polynomial.k) != polynomial.coefficients[0]
    if n > polynomial.k:
        with pytest.raises(ShareError, match="does not lie"):
            combine(shares, polynomial.k)


@settings(max_examples=20)
@given(st.lists(BYTES32, min_size=2, max_size=4, unique=True), BYTES32)
def test_summed_contributions_make_shares_that_fit_the_summed_commitments(seeds: list[bytes], ceremony: bytes) -> None:
    parts = [expand_seed(seed, ceremony=ceremony, dealing=1, source=f"source {at}", k=5) for at, seed in enumerate(seeds)]
    total = sum_polynomials(parts)
    commitments = sum_commitments([part.commit() for part in parts])
    require_shares(commitments, total.split(7))
    assert commitments[0] == base_multiply(combine(total.split(7)[2:], 5))


@settings(max_examples=10)
@given(st.lists(SCALARS.filter(bool), min_size=5, max_size=5), st.integers(1, ORDER - 1))
def test_tokens_answers_meet_where_the_secret_would_be(coefficients: list[int], ephemeral: int) -> None:
    polynomial = Polynomial(tuple(coefficients))
    point, commitments = base_multiply(ephemeral), polynomial.commit()
    answers = {share.index: multiply(point, share.value) for share in polynomial.split(7)}
    for chosen in list(combinations(answers, 5))[::5]:
        joined = interpolate_points({index: answers[index] for index in chosen})
        assert joined == multiply(commitments[0], ephemeral)
    assert all(multiply(share_point(commitments, index), ephemeral) == answer for index, answer in answers.items())


@given(st.lists(st.integers(1, 32), min_size=1, max_size=12, unique=True), st.integers(0, ORDER - 1))
def test_weights_reproduce_every_polynomial_of_lower_degree(indices: list[int], secret: int) -> None:
    weights = lagrange_at_zero(indices)
    for degree in range(len(indices)):
        values = [(secret + index**degree * (degree > 0)) % ORDER for index in indices]
        assert sum(w * v for w, v in zip(weights, values, strict=True)) % ORDER == secret


@given(BYTES32, BYTES32, BYTES32, st.integers(0, 2**53 - 1), st.text("Ada Lo\u00e4", min_size=1, max_size=9))
def test_any_sealed_seed_opens(seed: bytes, dealer: bytes, ephemeral: bytes, dealing: int, source: str) -> None:
    public = X25519PrivateKey.from_private_bytes(dealer).public_key().public_bytes_raw()
    sealed = seal_seed(seed, public, ephemeral, ceremony=bytes(32), dealing=dealing, source=source)
    assert open_seed(sealed, dealer, ceremony=bytes(32), dealing=dealing, source=source) == seed
