"""The old library's strings: its published ones, ones computed from its formula, and every way in which it fell silent."""

from itertools import combinations

import pytest

from ceremony.custody.secretsharing import PRIMES, OldShares
from ceremony.errors import AdoptionError

# The library's own README ("Hex Secrets" and "Raw integers"): 2 of 3.
README_HEX = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a"
README = (
    "1-58cbd30524507e7a198bdfeb69c8d87fd7d2c10e8d5408851404f7d258cbcea7",
    "2-ecdbdaea89d75f8e73bde77a46db821cd40f430d39a11c864e5a4868dcb403ed",
    "3-80ebe2cfef5e40a2cdefef0923ee2bb9d04bc50be5ee308788af98ff609c380a",
)
README_NUMBERS = (
    108834987130598118322155382953070549297972563210322923466700361825476188819879,
    12892764390087251114834094135881113029625174256248535119246116278891435001755,
    32742630886892579331083790327379584614547769967814710811249454740219810823864,
)
K, N = 3, 6


def strings(secret, prime, *, k=K, n=N):
    """Its formula: y = f(x) mod p, both in hex without leading zeros; the coefficients are any numbers."""
    coefficients = [secret, *(pow(7, 900 + m, prime) for m in range(1, k))]
    return [f"{x:x}-{sum(c * x**m for m, c in enumerate(coefficients)) % prime:x}" for x in range(1, n + 1)]


def combined(texts, k=K, size=32):
    taken = OldShares(k, size)
    for number, text in enumerate(texts, 1):
        taken.add(number, text)
    return taken.secret()


@pytest.mark.parametrize("chosen", [*combinations(range(3), 2), (0, 1, 2)], ids=str)
def test_the_published_strings_combine(chosen):
    assert combined([README[at] for at in chosen], k=2).hex() == README_HEX
    assert combined([f"{at + 1}-{README_NUMBERS[at]:X}" for at in chosen], k=2).hex() == README_HEX


@pytest.mark.parametrize("prime", PRIMES, ids=lambda prime: f"{prime.bit_length()} bits")
def test_the_modulus_is_found_from_the_size(prime):
    below = max((other for other in PRIMES if other < prime), default=1 << 56)
    size = (prime.bit_length() + 7) // 8
    for secret in (below + 1, prime - 1):
        assert combined(strings(secret, prime), size=size) == secret.to_bytes(size, "big")
        assert combined(strings(secret, prime)[3:], size=size) == secret.to_bytes(size, "big")


def test_leading_zeros_come_back():
    secret = bytes(4) + b"\x01" * 28
    assert combined(strings(int.from_bytes(secret, "big"), PRIMES[-6])) == secret


def test_indices_above_nine_are_hex():
    texts = strings(5**90, 2**256 + 297, n=32)
    assert texts[31].startswith("20-")
    assert combined([texts[9], texts[15], texts[31], texts[0]]) == (5**90).to_bytes(32, "big")


TEXTS = strings(5**90, 2**256 + 297)
CHANGED = TEXTS[1][:-1] + ("0" if TEXTS[1][-1] != "0" else "1")


def test_without_more_than_needed_nobody_can_tell():
    taken = OldShares(K, 32)
    for number, text in enumerate([TEXTS[0], CHANGED, TEXTS[2]], 1):
        assert not taken.enough
        taken.add(number, text)
    assert (taken.enough, taken.checked) == (True, False)
    assert taken.secret() != (5**90).to_bytes(32, "big")


def test_with_one_more_than_needed_a_wrong_one_shows():
    with pytest.raises(AdoptionError, match="one polynomial") as refusal:
        combined([TEXTS[0], CHANGED, TEXTS[2], TEXTS[3]])
    assert refusal.value.culprits == ("share 1", "share 2", "share 3", "share 4")


@pytest.mark.parametrize("place", range(5))
def test_with_two_more_than_needed_it_is_named(place):
    texts = [TEXTS[2], TEXTS[5], TEXTS[0], TEXTS[3]]
    texts.insert(place, CHANGED)
    with pytest.raises(AdoptionError, match="one polynomial") as refusal:
        combined(texts)
    assert refusal.value.culprits == (f"share {place + 1}",)
    assert "all others agree" in refusal.value.next_step


def test_two_wrong_ones_among_five_name_all():
    with pytest.raises(AdoptionError) as refusal:
        combined([TEXTS[0], CHANGED, TEXTS[2], "4-abcdef", TEXTS[4]])
    assert len(refusal.value.culprits) == 5


def test_a_threshold_told_too_low_shows_and_too_high_is_too_few():
    with pytest.raises(AdoptionError, match="one polynomial"):
        combined(TEXTS[:3], k=2)
    with pytest.raises(AdoptionError, match="too few shares: 3 given, 4 needed"):
        combined(TEXTS[:3], k=4)


def test_a_secret_equal_to_the_prime_was_lost_already():
    prime = 2**127 - 1
    with pytest.raises(AdoptionError, match="the shares give 0"):
        combined(strings(prime % prime, prime), size=16)


def test_a_result_larger_than_the_secret_is_refused():
    with pytest.raises(AdoptionError, match="more than 16 bytes"):
        combined(TEXTS, size=16)
    with pytest.raises(AdoptionError, match="more than 26 bytes"):
        combined(TEXTS, size=26)
    assert combined(TEXTS, size=27) == (5**90).to_bytes(27, "big")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not of the form"),
        ("abcdef", "not of the form"),
        ("1-", "not of the form"),
        ("-1", "not of the form"),
        ("1-abcdefg", "not of the form"),
        ("1-ab cd", "not of the form"),
        ("1-2-3", "not of the form"),
        ("100-ab", "not of the form"),
        ("1-" + "f" * 400, "not of the form"),
        ("1-\uff11\uff12", "not of the form"),
        ("0-ab", "its number is 0"),
        ("21-ab", "its number is 33"),
        ("2-" + "f" * 320, "above everything"),
        ("1-ab", "the same number, 1, as share 1"),
        ("01-ab", "the same number, 1, as share 1"),
    ],
)
def test_what_is_no_share_is_named_and_may_be_given_again(text, what):
    taken = OldShares(K, 32)
    taken.add(1, TEXTS[0])
    with pytest.raises(AdoptionError, match=what) as refusal:
        taken.add(2, text)
    assert refusal.value.culprits == ("share 2",)
    taken.add(2, f"  {TEXTS[1]}\n")
    taken.add(3, TEXTS[2])
    assert taken.secret() == (5**90).to_bytes(32, "big")
