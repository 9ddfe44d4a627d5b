"""A shard put in as it is, where a token cannot unwrap: NSS beside SoftHSM, two implementations that share no line (DESIGN 4.2)."""

import json
import subprocess
import sys

import pytest

from ceremony.errors import DealingError, ImportKeyLost, MarkError, ModuleError, OpeningError, PinWrong, TokenFault, TokenLied, TokenMissing
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.hsm.template import EXPECTED
from ceremony.hsm.token import Role
from ceremony.quorum.dealings import require_attested
from ceremony.quorum.enrolments import require_transport
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import RetirementEvidence, TokenSeen
from ceremony.records.plan import TokenPlan
from ceremony.records.roster_entries import Enrolled, TransportMade
from ceremony.records.unseal_files import UnsealRequest
from ceremony.shards.field import encode_point, encode_x, multiply
from ceremony.shards.plain import bind_import, is_import_key, seal_share
from ceremony.shards.threshold import holding_answer
from tests import dealt as d
from tests.nss import NssToken, init, make_nss_token, module
from tests.softhsm import copy_token

NUMBER = 2
"""Of the token that holds the shard; the other one signs."""


@pytest.fixture(scope="module")
def blank_nss(tmp_path_factory):
    return make_nss_token(tmp_path_factory.mktemp("nss") / "ada")


@pytest.fixture(params=["nss", "softhsm"])
def bare(request, blank_nss, blank, tmp_path):
    """A token that holds nothing, for this test alone."""
    if request.param == "softhsm":
        return copy_token(blank, tmp_path / "fresh")
    return NssToken(copied(blank_nss.directory, tmp_path / "nss"), blank_nss.serial)


def copied(directory, place):
    subprocess.run(["cp", "-r", directory, place], check=True)
    return place


@pytest.fixture
def holder(bare):
    """Its agent, logged in."""
    agent = bare.login()
    yield agent
    agent.close()


def offered(agent):
    return ask(agent, m.OfferTransport(place=d.PLACE, plain=True), m.TransportOffered)


def sealed(key, serial, share=d.SHARE, **place):
    facts = {"ceremony": from_hex(d.CEREMONY), "dealing": 1, "custodian": 1, "serial": serial, **place}
    return seal_share(share, from_hex(key.public_key), b"\x09" * 32, bind_import(**facts))


def load(blob):
    return m.Load(place=d.PLACE, wrapped=to_hex(blob), commitments=d.commitments(), plain=True)


def loaded(agent, serial):
    return ask(agent, load(sealed(offered(agent), serial)), m.Loaded)


# --- the holder ---


def test_a_shard_that_was_put_in_is_what_an_unwrapped_one_is_and_answers(bare, holder):
    assert loaded(holder, bare.serial).attributes == EXPECTED[Role.SHARD]
    assert ask(holder, m.Holdings(place=d.PLACE), m.HoldingsReply).shard == 1
    asked = ask(holder, m.Challenge(place=d.PLACE, holder=1), m.Challenged)
    answer = ask(holder, m.Hold(place=d.PLACE, point=asked.point, nonce=asked.nonce), m.Held).answer
    answers = (m.HoldingAnswer(holder=1, answer=answer),)
    see = m.SeeHolding(place=d.PLACE, token_number=NUMBER, answers=answers, commitments=d.commitments())
    evidence = ask(holder, see, m.HoldingSeen).evidence
    assert (evidence.token_number, evidence.own) == (NUMBER, EXPECTED[Role.SHARD])


def test_the_key_is_one_time_and_no_keys_of_the_token(bare, holder):
    first = offered(holder)
    assert is_import_key(from_hex(first.public_key))
    assert first == offered(holder)
    assert first.attributes == {}
    assert ask(holder, m.Holdings(place=d.PLACE), m.HoldingsReply).transport == 0
    assert ask(holder, m.KeepsImportKey(place=d.PLACE), m.KeptImportKey).kept
    again = bare.login()
    try:
        assert not ask(again, m.KeepsImportKey(place=d.PLACE), m.KeptImportKey).kept
        assert offered(again) != first
    finally:
        again.close()


def test_without_its_process_what_is_on_disk_opens_nowhere(bare, holder):
    blob = sealed(offered(holder), bare.serial)
    again = bare.login()
    try:
        with pytest.raises(ImportKeyLost):
            ask(again, load(blob), m.Loaded)
        offered(again)
        with pytest.raises(DealingError, match="does not open"):
            ask(again, load(blob), m.Loaded)
        ask(holder, load(blob), m.Loaded)
    finally:
        again.close()


def test_once_it_is_in_the_key_is_needed_no_more(bare, holder):
    blob = sealed(offered(holder), bare.serial)
    ask(holder, load(blob), m.Loaded)
    holder.close()  # NSS reads its databases when it starts: what another process put in is seen by the next one
    again = bare.login()
    try:
        assert ask(again, load(blob), m.Loaded).attributes == EXPECTED[Role.SHARD]
    finally:
        again.close()


@pytest.mark.parametrize("change", [{"serial": "another"}, {"dealing": 2}, {"custodian": 2}, {"ceremony": bytes(32)}], ids=str)
def test_a_shard_for_another_token_or_place_does_not_open(change, bare, holder):
    facts = {"serial": bare.serial, **change}
    with pytest.raises(DealingError, match="does not open") as refusal:
        ask(holder, load(sealed(offered(holder), **facts)), m.Loaded)
    assert refusal.value.culprits
    assert ask(holder, m.Holdings(place=d.PLACE), m.HoldingsReply).shard == 0


def test_another_share_than_the_commitments_say_never_reaches_the_token(bare, holder):
    with pytest.raises(DealingError, match="not the shard that the commitments say") as refusal:
        ask(holder, load(sealed(offered(holder), bare.serial, d.OTHER_SHARE)), m.Loaded)
    assert "the dealer" in refusal.value.culprits
    assert ask(holder, m.Holdings(place=d.PLACE), m.HoldingsReply).shard == 0


def test_what_is_left_afterwards_is_one_shard_and_no_key(bare, holder):
    loaded(holder, bare.serial)
    evidence = ask(holder, m.SeeRetired(place=d.PLACE, token_number=NUMBER), m.RetirementSeen).evidence
    assert (evidence.token_number, evidence.transport_keys, evidence.shards) == (NUMBER, 0, 1)
    assert not ask(holder, m.KeepsImportKey(place=d.PLACE), m.KeptImportKey).kept
    left = ask(holder, m.Discard(place=d.PLACE), m.HoldingsReply)
    assert (left.transport, left.shard) == (0, 0)
    with pytest.raises(TokenLied, match="0 transport keys and 0 shards"):
        ask(holder, m.SeeRetired(place=d.PLACE, token_number=NUMBER), m.RetirementSeen)


# --- the token that signs for it ---


def enrolled_entry(standing):
    reply = standing.enrolled
    seen = TokenSeen(serial=reply.enrolment.serial, label="", manufacturer="", model="", firmware="", protected_pin=False)
    return Enrolled(
        custodian=1, token=seen, public_key=reply.public_key, attributes=reply.attributes, enrolment=reply.enrolment,
        signature=reply.signature,
    )  # fmt: skip


def vouch_transport(key, **changes):
    facts = {"serial": "nss1", "public_key": key.public_key, "attributes": key.attributes, **changes}
    return m.VouchTransport(domain=d.DOMAIN, place=d.PLACE, **facts)


def test_the_key_of_another_token_is_signed_for_that_token(shared, standing, holder):
    key = offered(holder)
    reply = ask(shared, vouch_transport(key), m.TransportVouched)
    entry = TransportMade(
        dealing=1, custodian=1, token_number=2, public_key=key.public_key, attributes={}, transport=reply.transport,
        signature=reply.signature,
    )  # fmt: skip
    plan = TokenPlan(serial="nss1", module="/nss.so", roles=("shard",), plain_import="it cannot unwrap")
    require_transport(entry, enrolled_entry(standing), d.DOMAIN, 1, plan)


def test_a_transport_key_that_is_not_what_it_must_be_is_not_signed(shared, standing):
    bad = {**EXPECTED[Role.TRANSPORT], "unwrap.extractable": True}
    with pytest.raises(TokenLied, match=r"unwrap\.extractable"):
        ask(shared, vouch_transport(standing.transport, attributes=bad), m.TransportVouched)


def test_a_key_that_is_said_to_be_this_very_tokens_is_not_signed_on_a_word(shared, standing):
    request = vouch_transport(standing.transport, serial=standing.token.serial, attributes=dict(EXPECTED[Role.TRANSPORT]))
    with pytest.raises(MarkError, match="signed where it is made"):
        ask(shared, request, m.TransportVouched)


def vouch(evidence, subject="holding"):
    return m.Vouch(domain=d.DOMAIN, place=d.PLACE, subject=subject, evidence=evidence)


def test_what_another_tokens_agent_saw_is_signed(shared, standing, bare, holder):
    loaded(holder, bare.serial)
    see = m.SeeHolding(place=d.PLACE, token_number=NUMBER, answers=(), commitments=d.commitments())
    for request, subject, kind in (
        (see, "holding", m.HoldingSeen),
        (m.SeeRetired(place=d.PLACE, token_number=NUMBER), "retirement", m.RetirementSeen),
    ):
        evidence = ask(holder, request, kind).evidence
        reply = ask(shared, vouch(evidence, subject), m.Vouched)
        require_attested(
            reply.attestation, reply.signature, evidence, subject=subject, domain=d.DOMAIN, ceremony=d.CEREMONY, dealing=1, custodian=1,
            address=standing.enrolled.enrolment.governance_key,
        )  # fmt: skip


def test_evidence_of_a_shard_that_can_leave_or_of_a_key_that_is_left_is_not_signed(shared, bare, holder):
    loaded(holder, bare.serial)
    seen = ask(holder, m.SeeHolding(place=d.PLACE, token_number=NUMBER, answers=(), commitments=d.commitments()), m.HoldingSeen).evidence
    with pytest.raises(TokenLied, match="extractable"):
        ask(shared, vouch(seen.model_copy(update={"own": {**seen.own, "extractable": True}})), m.Vouched)
    with pytest.raises(TokenLied, match="1 transport keys"):
        ask(shared, vouch(RetirementEvidence(token_number=2, transport_keys=1, shards=1), "retirement"), m.Vouched)


def test_only_a_right_answer_of_another_token_is_sealed_and_signed(shared):
    header = d.envelope()
    request = UnsealRequest(
        header=header, reason="audit", requester="Ada", custodians=(1, 2, 3, 4, 5), nonce=d.ZERO, reply_key="0x" + "09" + "00" * 31,
        at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    x = ask(shared, m.AnswerEnvelope(place=d.PLACE, header=header), m.Answered).x
    signed = ask(shared, m.SealAnswer(domain=d.DOMAIN, place=d.PLACE, request=request, x=x), m.RequestAnswered).signed
    assert signed.answer.custodian == 1
    with pytest.raises(OpeningError):
        ask(shared, m.SealAnswer(domain=d.DOMAIN, place=d.PLACE, request=request, x=d.ZERO), m.RequestAnswered)


# --- NSS itself ---


def test_an_nss_directory_is_made_once(tmp_path):
    assert init(tmp_path / "ada").returncode == 0
    again = init(tmp_path / "ada")
    assert json.loads(again.stdout or again.stderr)["error"] == "DirectoryError"


@pytest.mark.parametrize("name", ["a'da", 'a"da', "a\\da", " ada ", "a\nda"])
def test_a_path_that_cannot_be_told_to_nss_is_refused(name, tmp_path):
    done = init(tmp_path / name)
    assert json.loads(done.stdout or done.stderr)["error"] == "DirectoryError"
    assert not (tmp_path / name).exists()


def test_an_nss_token_says_its_own_serial_and_takes_a_pin_once(blank_nss, tmp_path):
    token = NssToken(copied(blank_nss.directory, tmp_path / "nss"), blank_nss.serial)
    agent = token.open()
    try:
        assert (agent.opened.token.serial, agent.opened.token.manufacturer) == (token.serial, "Mozilla Foundation")
        with pytest.raises(PinWrong):
            ask(agent, m.Login(pin="another"), m.Done)
        with pytest.raises(TokenFault):
            ask(agent, m.Holdings(place=d.PLACE), m.HoldingsReply)
    finally:
        agent.close()


@pytest.mark.parametrize(
    ("changes", "error"), [({"serial": "0" * 16}, TokenMissing), ({"config": None}, ModuleError), ({"config": "/"}, ModuleError)]
)
def test_another_nss_token_or_none_is_not_found(changes, error, blank_nss):
    agent = blank_nss.open(**changes)
    with pytest.raises(error):
        _ = agent.opened
    agent.close()


def test_known_not_to_work_nss_cannot_sign_and_lets_its_user_take_a_shard_out(blank_nss, tmp_path):
    """The README says so; if a later NSS is better, this fails and the README must say that."""
    agent = NssToken(copied(blank_nss.directory, tmp_path / "nss"), blank_nss.serial).login()
    try:
        rows = {row.name: row for row in ask(agent, m.Probe(roles=("sign", "shard"), plain=True), m.Probed).capabilities}
    finally:
        agent.close()
    assert {name for name, row in rows.items() if not row.able} == {"can sign", "keeps a shard inside"}
    assert "CKR_DOMAIN_PARAMS_INVALID" in rows["can sign"].detail
    assert "wrap a shard under a known key" in rows["keeps a shard inside"].detail


def test_the_unwrapping_of_nss_is_not_relied_on(blank_nss, tmp_path):
    agent = NssToken(copied(blank_nss.directory, tmp_path / "nss"), blank_nss.serial).login()
    try:
        rows = {row.name: row for row in ask(agent, m.Probe(roles=("shard",)), m.Probed).capabilities}
    finally:
        agent.close()
    assert not rows["can hold a shard"].able
    assert "takes a shard in the clear" not in rows


def test_the_pin_of_an_nss_token_can_be_changed(blank_nss, tmp_path):
    place = copied(blank_nss.directory, tmp_path / "nss")
    lines = (
        "import sys\nfrom ceremony.hsm.initialise import change_user_pin\n"
        "module, place, serial = sys.argv[1:]\n"
        "change_user_pin(module, place, serial, 'rehearsal-pin', 'another-pin')\n"
        "change_user_pin(module, place, serial, 'another-pin', 'third-pin')\n"
    )
    subprocess.run([sys.executable, "-c", lines, module(), str(place), blank_nss.serial], check=True, timeout=60)
    agent = NssToken(place, blank_nss.serial).open()
    try:
        with pytest.raises(PinWrong):
            ask(agent, m.Login(pin="rehearsal-pin"), m.Done)
        ask(agent, m.Login(pin="third-pin"), m.Done)
    finally:
        agent.close()


def test_a_challenge_is_answered_by_both_implementations_alike(blank_nss, blank, tmp_path):
    point, answers = d.POLYNOMIAL.commit()[0], []
    for token in (NssToken(copied(blank_nss.directory, tmp_path / "nss"), blank_nss.serial), copy_token(blank, tmp_path / "soft")):
        agent = token.login()
        try:
            loaded(agent, token.serial)
            sent = m.Hold(place=d.PLACE, point=to_hex(encode_point(point)), nonce=d.ZERO)
            answers.append(ask(agent, sent, m.Held).answer)
        finally:
            agent.close()
    x = encode_x(multiply(point, d.SHARE))
    expected = holding_answer(from_hex(d.CEREMONY), 1, 1, encode_point(point), from_hex(d.ZERO), x)
    assert answers == [to_hex(expected)] * 2
