"""Envelopes and holding proofs: five answers open, four do not, a wrong answer is named, and every byte is bound."""

import hashlib
import hmac
from dataclasses import dataclass, replace
from itertools import combinations

import pytest

from ceremony.errors import OpeningError, ShareError
from ceremony.shards import threshold
from ceremony.shards.feldman import share_point
from ceremony.shards.field import ORDER, Point, base_multiply, encode_point, encode_x, multiply
from ceremony.shards.shamir import Polynomial

POLYNOMIAL = Polynomial((11, 22, 33, 44, 55))
SHARES = POLYNOMIAL.split(7)
COMMITMENTS = POLYNOMIAL.commit()
PUBLIC = {index: share_point(COMMITMENTS, index) for index in range(1, 8)}
EPHEMERAL = 2**250 + 12345
MADE = threshold.encapsulate(COMMITMENTS, 7, EPHEMERAL)
ZERO = "0x" + "00" * 32


@dataclass(frozen=True)
class Header:
    ceremony: str = "0x" + "ab" * 32
    dealing: int = 3
    description: str = "a test \u2713"
    point: str = "0x" + encode_point(MADE.point, compressed=True).hex()
    key_commitment: str = ZERO


CORE = threshold.core_digest(Header())
KEY = threshold.file_key(MADE.secret_point, CORE)
HEADER = replace(Header(), key_commitment="0x" + threshold.key_commitment(KEY).hex())
DIGEST = threshold.header_digest(HEADER)
TAGS = {index: threshold.answer_tag(DIGEST, index, answer) for index, answer in MADE.answers.items()}
ANSWERS = {share.index: encode_x(multiply(MADE.point, share.value)) for share in SHARES}


def resolve(index: int) -> Point:
    return threshold.resolve_answer(DIGEST, index, ANSWERS[index], TAGS[index])


def hashed(label: str, fields: str, tail: bytes = b"") -> bytes:
    """A bound hash from the standard library alone, after the module's own description."""
    return hashlib.sha256(f"{label}\n{fields}\n".encode() + tail).digest()


def test_every_set_of_five_opens_the_envelope() -> None:
    points = {index: resolve(index) for index in ANSWERS}
    for chosen in combinations(points, 5):
        secret = threshold.combine_answers({index: points[index] for index in chosen}, 5)
        assert secret == MADE.secret_point
        assert threshold.file_key(secret, CORE) == KEY
    assert threshold.combine_answers(points, 5) == MADE.secret_point


@pytest.mark.parametrize("count", range(5))
def test_fewer_than_five_are_refused(count: int) -> None:
    points = {index: resolve(index) for index in range(1, count + 1)}
    with pytest.raises(OpeningError, match=f"{count} right answers; 5 are needed"):
        threshold.combine_answers(points, 5)


def test_no_threshold_at_all_is_refused() -> None:
    with pytest.raises(OpeningError, match="0 are needed"):
        threshold.combine_answers(MADE.answers, 0)


def test_four_points_joined_as_if_they_were_enough_give_another_key() -> None:
    secret = threshold.combine_answers({index: resolve(index) for index in (1, 2, 3, 4)}, 4)
    assert threshold.key_commitment(threshold.file_key(secret, CORE)).hex() != HEADER.key_commitment[2:]


def test_both_signs_of_an_answer_are_resolved() -> None:
    # A token says only x: over the seven shards, tags have decided for even and for odd y.
    resolved = [resolve(index) for index in ANSWERS]
    assert {int(point.y) % 2 for point in resolved} == {0, 1}
    assert resolved == [MADE.answers[index] for index in ANSWERS]


@pytest.mark.parametrize(
    "x",
    [
        ANSWERS[2],
        encode_x(multiply(MADE.answers[1], 2)),
        (1).to_bytes(32, "big"),
        b"\xff" * 32,
        bytes(32),
        b"",
        ANSWERS[1] + b"\0",
    ],
)
def test_a_wrong_answer_is_refused_by_custodian(x: bytes) -> None:
    with pytest.raises(OpeningError, match="the answer of custodian 1 does not fit") as refused:
        threshold.resolve_answer(DIGEST, 1, x, TAGS[1])
    assert refused.value.culprits == ("custodian 1",)


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, ceremony="0x" + "ac" * 32),
        replace(HEADER, dealing=4),
        replace(HEADER, description="a test"),
        replace(HEADER, point="0x" + encode_point(base_multiply(9), compressed=True).hex()),
        replace(HEADER, key_commitment=ZERO),
    ],
)
def test_a_tag_binds_every_field_of_the_header(header: Header) -> None:
    with pytest.raises(OpeningError, match="another header"):
        threshold.resolve_answer(threshold.header_digest(header), 1, ANSWERS[1], TAGS[1])


def test_a_tag_binds_its_index() -> None:
    assert threshold.answer_tag(DIGEST, 2, MADE.answers[1]) != TAGS[1]
    with pytest.raises(OpeningError, match="custodian 2"):
        threshold.resolve_answer(DIGEST, 2, ANSWERS[1], TAGS[1])


def test_the_file_key_binds_the_core_and_the_secret_point() -> None:
    other = threshold.core_digest(replace(HEADER, description="another"))
    assert threshold.file_key(MADE.secret_point, other) != KEY
    assert threshold.file_key(-MADE.secret_point, CORE) != KEY
    assert threshold.core_digest(HEADER) == CORE


def test_all_bytes_are_what_a_second_implementation_computes() -> None:
    fields = f'{{"ceremony":"{HEADER.ceremony}","dealing":3,"description":"a test \u2713","point":"{HEADER.point}"}}'
    core = hashed("ceremony/envelope-core/v1", fields)
    assert core == CORE
    extracted = hmac.digest(core, encode_point(MADE.secret_point, compressed=True), "sha256")
    key = hmac.digest(extracted, b"ceremony/file-key/v1\n{}\n\x01", "sha256")
    assert key == KEY
    commitment = hashed("ceremony/key-commitment/v1", "{}", key)
    assert commitment == threshold.key_commitment(KEY)
    header = hashed("ceremony/envelope-header/v1", f'{{"core":"0x{core.hex()}","key_commitment":"0x{commitment.hex()}"}}')
    assert header == DIGEST
    answer = encode_point(MADE.answers[3], compressed=True)
    assert hashed("ceremony/tag/v1", f'{{"header":"0x{header.hex()}","index":3}}', answer) == TAGS[3]


def test_an_envelope_never_changes() -> None:
    # Taken once, after the second implementation above agreed.
    assert (KEY.hex(), DIGEST.hex(), TAGS[7].hex()) == (
        "3bc7a7801e68508fd3194f28d73bc488cd410866b3e8e6c58a241ff97e0c8a80",
        "59aee4edcc271c1233b99d1e9c9168198e55f91d71c7c3769184882fb1a7b6c9",
        "450d24048173210cb4bb0b000b4020a4c3ea6c4b388162293d157b743c0324c7",
    )


def test_the_secret_points_are_not_shown() -> None:
    assert repr(MADE) == "Encapsulation(...)"
    point, secret_point, answers = MADE
    assert (point, secret_point) == (base_multiply(EPHEMERAL), base_multiply(EPHEMERAL * 11 % ORDER))
    assert answers == {index: multiply(public, EPHEMERAL) for index, public in PUBLIC.items()}


@pytest.mark.parametrize("ephemeral", [0, -1, ORDER, ORDER + 1])
def test_an_ephemeral_scalar_out_of_range_is_refused(ephemeral: int) -> None:
    with pytest.raises(ShareError, match="out of range"):
        threshold.encapsulate(COMMITMENTS, 7, ephemeral)


@pytest.mark.parametrize("index", [0, 33, ORDER])
def test_t21_sealing_to_an_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(ShareError, match=f"{index} is not an index"):
        threshold.encapsulate(COMMITMENTS, index, 5)
    with pytest.raises(ShareError, match=f"{index} is not an index"):
        threshold.combine_answers({index: PUBLIC[1]}, 1)


def test_sealing_to_infinity_is_refused() -> None:
    infinity = base_multiply(0)
    with pytest.raises(ShareError, match="infinity"):
        threshold.encapsulate((infinity, *COMMITMENTS[1:]), 7, 5)
    with pytest.raises(ShareError, match="infinity"):
        # f(x) = 2 - x is zero at index 2.
        threshold.encapsulate(Polynomial((2, ORDER - 1)).commit(), 2, 5)
    with pytest.raises(ShareError, match="not 0"):
        threshold.encapsulate((), 7, 5)


@pytest.mark.parametrize(
    "header",
    [
        replace(HEADER, ceremony="0xzz"),
        replace(HEADER, ceremony="0x00"),
        replace(HEADER, point="0x" + "02" * 32),
        replace(HEADER, point="0x" + "ff" * 33),
        replace(HEADER, key_commitment="0x" + "00" * 31),
        replace(HEADER, key_commitment="nothing"),
    ],
)
def test_a_malformed_header_has_no_digest(header: Header) -> None:
    with pytest.raises(ShareError):
        threshold.header_digest(header)


def test_keys_and_digests_of_another_length_are_refused() -> None:
    with pytest.raises(ShareError, match="a file key has 31 bytes"):
        threshold.key_commitment(KEY[:31])
    with pytest.raises(ShareError, match="a core digest has 33 bytes"):
        threshold.file_key(MADE.secret_point, CORE + b"\0")
    with pytest.raises(ShareError, match="a header digest has 0 bytes"):
        threshold.answer_tag(b"", 1, MADE.answers[1])
    with pytest.raises(ShareError, match="0 is not an index"):
        threshold.answer_tag(DIGEST, 0, MADE.answers[1])


CHALLENGE = encode_point(base_multiply(7))
def test_a_challenger_knows_the_answer_of_a_token_that_holds_its_shard() -> None:
    x = encode_x(multiply(base_multiply(7), SHARES[1].value))  # what the token's ECDH gives for the challenge 7 * G
    told = threshold.holding_answer(b"\xab" * 32, 3, 2, CHALLENGE, b"\xcd" * 32, x)
    assert threshold.expected_holding_answer(b"\xab" * 32, 3, 2, PUBLIC[2], 7, b"\xcd" * 32) == told
    assert threshold.expected_holding_answer(b"\xab" * 32, 3, 2, PUBLIC[3], 7, b"\xcd" * 32) != told


HOLDING = (b"\xab" * 32, 3, 2, CHALLENGE, b"\xcd" * 32, encode_x(multiply(PUBLIC[2], 7)))


def test_a_holding_answer_is_what_the_challenger_and_a_second_implementation_compute() -> None:
    answer = threshold.holding_answer(*HOLDING)
    x = encode_x(base_multiply(7 * SHARES[1].value % ORDER))
    assert x == HOLDING[5]
    fields = (
        f'{{"ceremony":"0x{"ab" * 32}","dealing":3,"index":2,"nonce":"0x{"cd" * 32}","point":"0x{CHALLENGE.hex()}"}}'
    )
    assert answer == hashed("ceremony/holding/v1", fields, x)


def test_a_holding_answer_is_not_a_decryption_and_binds_everything() -> None:
    answer = threshold.holding_answer(*HOLDING)
    ceremony, dealing, index, point, nonce, x = HOLDING
    others = {
        threshold.holding_answer(b"\xac" * 32, dealing, index, point, nonce, x),
        threshold.holding_answer(ceremony, 4, index, point, nonce, x),
        threshold.holding_answer(ceremony, dealing, 3, point, nonce, x),
        threshold.holding_answer(ceremony, dealing, index, encode_point(base_multiply(8)), nonce, x),
        threshold.holding_answer(ceremony, dealing, index, point, bytes(32), x),
        threshold.holding_answer(ceremony, dealing, index, point, nonce, bytes(32)),
    }
    assert len(others) == 6
    assert answer not in others
    assert answer != x


@pytest.mark.parametrize(
    ("place", "value"), [(0, bytes(31)), (2, 0), (2, 33), (3, CHALLENGE[:64]), (3, b""), (4, bytes(33)), (5, bytes(31))]
)
def test_a_malformed_challenge_has_no_answer(place: int, value: bytes | int) -> None:
    wrong = list(HOLDING)
    wrong[place] = value
    with pytest.raises(ShareError):
        threshold.holding_answer(*wrong)  # type: ignore[arg-type]


def test_a_shard_that_the_envelope_was_not_sealed_to_is_named() -> None:
    tags = tuple("0x" + TAGS[index].hex() for index in sorted(TAGS))
    assert threshold.find_tag(tags, 7) == TAGS[7]
    with pytest.raises(OpeningError) as caught:
        threshold.find_tag(tags[:6], 7)
    assert caught.value.culprits == ("custodian 7",)
    with pytest.raises(ShareError):
        threshold.find_tag(tags, 0)
