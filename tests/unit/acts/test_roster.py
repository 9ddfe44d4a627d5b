"""The roster digest is the contract's own: Keccak-256 of the ascending addresses, a word each."""

from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.roster import ascending, roster_digest
from ceremony.acts.typed import keccak256

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
