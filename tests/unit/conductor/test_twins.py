"""Twin tokens, and a shard in a token that cannot unwrap: each token is loaded, proven and cleaned up by itself (DESIGN 4.2, P1)."""

import json
from collections import Counter

import pytest

from ceremony.cli.wiring import open_agent
from ceremony.conductor.custody import prove, unseal
from ceremony.conductor.dealing import abandon
from ceremony.conductor.requests import answer, combine, require_reply_key
from ceremony.conductor.untrusted import unseal_untrusted
from ceremony.errors import CeremonyError, DealingError, ModuleError, TokenLied, TokenMissing
from ceremony.hsm.token import Role
from ceremony.protocol.steps import StepKind
from ceremony.records.base import from_hex
from ceremony.shards.plain import is_import_key
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.simulators.ceremony_directory import SimulatedCeremony, twin_plan
from tests.simulators.custody import ALL, KEY, custody, sealed_to
from tests.simulators.played_on import state_of
from tests.simulators.ports import LocalAgent
from tests.simulators.randomness import Clock
from tests.simulators.requests import SECRET, answers_to, requested
from tests.simulators.stages import Stage, ceremony_at, kind_of_token, run_until
from tests.simulators.tokens import SimulatedToken

HOLDERS = ((1, 1), (2, 1), (3, 1), (3, 2), (4, 1), (5, 2), (6, 1), (7, 1))
SERIALS = ("sim1", "sim2", "sim3", "sim13", "sim4", "sim15", "sim6", "sim7")
"""Of the tokens that hold shards, in the same order; sim5 signs only."""
PRIMARY, BACKUP = 3, 13


def whose(found):
    return tuple((body.custodian, body.token_number) for body in found)


def bodies(ceremony, kind):
    return [entry.body for entry in read_book(ceremony.directory / TRANSCRIPT) if entry.body.kind == kind]


def held(base, serial, role):
    keys = json.loads((base / "parts" / f"{serial}.json").read_text())["keys"]
    return [value for name, values in keys.items() if name.startswith(role) for value in values]


def gone(*numbers):
    """Tokens that are not connected any more."""

    class Gone(SimulatedToken):
        def login(self, pin):
            if self._number in numbers:
                raise TokenMissing(f"no token {self._number}", culprits=(f"token {self._number}",))
            super().login(pin)

    return Gone


def liar(number):
    """Tokens of which this one's answers to a question about the shard are made up."""

    class Liar(SimulatedToken):
        def derive(self, key_id, point):
            x = super().derive(key_id, point)
            return bytes([x[0] ^ 1]) + x[1:] if self._number == number else x

    return Liar


# --- a whole ceremony ---


def test_each_token_that_is_to_hold_a_shard_takes_every_step_of_its_own(tmp_path):
    ceremony = ceremony_at(Stage.CLOSED, tmp_path, twins=True)
    for kind in ("transport_made", "load_begun", "loaded", "holding_begun", "holding_attested", "retire_begun", "retired"):
        assert whose(bodies(ceremony, kind)) == HOLDERS, kind
    for body in bodies(ceremony, "holding_attested"):
        others = tuple((one.holder, one.token_number) for one in body.evidence.observations)
        assert others == tuple(one for one in HOLDERS if one != (body.custodian, body.token_number))
    assert [body.custodian for body in bodies(ceremony, "enrolled")] == list(ALL)
    assert len(bodies(ceremony, "dealt")[0].wrapped) == len(HOLDERS)


def test_twins_hold_one_shard_and_a_token_that_signs_only_holds_none(tmp_path):
    ceremony_at(Stage.CLOSED, tmp_path, twins=True)
    shards = [held(tmp_path, serial, Role.SHARD) for serial in SERIALS]
    assert all(len(shard) == 1 for shard in shards)
    assert Counter(shard[0] for shard in shards)[shards[2][0]] == 2
    assert shards[2] == shards[3]
    assert (held(tmp_path, "sim5", Role.SHARD), len(held(tmp_path, "sim5", Role.GOVERNANCE))) == ([], 1)
    assert all(held(tmp_path, f"sim{number}", Role.GOVERNANCE) == [] for number in (13, 15))
    assert all(held(tmp_path, serial, Role.TRANSPORT) == [] for serial in SERIALS)


def test_the_shard_of_a_token_that_cannot_unwrap_goes_to_its_agent_alone(tmp_path):
    ceremony = ceremony_at(Stage.DEALT, tmp_path, twins=True)
    made = {(body.custodian, body.token_number): body for body in bodies(ceremony, "transport_made")}
    assert [one for one, body in made.items() if is_import_key(from_hex(body.public_key))] == [(5, 2)]
    assert (made[5, 2].attributes, made[5, 2].transport.serial) == ({}, "sim15")
    assert [one for one, body in made.items() if body.seen] == [(3, 2), (5, 2)]
    sizes = {path.name: path.stat().st_size for path in (ceremony.directory / "blobs").iterdir()}
    assert sizes["dealing-1-shard-5-token-2.wrapped"] == 80
    assert sizes["dealing-1-shard-3-token-2.wrapped"] == sizes["dealing-1-shard-3.wrapped"] == 256


def test_verify_says_what_the_host_saw_and_by_whose_leave(tmp_path):
    ceremony = ceremony_at(Stage.CLOSED, tmp_path, twins=True)
    data, note = ((ceremony.directory / name).read_bytes() for name in (TRANSCRIPT, "checkpoint"))
    report = verify(data, note, Trust(rehearsal=True), every=True)
    found = {row.check: row for row in report.rows}
    assert [row.failure for row in report.rows if row.failure] == []
    named = found["plain_imports_are_named"].finding
    assert named.evidence == "the host saw this shard: custodian 5 Eve, token 2, serial sim15 (it cannot unwrap)"
    assert named.rests == "not proven: the plan allows it by name"
    assert "8 tokens hold 7 shards" in found["shards_cannot_leave"].finding.evidence
    assert found["holding_was_attested"].finding.evidence.startswith("56 challenges")
    assert found["holding_was_attested"].finding.rests == "attested by 7 of 7"


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for place in ("one", "other"):
        SimulatedCeremony(tmp_path / place, 5, plan=twin_plan()).play()
    assert len({(tmp_path / place / "ceremony" / TRANSCRIPT).read_bytes() for place in ("one", "other")}) == 1


# --- what may break ---


def test_a_backup_with_another_shard_is_named(tmp_path):
    ceremony = ceremony_at(Stage.CONFIRMED, tmp_path, twins=True, make_token=liar(BACKUP))
    with pytest.raises(CeremonyError) as refusal:
        ceremony.run()
    assert isinstance(refusal.value, TokenLied)
    assert refusal.value.culprits == ("custodian 3 Cleo, token 2",)


def test_a_dealing_thrown_away_is_cleaned_up_in_every_token(tmp_path):
    ceremony = ceremony_at(Stage.LOADED, tmp_path, twins=True)
    ceremony.conduct(lambda c: abandon(c, "the operator asked for a new one"))
    assert state_of(ceremony).outstanding() == tuple((1, *one) for one in HOLDERS)
    run_until(ceremony, StepKind.HOLDING)
    assert whose(bodies(ceremony, "discarded")) == HOLDERS
    assert [len(held(tmp_path, serial, Role.SHARD)) for serial in SERIALS] == [1] * len(SERIALS)


@pytest.mark.parametrize("stage", [Stage.CONFIRMED, Stage.DEALT])
def test_a_one_time_key_ends_with_its_process_and_the_dealing_with_it(stage, tmp_path):
    ceremony = ceremony_at(stage, tmp_path, twins=True)  # agents of a new run: the one that made the key is gone
    run_until(ceremony, StepKind.HOLDING)
    (reason,) = [body.reason for body in bodies(ceremony, "dealing_abandoned")]
    assert "one-time key" in reason
    assert "custodian 5 Eve, token 2" in reason
    assert (len(bodies(ceremony, "dealt")), state_of(ceremony).dealing) == (1 if stage is Stage.CONFIRMED else 2, 2)
    assert [len(held(tmp_path, serial, Role.SHARD)) for serial in SERIALS] == [1] * len(SERIALS)


def test_a_shard_that_is_in_the_token_already_needs_no_key_again(tmp_path):
    class Pulled(SimulatedToken):
        def import_shard(self, key_id, scalar):
            super().import_shard(key_id, scalar)
            raise KeyboardInterrupt

    ceremony = SimulatedCeremony(tmp_path, 4, plan=twin_plan(), make_token=kind_of_token({15: Pulled}))
    ceremony.start()
    with pytest.raises(KeyboardInterrupt):
        ceremony.run()
    assert whose(bodies(ceremony, "load_begun"))[-1] == (5, 2)
    again = SimulatedCeremony(tmp_path, 5)
    again.run()
    assert bodies(again, "dealing_abandoned") == []
    assert whose(bodies(again, "loaded")) == HOLDERS


def test_what_the_dealer_sealed_must_be_the_shard(tmp_path):
    class Careless(LocalAgent):
        def send(self, request):
            if request.ask == "load" and request.plain:
                request = request.model_copy(update={"commitments": request.commitments[::-1]})
            super().send(request)

    ceremony = SimulatedCeremony(tmp_path, 4, plan=twin_plan())
    ports = ceremony.ports

    def careless():
        made = ports()
        honest = made.open_agent

        def open_agent(who, token):
            agent = honest(who, token)
            agent.__class__ = Careless
            return agent

        made.open_agent = open_agent
        return made

    ceremony.ports = careless
    ceremony.start()
    with pytest.raises(DealingError, match="not the shard that the commitments say") as refusal:
        ceremony.run()
    assert refusal.value.culprits == ("the dealer",)
    assert held(tmp_path, "sim15", Role.SHARD) == []


def test_the_mark_of_a_token_that_does_not_sign_is_founded_with_its_first_key_and_missed(tmp_path):
    ceremony = ceremony_at(Stage.LOADED, tmp_path, twins=True)
    marks = [path for path in (tmp_path / "parts" / "marks").iterdir() if path.name.startswith("sim13-")]
    assert len(marks) == 1
    marks[0].unlink()
    run_until(ceremony, StepKind.DEPLOY)
    assert whose(bodies(ceremony, "mark_founded")) == ((3, 2),)
    assert ("custodian 3 Cleo, token 2", "Found it anew at the transcript as it stands?") in ceremony.people.asked


@pytest.mark.parametrize("number", [28, 34, 37, 47, 66, 74, 76, 88, 120])
def test_cut_off_before_any_entry_it_is_carried_on(number, tmp_path):
    class Cut(Clock):
        left = number

        def __call__(self):
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt
            return super().__call__()

    ceremony = SimulatedCeremony(tmp_path, 4, plan=twin_plan(), clock=Cut())
    ceremony.start()
    with pytest.raises(KeyboardInterrupt):
        ceremony.run()
    state = SimulatedCeremony(tmp_path, 5).play()
    assert (state.closing is not None, state.outstanding()) == (True, ())
    assert [len(held(tmp_path, serial, Role.SHARD)) for serial in SERIALS] == [1] * len(SERIALS)
    assert [held(tmp_path, serial, Role.TRANSPORT) for serial in SERIALS] == [[]] * len(SERIALS)


# --- afterwards ---


def told(here):
    return [entry.body for entry in here.journal.book]


@pytest.mark.parametrize("every", [True, False])
def test_a_lost_primary_is_not_the_loss_of_a_shard(every, tmp_path):
    with custody(tmp_path, gone(PRIMARY), twins=True) as here:
        key, done = unseal(here, sealed_to(here.conductor.state), "audit", (1, 2, 3, 4, 5), every=every)
    assert (key, done.custodians) == (KEY, (1, 2, 3, 4, 5))
    assert [(one.custodian, one.token_number, one.error) for one in done.wrong] == [(3, 1, "TokenMissing")]


def test_a_lying_primary_is_named_and_the_backup_answers_after_one_question(tmp_path):
    lines = []
    with custody(tmp_path, liar(PRIMARY), twins=True) as here:
        people = here.conductor.ports.people
        people._tell = lines.append
        _, done = unseal(here, sealed_to(here.conductor.state), "audit", (1, 2, 3, 4, 5))
    assert [(one.custodian, one.token_number, one.error) for one in done.wrong] == [(3, 1, "OpeningError")]
    assert [who for who, question in people.asked if question.startswith("Shall")].count("custodian 3 Cleo") == 1
    assert any("another token holds the same shard, and is asked now" in line for line in lines)
    assert any("custodian 3 Cleo, token 2: the token has answered" in line for line in lines)


def test_without_trust_in_the_sealer_a_backup_answers_both_questions_too(tmp_path):
    with custody(tmp_path, liar(PRIMARY), twins=True) as here:
        key, done = unseal_untrusted(here, sealed_to(here.conductor.state), "audit", (1, 2, 3, 4, 5))
    assert (key, done.custodians) == (KEY, (1, 2, 3, 4, 5))
    assert [(one.custodian, one.token_number) for one in done.wrong] == [(3, 1)]


def test_with_both_twins_gone_a_custodian_is_lost_and_the_others_still_open(tmp_path):
    with custody(tmp_path, gone(PRIMARY, BACKUP), twins=True) as here:
        _, done = unseal(here, sealed_to(here.conductor.state), "audit", ALL, every=False)
    assert done.custodians == (1, 2, 4, 5, 6)
    assert [(one.custodian, one.token_number) for one in done.wrong] == [(3, 1), (3, 2)]


def test_each_token_proves_by_itself(tmp_path):
    with custody(tmp_path, gone(PRIMARY), twins=True) as here:
        wrong = prove(here, (2, 3, 5))
        found = told(here)
    assert whose(wrong) == ((3, 1),)
    assert whose(body for body in found if body.kind == "holding_proven") == ((2, 1), (3, 2), (5, 2))
    assert whose(body for body in found if body.kind == "holding_failed") == ((3, 1),)


def test_over_several_places_a_backup_answers_too_and_the_signing_token_vouches(tmp_path):
    with custody(tmp_path / "requester", twins=True) as here:
        sealed, request = requested(here, (1, 2, 3, 4, 5))
        answers = answers_to(request, tmp_path, (1, 2, 3, 4, 5), liar(PRIMARY), twins=True)
        private = require_reply_key(request, SECRET)
        key, done = combine(here, request, sealed, answers, private)
    assert (key, done.custodians, done.wrong) == (KEY, (1, 2, 3, 4, 5), ())


def test_without_the_token_that_signs_nobody_answers_over_several_places(tmp_path):
    with custody(tmp_path / "requester", twins=True) as here:
        _, request = requested(here, (1, 2, 3, 4, 5))
        with pytest.raises(TokenMissing, match=r"custodian 3 Cleo needs the token that signs \(token 1\): no token 3"):
            answers_to(request, tmp_path, (3,), gone(PRIMARY), twins=True)


def test_a_process_that_ended_at_its_start_hides_no_reason_from_the_next_who_needs_it(tmp_path):
    """The real agent process: it cannot load /simulated, says so once, and ends; asked again, a dead one could only be called crashed."""
    with custody(tmp_path / "requester", twins=True) as here:
        _, request = requested(here, (1, 2, 3, 4, 5))
    with custody(tmp_path / "3", twins=True) as there:
        ports = there.conductor.ports
        simulated = ports.open_agent
        ports.open_agent = lambda who, token: open_agent(who, token) if token.serial == "sim3" else simulated(who, token)
        with pytest.raises(ModuleError, match=r"custodian 3 Cleo needs the token that signs \(token 1\)"):
            answer(there, request, 3)
        assert told(there)[-1].error == "ModuleError"
