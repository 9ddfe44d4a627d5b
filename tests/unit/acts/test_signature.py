"""Governance signatures: normalised, recovered, and every malformed or foreign one refused."""

import pytest
from coincurve import PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.signature import ORDER, address_of, normalise_signature, require_signature
from ceremony.acts.typed import keccak256
from ceremony.errors import ApprovalError, RecordError

KEY = PrivateKey(keccak256(b"cow"))
PUBLIC = KEY.public_key.format(compressed=False)
DIGEST = keccak256(b"an act")
SIGNED = KEY.sign_recoverable(DIGEST, hasher=None)
VALID = SIGNED[:64] + bytes([27 + SIGNED[64]])
HASHES = st.binary(min_size=32, max_size=32)


def scalar(value: int) -> bytes:
    return value.to_bytes(32, "big")


def high(signature: bytes) -> bytes:
    """The same signature with s in the upper half, which plain ECDSA accepts."""
    return signature[:32] + scalar(ORDER - int.from_bytes(signature[32:64], "big"))


# The signature over the Mail of https://eips.ethereum.org/EIPS/eip-712 (assets/eip-712/Example.js), by keccak256("cow").
def test_the_eips_example() -> None:
    digest = bytes.fromhex("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2")
    r = "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
    s = "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
    signature = bytes.fromhex(r + s) + bytes([28])
    address = bytes.fromhex("CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")
    assert address_of(PUBLIC) == address
    require_signature(signature, digest, address)
    assert normalise_signature(signature[:64], digest, PUBLIC) == signature
    assert normalise_signature(high(signature), digest, PUBLIC) == signature


@given(st.integers(1, ORDER - 1), HASHES)
def test_a_raw_signature_becomes_the_one_low_form(secret: int, digest: bytes) -> None:
    key = PrivateKey(scalar(secret))
    public = key.public_key.format(compressed=False)
    signed = key.sign_recoverable(digest, hasher=None)
    for raw in (signed[:64], high(signed)):
        signature = normalise_signature(raw, digest, public)
        assert signature == signed[:64] + bytes([27 + signed[64]])
        require_signature(signature, digest, address_of(public))


def refused_signatures() -> dict[str, bytes]:
    r, s, v = VALID[:32], VALID[32:64], VALID[64:]
    return {
        "empty": b"",
        "short": VALID[:64],
        "long": VALID + b"\0",
        "high s": high(VALID) + bytes([55 - v[0]]),
        "high s, same v": high(VALID) + v,
        "other v": r + s + bytes([55 - v[0]]),
        "v 0": r + s + b"\0",
        "v 1": r + s + b"\1",
        "v 26": r + s + bytes([26]),
        "v 29": r + s + bytes([29]),
        "v 30": r + s + bytes([30]),
        "r zero": scalar(0) + s + v,
        "s zero": r + scalar(0) + v,
        "r = n": scalar(ORDER) + s + v,
        "s = n": r + scalar(ORDER) + v,
        "r all ones": b"\xff" * 32 + s + v,
        "s just above half": r + scalar(ORDER // 2 + 1) + v,
        "r with no point": scalar(5) + s + v,
        "halves swapped": s + r + v,
    }


@pytest.mark.parametrize("signature", refused_signatures().values(), ids=refused_signatures().keys())
def test_malformed_and_malleated_signatures_are_refused(signature: bytes) -> None:
    with pytest.raises(ApprovalError):
        require_signature(signature, DIGEST, address_of(PUBLIC))


def test_r_without_a_point_is_refused_as_recovering_nobody() -> None:
    # x = 5 is on secp256k1 for no y, so nothing can be recovered.
    with pytest.raises(ApprovalError, match="another key"):
        require_signature(scalar(5) + VALID[32:], DIGEST, address_of(PUBLIC))


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (VALID[:64], "65 bytes"),
        (high(VALID) + bytes([27]), "upper half"),
        (VALID[:64] + bytes([29]), "neither 27 nor 28"),
        (scalar(0) + VALID[32:], "r or s is zero"),
    ],
)
def test_the_reason_is_told(signature: bytes, why: str) -> None:
    with pytest.raises(ApprovalError, match=why):
        require_signature(signature, DIGEST, address_of(PUBLIC))


def test_every_flipped_bit_is_refused() -> None:
    for bit in range(8 * len(VALID)):
        flipped = bytearray(VALID)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ApprovalError):
            require_signature(bytes(flipped), DIGEST, address_of(PUBLIC))


def test_another_digest_another_address_or_wrong_lengths_are_refused() -> None:
    require_signature(VALID, DIGEST, address_of(PUBLIC))
    for digest, address in (
        (keccak256(b"another act"), address_of(PUBLIC)),
        (DIGEST, bytes(20)),
        (DIGEST, address_of(PUBLIC)[:19]),
        (DIGEST[:31], address_of(PUBLIC)),
    ):
        with pytest.raises(ApprovalError):
            require_signature(VALID, digest, address)


def test_a_tokens_signature_by_another_key_or_of_another_length_is_refused() -> None:
    other = PrivateKey(scalar(7)).sign_recoverable(DIGEST, hasher=None)
    with pytest.raises(ApprovalError, match="not made by this key"):
        normalise_signature(other[:64], DIGEST, PUBLIC)
    with pytest.raises(ApprovalError, match="64 bytes"):
        normalise_signature(VALID, DIGEST, PUBLIC)
    with pytest.raises(ApprovalError, match="below the group's order"):
        normalise_signature(VALID[:32] + scalar(ORDER), DIGEST, PUBLIC)


@pytest.mark.parametrize(
    "public",
    [PUBLIC[:64], KEY.public_key.format(compressed=True), b"\x06" + PUBLIC[1:], PUBLIC[:64] + bytes([PUBLIC[64] ^ 1]), bytes(65)],
)
def test_what_is_no_public_key_has_no_address(public: bytes) -> None:
    with pytest.raises(RecordError, match="public half"):
        address_of(public)
