"""The roster digest is the contract's own: Keccak-256 of the ascending addresses, a word each."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.roster import ascending, encode_addresses, hash_roster, require_roster, roster_digest
from ceremony.acts.typed import keccak256
from ceremony.errors import RecordError

ROSTERS = st.sets(st.binary(min_size=20, max_size=20), min_size=1, max_size=9).map(lambda found: ["0x" + one.hex() for one in found])


@given(ROSTERS, st.randoms(use_true_random=False))
def test_an_independent_encoder_agrees_whatever_the_order(roster, random):
    shuffled = random.sample(roster, len(roster))
    assert roster_digest(shuffled) == keccak256(encode([f"address[{len(roster)}]"], [sorted(roster)]))


def test_a_known_roster():
    """An array of two as Solidity packs it: keccak256(abi.encodePacked(address[])), a word each."""
    words = "00" * 31 + "01" + "00" * 12 + "ff" * 20
    assert roster_digest(["0x" + "ff" * 20, "0x" + "00" * 19 + "01"]) == keccak(hexstr=words)


@given(ROSTERS)
def test_every_member_counts(roster):
    for gone in roster:
        assert roster_digest([one for one in roster if one != gone]) != roster_digest(roster)


def test_ascending_is_by_number():
    assert ascending(["0x0b" + "00" * 19, "0x0a" + "ff" * 19]) == ("0x0a" + "ff" * 19, "0x0b" + "00" * 19)


@pytest.mark.parametrize("address", [b"", b"\x01" * 19, b"\x01" * 21])
def test_what_is_no_address_is_refused(address):
    for refuse in (hash_roster, encode_addresses, require_roster):
        with pytest.raises(RecordError, match="20 bytes"):
            refuse([b"\x02" * 20, address])


@pytest.mark.parametrize("count", [0, 33])
def test_a_roster_has_one_to_thirty_two(count):
    with pytest.raises(RecordError, match="1 to 32"):
        require_roster([number.to_bytes(20, "big") for number in range(1, count + 1)])


@pytest.mark.parametrize("numbers", [(0,), (0, 1), (2, 1), (1, 1), (1, 3, 2)])
def test_a_roster_is_strictly_ascending_and_has_no_zero(numbers):
    with pytest.raises(RecordError, match="strictly ascending"):
        require_roster([number.to_bytes(20, "big") for number in numbers])
    whole = [number.to_bytes(20, "big") for number in range(1, 33)]
    assert require_roster(whole) == whole
