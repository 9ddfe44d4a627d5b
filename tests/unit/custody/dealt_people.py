"""The people of the honest scene, their contributions, and a dealer that answers them: what the custody tests start from."""

from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1

from ceremony.acts.roster import roster_digest
from ceremony.custody import messages as m
from ceremony.custody.dealer import Dealer
from ceremony.protocol.state import source_of
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import encode_point
from ceremony.shards.secret import contribution_digest, expand_seed, parse_pkcs8, seal_seed
from ceremony.shards.shamir import Share
from tests.adversary.quorum_bypasses import honest_scene
from tests.simulators.randomness import Stream
from tests.simulators.tokens import FIXED

STATE = honest_scene().state
TERMS = m.OpenDealing(
    domain=STATE.domain,
    ceremony=STATE.opened.ceremony,
    plan_text=STATE.opened.plan_text,
    epoch=1,
    dealing=1,
    k=5,
    roster_digest=to_hex(roster_digest(STATE.terms["roster"])),
    enrolled=tuple(STATE.enrolled.values()),
    transports=tuple(STATE.transports.values()),
)
PRIVATE = {index: FIXED[index] for index in range(1, 8)}
"""The simulated tokens' transport keys of the first dealing."""


def seed_of(index):
    return bytes([index]) * 32


def contribution(index, dealer_key, *, seed=None, sealed_for=None, source=None):
    """What a custodian's agent hands over: points of one seed, and a sealed seed (of `seed`, when they differ)."""
    source = source or source_of(index)
    place = {"ceremony": from_hex(TERMS.ceremony), "dealing": TERMS.dealing}
    points = expand_seed(seed_of(index), source=source, k=TERMS.k, **place).commit()
    sealed = seal_seed(seed or seed_of(index), from_hex(dealer_key), bytes([index + 100]) * 32, source=sealed_for or source, **place)
    return m.Contribution(
        source=source,
        digest=to_hex(contribution_digest(points)),
        points=tuple(to_hex(encode_point(point, compressed=True)) for point in points),
        sealed_seed=to_hex(sealed),
    )


def contributions(dealer_key):
    return tuple(contribution(index, dealer_key) for index in range(1, 8))


def opened_dealer(seed=1):
    """A dealer that has accepted the people, and its one-time key."""
    dealer = Dealer(Stream(seed, "dealer"))
    return dealer, dealer.open_dealing(TERMS, memory_locked=False).dealer_key


def unwrap(out):
    """The shares inside what a dealer dealt."""
    plain = [PKCS1_OAEP.new(PRIVATE[index], hashAlgo=SHA1).decrypt(from_hex(blob)) for index, blob in enumerate(out.wrapped, 1)]
    return [Share(index, parse_pkcs8(one)) for index, one in enumerate(plain, 1)]
