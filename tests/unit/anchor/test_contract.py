"""Bytes to and from the contract: known answers, properties, and every refusal."""

from collections.abc import Mapping
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.typed import keccak256
from ceremony.anchor import contract
from ceremony.anchor.artifacts.words import encode_word, require_range
from ceremony.errors import ApprovalError, ChainLied, RecordError

ROSTER = [bytes(19) + bytes([number]) for number in range(1, 8)]
GOOD = b"\x01" * 32 + b"\x02" * 32 + b"\x1b"
HALF_ORDER = (0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - 1) // 2  # SEC 2, 2.4.1
GENESIS: contract.GenesisFields = {
    "root": b"\xa1" * 32,
    "size": 60,
    "plan_digest": b"\xa2" * 32,
    "epoch": 1,
    "sequence": 0,
    "deadline": 2**64 - 1,
    "head": bytes(32),
}
ANCHOR: contract.AnchorFields = {
    "kind": 255,
    "root": b"\xa1" * 32,
    "size": 60,
    "metadata": b"\xa2" * 32,
    "transcript_root": b"\xa3" * 32,
    "transcript_size": 61,
    "epoch": 1,
    "sequence": 2,
    "deadline": 3,
    "head": b"\xa4" * 32,
}


# --- words


def test_keccak_is_not_sha3() -> None:
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(st.integers(min_value=0, max_value=2**256 - 1))
def test_a_word_is_big_endian(value: int) -> None:
    assert int.from_bytes(encode_word(value), "big") == value


@pytest.mark.parametrize(("value", "bits"), [(-1, 8), (256, 8), (2**64, 64), (True, 8)])
def test_a_number_too_big_is_refused(value: int, bits: int) -> None:
    with pytest.raises(RecordError):
        require_range(value, bits)


# --- roster and approvals


def test_the_roster_digest_hashes_one_word_an_address() -> None:
    words = b"".join(bytes(31) + bytes([number]) for number in range(1, 8))
    assert contract.roster_digest(ROSTER) == keccak256(words)


@pytest.mark.parametrize(
    "roster",
    [
        [],
        [ROSTER[1], ROSTER[0]],
        [ROSTER[0], ROSTER[0]],
        [bytes(20), ROSTER[0]],
        [bytes(19)],
        [number.to_bytes(20) for number in range(1, 34)],
    ],
)
def test_what_is_no_roster_is_refused(roster: list[bytes]) -> None:
    with pytest.raises(RecordError):
        contract.roster_digest(roster)
    with pytest.raises(RecordError):
        contract.encode_approvals({}, roster)


def test_a_roster_of_thirty_two_is_taken() -> None:
    roster = [number.to_bytes(20) for number in range(1, 33)]
    assert contract.encode_approvals({roster[31]: GOOD}, roster)[:4] == b"\x80\0\0\0"


def test_approvals_are_a_bitmap_then_one_part_for_each() -> None:
    odd = b"\x03" * 32 + b"\x04" * 32 + b"\x1c"
    encoded = contract.encode_approvals({ROSTER[0]: GOOD, ROSTER[6]: odd}, ROSTER)
    assert encoded[:4] == bytes([0, 0, 0, 0b1000001])
    assert encoded[4:68] == GOOD[:64]
    assert encoded[68:168] == b"".join(ROSTER[1:6])
    assert encoded[168:] == b"\x03" * 32 + b"\x84" + b"\x04" * 31


@given(st.sets(st.integers(min_value=0, max_value=6)))
def test_the_length_follows_from_the_bitmap(positions: set[int]) -> None:
    encoded = contract.encode_approvals({ROSTER[position]: GOOD for position in positions}, ROSTER)
    assert int.from_bytes(encoded[:4], "big") == sum(1 << position for position in positions)
    assert len(encoded) == 4 + 64 * len(positions) + 20 * (7 - len(positions))


def test_a_foreign_signer_is_named() -> None:
    with pytest.raises(ApprovalError) as refused:
        contract.encode_approvals({b"\xff" * 20: GOOD, ROSTER[0]: GOOD}, ROSTER)
    assert refused.value.culprits == ("0x" + "ff" * 20,)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        GOOD[:64],
        GOOD + b"\0",
        GOOD[:64] + b"\x1a",
        GOOD[:64] + b"\x1d",
        GOOD[:64] + b"\x00",
        GOOD[:32] + bytes(32) + b"\x1b",
        GOOD[:32] + (HALF_ORDER + 1).to_bytes(32) + b"\x1b",
    ],
)
def test_a_malformed_signature_names_its_signer(signature: bytes) -> None:
    with pytest.raises(ApprovalError) as refused:
        contract.encode_approvals({ROSTER[2]: signature}, ROSTER)
    assert refused.value.culprits == ("0x" + ROSTER[2].hex(),)


def test_the_highest_low_s_is_taken() -> None:
    signature = GOOD[:32] + HALF_ORDER.to_bytes(32) + b"\x1c"
    encoded = contract.encode_approvals({ROSTER[0]: signature}, ROSTER)
    assert int.from_bytes(encoded[36:68], "big") == HALF_ORDER + (1 << 255)


# --- calls


def test_a_genesis_call_is_canonical() -> None:
    call = contract.encode_genesis_call(b"\x07" * 33, **GENESIS)
    signature = b"genesis((bytes32,uint64,bytes32,uint64,uint64,uint64,bytes32),bytes)"
    assert call[:4] == keccak256(signature)[:4]
    numbers = [bytes(24) + number.to_bytes(8) for number in (60, 1, 0, 2**64 - 1)]
    words = [GENESIS["root"], numbers[0], GENESIS["plan_digest"], *numbers[1:], GENESIS["head"]]
    assert call[4:228] == b"".join(words)
    assert call[228:260] == encode_word(256)
    assert call[260:292] == encode_word(33)
    assert call[292:] == b"\x07" * 33 + bytes(31)


def test_an_anchor_call_is_canonical() -> None:
    call = contract.encode_anchor_call(b"\x07" * 32, **ANCHOR)
    signature = b"anchor((uint8,bytes32,uint64,bytes32,bytes32,uint64,uint64,uint64,uint64,bytes32),bytes)"
    assert call[:4] == keccak256(signature)[:4]
    first = encode_word(255) + ANCHOR["root"] + encode_word(60) + ANCHOR["metadata"] + ANCHOR["transcript_root"]
    rest = b"".join(map(encode_word, (61, 1, 2, 3)))
    assert call[4:324] == first + rest + ANCHOR["head"]
    assert call[324:] == encode_word(352) + encode_word(32) + b"\x07" * 32


@pytest.mark.parametrize(
    "change",
    [
        {"root": bytes(31)},
        {"size": 2**64},
        {"plan_digest": b""},
        {"epoch": -1},
        {"sequence": 2**64},
        {"deadline": 2**64},
        {"head": bytes(33)},
    ],
)
def test_genesis_fields_have_their_sizes(change: Mapping[str, Any]) -> None:
    with pytest.raises(RecordError):
        contract.encode_genesis_call(b"", **cast("contract.GenesisFields", {**GENESIS, **change}))


@pytest.mark.parametrize(
    "change",
    [
        {"kind": 256},
        {"root": b""},
        {"size": 2**64},
        {"metadata": b""},
        {"transcript_root": b""},
        {"transcript_size": 2**64},
        {"epoch": 2**64},
        {"sequence": 2**64},
        {"deadline": 2**64},
        {"head": b""},
    ],
)
def test_anchor_fields_have_their_sizes(change: Mapping[str, Any]) -> None:
    with pytest.raises(RecordError):
        contract.encode_anchor_call(b"", **cast("contract.AnchorFields", {**ANCHOR, **change}))


# --- views, storage, head


def test_views_are_called_by_selector() -> None:
    assert contract.encode_view_call("head") == keccak256(b"head()")[:4]
    assert contract.encode_view_call("anchored", b"\x01" * 32) == keccak256(b"anchored(bytes32)")[:4] + b"\x01" * 32


@pytest.mark.parametrize(("view", "words"), [("owner", b""), ("", b""), ("anchored", b"\x01" * 31)])
def test_an_unknown_view_is_refused(view: str, words: bytes) -> None:
    with pytest.raises(RecordError):
        contract.encode_view_call(view, words)


def test_answers_are_read() -> None:
    assert contract.parse_word(b"\x09" * 32) == b"\x09" * 32
    assert contract.parse_uint(encode_word(2**64 - 1)) == 2**64 - 1
    assert contract.parse_uint(encode_word(255), 8) == 255
    assert contract.parse_flag(encode_word(1)) is True
    assert contract.parse_flag(encode_word(0)) is False


@pytest.mark.parametrize("answer", [b"", bytes(31), bytes(33), encode_word(2**64), b"\xff" * 32])
def test_an_impossible_answer_is_a_lie(answer: bytes) -> None:
    with pytest.raises(ChainLied):
        contract.parse_uint(answer)
    with pytest.raises(ChainLied):
        contract.parse_flag(answer)


def test_a_flag_is_no_other_number() -> None:
    with pytest.raises(ChainLied):
        contract.parse_flag(encode_word(2))


def test_storage_keys() -> None:
    artifact = contract.load_artifact()
    assert [contract.slot_key(artifact, name)[-1] for name in ("head", "sequence", "genesisRoot")] == [0, 1, 2]
    assert contract.anchored_key(artifact, b"\x01" * 32) == keccak256(b"\x01" * 32 + encode_word(3))
    for variable in ("anchored", "owner"):
        with pytest.raises(RecordError):
            contract.slot_key(artifact, variable)


def test_the_head_is_a_hash_chain() -> None:
    assert contract.next_head(b"\x01" * 32, b"\x02" * 32) == keccak256(b"\x01" * 32 + b"\x02" * 32)
    for head, digest in ((b"", bytes(32)), (bytes(32), bytes(31)), (bytes(33), bytes(31))):
        with pytest.raises(RecordError):
            contract.next_head(head, digest)


# --- logs and refusals

GENESIS_TOPICS = [contract.GENESIS_TOPIC, encode_word(0), b"\xa1" * 32]
GENESIS_DATA = encode_word(60) + b"\xb1" * 32 + b"\xb2" * 32
ANCHOR_TOPICS = [contract.ANCHOR_TOPIC, encode_word(4), b"\xa1" * 32]
ANCHOR_DATA = encode_word(2) + encode_word(60) + b"\xb0" * 32 + b"\xb1" * 32 + b"\xb2" * 32


def test_logs_are_read() -> None:
    genesis = contract.parse_genesis_log(GENESIS_TOPICS, GENESIS_DATA)
    assert genesis == contract.GenesisLog(0, b"\xa1" * 32, 60, b"\xb1" * 32, b"\xb2" * 32)
    anchor = contract.parse_anchor_log(ANCHOR_TOPICS, ANCHOR_DATA)
    assert anchor == contract.AnchorLog(4, b"\xa1" * 32, 2, 60, b"\xb0" * 32, b"\xb1" * 32, b"\xb2" * 32)


@pytest.mark.parametrize(
    ("topics", "data"),
    [
        ([], GENESIS_DATA),
        (GENESIS_TOPICS[:2], GENESIS_DATA),
        ([*GENESIS_TOPICS, bytes(32)], GENESIS_DATA),
        ([contract.ANCHOR_TOPIC, *GENESIS_TOPICS[1:]], GENESIS_DATA),
        ([GENESIS_TOPICS[0], encode_word(2**64), GENESIS_TOPICS[2]], GENESIS_DATA),
        ([GENESIS_TOPICS[0], GENESIS_TOPICS[1], bytes(31)], GENESIS_DATA),
        (GENESIS_TOPICS, GENESIS_DATA[:-1]),
        (GENESIS_TOPICS, GENESIS_DATA + bytes(32)),
        (GENESIS_TOPICS, b"\xff" * 96),
    ],
)
def test_an_impossible_genesis_log_is_a_lie(topics: list[bytes], data: bytes) -> None:
    with pytest.raises(ChainLied):
        contract.parse_genesis_log(topics, data)


def test_an_impossible_anchor_log_is_a_lie() -> None:
    for topics, data in ((GENESIS_TOPICS, ANCHOR_DATA), (ANCHOR_TOPICS, GENESIS_DATA), (ANCHOR_TOPICS, b"\xff" * 160)):
        with pytest.raises(ChainLied):
            contract.parse_anchor_log(topics, data)


def test_refusals_have_names() -> None:
    artifact = contract.load_artifact()
    for name in artifact.errors:
        assert contract.parse_refusal(artifact, keccak256(f"{name}()".encode())[:4]) == name
    assert contract.parse_refusal(artifact, b"") == "refused without a reason"
    assert contract.parse_refusal(artifact, b"\xff" * 40) == "refused for an unknown reason 0x" + "ff" * 8
