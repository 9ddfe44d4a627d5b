"""Messages between ceremony and agents: what goes out comes back, anything else is refused, and no secret shows in a repr."""

import pytest

from ceremony.errors import RecordError
from ceremony.hsm import messages as m
from ceremony.hsm.token import OBJECT_ID_BYTES, Role, object_id
from ceremony.quorum.replay import ShownEntry
from ceremony.records.base import RECORD_LIMIT
from ceremony.records.canonical import encode_canonical
from ceremony.records.unseal_files import SignedAnswer, UnsealAnswer, UnsealRequest
from tests import dealt as d

UNSEAL = UnsealRequest(
    header=d.envelope(), reason="audit", requester="Ada", custodians=(1, 2), nonce=d.ZERO, reply_key=d.ZERO, at="2026-01-01T00:00:00Z"
)
SIGNED = SignedAnswer(answer=UnsealAnswer(request=d.ZERO, custodian=1, sealed="0x" + "00" * 80), signature="0x" + "00" * 64 + "1b")
REQUESTS = [
    m.OpenToken(who="custodian 1 Ada", serial="5e1c", module="/module.so", config=None, mark_directory="/marks"),
    m.Describe(),
    m.Login(pin="rehearsal-pin"),
    m.Login(pin=None),
    m.Logout(),
    d.enrol(),
    m.MakeTransport(domain=d.DOMAIN, place=d.PLACE),
    m.Contribute(place=d.PLACE, source="token 1", k=5),
    m.Reveal(dealer_key=d.ZERO),
    d.load(b"\1"),
    m.Challenge(place=d.PLACE, holder=2),
    m.Hold(place=d.PLACE, point="0x04" + "00" * 64, nonce=d.ZERO),
    m.AttestHolding(domain=d.DOMAIN, place=d.PLACE, answers=(m.HoldingAnswer(holder=1, answer=d.ZERO),), commitments=d.commitments()),
    m.AnswerEnvelope(place=d.PLACE, header=d.envelope()),
    m.AnswerRequest(domain=d.DOMAIN, place=d.PLACE, request=UNSEAL),
    m.ApproveEnvelope(domain=d.DOMAIN, place=d.PLACE, header=d.envelope(), reason="audit", opening=d.ZERO),
    m.CommitAnswers(
        domain=d.DOMAIN,
        place=d.PLACE,
        header=d.envelope(),
        reason="audit",
        opening=d.ZERO,
        approvals=((1, "0x" + "00" * 64 + "1b"),),
        shown=(ShownEntry(index=1, line="{}", proof=(d.ZERO,)),),
        query="0x02" + "00" * 32,
    ),
    m.OpenAnswers(commitment=d.ZERO, a=d.ZERO, b=d.ZERO),
    m.AttestOpening(domain=d.DOMAIN, place=d.PLACE, header=d.envelope(), sets=((1, 2),), file_keys=(d.ZERO,)),
    m.Retire(domain=d.DOMAIN, place=d.PLACE),
    m.Discard(place=d.PLACE),
    m.Holdings(place=d.PLACE),
    m.ReadMark(ceremony=d.CEREMONY),
    m.FoundMark(ceremony=d.CEREMONY, size=1, root=d.ZERO),
    d.sign(d.genesis(4), d.extension(3, 5)),
    m.Probe(),
]
REPLIES = [
    m.Done(),
    m.Answered(x=d.ZERO),
    m.RequestAnswered(signed=SIGNED),
    m.AnswersCommitted(commitment=d.ZERO),
    m.AnswersOpened(salt=d.ZERO, to_point=d.ZERO, to_query=d.ZERO),
    m.MarkReply(mark=None),
    m.HoldingsReply(governance=1, transport=0, shard=1),
    m.Probed(capabilities=(m.Capability(name="can sign", able=True, detail="yes"),)),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.ask)
def test_a_request_comes_back_as_it_went(request_):
    assert m.parse_request(request_.encode()) == request_


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.reply)
def test_a_reply_comes_back_as_it_went(reply):
    assert m.parse_reply(reply.encode()) == reply


def test_no_request_carries_a_digest_to_sign():
    """DESIGN 4.7: a custodian's agent computes every digest itself."""
    assert not [name for name in m.Sign.model_fields if "digest" in name or "hash" in name]
    assert {request.ask for request in REQUESTS if "act" in type(request).model_fields} == {"sign"}


def test_a_pin_and_an_answer_are_not_shown():
    assert "rehearsal-pin" not in repr(m.Login(pin="rehearsal-pin"))
    assert "0x00" not in repr(m.Answered(x=d.ZERO))
    assert "0x00" not in repr(m.AnswersOpened(salt=d.ZERO, to_point=d.ZERO, to_query=d.ZERO))
    assert repr(m.OpenAnswers(commitment=d.ZERO, a=d.ZERO, b=d.ZERO)).count("0x00") == 1


WRONG = {
    "nothing": b"",
    "no JSON": b"hello",
    "no object": b"[]",
    "no kind": b"{}",
    "an unknown kind": b'{"ask":"sign_digest","reply":"sign_digest"}',
    "a blank too many": b'{"ask": "describe"}',
    "two of a key": b'{"ask":"describe","ask":"describe"}',
    "a field too many": b'{"ask":"describe","more":1,"reply":"done"}',
    "a field too few": b'{"ask":"login","reply":"held"}',
    "a number for text": b'{"ask":"login","pin":1,"reply":"held"}',
    "an index of nobody": encode_canonical({"ask": "holdings", "place": {"ceremony": d.CEREMONY, "custodian": 0, "dealing": 1}}),
    "no UTF-8": b'{"ask":"login","pin":"\xff"}',
    "too long": b'{"ask":"login","pin":"' + b"1" * RECORD_LIMIT + b'"}',
    "a PIN too long": encode_canonical({"ask": "login", "pin": "1" * 256}),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("parse", [m.parse_request, m.parse_reply])
def test_anything_else_is_refused_and_its_values_are_not_shown(parse, name):
    with pytest.raises(RecordError) as caught:
        parse(WRONG[name])
    assert "1111" not in str(caught.value)


def test_object_ids_differ_in_every_part():
    base = (b"\1" * 32, 1, Role.SHARD, 1)
    others = [(b"\2" * 32, *base[1:]), (base[0], 2, *base[2:]), (*base[:2], Role.TRANSPORT, 1), (*base[:3], 2)]
    ids = {object_id(*place) for place in (base, *others)}
    assert len(ids) == 5
    assert {len(key_id) for key_id in ids} == {OBJECT_ID_BYTES}


def test_an_object_id_is_fixed_for_ever():
    """A crashed ceremony asks tokens by this id, whatever version resumes it."""
    assert object_id(b"\1" * 32, 1, Role.SHARD, 1).hex() == "d3e2a802d8b3587f0fd78da060578866"
