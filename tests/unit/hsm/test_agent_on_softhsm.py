"""One custodian's part of a ceremony on a real SoftHSM token, through a real spawned agent: every step, read back from the token."""

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ceremony.acts.digest import digest
from ceremony.acts.signature import address_of, require_signature
from ceremony.errors import MarkError, OpeningError, ShareError, TokenFault, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.hsm.template import EXPECTED
from ceremony.hsm.token import Role
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.structs import TypedAct
from ceremony.shards.field import encode_x, multiply, parse_point
from ceremony.shards.secret import contribution_digest, expand_seed, open_seed
from ceremony.shards.threshold import holding_answer
from tests import dealt as d
from tests.softhsm import WHO


def require_signed(reply, struct, domain=d.DOMAIN) -> None:
    """The governance key of `reply`'s enrolment signed this struct."""
    address = from_hex(reply.enrolment.governance_key)
    assert address == address_of(from_hex(reply.public_key))
    require_signature(from_hex(struct[1]), digest(TypedAct(domain=domain, struct=struct[0])), address)


# --- enrolment ---


def test_enrolment_is_signed_by_a_key_born_in_the_token(standing):
    reply = standing.enrolled
    assert reply.attributes == EXPECTED[Role.GOVERNANCE]
    assert reply.enrolment.serial == standing.token.serial
    assert (reply.enrolment.ceremony, reply.enrolment.plan_digest, reply.enrolment.epoch) == (d.CEREMONY, d.PLAN, 1)
    require_signed(reply, (reply.enrolment, reply.signature))


def test_enrolling_again_finds_the_same_key(agent, dealt):
    again = ask(agent, d.enrol(), m.EnrolReply)
    assert again.public_key == dealt.enrolled.public_key
    assert ask(agent, m.Holdings(place=d.PLACE), m.HoldingsReply).governance == 1


def test_the_transport_key_unwraps_only_and_forces_its_template(standing):
    reply = standing.transport
    assert reply.attributes == EXPECTED[Role.TRANSPORT]
    assert {name: reply.attributes[f"unwrap.{name}"] for name in ("sensitive", "extractable", "derive", "sign")} == {
        "sensitive": True,
        "extractable": False,
        "derive": True,
        "sign": False,
    }
    key = load_der_public_key(from_hex(reply.public_key))
    assert isinstance(key, rsa.RSAPublicKey)
    assert (key.key_size, key.public_numbers().e) == (2048, 65537)
    assert reply.transport.key_digest == to_hex(digest_canonical(reply.public_key))
    require_signed(standing.enrolled, (reply.transport, reply.signature))


# --- the dealing ---


def test_a_contribution_is_the_one_committed_to(shared):
    dealer = X25519PrivateKey.generate()
    committed = ask(shared, m.Contribute(place=d.PLACE, source="token 1", k=d.K), m.Committed)
    revealed = ask(shared, m.Reveal(dealer_key=to_hex(dealer.public_key().public_bytes_raw())), m.Revealed)
    points = tuple(parse_point(from_hex(point)) for point in revealed.points)
    assert to_hex(contribution_digest(points)) == committed.digest
    where = {"ceremony": from_hex(d.CEREMONY), "dealing": 1, "source": "token 1"}
    seed = open_seed(from_hex(revealed.sealed_seed), dealer.private_bytes_raw(), **where)
    assert d.commitments(expand_seed(seed, k=d.K, **where)) == revealed.points


def test_a_contribution_is_revealed_once(shared):
    dealer = to_hex(X25519PrivateKey.generate().public_key().public_bytes_raw())
    ask(shared, m.Contribute(place=d.PLACE, source="token 1", k=d.K), m.Committed)
    ask(shared, m.Reveal(dealer_key=dealer), m.Revealed)
    with pytest.raises(TokenFault, match="revealed already"):
        ask(shared, m.Reveal(dealer_key=dealer), m.Revealed)


def test_two_contributions_differ(shared):
    request = m.Contribute(place=d.PLACE, source="token 1", k=d.K)
    assert ask(shared, request, m.Committed) != ask(shared, request, m.Committed)


def test_the_shard_is_held_once_and_cannot_leave(shared, standing):
    assert standing.loaded.attributes == EXPECTED[Role.SHARD]
    held = ask(shared, m.Holdings(place=d.PLACE), m.HoldingsReply)
    assert (held.governance, held.transport, held.shard) == (1, 1, 1)


def test_loading_again_leaves_one_shard(agent, dealt):
    assert ask(agent, d.load(dealt.blob), m.Loaded).attributes == EXPECTED[Role.SHARD]
    assert ask(agent, m.Holdings(place=d.PLACE), m.HoldingsReply).shard == 1


def test_another_shard_than_the_commitments_say_is_refused(agent, dealt):
    ask(agent, m.Discard(place=d.PLACE), m.HoldingsReply)
    transport = ask(agent, m.MakeTransport(domain=d.DOMAIN, place=d.PLACE), m.TransportReply)
    assert transport.public_key != dealt.transport.public_key
    with pytest.raises(TokenLied, match="not hold exactly the shard") as caught:
        ask(agent, d.load(d.wrap(transport, d.OTHER_SHARE)), m.Loaded)
    assert WHO in caught.value.culprits


def test_a_blob_of_another_transport_key_is_refused(agent, dealt):
    ask(agent, m.Discard(place=d.PLACE), m.HoldingsReply)
    ask(agent, m.MakeTransport(domain=d.DOMAIN, place=d.PLACE), m.TransportReply)
    with pytest.raises(TokenFault) as caught:
        ask(agent, d.load(dealt.blob), m.Loaded)
    assert WHO in caught.value.culprits


def test_a_wrong_shard_found_in_the_token_is_replaced(agent, dealt):
    """As after a crash between two dealings' work: what is there is asked, not believed."""
    wrong = expand_seed(bytes(32), ceremony=from_hex(d.CEREMONY), dealing=1, source="wrong", k=d.K)
    request = m.Load(place=d.PLACE, wrapped=to_hex(d.wrap(dealt.transport, wrong.split(d.N)[0].value)), commitments=d.commitments(wrong))
    ask(agent, request, m.Loaded)
    ask(agent, d.load(dealt.blob), m.Loaded)
    assert ask(agent, m.Holdings(place=d.PLACE), m.HoldingsReply).shard == 1


# --- proofs ---


def test_a_holding_answer_is_a_bound_hash_never_the_raw_result(shared):
    asked = ask(shared, m.Challenge(place=d.PLACE, holder=1), m.Challenged)
    answer = ask(shared, m.Hold(place=d.PLACE, point=asked.point, nonce=asked.nonce), m.Held).answer
    x = encode_x(multiply(parse_point(from_hex(asked.point)), d.SHARE))
    assert answer != to_hex(x)
    bound = holding_answer(from_hex(d.CEREMONY), 1, 1, from_hex(asked.point), from_hex(asked.nonce), x)
    assert answer == to_hex(bound)


def test_a_holding_challenge_does_not_open_an_envelope(shared):
    """DESIGN 4.6: the envelope's own point as a challenge gives nothing that opens it."""
    header = d.envelope()
    point = parse_point(from_hex(header.point))
    sent = m.Hold(place=d.PLACE, point=to_hex(b"\4" + int(point.x).to_bytes(32, "big") + int(point.y).to_bytes(32, "big")), nonce=d.ZERO)
    held = ask(shared, sent, m.Held)
    assert set(held.model_dump()) == {"reply", "answer"}
    assert held.answer != ask(shared, m.AnswerEnvelope(place=d.PLACE, header=header), m.Answered).x


def test_what_was_seen_is_signed(shared, standing):
    asked = ask(shared, m.Challenge(place=d.PLACE, holder=1), m.Challenged)
    answer = ask(shared, m.Hold(place=d.PLACE, point=asked.point, nonce=asked.nonce), m.Held).answer
    answers = (m.HoldingAnswer(holder=1, answer=answer),)
    request = m.AttestHolding(domain=d.DOMAIN, place=d.PLACE, answers=answers, commitments=d.commitments())
    reply = ask(shared, request, m.HoldingReply)
    assert reply.evidence.own == EXPECTED[Role.SHARD]
    assert [(seen.holder, seen.point, seen.nonce, seen.answer) for seen in reply.evidence.observations] == [
        (1, asked.point, asked.nonce, answer)
    ]
    assert reply.attestation.evidence == to_hex(digest_canonical(reply.evidence.model_dump(mode="json")))
    require_signed(standing.enrolled, (reply.attestation, reply.signature))


def test_a_holder_that_answers_wrongly_is_named(shared):
    ask(shared, m.Challenge(place=d.PLACE, holder=4), m.Challenged)
    answers = (m.HoldingAnswer(holder=4, answer=d.ZERO),)
    request = m.AttestHolding(domain=d.DOMAIN, place=d.PLACE, answers=answers, commitments=d.commitments())
    with pytest.raises(TokenLied) as caught:
        ask(shared, request, m.HoldingReply)
    assert "custodian 4" in caught.value.culprits


def test_an_answer_nobody_asked_for_is_refused(shared):
    answers = (m.HoldingAnswer(holder=6, answer=d.ZERO),)
    request = m.AttestHolding(domain=d.DOMAIN, place=d.PLACE, answers=answers, commitments=d.commitments())
    with pytest.raises(TokenFault, match="has not challenged custodian 6"):
        ask(shared, request, m.HoldingReply)


def test_a_challenge_off_the_curve_is_refused(shared):
    with pytest.raises(ShareError):
        ask(shared, m.Hold(place=d.PLACE, point="0x04" + "11" * 64, nonce=d.ZERO), m.Held)


# --- opening ---


def test_an_envelope_is_answered(shared):
    header = d.envelope()
    x = ask(shared, m.AnswerEnvelope(place=d.PLACE, header=header), m.Answered).x
    assert x == to_hex(encode_x(multiply(parse_point(from_hex(header.point)), d.SHARE)))


def altered(header, field):
    """The header with one field changed; the seven tags are as they were."""
    if field == "tags":
        return header.model_copy(update={"tags": (header.tags[1], *header.tags[1:])})
    values = {"description": "another payload", "key_commitment": d.ZERO, "point": d.commitments()[2]}
    return header.model_copy(update={field: values[field]})


@pytest.mark.parametrize("field", ["tags", "description", "key_commitment", "point"])
def test_an_envelope_whose_tag_does_not_match_gets_no_answer(shared, field):
    with pytest.raises(OpeningError) as caught:
        ask(shared, m.AnswerEnvelope(place=d.PLACE, header=altered(d.envelope(), field)), m.Answered)
    assert "custodian 1" in caught.value.culprits


@pytest.mark.parametrize("change", [{"dealing": 2}, {"ceremony": d.ZERO}])
def test_an_envelope_of_another_dealing_gets_no_answer(shared, change):
    header = d.envelope().model_copy(update=change)
    with pytest.raises(MarkError, match="another dealing"):
        ask(shared, m.AnswerEnvelope(place=d.PLACE, header=header), m.Answered)


def test_a_key_the_envelope_does_not_commit_to_is_not_attested(shared):
    request = m.AttestOpening(domain=d.DOMAIN, place=d.PLACE, header=d.envelope(), sets=((1, 2, 3, 4, 5),), file_keys=(d.ZERO,))
    with pytest.raises(TokenLied) as caught:
        ask(shared, request, m.OpeningReply)
    assert "the combiner" in caught.value.culprits


# --- destruction ---


def test_retirement_leaves_the_shard_and_no_transport_key(agent, dealt):
    reply = ask(agent, m.Retire(domain=d.DOMAIN, place=d.PLACE), m.RetirementReply)
    assert (reply.evidence.transport_keys, reply.evidence.shards) == (0, 1)
    require_signed(dealt.enrolled, (reply.attestation, reply.signature))
    held = ask(agent, m.Holdings(place=d.PLACE), m.HoldingsReply)
    assert (held.governance, held.transport, held.shard) == (1, 0, 1)
    assert ask(agent, m.AnswerEnvelope(place=d.PLACE, header=d.envelope()), m.Answered)


def test_discarding_leaves_the_governance_key_alone(agent):
    left = ask(agent, m.Discard(place=d.PLACE), m.HoldingsReply)
    assert (left.governance, left.transport, left.shard) == (1, 0, 0)


def test_retiring_a_token_without_its_shard_is_a_lie(agent):
    ask(agent, m.Discard(place=d.PLACE), m.HoldingsReply)
    with pytest.raises(TokenLied, match="0 transport keys and 0 shards") as caught:
        ask(agent, m.Retire(domain=d.DOMAIN, place=d.PLACE), m.RetirementReply)
    assert WHO in caught.value.culprits
