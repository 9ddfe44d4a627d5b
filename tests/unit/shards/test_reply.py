"""Answers that travel as files: sixteen words open them, for one request and one custodian."""

import hmac

import pytest

from ceremony.errors import OpeningError, ShareError
from ceremony.shards.reply import ANSWER_BYTES, derive_reply_key, open_answer, reply_public, seal_answer

SECRET, NONCE, REQUEST, X = b"\x01" * 16, b"\x02" * 32, b"\x03" * 32, b"\x04" * 32
PRIVATE = derive_reply_key(SECRET, NONCE)
SEALED = seal_answer(X, reply_public(PRIVATE), b"\x05" * 32, request=REQUEST, index=3)


def test_the_key_is_what_a_second_implementation_derives() -> None:
    extracted = hmac.digest(NONCE, SECRET, "sha256")
    assert hmac.digest(extracted, b"ceremony/reply-key/v1\n{}\n\x01", "sha256") == PRIVATE


def test_a_secret_belongs_to_one_request() -> None:
    keys = {derive_reply_key(secret, nonce) for secret in (SECRET, bytes(16)) for nonce in (NONCE, bytes(32))}
    assert len(keys) == 4


def test_the_requester_reads_the_answer() -> None:
    assert len(SEALED) == ANSWER_BYTES == 80
    assert open_answer(SEALED, PRIVATE, request=REQUEST, index=3) == X


def test_the_bytes_never_change() -> None:
    assert SEALED.hex() == (
        "50a61409b1ddd0325e9b16b700e719e9772c07000b1bd7786e907c653d20495d"
        "73096c8175103639623b86763e7826d067e03de1872bee91efdc0ea07f112b4582b29e2cae70d3d4cd0c5b28841c86bd"
    )


@pytest.mark.parametrize(
    ("private", "request_", "index"),
    [(derive_reply_key(bytes(16), NONCE), REQUEST, 3), (PRIVATE, bytes(32), 3), (PRIVATE, REQUEST, 4)],
)
def test_it_is_worth_nothing_elsewhere_and_names_its_custodian(private: bytes, request_: bytes, index: int) -> None:
    with pytest.raises(OpeningError, match=f"the answer of custodian {index} cannot be read") as refused:
        open_answer(SEALED, private, request=request_, index=index)
    assert refused.value.culprits == (f"custodian {index}",)


@pytest.mark.parametrize("wrong", [b"", SEALED[:-1], SEALED + b"\0", bytes(80)])
def test_what_is_no_sealed_answer_names_its_custodian(wrong: bytes) -> None:
    with pytest.raises(OpeningError, match="custodian 3"):
        open_answer(wrong, PRIVATE, request=REQUEST, index=3)


def test_other_lengths_and_indices_are_refused() -> None:
    public = reply_public(PRIVATE)
    for secret, nonce in ((SECRET[:15], NONCE), (SECRET, NONCE[:31])):
        with pytest.raises(ShareError):
            derive_reply_key(secret, nonce)
    for x, key, ephemeral, request, index in (
        (X[:31], public, b"\x05" * 32, REQUEST, 3),
        (X, public[:31], b"\x05" * 32, REQUEST, 3),
        (X, public, b"\x05" * 31, REQUEST, 3),
        (X, public, b"\x05" * 32, REQUEST[:31], 3),
        (X, public, b"\x05" * 32, REQUEST, 0),
        (X, bytes(32), b"\x05" * 32, REQUEST, 3),
    ):
        with pytest.raises(ShareError):
            seal_answer(x, key, ephemeral, request=request, index=index)
