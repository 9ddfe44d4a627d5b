"""What one asks the contract, where it keeps its state, and how it refuses: known answers, properties, and every refusal."""

import json
from importlib import resources

import pytest
from eth_utils import keccak
from eth_utils.abi import collapse_if_tuple, function_abi_to_4byte_selector, function_signature_to_4byte_selector
from hypothesis import given
from hypothesis import strategies as st

from ceremony.anchor import contract
from ceremony.anchor.artifacts.words import encode_word
from ceremony.anchor.contract import VIEWS, Counters
from ceremony.errors import ChainLied, RecordError
from tests.unit.anchor.sample_acts import TUPLES

ARTIFACT = contract.load_artifact()
ABI = json.loads(resources.files("ceremony.anchor.artifacts").joinpath("ceremony-1.json").read_text())["abi"]
UNASKED = {"VOID", "firstRosterDigest"}
"""Views of the contract that nothing here asks: a constant, and what stands in its code anyway."""
ARGUMENTS = {"anchored": "(bytes32)", "released": "(bytes32)", **{f"digest{act}": f"({kinds})" for act, kinds in TUPLES.items()}}


# --- views


def test_the_compiled_contract_has_exactly_these_views():
    found = {item["name"]: item for item in ABI if item.get("stateMutability") in {"view", "pure"}}
    assert set(VIEWS) == set(found) - UNASKED
    for name, selector in VIEWS.items():
        assert selector == function_abi_to_4byte_selector(found[name])
        assert f"({','.join(collapse_if_tuple(given) for given in found[name]['inputs'])})" == ARGUMENTS.get(name, "()")


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_called_by_selector(view):
    selector = function_signature_to_4byte_selector(view + ARGUMENTS.get(view, "()"))
    assert contract.encode_view_call(view) == selector
    assert contract.encode_view_call(view, b"\x01" * 64) == selector + b"\x01" * 64


@pytest.mark.parametrize(
    ("view", "words"),
    [("owner", b""), ("", b""), ("head()", b""), ("Head", b""), ("genesis", b""), ("anchored", b"\x01" * 31), ("anchored", b"\x01" * 33)],
)
def test_an_unknown_view_is_refused(view, words):
    with pytest.raises(RecordError, match="no view"):
        contract.encode_view_call(view, words)


def test_answers_are_read():
    assert contract.parse_word(b"\x09" * 32) == b"\x09" * 32
    assert contract.parse_uint(encode_word(2**64 - 1)) == 2**64 - 1
    assert contract.parse_uint(encode_word(255), 8) == 255
    assert contract.parse_flag(encode_word(1)) is True
    assert contract.parse_flag(encode_word(0)) is False


@pytest.mark.parametrize("answer", [b"", bytes(31), bytes(33), encode_word(2**64), b"\xff" * 32])
def test_an_impossible_answer_is_a_lie(answer):
    with pytest.raises(ChainLied):
        contract.parse_uint(answer)
    with pytest.raises(ChainLied):
        contract.parse_flag(answer)
    if len(answer) != 32:
        with pytest.raises(ChainLied, match=f"the endpoint gave {len(answer)}"):
            contract.parse_word(answer)


def test_a_number_fits_its_bits():
    with pytest.raises(ChainLied, match="more than 8 bits"):
        contract.parse_uint(encode_word(256), 8)


def test_a_flag_is_no_other_number():
    with pytest.raises(ChainLied):
        contract.parse_flag(encode_word(2))


# --- storage


def test_variables_lie_where_the_compiler_put_them():
    """Read off the source: in the order of their declaration, three of them in one word."""
    variables = ["head", "sequence", "epoch", "halted", "rotatedRosterDigest", "genesisRoot", "latestRelease"]
    assert [int.from_bytes(contract.slot_key(ARTIFACT, name), "big") for name in variables] == [0, 1, 1, 1, 2, 3, 4]
    assert contract.slot_key(ARTIFACT, "latestRelease") == bytes(31) + b"\x04"


@pytest.mark.parametrize("variable", ["anchored", "released", "owner", "", "firstRosterDigest", "n"])
def test_what_is_no_plain_variable_has_no_slot(variable):
    with pytest.raises(RecordError, match="no plain variable"):
        contract.slot_key(ARTIFACT, variable)


@given(st.binary(min_size=32, max_size=32))
def test_an_index_lies_under_the_hash_of_name_and_slot(name):
    assert contract.index_key(ARTIFACT, "anchored", name) == keccak(name + bytes(31) + b"\x05")
    assert contract.index_key(ARTIFACT, "released", name) == keccak(name + bytes(31) + b"\x06")


@pytest.mark.parametrize("size", [0, 31, 33])
def test_an_index_is_of_words(size):
    with pytest.raises(RecordError):
        contract.index_key(ARTIFACT, "anchored", bytes(size))


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.booleans())
def test_three_counters_share_a_word(sequence, epoch, halted):
    word = halted.to_bytes(16, "big") + epoch.to_bytes(8, "big") + sequence.to_bytes(8, "big")
    assert contract.parse_counters(int.from_bytes(word, "big")) == Counters(sequence, epoch, halted)


def test_known_counters():
    assert contract.parse_counters(1 << 64) == Counters(0, 1, halted=False)
    assert contract.parse_counters(0x1_0000000000000002_0000000000000005) == Counters(5, 2, halted=True)
    assert contract.parse_counters(0) == Counters(0, 0, halted=False)


# --- refusals


def test_refusals_have_names():
    assert len(ARTIFACT.errors) == 21
    for name in ARTIFACT.errors:
        assert contract.parse_refusal(ARTIFACT, keccak(text=f"{name}()")[:4]) == name


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "refused without a reason"),
        (b"\xff" * 40, "refused for an unknown reason 0x" + "ff" * 8),
        (keccak(text="WrongHead()")[:3], "refused for an unknown reason 0x" + keccak(text="WrongHead()")[:3].hex()),
        (keccak(text="WrongHead()")[:4] + b"\0", "refused for an unknown reason 0x" + keccak(text="WrongHead()")[:4].hex() + "00"),
        (keccak(text="WrongFoot()")[:4], "refused for an unknown reason 0x" + keccak(text="WrongFoot()")[:4].hex()),
    ],
)
def test_a_refusal_without_a_name_is_told_in_plain_words(data, words):
    assert contract.parse_refusal(ARTIFACT, data) == words


@given(st.binary(max_size=100))
def test_no_refusal_is_too_odd_to_be_told(data):
    assert contract.parse_refusal(ARTIFACT, data)
