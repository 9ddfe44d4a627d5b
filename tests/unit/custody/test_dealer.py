"""The dealer: only people who recognised each other, only seeds that were committed to, a secret that is the sum (DESIGN 4.3, 4.4)."""

import pytest
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ceremony.acts.roster import roster_digest
from ceremony.custody import messages as m
from ceremony.custody.dealer import Dealer
from ceremony.errors import DealingError, MemoryNotLocked, RecordError
from ceremony.quorum.dealings import parse_points, require_sum
from ceremony.quorum.enrolments import require_people
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.structs import TypedAct
from ceremony.shards.feldman import require_shares
from ceremony.shards.secret import contribution_digest, expand_seed
from ceremony.shards.shamir import combine
from tests.adversary.quorum_bypasses import honest_scene
from tests.adversary.scene import STRANGER, sign
from tests.simulators.randomness import Stream
from tests.unit.custody.dealt_people import PRIVATE, STATE, TERMS, contribution, contributions, opened_dealer, seed_of, unwrap

ONES = "0x" + "11" * 32


@pytest.mark.parametrize(
    "change",
    [
        {"domain": STATE.domain.model_copy(update={"name": "ceremony"})},
        {"domain": STATE.domain.model_copy(update={"chain_id": 1})},
        {"domain": STATE.domain.model_copy(update={"salt": ONES})},
        {"ceremony": ONES},
        {"plan_text": TERMS.plan_text + "# more"},
        {"epoch": 2},
        {"dealing": 2},
        {"roster_digest": ONES},
        {"enrolled": TERMS.enrolled[::-1]},
        {"enrolled": TERMS.enrolled[:6]},
        {"transports": TERMS.transports[:6]},
        {"transports": (*TERMS.transports[:6], TERMS.transports[0])},
    ],
    ids=",".join,
)
def test_the_dealer_deals_only_to_people_who_recognised_each_other(change):
    dealer = Dealer(Stream(1, "dealer"))
    with pytest.raises(DealingError) as refusal:
        dealer.open_dealing(TERMS.model_copy(update=change), memory_locked=False)
    assert refusal.value.culprits
    with pytest.raises(DealingError, match="not been told"):
        dealer.reveal_system()


@pytest.mark.parametrize(("required", "locked"), [(False, False), (False, True), (True, True)])
def test_memory_that_is_locked_or_need_not_be_is_recorded(required, locked):
    terms = TERMS.model_copy(update={"require_locked_memory": required})
    assert Dealer(Stream(1, "dealer")).open_dealing(terms, memory_locked=locked).memory_locked is locked


def test_no_dealing_begins_where_memory_must_be_locked_and_is_not():
    dealer = Dealer(Stream(1, "dealer"))
    with pytest.raises(MemoryNotLocked):
        dealer.open_dealing(TERMS.model_copy(update={"require_locked_memory": True}), memory_locked=False)
    with pytest.raises(DealingError, match="not been told"):
        dealer.reveal_system()


def test_the_dealer_waits_for_the_dice_that_the_plan_wants():
    dealer = Dealer(Stream(1, "dealer"))
    ready = dealer.open_dealing(TERMS.model_copy(update={"diced": (2,)}), memory_locked=False)
    given = contributions(ready.dealer_key)
    with pytest.raises(DealingError, match="each of the 7 custodians, and of the dice of 1"):
        dealer.deal(m.Deal(contributions=given))
    diced = contribution(2, ready.dealer_key, source="dice of custodian 2")
    assert len(unwrap(dealer.deal(m.Deal(contributions=(*given, diced))))) == 7


def test_a_stranger_among_the_people_is_refused_though_the_roster_digest_fits():
    """The host gives the dealer a roster of its own making; custodian 5's enrolment is not signed by the key in it."""
    entry = TERMS.enrolled[4]
    claim = entry.enrolment.model_copy(update={"governance_key": TERMS.enrolled[3].enrolment.governance_key[:-1] + "0"})
    enrolled = (*TERMS.enrolled[:4], entry.model_copy(update={"enrolment": claim}), *TERMS.enrolled[5:])
    digest = to_hex(roster_digest(one.enrolment.governance_key for one in enrolled))
    terms = TERMS.model_copy(update={"enrolled": enrolled, "roster_digest": digest})
    with pytest.raises(DealingError) as refusal:
        Dealer(Stream(1, "dealer")).open_dealing(terms, memory_locked=False)
    assert refusal.value.culprits == ("custodian 5",)


def replaced_transport(public_key, key=None):
    """Custodian 3's transport key is another one, signed as such."""
    entry = TERMS.transports[2]
    struct = entry.transport.model_copy(update={"key_digest": to_hex(digest_canonical(to_hex(public_key)))})
    signature = sign(key or honest_scene().keys[3], TypedAct(domain=STATE.domain, struct=struct))
    changed = entry.model_copy(update={"public_key": to_hex(public_key), "transport": struct, "signature": signature})
    return TERMS.model_copy(update={"transports": (*TERMS.transports[:2], changed, *TERMS.transports[3:])})


def der(key):
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


WEAK = {
    "no key": b"nonsense",
    "of a curve": der(ec.derive_private_key(7, ec.SECP256R1())),
    "of 1024 bits": der(rsa.generate_private_key(65537, 1024)),  # noqa: S505 - a weak one, to be refused
}


@pytest.mark.parametrize("public_key", WEAK.values(), ids=WEAK)
def test_no_shard_is_wrapped_under_a_weak_key(public_key):
    dealer = Dealer(Stream(1, "dealer"))
    ready = dealer.open_dealing(replaced_transport(public_key), memory_locked=False)
    with pytest.raises(DealingError) as refusal:
        dealer.deal(m.Deal(contributions=contributions(ready.dealer_key)))
    assert refusal.value.culprits == ("custodian 3",)


def test_a_transport_key_that_a_stranger_signed_is_refused():
    terms = replaced_transport(from_hex(TERMS.transports[2].public_key) + b"\0", STRANGER)
    with pytest.raises(DealingError) as refusal:
        Dealer(Stream(1, "dealer")).open_dealing(terms, memory_locked=False)
    assert refusal.value.culprits == ("custodian 3",)


# --- contributions ---


@pytest.mark.parametrize(
    "lie",
    [
        lambda key: contribution(4, key, seed=seed_of(9)),
        lambda key: contribution(4, key, sealed_for="custodian 5"),
        lambda _key: contribution(4, opened_dealer(2)[1]),
        lambda key: contribution(4, key).model_copy(update={"digest": ONES}),
        lambda key: contribution(4, key).model_copy(update={"points": contribution(5, key).points}),
        lambda key: contribution(4, key).model_copy(update={"points": contribution(4, key).points[:4]}),
        lambda key: contribution(4, key).model_copy(update={"sealed_seed": "0x" + "00" * 80}),
        lambda key: contribution(4, key).model_copy(update={"sealed_seed": contribution(4, key).sealed_seed[:-2]}),
    ],
    ids=["another seed", "another's place", "another dealer", "another digest", "another's points", "four points", "zeros", "cut short"],
)
def test_a_source_whose_seed_is_not_what_it_committed_to_is_named(lie):
    dealer, key = opened_dealer()
    given = contributions(key)
    with pytest.raises(DealingError) as refusal:
        dealer.deal(m.Deal(contributions=(*given[:3], lie(key), *given[4:])))
    assert refusal.value.culprits == ("custodian 4",)


@pytest.mark.parametrize(
    "choose", [lambda _: (), lambda given: given[1:], lambda given: (*given, given[0]), lambda given: (*given[1:], given[1])]
)
def test_nobodys_randomness_is_left_out_or_counts_twice(choose):
    dealer, key = opened_dealer()
    with pytest.raises(DealingError, match="each of the 7"):
        dealer.deal(m.Deal(contributions=choose(contributions(key))))


def test_the_system_cannot_be_named_among_the_custodians():
    dealer, key = opened_dealer()
    given = contributions(key)
    with pytest.raises(DealingError, match="each of the 7"):
        dealer.deal(m.Deal(contributions=(*given[1:], given[0].model_copy(update={"source": "system"}))))


def test_nothing_is_dealt_before_the_people_are_known():
    with pytest.raises(DealingError, match="not been told"):
        Dealer(Stream(1, "dealer")).deal(m.Deal(contributions=()))


# --- the dealing ---


def test_the_secret_is_the_sum_of_all_contributions_and_any_five_give_it():
    stream = Stream(1, "dealer")
    _, system_seed = stream(32), stream(32)
    dealer, key = opened_dealer()
    out = dealer.deal(m.Deal(contributions=contributions(key)))
    shares = unwrap(out)
    require_shares(parse_points(out.commitments), shares)
    place = {"ceremony": from_hex(TERMS.ceremony), "dealing": 1, "k": 5}
    parts = [expand_seed(system_seed, source="system", **place)]
    parts += [expand_seed(seed_of(index), source=f"custodian {index}", **place) for index in range(1, 8)]
    secret = sum(part.coefficients[0] for part in parts) % 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    assert combine(shares[:5], 5) == combine(shares[2:], 5) == secret
    assert combine(shares[:4], 4) != secret
    points = [one.points for one in contributions(key)]
    require_sum(out.commitments, [dealer.reveal_system().points, *points])


def test_the_system_shows_the_points_it_committed_to():
    dealer = Dealer(Stream(1, "dealer"))
    ready = dealer.open_dealing(TERMS, memory_locked=True)
    assert ready.memory_locked
    assert ready.system_digest == to_hex(contribution_digest(parse_points(dealer.reveal_system().points)))


def test_two_dealers_share_nothing():
    ready = [Dealer(Stream(seed, "dealer")).open_dealing(TERMS, memory_locked=False) for seed in (1, 2)]
    assert ready[0].dealer_key != ready[1].dealer_key
    assert ready[0].system_digest != ready[1].system_digest


def test_every_shard_is_wrapped_for_its_own_token():
    dealer, key = opened_dealer()
    out = dealer.deal(m.Deal(contributions=contributions(key)))
    assert len(set(out.wrapped)) == 7
    for index in range(1, 7):
        with pytest.raises(ValueError, match=r"Incorrect decryption|too large"):
            PKCS1_OAEP.new(PRIVATE[index + 1], hashAlgo=SHA1).decrypt(from_hex(out.wrapped[index - 1]))


# --- messages ---


@pytest.mark.parametrize("request_", [TERMS, m.RevealSystem(), m.Deal(contributions=())])
def test_requests_are_read_as_they_were_written(request_):
    assert m.parse_dealer_request(request_.encode()) == request_


@pytest.mark.parametrize("line", [b"", b"{}", b'{"ask":"nothing"}', b'{"ask":"deal"}', b'{"ask":"reveal_system","more":1}', b"[1]"])
def test_what_is_no_request_is_refused(line):
    with pytest.raises(RecordError):
        m.parse_dealer_request(line)


def test_no_answer_or_key_shows_in_a_repr():
    secret = "0x" + "5e" * 32
    header = STATE.test.header
    for record in (m.Combined(file_key=secret), m.Combine(header=header, k=5, answers=((1, secret),))):
        assert "5e5e" not in repr(record) + str(record)


def test_the_people_of_these_tests_are_the_scenes():
    scene = honest_scene()
    require_people(
        TERMS.enrolled, TERMS.transports, domain=scene.state.domain, ceremony=TERMS.ceremony, plan_digest=STATE.opened.plan_digest,
        epoch=1, dealing=1, plan=STATE.plan, roster_digest=TERMS.roster_digest,
    )  # fmt: skip
