"""Acts as calldata: every byte compared with an independent encoder, and every value that does not fit refused."""

import json
from importlib import resources
from itertools import combinations

import pytest
from eth_abi import encode
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector, function_signature_to_4byte_selector
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.acts.roster import require_roster
from ceremony.anchor.artifacts.words import encode_word, require_range
from ceremony.anchor.calls import act_selector, act_type, encode_act, encode_approvals, encode_call, selector
from ceremony.errors import ApprovalError, RecordError
from tests.unit.acts.drawn_acts import STRUCTS
from tests.unit.anchor.sample_acts import ACTS, TUPLES, plain

ROSTER = [bytes(19) + bytes([number]) for number in range(1, 8)]
GOOD = b"\x01" * 32 + b"\x02" * 32 + b"\x1b"
HALF_ORDER = (0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - 1) // 2  # SEC 2, 2.4.1
WORDS = st.binary(min_size=32, max_size=32)
ABI = json.loads(resources.files("ceremony.anchor.artifacts").joinpath("ceremony-1.json").read_text())["abi"]


def signature_of(name):
    return f"{name.lower()}({TUPLES[name]},uint32,bytes32[])"


# --- words


@given(st.integers(0, 2**256 - 1))
def test_a_word_is_big_endian(value):
    assert int.from_bytes(encode_word(value), "big") == value


@pytest.mark.parametrize(("value", "bits"), [(-1, 8), (256, 8), (2**64, 64), (2**256, 256), (True, 8)])
def test_a_number_too_big_is_refused(value, bits):
    with pytest.raises(RecordError):
        require_range(value, bits)
    with pytest.raises(RecordError):
        encode_word(value, bits)


# --- selectors


def test_selectors_are_the_published_ones():
    # SPEC Solidity ABI, "Examples"; ERC-20's transfer, as every wallet shows it
    assert selector("baz(uint32,bool)").hex() == "cdcd77c0"
    assert selector("transfer(address,uint256)").hex() == "a9059cbb"


@pytest.mark.parametrize("name", ACTS)
def test_each_act_is_sent_to_the_function_of_its_name(name):
    assert act_type(name) == TUPLES[name]
    assert act_selector(name) == function_signature_to_4byte_selector(signature_of(name))


@pytest.mark.parametrize("name", ACTS)
def test_the_compiled_contract_has_that_very_function(name):
    (function,) = [item for item in ABI if item.get("name") == name.lower() and item["type"] == "function"]
    assert ",".join(collapse_if_tuple(given) for given in function["inputs"]) == f"{TUPLES[name]},uint32,bytes32[]"
    assert act_selector(name) == function_abi_to_4byte_selector(function)


# --- calls


@pytest.mark.parametrize("parts", [(), (b"\x01" * 32,), tuple(bytes([number]) * 32 for number in range(12))], ids=len)
@pytest.mark.parametrize("name", ACTS)
def test_a_call_is_byte_for_byte_an_independent_encoders(name, parts):
    expected = encode([TUPLES[name], "uint32", "bytes32[]"], [plain(ACTS[name]), 0b1101101, parts])
    assert encode_call(ACTS[name], 0b1101101, parts) == function_signature_to_4byte_selector(signature_of(name)) + expected


@pytest.mark.parametrize("name", ACTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_any_call_is_an_independent_encoders(name, data):
    act, bitmap, parts = data.draw(STRUCTS[name]), data.draw(st.integers(0, 2**32 - 1)), data.draw(st.lists(WORDS, max_size=9))
    assert encode_call(act, bitmap, parts)[4:] == encode([TUPLES[name], "uint32", "bytes32[]"], [plain(act), bitmap, parts])


@pytest.mark.parametrize("name", ACTS)
def test_a_views_argument_is_the_act_alone(name):
    """`encode_act` is what digestX takes behind its selector; of a struct that holds an array the ABI says first where it stands."""
    start = encode_word(32) if name == "Rotate" else b""
    assert start + encode_act(ACTS[name]) == encode([TUPLES[name]], [plain(ACTS[name])])


NUMBERS = {"kind": 8, "size": 64, "transcript_size": 64, "epoch": 64, "sequence": 64, "deadline": 64}
MEMBERS = [(name, member) for name, act in ACTS.items() for member in act.model_dump(exclude={"type"})]


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_a_member_out_of_range_is_refused(name, member):
    if member in NUMBERS:
        misfits = [-1, 1 << NUMBERS[member], True]
        fitting = [0, (1 << NUMBERS[member]) - 1]
    elif member == "roster":
        misfits = [("0x" + "11" * size,) for size in (0, 19, 21, 32, 33)]
        fitting = [("0x" + "11" * 20,), ("0x" + "11" * 20,) * 33]
    else:
        misfits = ["0x" + "11" * size for size in (0, 31, 33, 64)]
        fitting = ["0x" + "ff" * 32]
    for value in misfits:
        with pytest.raises(RecordError):
            encode_call(ACTS[name].model_copy(update={member: value}), 0, ())
    for value in fitting:
        act = ACTS[name].model_copy(update={member: value})
        assert encode_call(act, 0, ())[4:] == encode([TUPLES[name], "uint32", "bytes32[]"], [plain(act), 0, ()])


@pytest.mark.parametrize("name", ACTS)
def test_a_bitmap_has_thirty_two_bits_and_a_part_one_word(name):
    for bitmap, parts in ((-1, ()), (1 << 32, ()), (True, ()), (0, (bytes(31),)), (0, (bytes(32), bytes(33))), (0, (b"",))):
        with pytest.raises(RecordError):
            encode_call(ACTS[name], bitmap, parts)


# --- roster and approvals

NO_ROSTERS = {
    "nobody": [],
    "out of order": [ROSTER[1], ROSTER[0]],
    "one twice": [ROSTER[0], ROSTER[0]],
    "zero": [bytes(20), ROSTER[0]],
    "zero alone": [bytes(20)],
    "nineteen bytes": [b"\x01" * 19],
    "thirty-two bytes": [b"\x01" * 32],
    "one too many": [number.to_bytes(20, "big") for number in range(1, 34)],
}


@pytest.mark.parametrize("roster", NO_ROSTERS.values(), ids=NO_ROSTERS)
def test_what_is_no_roster_is_refused(roster):
    with pytest.raises(RecordError, match="a roster is"):
        require_roster(roster)
    with pytest.raises(RecordError, match="a roster is"):
        encode_approvals({}, roster)


def test_a_roster_of_one_and_one_of_thirty_two_are_taken():
    assert require_roster(ROSTER[:1]) == ROSTER[:1]
    roster = [number.to_bytes(20, "big") for number in range(1, 33)]
    assert require_roster(roster) == roster
    bitmap, parts = encode_approvals({roster[31]: GOOD}, roster)
    assert (bitmap, len(parts)) == (1 << 31, 33)


def signature(position):
    """A well-formed signature, different for each position, v in turn."""
    return bytes([0x10 + position]) * 32 + bytes([0x20 + position]) * 32 + bytes([27 + position % 2])


def decode(bitmap, parts, n):
    """The parts read as the contract reads them: who signed what, and who is only named."""
    rest, signed, named = list(parts), {}, {}
    for position in range(n):
        if bitmap >> position & 1:
            r, packed = rest.pop(0), int.from_bytes(rest.pop(0), "big")
            signed[position] = r + (packed & (1 << 255) - 1).to_bytes(32, "big") + bytes([27 + (packed >> 255)])
        else:
            named[position] = rest.pop(0)
    assert rest == []
    assert bitmap >> n == 0
    return signed, named


SUBSETS = [positions for size in range(8) for positions in combinations(range(7), size)]


def test_every_subset_of_seven_reads_back():
    assert len(SUBSETS) == 128
    for positions in SUBSETS:
        signatures = {ROSTER[position]: signature(position) for position in reversed(positions)}
        bitmap, parts = encode_approvals(signatures, ROSTER)
        signed, named = decode(bitmap, parts, 7)
        assert signed == {position: signature(position) for position in positions}
        assert named == {position: bytes(12) + ROSTER[position] for position in range(7) if position not in positions}
        assert len(parts) == 7 + len(positions)


# The examples of EIP-2098, "Test Cases".
@pytest.mark.parametrize(
    ("r", "s", "v", "packed"),
    [
        (
            "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90",
            "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064",
            27,
            "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064",
        ),
        (
            "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76",
            "139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793",
            28,
            "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793",
        ),
    ],
)
def test_a_signature_is_packed_as_published(r, s, v, packed):
    bitmap, parts = encode_approvals({ROSTER[0]: bytes.fromhex(r + s) + bytes([v])}, ROSTER[:1])
    assert (bitmap, [part.hex() for part in parts]) == (1, [r, packed])


@pytest.mark.parametrize(("v", "top"), [(27, 0), (28, 1)])
@pytest.mark.parametrize("s", [1, HALF_ORDER])
def test_the_lowest_and_the_highest_s_are_taken(s, v, top):
    _, parts = encode_approvals({ROSTER[0]: GOOD[:32] + s.to_bytes(32, "big") + bytes([v])}, ROSTER)
    assert int.from_bytes(parts[1], "big") == s + (top << 255)


def test_foreign_signers_are_all_named():
    with pytest.raises(ApprovalError, match="not on the roster") as refused:
        encode_approvals({b"\xff" * 20: GOOD, ROSTER[0]: GOOD, bytes(20): GOOD}, ROSTER)
    assert refused.value.culprits == ("0x" + "00" * 20, "0x" + "ff" * 20)


MALFORMED = {
    "nothing": b"",
    "no v": GOOD[:64],
    "66 bytes": GOOD + b"\0",
    "65 bytes and a v of two": GOOD[:64] + b"\0\x1b",
    "v 0": GOOD[:64] + b"\x00",
    "v 1": GOOD[:64] + b"\x01",
    "v 26": GOOD[:64] + b"\x1a",
    "v 29": GOOD[:64] + b"\x1d",
    "s zero": GOOD[:32] + bytes(32) + b"\x1b",
    "s just above half": GOOD[:32] + (HALF_ORDER + 1).to_bytes(32, "big") + b"\x1b",
    "s all ones": GOOD[:32] + b"\xff" * 32 + b"\x1b",
}


@pytest.mark.parametrize("wrong", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_signature_names_its_signer(wrong):
    with pytest.raises(ApprovalError, match="low s and v 27 or 28") as refused:
        encode_approvals({ROSTER[1]: GOOD, ROSTER[2]: wrong}, ROSTER)
    assert refused.value.culprits == ("0x" + ROSTER[2].hex(),)
