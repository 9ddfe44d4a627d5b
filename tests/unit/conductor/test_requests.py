"""An opening over several places: five answers from five copies open, liars are named, and strangers and replays are refused."""

import pytest

from ceremony.conductor.requests import answer, combine, describe_request, require_own, require_reply_key
from ceremony.errors import AnswerError, Declined, OpeningError, PinWrong, Replayed, RequestRefused
from ceremony.hsm import holder
from ceremony.hsm.agents import ask
from ceremony.hsm.messages import AnswerRequest, RequestAnswered
from ceremony.quorum.answers import request_digest, require_answers
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.reply import derive_reply_key, reply_public, seal_answer
from ceremony.shards.threshold import header_digest
from tests.simulators.custody import ALL, KEY, custody, sealed_to
from tests.simulators.requests import SECRET, answers_to, requested
from tests.simulators.tokens import SimulatedToken
from tests.unit.conductor.test_custody import told

ONES = "0x" + "11" * 32


def opened(here, request, sealed, answers):
    """What the requester does with what came back."""
    state = here.conductor.state
    require_own(here, request, sealed)
    judged = require_answers(list(answers.values()), request, state.domain, state.roster)
    return combine(here, request, sealed, judged, require_reply_key(request, SECRET))


@pytest.mark.parametrize("who", [(1, 2, 3, 4, 5), (2, 3, 5, 6, 7), ALL])
def test_five_answers_from_five_places_open_it(tmp_path, who):
    with custody(tmp_path / "here") as here:
        sealed, request = requested(here)
        key, done = opened(here, request, sealed, answers_to(request, tmp_path, who))
        made, begun, end = told(here)[1:]
    digest, bound = request_digest(request), to_hex(header_digest(sealed.header))
    assert key == KEY
    assert (made.kind, made.request, made.header_digest, made.custodians, made.requester) == ("request_made", digest, bound, ALL, "Ada")
    assert (begun.kind, begun.request, begun.custodians) == ("combine_begun", digest, who)
    assert end == done
    assert (done.request, done.header_digest, done.custodians, done.wrong) == (digest, bound, who[:5], ())


def test_what_a_custodian_did_stands_in_their_own_journal(tmp_path):
    with custody(tmp_path / "here") as here:
        _, request = requested(here)
    with custody(tmp_path / "3") as there:
        signed = answer(there, request, 3)
        opened_, begun, given = told(there)
        asked = there.conductor.ports.people.asked
    assert opened_.kind == "custody_opened"
    assert (begun.request, begun.nonce, begun.reason, begun.custodian) == (request_digest(request), request.nonce, "audit", 3)
    assert given.signed == signed
    assert asked == [("custodian 3 Cleo", "Shall your token help to open this envelope?"), ("custodian 3 Cleo", "PIN sim3")]


def test_no_file_and_no_journal_holds_an_answer_or_the_secret(tmp_path):
    answers = []

    class Spy(SimulatedToken):
        def derive(self, key_id, point):
            answers.append(super().derive(key_id, point))
            return answers[-1]

    with custody(tmp_path / "here") as here:
        sealed, request = requested(here)
        given = answers_to(request, tmp_path, (1, 2, 3, 4, 5), Spy)
        opened(here, request, sealed, given)
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path.parent.name != "parts"]
    files = [request.encode(), *(one.encode() for one in given.values())]
    private = derive_reply_key(SECRET, from_hex(request.nonce))
    assert len(answers) == 5
    for secret in (*answers, SECRET, private, KEY):
        assert not [data for data in (*written, *files) if secret in data or secret.hex().encode() in data.lower()]


def test_a_request_says_who_asks_for_what_and_that_nothing_proves_it(tmp_path):
    with custody(tmp_path) as here:
        _, request = requested(here, (1, 2, 3, 4, 7))
        text = "\n".join(describe_request(here.conductor.state, request))
        odd = describe_request(here.conductor.state, request.model_copy(update={"custodians": (1, 9)}))
    for said in ("payroll", "Reason:    audit", "Asked by:  Ada, at 2026", "nothing here proves it", "7 Gus", request_digest(request)):
        assert said in text
    assert "Asked:     custodian 1 Ada, custodian 9" in odd


def test_fewer_than_five_are_not_asked(tmp_path):
    with custody(tmp_path) as here, pytest.raises(OpeningError, match="4 custodians would be asked; 5 must answer"):
        requested(here, (1, 2, 3, 4))


def test_what_is_sealed_elsewhere_is_neither_asked_for_nor_answered(tmp_path):
    with custody(tmp_path / "here") as here:
        foreign = sealed_to(here.conductor.state, ceremony=ONES)
        with pytest.raises(OpeningError, match="not to this one"):
            requested(here, sealed=foreign)
        _, request = requested(here)
    with custody(tmp_path / "3") as there:
        with pytest.raises(OpeningError, match="not to this one"):
            answer(there, request.model_copy(update={"header": foreign.header}), 3)
        assert told(there) == []


# --- replays, and who is not asked ---


def test_the_same_request_again_gets_the_same_answer_and_asks_nobody(tmp_path):
    with custody(tmp_path / "here") as here:
        _, request = requested(here)
    with custody(tmp_path / "3") as there:
        first = answer(there, request, 3)
        entries, asked = told(there), list(there.conductor.ports.people.asked)
        assert answer(there, request, 3) == first
        assert (told(there), there.conductor.ports.people.asked) == (entries, asked)


@pytest.mark.parametrize("change", [{"reply_key": ONES}, {"reason": "lunch"}, {"requester": "Eve"}, {"custodians": (3,)}], ids=str)
def test_another_request_with_the_same_nonce_is_a_replay(tmp_path, change):
    with custody(tmp_path / "here") as here:
        _, request = requested(here)
    with custody(tmp_path / "3") as there:
        answer(there, request, 3)
        with pytest.raises(Replayed, match="another request with the same nonce"):
            answer(there, request.model_copy(update=change), 3)
        assert [body.kind for body in told(there)] == ["custody_opened", "answer_begun", "answer_given"]
        assert answer(there, request.model_copy(update={**change, "nonce": ONES}), 3).answer.custodian == 3


def test_a_custodian_who_was_not_asked_is_not_disturbed(tmp_path):
    with custody(tmp_path / "here") as here:
        _, request = requested(here, (1, 2, 4, 5, 6))
    with custody(tmp_path / "3") as there:
        with pytest.raises(RequestRefused, match="does not ask custodian 3 Cleo"):
            answer(there, request, 3)
        assert there.conductor.ports.people.asked == []
        asked = AnswerRequest(domain=there.conductor.state.domain, place=there.conductor.place(3), request=request)
        with pytest.raises(RequestRefused, match="was not asked"):
            ask(there.conductor.seat(3), asked, RequestAnswered)  # nor does the agent answer, whoever drives it


def test_a_no_leaves_nothing_behind_and_a_failed_token_is_written_down(tmp_path):
    with custody(tmp_path / "here") as here:
        _, request = requested(here)
    with custody(tmp_path / "3") as there:
        people = there.conductor.ports.people
        people.confirm, willing = refuse, people.confirm
        with pytest.raises(Declined):
            answer(there, request, 3)
        assert told(there) == []
        people.confirm, people.pin, right = willing, lambda _who, _serial: "wrong", people.pin
        with pytest.raises(PinWrong):
            answer(there, request, 3)
        assert [body.kind for body in told(there)] == ["custody_opened", "answer_begun", "answer_failed"]
        assert told(there)[-1].error == "PinWrong"
        people.pin = right
        assert answer(there, request, 3).answer.custodian == 3  # a begun answer may be given later


def refuse(who, _lines, _question):
    raise Declined("no", culprits=(who,))


def test_another_header_around_the_same_point_gets_no_answer(tmp_path):
    with custody(tmp_path / "here") as here:
        _, request = requested(here)
    innocent = request.header.model_copy(update={"description": "lunch menu"})
    with custody(tmp_path / "3") as there:
        with pytest.raises(OpeningError, match="does not fit this envelope"):
            answer(there, request.model_copy(update={"header": innocent}), 3)
        assert told(there)[-1].error == "OpeningError"


# --- combining ---


def test_a_liar_is_named_and_five_honest_ones_still_open(tmp_path):
    """The agents are the liars' own: what their tags would have caught there is caught here."""
    with custody(tmp_path / "here") as here:
        sealed, request = requested(here)
        answers = answers_to(request, tmp_path)
        answers[2] = spoilt(tmp_path / "again" / "2", request, 2, lambda x, *rest, **facts: seal_answer(x[:-1] + b"\0", *rest, **facts))
        answers[6] = spoilt(tmp_path / "again" / "6", request, 6, lambda *_args, **_facts: b"\x22" * 80)
        key, done = opened(here, request, sealed, answers)
        assert key == KEY
        assert done.custodians == (1, 3, 4, 5, 7)
        assert [(one.custodian, one.error) for one in done.wrong] == [(2, "OpeningError"), (6, "OpeningError")]
        answers[7] = spoilt(tmp_path / "again" / "7", request, 7, lambda *_args, **_facts: b"\x22" * 79)
        with pytest.raises(OpeningError, match="right answers: 4, needed: 5") as refusal:
            opened(here, request, sealed, answers)
        failed = told(here)[-1]
    assert [name.partition(":")[0] for name in refusal.value.culprits] == ["custodian 2 Ben", "custodian 6 Finn", "custodian 7 Gus"]
    assert (failed.kind, failed.custodians, len(failed.wrong)) == ("combine_failed", (1, 3, 4, 5), 3)


def spoilt(place, request, index, seal):
    """A custodian's valid signature over a wrong answer: their whole machine lies."""
    with pytest.MonkeyPatch.context() as patch, custody(place) as there:
        patch.setattr(holder, "seal_answer", seal)
        return answer(there, request, index)


def test_a_request_that_was_not_made_here_or_for_another_file_is_not_combined(tmp_path):
    with custody(tmp_path / "here") as here:
        sealed, request = requested(here)
        require_own(here, request, sealed)
        with pytest.raises(RequestRefused, match="not made with this copy"):
            require_own(here, request.model_copy(update={"reply_key": ONES}), sealed)
        with pytest.raises(RequestRefused, match="another sealed file"):
            require_own(here, request, sealed_to(here.conductor.state, "another"))
        with pytest.raises(OpeningError, match="not to this one"):
            require_own(here, request.model_copy(update={"header": sealed_to(here.conductor.state, ceremony=ONES).header}), sealed)


def test_the_words_of_another_request_are_refused(tmp_path):
    with custody(tmp_path) as here:
        _, request = requested(here)
    assert to_hex(reply_public(require_reply_key(request, SECRET))) == request.reply_key
    with pytest.raises(AnswerError, match="not the words that were shown"):
        require_reply_key(request, bytes(16))
    with pytest.raises(AnswerError):
        require_reply_key(request.model_copy(update={"nonce": ONES}), SECRET)
