"""One ceremony succeeds another: every registered envelope opens with the new shards before an old one is destroyed."""

import json

import pytest

from ceremony.cli import run_command
from ceremony.cli.wiring import require_unused
from ceremony.conductor.anchoring import require_act, require_approved
from ceremony.conductor.approving import describe_owed, require_asked, require_owed
from ceremony.conductor.closing import name_others
from ceremony.conductor.custody import Custody, register, require_bound, require_sealed_here, unseal
from ceremony.conductor.running import owed_to_run, take
from ceremony.conductor.self_test import self_test
from ceremony.conductor.succeeding import find_carried, leave_behind, leave_out, registered
from ceremony.custody.messages import PayloadSeen
from ceremony.errors import (
    ApprovalError,
    ChainMismatch,
    Declined,
    OpeningError,
    OutOfTurn,
    PinWrong,
    QuorumError,
    TokenError,
    TokenLied,
    TokenMissing,
    TranscriptError,
)
from ceremony.hsm.token import Role, object_id
from ceremony.protocol.steps import StepKind
from ceremony.records.base import from_hex
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.roster_entries import RunStarted
from ceremony.transcript.journal import Journal, read_book
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.simulators.ceremony_directory import NO_DIGEST
from tests.simulators.custody import ALL, KEY, custody, sealed_to
from tests.simulators.played_on import kinds, state_of
from tests.simulators.ports import PIN, LocalCombiner
from tests.simulators.stages import Stage, ceremony_at, kind_of_token, run_until
from tests.simulators.successor import ENVELOPES, SPOILT, SuccessorCeremony, handed_over, successor_at
from tests.simulators.tokens import SimulatedToken


def test_a_successor_takes_over_roster_and_envelopes(tmp_path):
    ceremony = successor_at(tmp_path)
    state = ceremony.play()
    assert state.owed(frozenset(state.closing.custodians)) == ()
    found = kinds(ceremony)
    assert found.count("rewrapped") == found.count("reopened") == len(ENVELOPES)
    assert found.index("anchored") < found.index("rewrap_begun") < found.index("reopened") < found.index("shard_destroyed")
    assert (found.count("consented"), found.count("shard_destroyed")) == (5, 7)


def test_verify_believes_the_successor(tmp_path):
    ceremony = successor_at(tmp_path)
    state = ceremony.play()
    data, note = ((ceremony.directory / name).read_bytes() for name in ("transcript", "checkpoint"))
    report = verify(data, note, Trust(contract=state.contract, readers=(ceremony.chain,), rehearsal=True), every=True)
    assert [row.failure for row in report.rows if row.failure] == []
    assert report.verdict is Verdict.SINGLE_SOURCE


def test_the_new_five_open_what_the_old_ones_were_sealed_to(tmp_path):
    ceremony = successor_at(tmp_path)
    with ceremony.predecessor(ceremony.ports()) as old:
        files = [one.sealed for one in registered(old)]
        stranger = sealed_to(old.conductor.state, "never registered", entropy=b"\x77" * 48)
    ceremony.play()

    def open_all(c):
        place = ceremony.directory / "custody"
        with Journal(place, ceremony._clock, create=True, kind=CustodyEntry) as written:
            here = Custody(c, written)
            keys = [unseal(here, find_carried(c.state, sealed), "test", ALL)[0] for sealed in files]
            assert keys == [KEY] * len(ENVELOPES)
            assert not register(here, files[0])
            with pytest.raises(OpeningError, match="not to this one"):
                unseal(here, find_carried(c.state, stranger), "test", ALL)
        require_bound(written.book, c.journal.book, c.state)

    ceremony.conduct(open_all)


def test_those_who_hand_over_read_whose_the_new_keys_are(tmp_path):
    ceremony = handed_over(successor_at(tmp_path), StepKind.APPROVE)
    state = state_of(ceremony)
    read = describe_owed(state, require_owed(state, read_book(ceremony.directory / "transcript"), frozenset(), 1))
    assert f"  custodian 7 Jin: {state.roster[7]}" in read
    assert "Who goes:  Eve, Finn, Gus; who comes: Hana, Ivo, Jin" in read


def test_whoever_is_of_the_other_roster_is_told_whose_turn_it_is(tmp_path):
    ceremony = handed_over(successor_at(tmp_path), StepKind.APPROVE)
    state = state_of(ceremony)
    with pytest.raises(OutOfTurn, match="turn of the old roster, and Jin is of the new one"):
        require_asked(state, "Jin")
    assert (require_asked(state, "Ada"), require_asked(state, "Gus")) == (1, 7)
    with pytest.raises(QuorumError, match="0 of 5 needed approvals of the old roster") as refusal:
        require_approved(state, require_act(state))
    assert refusal.value.culprits[4:] == tuple(f"custodian {who} has not approved" for who in ("5 Eve", "6 Finn", "7 Gus"))
    state = state_of(handed_over(ceremony, StepKind.CONSENT))
    with pytest.raises(OutOfTurn, match="turn of the new roster, and Gus is of the old one"):
        require_asked(state, "Gus")
    assert require_asked(state, "Jin") == 7
    with pytest.raises(ApprovalError, match="no custodian"):
        require_asked(state, "Zoe")


def test_any_five_of_the_old_hand_over_and_a_liar_among_them_is_named(tmp_path):
    class Liar(SimulatedToken):
        lies = False

        def derive(self, key_id, point):
            x = super().derive(key_id, point)
            return x[::-1] if type(self).lies else x

    told = []
    ceremony = successor_at(tmp_path, make_token=kind_of_token({3: Liar}), tell=told.append)
    handed_over(ceremony, StepKind.LIST)
    ceremony.lose("sim6")
    Liar.lies = True
    run_until(ceremony, StepKind.REOPEN)
    Liar.lies = False
    rewrapped = state_of(ceremony).rewrapped
    assert {one.custodians for one in rewrapped.values()} == {(1, 2, 4, 5, 7)}
    assert any("custodian 3 Cleo: OpeningError" in line for line in told)
    assert any("custodian 6 Finn: TokenMissing" in line for line in told)


def test_with_three_old_tokens_gone_nothing_is_carried_over_and_nothing_is_lost(tmp_path):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REWRAP)
    ceremony.lose("sim5", "sim6", "sim7")
    with pytest.raises(OpeningError, match="4 tokens are there") as refusal:
        ceremony.run()
    assert [name.partition(":")[0] for name in refusal.value.culprits] == ["custodian 5 Eve", "custodian 6 Finn", "custodian 7 Gus"]
    assert "rewrapped" not in kinds(ceremony)
    ceremony._lost.clear()
    assert ceremony.play().closing


def test_an_envelope_with_wrong_tags_blocks_until_it_is_left_behind_openly(tmp_path):
    ceremony = handed_over(successor_at(tmp_path, envelopes=("payroll", SPOILT, "model key")), StepKind.REWRAP)
    with pytest.raises(OpeningError, match=r"envelope 2 \(sealed by a stranger\) cannot be carried over") as refusal:
        ceremony.run()
    assert "--leave-out 2" in refusal.value.next_step
    with pytest.raises(OutOfTurn, match="envelope 3 is not the one"):
        ceremony.conduct(lambda c: leave_out(c, 3))
    ceremony.conduct(lambda c: leave_out(c, 2))
    state = state_of(handed_over(ceremony, StepKind.CONSENT))
    read = describe_owed(state, require_owed(state, read_book(ceremony.directory / "transcript"), frozenset(), 1))
    assert any("LOST: 2. sealed by a stranger" in line for line in read)
    state = ceremony.play()
    assert sorted(state.rewrapped) == [1, 3]
    with ceremony.predecessor(ceremony.ports()) as old:
        stranded = registered(old)[1].sealed.header
        with pytest.raises(OpeningError, match="has succeeded this one") as told:
            unseal(old, registered(old)[0].sealed, "test", ALL)
        assert "successor's directory" in told.value.next_step
    with pytest.raises(OpeningError, match="was left behind"):
        require_sealed_here(state, stranded)
    report = verify((ceremony.directory / "transcript").read_bytes(), None, Trust(rehearsal=True), every=True)
    assert any("LOST: 2 sealed by a stranger" in row.line for row in report.rows)


class Unwilling:
    """Says no in some people's names."""

    def __init__(self, *names):
        self.names, self.asked = names, []

    def __call__(self, who, _lines, _question):
        self.asked.append(who)
        if who.endswith(self.names):
            raise Declined(f"{who} said no")


def test_whoever_says_no_is_passed_over_and_nobody_is_asked_in_the_name_of_somebody_who_is_absent(tmp_path, monkeypatch):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REWRAP)
    ceremony.lose("sim2")
    monkeypatch.setattr(ceremony.people, "confirm", unwilling := Unwilling("Ada"))
    run_until(ceremony, StepKind.REOPEN)
    assert {one.custodians for one in state_of(ceremony).rewrapped.values()} == {(3, 4, 5, 6, 7)}
    assert "custodian 2 Ben" not in unwilling.asked


def test_with_three_who_say_no_nothing_is_carried_over(tmp_path, monkeypatch):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REWRAP)
    monkeypatch.setattr(ceremony.people, "confirm", Unwilling("Ada", "Ben", "Cleo"))
    with pytest.raises(OpeningError) as refusal:
        ceremony.run()
    assert refusal.value.culprits[0] == "custodian 1 Ada: Declined"
    assert "rewrapped" not in kinds(ceremony)


def test_an_old_custodian_who_says_no_keeps_nobody_else_from_destroying_their_shard(tmp_path, monkeypatch):
    ceremony = handed_over(successor_at(tmp_path), StepKind.DESTROY)
    monkeypatch.setattr(ceremony.people, "confirm", Unwilling("Ben"))
    with pytest.raises(Declined, match="OUTSTANDING: 1"):
        ceremony.run()
    assert kinds(ceremony).count("shard_destroyed") == 6


def test_a_wrapping_that_holds_another_key_stops_it_before_any_shard_is_destroyed(tmp_path, monkeypatch):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REOPEN)
    monkeypatch.setattr(LocalCombiner, "reopen", lambda _self, _request: PayloadSeen(payload="0x" + "00" * 32))
    with pytest.raises(TranscriptError, match="envelope 1, as it is wrapped now, holds another key"):
        ceremony.run()
    assert "reopened" not in kinds(ceremony)


def test_no_shard_of_the_old_dealing_is_destroyed_while_it_is_needed(tmp_path):
    """Power fails after every step: each envelope has one complete set that opens it, at every moment."""
    ceremony = successor_at(tmp_path)
    ceremony.start()
    with ceremony.predecessor(ceremony.ports()) as old:
        before = old.conductor.state
        place = from_hex(before.opened.ceremony)
    seen = []

    def one_step(c):
        c.write(RunStarted(tool=NO_DIGEST, self_tests=self_test()))
        if owed := owed_to_run(c):
            take(c, owed)

    for _ in range(400):
        state = state_of(ceremony)
        owed = ceremony.owed(state)
        if not owed:
            break
        if owed[0].kind in {StepKind.APPROVE, StepKind.ANCHOR, StepKind.CONSENT, StepKind.SIGN}:
            ceremony.take(owed[0], state)
        else:
            ceremony.conduct(one_step)
        held = 0
        for number in range(1, 8):
            token = SimulatedToken(tmp_path / "parts" / f"sim{number}.json", bytes, serial="x", pin=PIN, number=number)
            token.login(PIN)
            held += token.count(object_id(place, before.dealing, Role.SHARD, number), Role.SHARD)
        state = state_of(ceremony)
        reopened = kinds(ceremony).count("reopened")
        seen.append(held)
        assert held == 7 or (reopened == len(ENVELOPES) and len(state.consents) >= 5)
    assert (seen[0], seen[-1]) == (7, 0)
    assert state_of(ceremony).closing


# --- what may not be ---


def test_a_transcript_that_all_have_signed_takes_no_other_naming(tmp_path):
    with custody(tmp_path) as here:
        c = here.conductor
        signed = frozenset(c.state.closing.custodians)
        with pytest.raises(OutOfTurn, match="takes no more entries"):
            name_others(c, "Ada, Ben, Cleo, Dan, Gus", signed)
        with pytest.raises(OutOfTurn, match="rests on this transcript"):
            require_unused(tmp_path / "ceremony")
    require_unused(tmp_path)


def test_what_was_succeeded_is_neither_sealed_to_nor_succeeded_again(tmp_path, capsys):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REWRAP)
    old, plain = str(ceremony.before), tmp_path / "plain"
    plain.write_text("x")
    commands = (
        ["seal", "--master", old, str(plain), "-o", str(tmp_path / "doomed")],
        ["master", old, "-o", str(tmp_path / "master.pub")],
        ["replace", old, "-o", str(tmp_path / "again.toml")],
    )
    for command in commands:
        assert run_command(command) == OutOfTurn.exit_code
        assert "has succeeded this one" in capsys.readouterr().err
    assert not any((tmp_path / name).exists() for name in ("doomed", "master.pub", "again.toml"))
    assert run_command(["status", old]) == 0
    assert "Succeeded by ceremony 0x" in capsys.readouterr().out


def test_an_old_register_that_was_closed_takes_no_more(tmp_path):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REWRAP)
    with ceremony.predecessor(ceremony.ports()) as old:
        late = sealed_to(old.conductor.state, "late", entropy=b"\x66" * 48)
        with pytest.raises(OutOfTurn, match="register is closed"):
            register(old, late)


@pytest.mark.parametrize(
    ("stage", "error", "message"),
    [(StepKind.LIST, ChainMismatch, "epoch 2"), (StepKind.REWRAP, OutOfTurn, "has succeeded this one")],
)
def test_a_ceremony_is_succeeded_once_and_a_rival_is_told_before_anybody_enrols(stage, error, message, tmp_path):
    first = handed_over(successor_at(tmp_path), stage)
    second = SuccessorCeremony(tmp_path, 9)
    second.directory = tmp_path / "rival"
    second.start()
    with pytest.raises(error, match=message):
        second.run()
    assert "enrol_begun" not in kinds(second)
    assert first.play().closing


def test_the_directory_must_hold_the_ceremony_that_the_plan_means(tmp_path):
    ceremony = successor_at(tmp_path)
    text = ceremony.plan_text()
    ceremony.plan_text = lambda: text.replace(text.split('ceremony = "')[1][:66], "0x" + "5e" * 32, 1)
    ceremony.start()
    with pytest.raises(TranscriptError, match="not the one that this plan succeeds"):
        ceremony.run()


def test_a_register_that_changed_after_it_was_listed_is_refused(tmp_path):
    ceremony = handed_over(successor_at(tmp_path), StepKind.REWRAP)
    custody = ceremony.before / "custody" / "transcript"
    lines = custody.read_bytes().splitlines(keepends=True)
    custody.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(TranscriptError, match="not the one that was listed"):
        ceremony.run()


def test_an_old_token_that_keeps_its_shard_is_named(tmp_path):
    class Keeps(SimulatedToken):
        keeps = False

        def destroy(self, key_id, role):
            if not type(self).keeps:
                super().destroy(key_id, role)

    ceremony = handed_over(successor_at(tmp_path, make_token=kind_of_token({2: Keeps})), StepKind.DESTROY)
    Keeps.keeps = True
    with pytest.raises(TokenLied) as refusal:
        ceremony.run()
    assert refusal.value.culprits == ("custodian 2 Ben: TokenLied: the token still lists keys of the dealing that it was to destroy",)
    assert kinds(ceremony).count("shard_destroyed") == 6
    Keeps.keeps = False
    assert ceremony.play().closing


@pytest.mark.parametrize("lost", ["connection", "PIN"])
def test_no_twin_destroys_its_shard_without_the_token_that_signs_for_it(tmp_path, lost, monkeypatch):
    ceremony = handed_over(successor_at(tmp_path, twins=True), StepKind.DESTROY)
    if lost == "connection":
        ceremony.lose("sim3", "sim5")
    forgotten = ("sim3", "sim5") if lost == "PIN" else ()
    monkeypatch.setattr(ceremony.people, "pin", lambda _who, serial: "forgotten" if serial in forgotten else PIN)
    with pytest.raises(TokenError, match="OUTSTANDING: 3") as refusal:
        ceremony.run()
    _, twin, apart = refusal.value.culprits
    error = type(refusal.value).__name__
    assert twin.startswith(f"custodian 3 Cleo, token 2: {error}: custodian 3 Cleo needs the token that signs (token 1): ")
    assert apart.startswith(f"custodian 5 Eve, token 2: {error}: custodian 5 Eve needs the token that signs (token 1): ")
    for serial in ("sim13", "sim15"):
        keys = json.loads((tmp_path / "parts" / f"{serial}.json").read_text())["keys"]
        assert [name for name, values in keys.items() if name.startswith(Role.SHARD) and values]
    assert kinds(ceremony).count("shard_destroyed") == 5
    ceremony._lost.clear()
    monkeypatch.undo()
    assert ceremony.play().closing
    assert kinds(ceremony).count("shard_destroyed") == 8


def test_an_absent_old_custodian_is_owed_until_the_operator_says_what_became_of_the_token(tmp_path):
    ceremony = handed_over(successor_at(tmp_path), StepKind.DESTROY)
    ceremony.lose("sim7")
    for _ in range(2):
        with pytest.raises(TokenMissing, match="OUTSTANDING: 1"):
            ceremony.run()
    with pytest.raises(OutOfTurn, match="no old shard of custodian 1 Ada"):
        ceremony.conduct(lambda c: leave_behind(c, "Ada"))
    with pytest.raises(ApprovalError, match="no custodian"):
        ceremony.conduct(lambda c: leave_behind(c, "Jin"))
    ceremony.conduct(lambda c: leave_behind(c, "Gus"))
    state = ceremony.play()
    assert state.left_behind.keys() == {(7, 1)}
    report = verify((ceremony.directory / "transcript").read_bytes(), None, Trust(rehearsal=True), every=True)
    assert any("OUTSTANDING: custodian 7 Gus" in row.line for row in report.rows)


def test_a_token_that_was_never_tried_and_is_here_is_not_called_outstanding(tmp_path, monkeypatch):
    ceremony = handed_over(successor_at(tmp_path, twins=True), StepKind.DESTROY)
    for name, here in {"Gus": ("custodian 7 Gus",), "Cleo": ("custodian 3 Cleo, token 1", "custodian 3 Cleo, token 2")}.items():
        with pytest.raises(OutOfTurn, match="its token is here: run without --outstanding") as refusal:
            ceremony.conduct(lambda c: leave_behind(c, name))  # noqa: B023 - called now
        assert refusal.value.culprits == here
    ceremony.lose("sim3")
    ceremony.conduct(lambda c: leave_behind(c, "Cleo"))  # her other token does nothing without the one that signs
    ceremony._lost.clear()
    monkeypatch.setattr(ceremony.people, "pin", lambda _who, serial: "forgotten" if serial == "sim7" else PIN)
    with pytest.raises(PinWrong, match="OUTSTANDING: 1"):
        ceremony.run()
    ceremony.conduct(lambda c: leave_behind(c, "Gus"))  # it is here, was tried, and nobody knows its PIN
    assert ceremony.play().left_behind.keys() == {(3, 1), (3, 2), (7, 1)}


def test_a_first_ceremony_has_nobody_before_it(tmp_path):
    ports = ceremony_at(Stage.OPENED, tmp_path).ports()
    with pytest.raises(OutOfTurn, match="names no predecessor"):
        ports.open_predecessor(ports)


def test_the_book_of_a_successor_reads_back(tmp_path):
    ceremony = successor_at(tmp_path, envelopes=())
    state = ceremony.play()
    assert len(read_book(ceremony.directory / "transcript")) == state.size
    assert state.rewrapped == {}
    assert state.summary.act.envelopes == 0
