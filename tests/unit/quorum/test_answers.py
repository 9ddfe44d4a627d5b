"""Which answers to a request count: every stranger, copy, and change of one is refused, and its custodian named."""

import pytest

from ceremony.acts.digest import digest
from ceremony.errors import RequestRefused
from ceremony.quorum.answers import attest_answer, request_digest, require_answers
from ceremony.records.evidence import EnvelopeHeader
from ceremony.records.structs import TypedAct
from ceremony.records.unseal_files import SignedAnswer, UnsealAnswer, UnsealRequest
from tests.adversary.quorum_bypasses import honest_scene
from tests.adversary.scene import STRANGER, sign

SCENE = honest_scene()
STATE = SCENE.state
ONES = "0x" + "11" * 32
HEADER = EnvelopeHeader(
    ceremony=STATE.opened.ceremony, dealing=1, description="a list", point="0x02" + "11" * 32, key_commitment=ONES, tags=(ONES,) * 7
)
REQUEST = UnsealRequest(
    header=HEADER, reason="audit", requester="Ada", custodians=(1, 2, 3, 4, 5, 9), nonce=ONES, reply_key=ONES, at="2026-11-25T12:00:00Z"
)
OTHER = REQUEST.model_copy(update={"reason": "lunch"})


def answer(custodian=3, request=REQUEST, **changes):
    return UnsealAnswer(request=request_digest(request), custodian=custodian, sealed="0x" + "22" * 80).model_copy(update=changes)


def signed(one=None, *, by=None, domain=STATE.domain, **changes):
    """An answer by its custodian's key, or another's; `changes` are made to what is signed."""
    one = one or answer()
    struct = attest_answer(one, REQUEST).model_copy(update=changes)
    key = SCENE.keys.get(one.custodian, STRANGER) if by is None else by
    return SignedAnswer(answer=one, signature=sign(key, TypedAct(domain=domain, struct=struct)))


def judged(*answers, request=REQUEST):
    return require_answers(answers, request, STATE.domain, STATE.roster)


def test_answers_of_those_who_were_asked_count_once_each():
    given = [signed(answer(index)) for index in (5, 1, 3)]
    assert judged(*given) == {one.answer.custodian: one for one in given}
    assert judged() == {}


def test_what_is_signed_is_the_whole_answer_to_this_request():
    struct = attest_answer(answer(), REQUEST)
    assert (struct.subject, struct.ceremony, struct.dealing, struct.custodian) == ("answer", STATE.opened.ceremony, 1, 3)
    others = [attest_answer(answer(sealed="0x" + "23" * 80), REQUEST), attest_answer(answer(request=OTHER), REQUEST)]
    assert len({digest(TypedAct(domain=STATE.domain, struct=one)) for one in (struct, *others)}) == 3


REFUSED = (
    ("answered another request", signed(answer(request=OTHER))),
    ("was not asked", signed(answer(6))),
    ("is not on the roster", signed(answer(9))),
    ("did not sign this answer", signed(by=STRANGER)),
    ("did not sign this answer", signed(by=SCENE.keys[4])),
)


@pytest.mark.parametrize(("why", "one"), REFUSED)
def test_a_stranger_to_this_request_is_refused_and_named(why, one):
    with pytest.raises(RequestRefused) as refusal:
        judged(signed(answer(1)), one)
    assert refusal.value.culprits == (f"custodian {one.answer.custodian}",)
    assert why in refusal.value.message


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "opening"},
        {"ceremony": ONES},
        {"dealing": 2},
        {"custodian": 4},
        {"evidence": ONES},
        {"domain": STATE.domain.model_copy(update={"name": "ceremony"})},
        {"domain": STATE.domain.model_copy(update={"salt": ONES})},
    ],
    ids=str,
)
def test_a_signature_over_anything_else_is_refused(change):
    with pytest.raises(RequestRefused, match="custodian 3 did not sign this answer"):
        judged(signed(**change))


def test_an_answer_changed_after_it_was_signed_is_refused():
    one = signed()
    with pytest.raises(RequestRefused, match="did not sign"):
        judged(one.model_copy(update={"answer": answer(sealed="0x" + "23" * 80)}))
    with pytest.raises(RequestRefused, match="did not sign"):
        judged(one.model_copy(update={"answer": answer(4)}))


def test_two_answers_of_one_custodian_are_refused_even_if_they_are_one():
    with pytest.raises(RequestRefused, match="custodian 3 answered twice") as refusal:
        judged(signed(), signed(answer(1)), signed())
    assert "Leave one of the two files out" in refusal.value.next_step


@pytest.mark.parametrize("change", [{"nonce": "0x" + "12" * 32}, {"reply_key": "0x" + "12" * 32}, {"custodians": (3,)}, {"requester": "E"}])
def test_each_change_makes_it_another_request(change):
    assert request_digest(REQUEST.model_copy(update=change)) != request_digest(REQUEST)
