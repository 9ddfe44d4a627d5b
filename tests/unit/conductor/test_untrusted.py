"""An envelope whose sealer is not trusted: any five tokens open it without a right tag, liars are named, and five approve first."""

from itertools import combinations

import pytest

from ceremony.acts.digest import digest
from ceremony.conductor import untrusted
from ceremony.conductor.custody import unseal
from ceremony.conductor.untrusted import unseal_untrusted
from ceremony.custody.combiner import combine
from ceremony.custody.messages import Combine
from ceremony.custody.sealed import unwrap_key
from ceremony.errors import CombinerLied, Declined, OpeningError, OutOfTurn, QuorumError
from ceremony.hsm import inquiry
from ceremony.hsm.token import Role
from ceremony.quorum.approvals import Approval, count_approvals
from ceremony.quorum.envelopes import Opening
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import EnvelopeApproval
from ceremony.shards.field import base_multiply, encode_x, multiply, parse_point, weighted_sum
from ceremony.shards.queries import draw_query
from ceremony.shards.threshold import header_digest
from tests.simulators.custody import ALL, KEY, custody, sealed_to
from tests.simulators.openings import BAD_TAGS, NO_TAGS, with_tags
from tests.simulators.tokens import SimulatedToken
from tests.unit.conductor.test_custody import liars, told

FIVES = list(combinations(ALL, 5))


def opened(here, who=ALL, *, tags=BAD_TAGS, **options):
    return unseal_untrusted(here, with_tags(sealed_to(here.conductor.state), tags), "audit", who, **options)


def test_each_of_the_21_sets_of_five_opens_it_with_wrong_tags(tmp_path):
    with custody(tmp_path) as here:
        for five in FIVES:
            key, done = opened(here, five)
            assert (key, done.custodians, done.wrong) == (KEY, five, ())
    assert len(FIVES) == 21


@pytest.mark.parametrize("tags", [NO_TAGS, BAD_TAGS], ids=["no tags", "wrong tags"])
def test_it_stays_shut_without_the_flag_and_no_token_is_to_blame_with_it(tmp_path, tags):
    with custody(tmp_path) as here:
        sealed = with_tags(sealed_to(here.conductor.state), tags)
        with pytest.raises(OpeningError, match="right answers: 0") as refusal:
            unseal(here, sealed, "audit", ALL)
        assert "--untrusted-sealer" in refusal.value.next_step
        key, done = unseal_untrusted(here, sealed, "audit", ALL)
    assert key == KEY
    assert done.wrong == ()


def test_right_tags_open_it_too_and_are_not_looked_at(tmp_path):
    with custody(tmp_path) as here:
        assert unseal_untrusted(here, sealed_to(here.conductor.state), "audit", ALL, every=False)[1].custodians == (1, 2, 3, 4, 5)


def test_what_was_approved_by_whom_stands_in_the_journal_and_can_be_checked_there(tmp_path):
    with custody(tmp_path) as here:
        sealed = with_tags(sealed_to(here.conductor.state), NO_TAGS)
        unseal_untrusted(here, sealed, "audit", (7, 6, 5, 4, 3, 2))
        state, bodies = here.conductor.state, told(here)
        begun = here.journal.book.tree.leaf(1)
        asked = here.conductor.ports.people.asked
    kinds = [body.kind for body in bodies]
    assert kinds == ["custody_opened", "unseal_begun", *["envelope_approved"] * 5, "unsealed"]
    act = Opening(sealed.header, "audit", to_hex(begun)).act(state.domain)
    approvals = [Approval(body.custodian, to_hex(digest(act)), body.signature) for body in bodies[2:7]]
    assert [one.custodian for one in count_approvals(act, approvals, state.roster, k=5)] == [3, 4, 5, 6, 7]
    assert isinstance(act.struct, EnvelopeApproval)
    assert {body.opening for body in bodies[2:7]} == {to_hex(begun)}
    assert {body.header_digest for body in bodies[1:]} == {to_hex(header_digest(sealed.header))}
    who = [name.removeprefix("custodian ") for name, what in asked if what.startswith("Do you approve")]
    assert who == ["7 Gus", "6 Finn", "5 Eve", "4 Dan", "3 Cleo"]


def test_what_a_custodian_reads_before_approving(tmp_path):
    with custody(tmp_path) as here:
        lines = []
        people = here.conductor.ports.people
        people.confirm = lambda _who, shown, _question: lines.extend(shown)
        opened(here)
    text = "\n".join(lines)
    assert "nobody trusts whoever sealed it" in text
    for said in ("Envelope:  payroll", "Reason:    audit", "whoever sees the answers", "Approved:  by custodian 1 Ada"):
        assert said in text


# --- liars ---


def adding(point_of, *who):
    """Tokens that add a constant to each of their ECDH results."""
    class Adding(SimulatedToken):
        def derive(self, key_id, point):
            if self._number not in who:
                return super().derive(key_id, point)
            shard = int(self._one(key_id, Role.SHARD), 16)
            return encode_x(weighted_sum((multiply(parse_point(point), shard), base_multiply(point_of)), (1, 1)))

    return Adding


class Another(SimulatedToken):
    """Two tokens that answer with a shard of their own making."""

    def derive(self, key_id, point):
        if self._number in {2, 6}:
            self._one = lambda _id, _role: f"{4242:064x}"
        return super().derive(key_id, point)


@pytest.mark.parametrize("kind", [liars(2, 6), adding(9, 2, 6), Another], ids=["flipped", "a constant added", "another shard"])
def test_two_liars_are_named_and_five_honest_ones_still_open(tmp_path, kind):
    with custody(tmp_path, kind) as here:
        key, done = opened(here)
    assert key == KEY
    assert done.custodians == (1, 3, 4, 5, 7)
    assert [(one.custodian, one.error) for one in done.wrong] == [(2, "OpeningError"), (6, "OpeningError")]


def test_with_three_liars_it_stays_closed_and_all_three_are_named(tmp_path):
    with custody(tmp_path, adding(9, 2, 6, 7)) as here:
        with pytest.raises(OpeningError, match="right answers: 4, needed: 5") as refusal:
            opened(here)
        assert told(here)[-1].kind == "unseal_failed"
    assert [name.partition(":")[0] for name in refusal.value.culprits] == ["custodian 2 Ben", "custodian 6 Finn", "custodian 7 Gus"]
    assert "--untrusted-sealer" not in refusal.value.next_step


def test_a_sealer_who_committed_to_another_key_is_named_and_no_token(tmp_path):
    with custody(tmp_path) as here:
        sealed = sealed_to(here.conductor.state)
        lie = sealed.header.model_copy(update={"key_commitment": "0x" + "11" * 32})
        with pytest.raises(OpeningError) as refusal:
            unseal_untrusted(here, sealed.model_copy(update={"header": lie}), "audit", ALL)
        failed = told(here)[-1]
    assert refusal.value.culprits == ("the sealer",)
    assert (failed.kind, failed.custodians, failed.wrong) == ("unseal_failed", ALL, ())


def test_a_wrapped_key_that_was_changed_is_refused(tmp_path):
    with custody(tmp_path) as here:
        changed = sealed_to(here.conductor.state).model_copy(update={"wrapped": "0x" + "00" * 32})
        with pytest.raises(OpeningError, match="was changed"):
            unseal_untrusted(here, changed, "audit", ALL)


# --- approvals ---


def test_four_approvals_end_it_before_any_token_answers(tmp_path):
    derived = []

    class Counting(SimulatedToken):
        def derive(self, key_id, point):
            derived.append(self._number)
            return super().derive(key_id, point)

        def sign(self, key_id, act):
            return super().sign(key_id, act) if self._number < 5 else bytes(64)

    with custody(tmp_path, Counting) as here:
        with pytest.raises(QuorumError, match="4 of 5 needed approvals; no token has answered") as refusal:
            opened(here)
        assert told(here)[-1].kind == "unseal_failed"
    assert derived == []
    assert [name.partition(":")[0] for name in refusal.value.culprits] == ["custodian 5 Eve", "custodian 6 Finn", "custodian 7 Gus"]


def test_a_token_that_signs_with_another_key_is_named_and_another_custodian_asked(tmp_path):
    class Stranger(SimulatedToken):
        def _one(self, key_id, role):
            return f"{77:064x}" if role is Role.GOVERNANCE and self._number == 2 else super()._one(key_id, role)

    with custody(tmp_path, Stranger) as here:
        opened(here)
        approved = [body.custodian for body in told(here) if body.kind == "envelope_approved"]
    assert approved == [1, 3, 4, 5, 6]


def test_a_no_to_the_approval_ends_it(tmp_path):
    with custody(tmp_path) as here:
        people = here.conductor.ports.people

        def refuse(who, _lines, question):
            if "3" in who and "approve" in question:
                raise Declined("no", culprits=(who,))

        people.confirm = refuse
        with pytest.raises(Declined):
            opened(here)
        assert [body.kind for body in told(here)] == ["custody_opened", "unseal_begun", "envelope_approved", "envelope_approved"]


def test_what_is_sealed_elsewhere_is_refused_before_anybody_is_asked(tmp_path):
    with custody(tmp_path) as here:
        with pytest.raises(OpeningError, match="not to this one"):
            unseal_untrusted(here, sealed_to(here.conductor.state, dealing=2), "audit", ALL)
        assert told(here) == []
        here.conductor.state.closing = None
        with pytest.raises(OutOfTurn):
            opened(here)


# --- a machine that cheats ---


def rig(monkeypatch, foreign):
    """This machine's queries are another envelope's point."""
    point = parse_point(from_hex(foreign.header.point))
    monkeypatch.setattr(untrusted, "draw_query", lambda own, entropy: draw_query(own, entropy)._replace(point=point))


def test_a_machine_that_asks_for_another_envelopes_point_gets_nothing(tmp_path, monkeypatch):
    """The agents commit, and never open."""
    with custody(tmp_path) as here:
        rig(monkeypatch, sealed_to(here.conductor.state, "the master secret", entropy=b"\x55" * 48))
        with pytest.raises(CombinerLied, match="not made of this envelope's"):
            opened(here)


def test_without_the_agents_check_that_machine_opens_the_other_envelope(tmp_path, monkeypatch):
    """What the check keeps out is real: five answers for a lunch menu would open the master secret."""
    seen = {}

    def spy(pair, *_given, index, **_facts):
        seen[index] = to_hex(pair.to_query)
        raise OpeningError("the two answers do not fit together", culprits=())

    monkeypatch.setattr(inquiry, "require_query", lambda *_: None)
    monkeypatch.setattr(untrusted, "judge_pair", spy)
    with custody(tmp_path) as here:
        foreign = sealed_to(here.conductor.state, "the master secret", entropy=b"\x55" * 48)
        rig(monkeypatch, foreign)
        with pytest.raises(OpeningError, match="right answers: 0"):
            opened(here)
    stolen = combine(Combine(header=foreign.header, k=5, answers=tuple(sorted(seen.items())[:5])))
    assert unwrap_key(from_hex(stolen.file_key), foreign) == KEY
