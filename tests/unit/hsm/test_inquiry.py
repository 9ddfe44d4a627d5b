"""An agent and a sealer nobody trusts: it answers after five approvals, opens once, and only for a query made of the envelope's point."""

import pytest

from ceremony.conductor.untrusted import show_electorate
from ceremony.errors import ApprovalError, CombinerLied, MarkError, QuorumError, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.quorum.dealings import public_share
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import base_multiply, encode_point, encode_x, multiply, parse_point, points_at, weighted_sum
from ceremony.shards.queries import QUERY_BYTES, Pair, draw_query, judge_pair
from ceremony.shards.threshold import header_digest
from tests.simulators.custody import custody
from tests.simulators.openings import ASKED_IN, approved, committing, opening_of, revealing
from tests.simulators.randomness import Stream
from tests.simulators.tokens import SimulatedToken

INDEX = 6
ONES = "0x" + "11" * 32


class Asking:
    """One custodian's agent, an opening, five approvals of it, and a query."""

    def __init__(self, here):
        self.c = here.conductor
        self.opening = opening_of(self.c)
        self.approvals = approved(self.c, self.opening)
        self.point = parse_point(from_hex(self.opening.header.point))
        self.query = draw_query(self.point, Stream(1, "query")(QUERY_BYTES))

    def commit(self, **changes):
        request = committing(self.c, self.opening, self.approvals, self.query, INDEX, **changes)
        return ask(self.c.seat(INDEX), request, m.AnswersCommitted).commitment

    def open(self, commitment, **changes):
        return ask(self.c.seat(INDEX), revealing(commitment, self.query, **changes), m.AnswersOpened)


@pytest.fixture
def asking(tmp_path):
    with custody(tmp_path) as here:
        yield Asking(here)


def test_it_answers_when_five_have_approved_and_the_query_is_honest(asking):
    commitment = asking.commit()
    opened = asking.open(commitment)
    public = public_share(asking.c.state.commitments, INDEX)
    pair = Pair(from_hex(opened.salt), from_hex(opened.to_point), from_hex(opened.to_query))
    facts = {"header": header_digest(asking.opening.header), "index": INDEX, "query": asking.query, "public": public}
    assert encode_x(judge_pair(pair, from_hex(commitment), **facts)) == from_hex(opened.to_point)


def test_no_two_commitments_are_alike(asking):
    """A salt hides the answers: the same question has other commitments."""
    assert asking.commit() != asking.commit()


# --- a combiner that cheats ---


def test_a_and_b_shown_first_get_nothing(asking):
    with pytest.raises(CombinerLied, match="was not made, or was used before"):
        asking.open(ONES)
    assert asking.commit()  # and nothing of it is kept


def test_a_query_that_is_another_envelopes_point_stays_shut(asking):
    """A decryption oracle for whatever the combiner likes, were it opened."""
    foreign = base_multiply(4242)
    commitment = asking.commit(query=to_hex(encode_point(foreign, compressed=True)))
    with pytest.raises(CombinerLied, match="not made of this envelope's") as refusal:
        asking.open(commitment)
    assert "the combiner" in refusal.value.culprits
    with pytest.raises(CombinerLied, match="used before"):
        asking.open(commitment)


@pytest.mark.parametrize("change", [{"a": 5}, {"b": 5}, {"a": 0}, {"b": 0}], ids=str)
def test_other_scalars_stay_shut_and_there_is_no_second_try(asking, change):
    commitment = asking.commit()
    with pytest.raises(CombinerLied, match="not made of this envelope's"):
        asking.open(commitment, **change)
    with pytest.raises(CombinerLied, match="used before"):
        asking.open(commitment)


def test_a_commitment_is_opened_once(asking):
    commitment = asking.commit()
    asking.open(commitment)
    with pytest.raises(CombinerLied, match="used before"):
        asking.open(commitment)


def test_an_older_commitment_is_not_opened_after_a_newer_one(asking):
    first, _ = asking.commit(), asking.commit()
    with pytest.raises(CombinerLied, match="used before"):
        asking.open(first)


def test_a_refused_request_forgets_what_was_committed_to_before(asking):
    commitment = asking.commit()
    with pytest.raises(QuorumError):
        asking.commit(approvals=())
    with pytest.raises(CombinerLied):
        asking.open(commitment)


# --- whose approvals count ---


def test_four_approvals_or_five_of_something_else_get_no_answer(asking):
    four = tuple(sorted(asking.approvals.items()))[:4]
    with pytest.raises(QuorumError, match="4 of 5 needed approvals"):
        asking.commit(approvals=four)
    with pytest.raises(ApprovalError, match="approved twice"):
        asking.commit(approvals=(*four, four[0]))
    for change in ({"reason": "lunch"}, {"opening": ONES}, {"header": opening_of(asking.c, description="lunch menu").header}):
        with pytest.raises(ApprovalError, match="signature is not valid"):
            asking.commit(**change)


def test_keys_that_the_transcript_does_not_enrol_count_for_nothing(asking):
    shown = show_electorate(asking.c, asking.approvals)
    with pytest.raises(ApprovalError, match="not on the roster"):
        asking.commit(shown=shown[1:])
    with pytest.raises(MarkError, match="nobody knows how many"):
        asking.commit(shown=shown[:-1])
    forged = shown[0].model_copy(update={"line": shown[0].line.replace(asking.c.state.roster[1], "0x" + "99" * 20)})
    with pytest.raises(MarkError, match="not in the transcript shown"):
        asking.commit(shown=(forged, *shown[1:]))


def test_an_agent_without_its_mark_believes_nobody(asking, tmp_path):
    asking.c.seat(INDEX)
    for path in (tmp_path / "parts" / "marks").glob(f"sim{INDEX}-*"):
        path.unlink()
    with pytest.raises(MarkError, match="cannot tell whose approvals count"):
        asking.commit()


def test_an_envelope_of_another_dealing_is_neither_approved_nor_answered(asking):
    for change in ({"dealing": 2}, {"ceremony": ONES}):
        other = opening_of(asking.c, **change)
        with pytest.raises(MarkError, match="another dealing"):
            approved(asking.c, other, (1,))
        with pytest.raises(MarkError, match="another dealing"):
            asking.commit(header=other.header)


def test_another_domain_is_not_signed_in(asking):
    domain = asking.c.state.domain.model_copy(update={"salt": ONES})
    header = asking.opening.header
    request = m.ApproveEnvelope(domain=domain, place=asking.c.place(1), header=header, reason="audit", opening=ASKED_IN)
    with pytest.raises(MarkError, match="in no other"):
        ask(asking.c.seat(1), request, m.Signed)


def test_a_token_that_answers_with_too_few_bytes_is_named(tmp_path):
    class Short(SimulatedToken):
        def derive(self, key_id, point):
            return super().derive(key_id, point)[:-1]

    with custody(tmp_path, Short) as here, pytest.raises(TokenLied, match="31 bytes"):
        Asking(here).commit()


def test_the_second_answer_follows_from_the_first(asking):
    """Whoever sees both has learnt no more than s*P: no oracle for other points."""
    opened, query = asking.open(asking.commit()), asking.query
    rest = multiply(public_share(asking.c.state.commitments, INDEX), query.b)
    possible = [weighted_sum((multiply(one, query.a), rest), (1, 1)) for one in points_at(from_hex(opened.to_point))]
    assert from_hex(opened.to_query) in {encode_x(one) for one in possible}
