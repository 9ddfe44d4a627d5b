"""The roster digest is the contract's own: Keccak-256 of the ascending addresses, a word each."""

from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.roster import ascending, roster_digest
from ceremony.acts.typed import keccak256
from ceremony.anchor import contract

ROSTERS = st.sets(st.binary(min_size=20, max_size=20), min_size=1, max_size=9).map(lambda found: ["0x" + one.hex() for one in found])


@given(ROSTERS, st.randoms(use_true_random=False))
def test_an_independent_encoder_and_the_contracts_own_agree(roster, random):
    shuffled = random.sample(roster, len(roster))
    assert roster_digest(shuffled) == keccak256(encode([f"address[{len(roster)}]"], [sorted(roster)]))
    if any(int(one, 16) for one in roster) and int(min(roster), 16):
        assert roster_digest(shuffled) == contract.roster_digest([bytes.fromhex(one[2:]) for one in ascending(roster)])


@given(ROSTERS)
def test_every_member_counts(roster):
    for gone in roster:
        assert roster_digest([one for one in roster if one != gone]) != roster_digest(roster)


def test_ascending_is_by_number():
    assert ascending(["0x0b" + "00" * 19, "0x0a" + "ff" * 19]) == ("0x0a" + "ff" * 19, "0x0b" + "00" * 19)
