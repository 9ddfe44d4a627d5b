"""A closed ceremony's shards at work: five tokens open an envelope, liars are named, holders prove, and all of it is written down."""

from contextlib import suppress

import pytest

from ceremony.conductor.custody import Custody, master_key, prove, unseal
from ceremony.errors import Declined, OpeningError, OutOfTurn, TranscriptError
from ceremony.records.custody_entries import CustodyEntry, CustodyOpened
from ceremony.records.evidence import SealedHeader
from ceremony.shards.field import SCALAR_BYTES
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.simulators.custody import ALL, KEY, custody, sealed_to
from tests.simulators.played_on import state_of
from tests.simulators.ports import LocalCombiner
from tests.simulators.stages import Stage, ceremony_at
from tests.simulators.tokens import SimulatedToken


def liars(*who):
    """Tokens whose answers to a question about the shard are made up."""

    class Liar(SimulatedToken):
        def derive(self, key_id, point):
            x = super().derive(key_id, point)
            return bytes([x[0] ^ 1]) + x[1:] if self.describe().serial in {f"sim{number}" for number in who} else x

    return Liar


def told(here):
    return [entry.body for entry in here.journal.book]


@pytest.mark.parametrize("who", [(1, 2, 3, 4, 5), (3, 4, 5, 6, 7), (7, 5, 3, 2, 1), ALL])
def test_five_tokens_open_what_anyone_sealed_and_it_is_written_down(tmp_path, who):
    with custody(tmp_path) as here:
        state = here.conductor.state
        sealed = sealed_to(state)
        size, root = here.conductor.size, here.conductor.root
        assert unseal(here, sealed, "audit", who)[0] == KEY
        opened, begun, done = told(here)
    assert (opened.ceremony, opened.size, opened.root) == (state.opened.ceremony, size, root)
    assert (begun.reason, begun.description, begun.custodians) == ("audit", "payroll", who)
    assert done.custodians == tuple(sorted(who)[:5])
    assert done.wrong == ()
    again = read_book(tmp_path / "ceremony" / "custody" / TRANSCRIPT, CustodyEntry)
    assert [entry.body.kind for entry in again] == ["custody_opened", "unseal_begun", "unsealed"]
    assert len(read_book(tmp_path / "ceremony" / TRANSCRIPT)) == size  # P4: the closed transcript has not grown


def test_a_liar_is_named_and_five_honest_ones_still_open(tmp_path):
    with custody(tmp_path, liars(2, 6)) as here:
        key, done = unseal(here, sealed_to(here.conductor.state), "audit", ALL)
        assert told(here)[-1] == done
    assert key == KEY
    assert done.custodians == (1, 3, 4, 5, 7)
    assert [(one.custodian, one.error) for one in done.wrong] == [(2, "OpeningError"), (6, "OpeningError")]


def test_with_three_liars_it_stays_closed_and_all_three_are_named(tmp_path):
    with custody(tmp_path, liars(2, 6, 7)) as here:
        with pytest.raises(OpeningError, match="right answers: 4, needed: 5") as refusal:
            unseal(here, sealed_to(here.conductor.state), "audit", ALL)
        failed = told(here)[-1]
    assert [name.partition(":")[0] for name in refusal.value.culprits] == [here.conductor.who(index) for index in (2, 6, 7)]
    assert (failed.kind, failed.custodians) == ("unseal_failed", (1, 3, 4, 5))


def test_with_nobody_named_it_asks_on_until_five_have_answered_rightly(tmp_path):
    with custody(tmp_path, liars(2)) as here:
        _, done = unseal(here, sealed_to(here.conductor.state), "audit", ALL, every=False)
    assert done.custodians == (1, 3, 4, 5, 6)
    assert [one.custodian for one in done.wrong] == [2]


class Watched(LocalCombiner):
    """A combiner that notes how many questions the people had been asked when it started, and that it was closed."""

    def __init__(self, people):
        super().__init__()
        self.began, self.closed = len(people.asked), False

    def close(self):
        self.closed = True


@pytest.mark.parametrize("who", [ALL, (1, 2)])
def test_the_combiner_starts_before_anybody_is_asked_and_is_gone_whatever_came_of_it(tmp_path, who):
    with custody(tmp_path) as here:
        ports, started = here.conductor.ports, []
        before = len(ports.people.asked)
        ports.open_combiner = lambda: started.append(Watched(ports.people)) or started[-1]
        with suppress(OpeningError):
            unseal(here, sealed_to(here.conductor.state), "audit", who)
        assert len(ports.people.asked) > before
    assert [(one.began, one.closed) for one in started] == [(before, True)]


@pytest.mark.parametrize("who", [(), (1,), (1, 2, 3, 4)])
def test_fewer_than_five_do_not_open(tmp_path, who):
    with custody(tmp_path) as here, pytest.raises(OpeningError, match="needed: 5"):
        unseal(here, sealed_to(here.conductor.state), "audit", who)


@pytest.mark.parametrize("change", [{"dealing": 2}, {"ceremony": "0x" + "99" * 32}])
def test_what_is_sealed_elsewhere_is_refused_before_anybody_is_asked(tmp_path, change):
    with custody(tmp_path) as here:
        with pytest.raises(OpeningError, match="not to this one"):
            unseal(here, sealed_to(here.conductor.state, **change), "audit", ALL)
        assert told(here) == []


def test_another_header_around_the_same_point_gets_no_answer(tmp_path):
    """An innocent description around another envelope's point: no agent's tag fits it."""
    with custody(tmp_path) as here:
        secret = sealed_to(here.conductor.state, "the master secret")
        innocent = secret.header.model_copy(update={"description": "lunch menu"})
        with pytest.raises(OpeningError, match="right answers: 0"):
            unseal(here, SealedHeader(header=innocent, wrapped=secret.wrapped), "lunch", ALL)


def test_a_stanza_that_was_changed_is_refused(tmp_path):
    with custody(tmp_path) as here:
        sealed = sealed_to(here.conductor.state)
        other = sealed.model_copy(update={"wrapped": sealed.wrapped[:-1] + ("0" if sealed.wrapped[-1] != "0" else "1")})
        with pytest.raises(OpeningError, match="was changed"):
            unseal(here, other, "audit", ALL)


def test_a_custodian_who_says_no_ends_it(tmp_path):
    with custody(tmp_path) as here:
        people = here.conductor.ports.people

        def refuse(who, _lines, _question):
            if "3" in who:
                raise Declined("no", culprits=(who,))

        people.confirm = refuse
        with pytest.raises(Declined):
            unseal(here, sealed_to(here.conductor.state), "audit", ALL)
        assert [body.kind for body in told(here)] == ["custody_opened", "unseal_begun"]


def test_nothing_is_sealed_to_a_ceremony_that_is_not_closed(tmp_path):
    with pytest.raises(OutOfTurn, match="not closed yet"):
        master_key(state_of(ceremony_at(Stage.APPROVED, tmp_path)))


def test_a_journal_of_another_transcript_takes_no_entry(tmp_path):
    with custody(tmp_path) as here:
        here.journal.append(CustodyOpened(ceremony="0x" + "99" * 32, size=1, root="0x" + "99" * 32), lambda _entry: None)
        with pytest.raises(TranscriptError, match="belongs to another transcript"):
            Custody(here.conductor, here.journal)


# --- proofs ---


def test_every_holder_proves_alone_and_never_the_same_way_twice(tmp_path):
    with custody(tmp_path) as here:
        assert prove(here, ALL) == ()
        assert prove(here, (4,)) == ()
        proofs = [body for body in told(here) if body.kind == "holding_proven"]
    assert [one.custodian for one in proofs] == [*ALL, 4]
    assert len({(one.point, one.nonce, one.answer) for one in proofs}) == 8


def test_a_token_without_its_shard_is_named(tmp_path):
    with custody(tmp_path, liars(5)) as here:
        wrong = prove(here, ALL)
        kinds = [(body.kind, body.custodian) for body in told(here)[1:]]
    assert [(one.custodian, one.error) for one in wrong] == [(5, "TokenLied")]
    assert ("holding_failed", 5) in kinds
    assert len([kind for kind, _ in kinds if kind == "holding_proven"]) == 6


def test_a_proof_opens_nothing(tmp_path):
    """What comes back is bound and hashed, never the token's ECDH result."""
    answers = []

    class Spy(SimulatedToken):
        def derive(self, key_id, point):
            answers.append(super().derive(key_id, point))
            return answers[-1]

    with custody(tmp_path, Spy) as here:
        prove(here, ALL)
        shown = " ".join(body.model_dump_json() for body in told(here))
    assert len(answers) == len(ALL)
    assert all(len(x) == SCALAR_BYTES and x.hex() not in shown for x in answers)
