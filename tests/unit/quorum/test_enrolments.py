"""The dealer's door: only people who recognised each other; each fact changed once is refused, naming who it is about (DESIGN 4.4)."""

import pytest
from coincurve import PrivateKey

from ceremony.acts.roster import roster_digest
from ceremony.errors import DealingError
from ceremony.quorum.enrolments import require_enrolled, require_people, require_transport
from ceremony.records.base import to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.plan_text import parse_plan
from ceremony.records.structs import TypedAct
from ceremony.shards.plain import encode_import_key
from tests.adversary.quorum_bypasses import honest_scene, other_scene
from tests.adversary.scene import STRANGER, address, sign
from tests.simulators.ceremony_directory import twin_plan

SCENE = honest_scene()
STATE = SCENE.state
ENROLLED = tuple(STATE.enrolled.values())
TRANSPORTS = tuple(STATE.transports.values())
ONES = "0x" + "11" * 32
TOKEN = STATE.plan.token(3, 1)
TERMS = {
    "domain": STATE.domain,
    "ceremony": STATE.opened.ceremony,
    "plan_digest": STATE.opened.plan_digest,
    "epoch": 1,
    "dealing": 1,
    "plan": STATE.plan,
    "roster_digest": to_hex(roster_digest(STATE.terms["roster"])),
}


def require(enrolled=ENROLLED, transports=TRANSPORTS, **changes):
    require_people(enrolled, transports, **{**TERMS, **changes})


def replaced(entries, place, **changes):
    return (*entries[:place], entries[place].model_copy(update=changes), *entries[place + 1 :])


def resigned(entry, field, key, **changes):
    """The entry with its claim changed and signed anew by `key`."""
    claim = getattr(entry, field).model_copy(update=changes)
    return entry.model_copy(update={field: claim, "signature": sign(key, TypedAct(domain=STATE.domain, struct=claim))})


def test_the_seven_who_recognised_each_other_are_let_in():
    require()


@pytest.mark.parametrize(
    ("change", "culprits"),
    [
        ({"domain": STATE.domain.model_copy(update={"name": "ceremony"})}, ("custodian 1",)),
        ({"domain": STATE.domain.model_copy(update={"chain_id": 1})}, ("custodian 1",)),
        ({"domain": STATE.domain.model_copy(update={"salt": ONES})}, ("custodian 1",)),
        ({"ceremony": ONES}, ("custodian 1",)),
        ({"plan_digest": ONES}, ("custodian 1",)),
        ({"epoch": 2}, ("custodian 1",)),
        ({"dealing": 2}, ("custodian 1",)),
        ({"plan": STATE.plan.model_copy(update={"custodian": STATE.plan.custodian[:6]})}, ("the roster",)),
        ({"plan": STATE.plan.model_copy(update={"custodian": (*STATE.plan.custodian, STATE.plan.custodian[0])})}, ("the roster",)),
        ({"roster_digest": ONES}, ("the roster",)),
        ({"enrolled": ENROLLED[:6]}, ("the roster",)),
        ({"enrolled": (*ENROLLED, ENROLLED[0])}, ("the roster",)),
        ({"enrolled": (*ENROLLED[:5], ENROLLED[6], ENROLLED[5])}, ("the roster",)),
        ({"enrolled": (*ENROLLED[:6], ENROLLED[5])}, ("the roster",)),
        ({"enrolled": (*ENROLLED[:6], ENROLLED[5].model_copy(update={"custodian": 7}))}, ("custodian 6", "custodian 7")),
        ({"enrolled": (*ENROLLED[:6], tuple(other_scene().state.enrolled.values())[6])}, ("the roster",)),
        ({"transports": TRANSPORTS[:6]}, ("the roster",)),
        ({"transports": ()}, ("the roster",)),
        ({"transports": (*TRANSPORTS[:6], TRANSPORTS[5].model_copy(update={"custodian": 7}))}, ("custodian 6", "custodian 7")),
        ({"transports": replaced(TRANSPORTS, 6, custodian=6)}, ("the roster",)),
    ],
)
def test_each_fact_of_the_roster_changed_once(change, culprits):
    with pytest.raises(DealingError) as refusal:
        require(**change)
    assert refusal.value.culprits == culprits


ENROLMENT_CHANGES = [
    {"custodian": 4},
    {"public_key": to_hex(STRANGER.public_key.format(compressed=False))},
    {"public_key": "0x04" + "11" * 64},
    {"signature": ENROLLED[3].signature},
    {"signature": "0x" + "00" * 64 + "1b"},
    {"token": ENROLLED[2].token.model_copy(update={"serial": "sim4"})},
    *(
        {"enrolment": ENROLLED[2].enrolment.model_copy(update=change)}
        for change in (
            {"ceremony": ONES},
            {"plan_digest": ONES},
            {"epoch": 2},
            {"custodian": 4},
            {"serial": "sim4"},
            {"governance_key": address(STRANGER)},
        )
    ),
]


@pytest.mark.parametrize("change", ENROLMENT_CHANGES, ids=str)
def test_each_fact_of_an_enrolment_changed_once(change):
    require_enrolled(ENROLLED[2], STATE.domain, STATE.opened.ceremony, STATE.opened.plan_digest, 1)
    entry = ENROLLED[2].model_copy(update=change)
    with pytest.raises(DealingError) as refusal:
        require_enrolled(entry, STATE.domain, STATE.opened.ceremony, STATE.opened.plan_digest, 1)
    assert refusal.value.culprits == (f"custodian {entry.custodian}",)


@pytest.mark.parametrize("field", ["ceremony", "plan_digest", "epoch", "custodian", "serial"])
def test_a_claim_about_something_else_is_refused_though_it_is_signed(field):
    lie = {"epoch": 2, "custodian": 4, "serial": "sim4"}.get(field, ONES)
    entry = resigned(ENROLLED[2], "enrolment", SCENE.keys[3], **{field: lie})
    with pytest.raises(DealingError, match="custodian 3"):
        require_enrolled(entry, STATE.domain, STATE.opened.ceremony, STATE.opened.plan_digest, 1)


TRANSPORT_CHANGES = [
    {"custodian": 4},
    {"dealing": 2},
    {"public_key": TRANSPORTS[3].public_key},
    {"signature": TRANSPORTS[3].signature},
    *(
        {"transport": TRANSPORTS[2].transport.model_copy(update=change)}
        for change in ({"ceremony": ONES}, {"dealing": 2}, {"custodian": 4}, {"serial": "sim4"}, {"key_digest": ONES})
    ),
]


@pytest.mark.parametrize("change", TRANSPORT_CHANGES, ids=",".join)
def test_each_fact_of_a_transport_key_changed_once(change):
    require_transport(TRANSPORTS[2], ENROLLED[2], STATE.domain, 1, TOKEN)
    entry = TRANSPORTS[2].model_copy(update=change)
    with pytest.raises(DealingError) as refusal:
        require_transport(entry, ENROLLED[2], STATE.domain, 1, TOKEN)
    assert refusal.value.culprits == (f"custodian {entry.custodian}",)


@pytest.mark.parametrize("key", [STRANGER, PrivateKey(SCENE.keys[4].secret)], ids=["a stranger", "a neighbour"])
def test_a_transport_key_signed_by_another_is_refused(key):
    entry = resigned(TRANSPORTS[2], "transport", key)
    with pytest.raises(DealingError, match="custodian 3"):
        require_transport(entry, ENROLLED[2], STATE.domain, 1, TOKEN)
    require_transport(resigned(TRANSPORTS[2], "transport", SCENE.keys[3]), ENROLLED[2], STATE.domain, 1, TOKEN)


def test_two_tokens_never_have_one_transport_key():
    with pytest.raises(DealingError, match="one key") as refusal:
        require(transports=replaced(TRANSPORTS, 4, public_key=TRANSPORTS[1].public_key))
    assert refusal.value.culprits == ("custodian 2", "custodian 5")


# --- a shard in the clear ---

ALLOWED = TOKEN.model_copy(update={"plain_import": "it cannot unwrap"})
IMPORT_KEY = encode_import_key(b"\x01" * 32)


def imported():
    """Custodian 3's transport key as an import key, properly signed."""
    digest = to_hex(digest_canonical(to_hex(IMPORT_KEY)))
    return resigned(TRANSPORTS[2].model_copy(update={"public_key": to_hex(IMPORT_KEY)}), "transport", SCENE.keys[3], key_digest=digest)


def test_an_import_key_is_taken_where_the_plan_allows_it_by_name():
    require_transport(imported(), ENROLLED[2], STATE.domain, 1, ALLOWED)


@pytest.mark.parametrize(("entry", "token", "said"), [(imported(), TOKEN, "does not allow"), (TRANSPORTS[2], ALLOWED, "allows")])
def test_a_key_of_another_kind_than_the_plan_says_is_refused(entry, token, said):
    with pytest.raises(DealingError, match=f"the plan {said} token sim3 a plain import") as refusal:
        require_transport(entry, ENROLLED[2], STATE.domain, 1, token)
    assert refusal.value.culprits == ("custodian 3",)


def test_the_plan_says_which_tokens_hold():
    plan = parse_plan(twin_plan())
    with pytest.raises(DealingError) as refusal:
        require(plan=plan)
    assert refusal.value.culprits == ("the roster",)
