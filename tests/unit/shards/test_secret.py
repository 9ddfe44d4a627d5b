"""Seeds: expanded as an independent implementation does, committed, sealed to one dealer and place, and refused elsewhere."""

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ceremony.errors import DealingError, ShareError
from ceremony.shards.field import ORDER, base_multiply, encode_point
from ceremony.shards.secret import (
    SEALED_BYTES,
    contribution_digest,
    encode_pkcs8,
    expand_seed,
    open_seed,
    parse_pkcs8,
    seal_seed,
)

SEED = bytes(range(32))
CEREMONY = bytes(range(100, 132))
DEALER = X25519PrivateKey.from_private_bytes(b"\x11" * 32)
DEALER_PUBLIC = DEALER.public_key().public_bytes_raw()
SEALED = seal_seed(SEED, DEALER_PUBLIC, b"\x22" * 32, ceremony=CEREMONY, dealing=1, source="Ada")


def expand_again(seed: bytes, ceremony: bytes, dealing: int, source: str, k: int) -> list[int]:
    """The coefficients from the standard library alone, after the module's own description."""
    extracted = hmac.digest(ceremony, seed, "sha256")
    found = []
    for m in range(k):
        fields = f'{{"ceremony":"0x{ceremony.hex()}","coefficient":{m},"dealing":{dealing},"k":{k},"source":"{source}"}}'
        info = f"ceremony/contribution/v1\n{fields}\n".encode()
        first = hmac.digest(extracted, info + b"\x01", "sha256")
        second = hmac.digest(extracted, first + info + b"\x02", "sha256")
        found.append(int.from_bytes((first + second)[:48], "big") % ORDER)
    return found


def test_the_expansion_is_what_a_second_implementation_computes() -> None:
    for dealing, source, k in ((1, "Ada", 5), (2, "system", 1), (9, "custodian 3", 32)):
        found = expand_seed(SEED, ceremony=CEREMONY, dealing=dealing, source=source, k=k).coefficients
        assert list(found) == expand_again(SEED, CEREMONY, dealing, source, k)


def test_the_expansion_never_changes() -> None:
    # Taken from `expand_again` once: transcripts of today must be recomputable for ever.
    digest = hashlib.sha256()
    for coefficient in expand_seed(SEED, ceremony=CEREMONY, dealing=1, source="Ada", k=5).coefficients:
        digest.update(coefficient.to_bytes(32, "big"))
    assert digest.hexdigest() == "d07cecdb8ec2613b457b2df620c7f46cd83c1fc352c04a415081cd2538494d66"


def test_t20_one_seed_in_two_places_gives_unrelated_polynomials() -> None:
    places = [
        expand_seed(SEED, ceremony=CEREMONY, dealing=1, source="Ada", k=5),
        expand_seed(SEED, ceremony=CEREMONY, dealing=1, source="Bo", k=5),
        expand_seed(SEED, ceremony=CEREMONY, dealing=2, source="Ada", k=5),
        expand_seed(SEED, ceremony=bytes(32), dealing=1, source="Ada", k=5),
        expand_seed(SEED, ceremony=CEREMONY, dealing=1, source="Ada", k=6),
        expand_seed(bytes(32), ceremony=CEREMONY, dealing=1, source="Ada", k=5),
    ]
    coefficients = [coefficient for polynomial in places for coefficient in polynomial.coefficients]
    assert len(set(coefficients)) == len(coefficients) == 31


def test_t20_a_contribution_is_bound_before_it_is_shown() -> None:
    points = expand_seed(SEED, ceremony=CEREMONY, dealing=1, source="Ada", k=5).commit()
    listed = ",".join(f'"0x{encode_point(point, compressed=True).hex()}"' for point in points)
    expected = hashlib.sha256(f'ceremony/commitment/v1\n{{"points":[{listed}]}}\n'.encode()).digest()
    assert contribution_digest(points) == expected
    for other in (points[:4], points[::-1], (-points[0], *points[1:]), (*points, base_multiply(1))):
        assert contribution_digest(other) != expected


@pytest.mark.parametrize(("seed", "ceremony"), [(bytes(31), CEREMONY), (bytes(33), CEREMONY), (SEED, bytes(31)), (SEED, b"")])
def test_seeds_and_ids_of_another_length_are_refused(seed: bytes, ceremony: bytes) -> None:
    with pytest.raises(ShareError, match="must have 32"):
        expand_seed(seed, ceremony=ceremony, dealing=1, source="Ada", k=5)


@pytest.mark.parametrize("k", [0, 33])
def test_a_threshold_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(ShareError, match="a threshold is from 1 to 32"):
        expand_seed(SEED, ceremony=CEREMONY, dealing=1, source="Ada", k=k)


def test_a_sealed_seed_opens_for_its_dealer_in_its_place() -> None:
    assert len(SEALED) == SEALED_BYTES == 80
    assert SEED not in SEALED
    assert open_seed(SEALED, b"\x11" * 32, ceremony=CEREMONY, dealing=1, source="Ada") == SEED


def test_the_sealed_bytes_never_change() -> None:
    assert hashlib.sha256(SEALED).hexdigest() == "d6dc9fc6905deb07625827a4bc75de78ea8bfa6e8be482fa4f322760987e6753"


@pytest.mark.parametrize(
    ("private", "ceremony", "dealing", "source"),
    [
        (b"\x12" * 32, CEREMONY, 1, "Ada"),
        (b"\x11" * 32, bytes(32), 1, "Ada"),
        (b"\x11" * 32, CEREMONY, 2, "Ada"),
        (b"\x11" * 32, CEREMONY, 1, "Bo"),
    ],
)
def test_a_sealed_seed_is_worth_nothing_elsewhere(private: bytes, ceremony: bytes, dealing: int, source: str) -> None:
    with pytest.raises(DealingError, match=f"the seed of {source} was not sealed") as refused:
        open_seed(SEALED, private, ceremony=ceremony, dealing=dealing, source=source)
    assert refused.value.culprits == (source,)


def test_every_flipped_byte_and_every_other_length_of_a_sealed_seed_is_refused() -> None:
    # Bit 255 of an X25519 key is ignored by RFC 7748, so the last byte of the ephemeral key is flipped below it.
    flipped = [SEALED[:at] + bytes([SEALED[at] ^ 1]) + SEALED[at + 1 :] for at in range(SEALED_BYTES)]
    small_order = [bytes(32) + SEALED[32:], (1).to_bytes(32, "little") + SEALED[32:]]
    for wrong in (*flipped, *small_order, SEALED[:-1], SEALED + b"\0", b""):
        with pytest.raises(DealingError, match="the seed of Ada") as refused:
            open_seed(wrong, b"\x11" * 32, ceremony=CEREMONY, dealing=1, source="Ada")
        assert refused.value.culprits == ("Ada",)


def test_the_ignored_bit_of_an_ephemeral_key_is_bound_too() -> None:
    wrong = SEALED[:31] + bytes([SEALED[31] ^ 0x80]) + SEALED[32:]
    with pytest.raises(DealingError, match="the seed of Ada"):
        open_seed(wrong, b"\x11" * 32, ceremony=CEREMONY, dealing=1, source="Ada")


def test_keys_that_are_none_are_refused() -> None:
    with pytest.raises(DealingError, match="small order"):
        seal_seed(SEED, bytes(32), b"\x22" * 32, ceremony=CEREMONY, dealing=1, source="Ada")
    for seed, public, ephemeral, ceremony in (
        (SEED[:31], DEALER_PUBLIC, b"\x22" * 32, CEREMONY),
        (SEED, DEALER_PUBLIC[:31], b"\x22" * 32, CEREMONY),
        (SEED, DEALER_PUBLIC, b"\x22" * 31, CEREMONY),
        (SEED, DEALER_PUBLIC, b"\x22" * 32, CEREMONY[:31]),
    ):
        with pytest.raises(ShareError, match="has 31 bytes, must have 32"):
            seal_seed(seed, public, ephemeral, ceremony=ceremony, dealing=1, source="Ada")
    with pytest.raises(ShareError, match="the dealer's key has 31 bytes"):
        open_seed(SEALED, b"\x11" * 31, ceremony=CEREMONY, dealing=1, source="Ada")


@pytest.mark.parametrize("scalar", [1, 2, 2**200, ORDER - 1])
def test_pkcs8_is_what_other_libraries_read(scalar: int) -> None:
    data = encode_pkcs8(scalar)
    assert len(data) == 67
    key = load_der_private_key(data, None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    assert isinstance(key.curve, ec.SECP256R1)
    assert key.private_numbers().private_value == scalar == parse_pkcs8(data)


@pytest.mark.parametrize("scalar", [0, -1, ORDER, 2**256])
def test_scalars_that_a_token_would_take_without_complaint_are_refused(scalar: int) -> None:
    with pytest.raises(ShareError, match="out of range"):
        encode_pkcs8(scalar)


def test_other_private_keys_are_refused() -> None:
    data = encode_pkcs8(7)
    for wrong in (b"", data[:-1], data + b"\0", b"\x30\x42" + data[2:], data[:-33] + b"\x21" + data[-32:]):
        with pytest.raises(ShareError, match="minimal PKCS#8"):
            parse_pkcs8(wrong)
    for value in (0, ORDER):
        with pytest.raises(ShareError, match="out of range"):
            parse_pkcs8(data[:-32] + value.to_bytes(32, "big"))
