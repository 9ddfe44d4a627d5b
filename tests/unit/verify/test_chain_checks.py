"""What endpoints can lie about, and the check that refuses it; later acts, which are no lies."""

from pathlib import Path

import pytest

from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.chain import Log
from ceremony.anchor.contract import slot_key
from ceremony.anchor.events import next_head
from ceremony.errors import ChainUnreachable
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen
from ceremony.verify.report import Report, Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.adversary.forge import Forger
from tests.adversary.lying_chain import LIES, WRONG_WORD, AnotherHead, Lie, Silent, later_log
from tests.adversary.played import Played
from tests.simulators.chain import LAG, WORD, SimulatedChain


class Mute(SimulatedChain):
    """Answers nothing at all."""

    def finalized(self) -> BlockSeen:
        raise ChainUnreachable(f"endpoint {self.name} cannot be reached", culprits=(self.name,))


def ask(played: Played, *readers: SimulatedChain, data: bytes | None = None, note: bytes | None = None) -> Report:
    trust = Trust(roster=played.roster, readers=readers, rehearsal=True)
    return verify(data or played.data, note or played.note, trust)


def assert_refused(report: Report, check: str, *culprits: str) -> None:
    failure = report.rows[-1].failure
    assert failure is not None
    assert failure.check == check
    assert report.verdict is (Verdict.HOLD if failure.said else Verdict.REFUSED)
    assert all(any(who.startswith(culprit) for who in failure.culprits) for culprit in culprits), failure.culprits


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lie_of_all_endpoints_is_refused(played: Played, tmp_path: Path, lie: Lie) -> None:
    readers = [played.endpoint(tmp_path, name, lie.kind) for name in ("one", "two")]
    assert_refused(ask(played, *readers), lie.by_all, readers[0].name)


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lie_of_the_only_endpoint_is_refused(played: Played, tmp_path: Path, lie: Lie) -> None:
    reader = played.endpoint(tmp_path, "one", lie.kind)
    assert_refused(ask(played, reader), lie.by_all, reader.name)


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lie_beside_an_honest_endpoint_is_refused(played: Played, tmp_path: Path, lie: Lie) -> None:
    honest, liar = played.endpoint(tmp_path, "honest"), played.endpoint(tmp_path, "liar", lie.kind)
    assert_refused(ask(played, honest, liar), lie.by_one, liar.name)


def test_an_endpoint_that_falls_silent_in_the_middle_gives_no_verdict_at_all(played: Played, tmp_path: Path) -> None:
    with pytest.raises(ChainUnreachable, match="silent"):
        ask(played, played.endpoint(tmp_path, "honest"), played.endpoint(tmp_path, "silent", Silent))


def test_a_silent_endpoint_is_left_out_and_named_unless_it_is_needed(played: Played, tmp_path: Path) -> None:
    readers = [played.endpoint(tmp_path, name) for name in ("one", "two")] + [played.endpoint(tmp_path, "mute", Mute)]
    report = ask(played, *readers)
    assert report.verdict is Verdict.VERIFIED
    assert any("2 of 3 endpoints agree" in row.line and "silent: https://mute.example" in row.line for row in report.rows)
    assert ask(played, readers[0], readers[2]).verdict is Verdict.SINGLE_SOURCE
    trust = Trust(roster=played.roster, readers=readers, needed=3, rehearsal=True)
    with pytest.raises(ChainUnreachable, match="2 of 3 endpoints answer, 3 must"):
        verify(played.data, played.note, trust)


def test_endpoints_that_contradict_each_other_are_a_hold_with_their_answers_kept(played: Played, tmp_path: Path) -> None:
    readers = [played.endpoint(tmp_path, "honest"), played.endpoint(tmp_path, "liar", AnotherHead)]
    report = ask(played, *readers)
    assert report.verdict is Verdict.HOLD
    assert int(report.verdict) == 14
    said = report.rows[-1].as_json()["said"]
    assert isinstance(said, dict)
    assert set(said) == {"https://honest.example", "https://liar.example"}
    assert len(set(said.values())) == 2


def test_a_pinned_block_makes_one_endpoint_enough(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one")
    block = reader.finalized()
    trust = Trust(roster=played.roster, readers=(reader,), pinned=(block.number, block.hash), rehearsal=True)
    report = verify(played.data, played.note, trust)
    assert report.verdict is Verdict.VERIFIED
    assert any("pinned by the reader" in row.line for row in report.rows)


def test_an_endpoint_that_has_another_block_in_the_pinned_ones_place_is_refused(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one")
    trust = Trust(roster=played.roster, readers=(reader,), pinned=(reader.finalized().number, "0x" + "55" * 32), rehearsal=True)
    assert_refused(verify(played.data, played.note, trust), "endpoints_agree", reader.name)


@pytest.mark.parametrize("kind", ["deployed", "proposed", "anchored"])
def test_a_block_invented_in_an_entry_is_named_with_that_entry(played: Played, tmp_path: Path, kind: str) -> None:
    forger = Forger(played.data, played.keys)
    place = forger.twist(kind, lambda body: body["seen"]["block"].update(time=body["seen"]["block"]["time"] + 1))
    report = ask(played, played.endpoint(tmp_path, "one"), data=forger.rebuild(), note=forger.close())
    assert_refused(report, "blocks_stand_on_chain", f"entry {place}", "https://one.example")


def test_a_receipt_from_a_block_that_was_reorganised_away(played: Played, tmp_path: Path) -> None:
    forger = Forger(played.data, played.keys)
    place = forger.twist("anchored", lambda body: body["block"].update(hash="0x" + "55" * 32))
    report = ask(played, played.endpoint(tmp_path, "one"), data=forger.rebuild(), note=forger.close())
    assert_refused(report, "blocks_stand_on_chain", f"entry {place}")


def test_the_death_of_a_stopped_act_is_looked_up_on_chain(played: Played, tmp_path: Path) -> None:
    forger = Forger(played.data, played.keys)
    forger.cut(forger.find("approval_begun"))
    seen = forger.body("proposed")["seen"]
    forger.append({"kind": "act_voided", "attempt": 1, "seen": {**seen, "block": {**seen["block"], "time": 2**40}}})
    data = forger.rebuild()
    offline = verify(data, None, played.offline)
    assert offline.verdict is Verdict.NOT_CLOSED
    assert next(row.finding for row in offline.rows if row.check == "stopped_acts_are_dead").rests != "proven"  # type: ignore[union-attr]
    report = verify(data, None, Trust(roster=played.roster, readers=(played.endpoint(tmp_path, "one"),), rehearsal=True))
    assert_refused(report, "blocks_stand_on_chain", f"entry {forger.find('act_voided')}")


def test_a_transcript_that_names_no_end_of_blocks_is_not_looked_up(played: Played, tmp_path: Path) -> None:
    forger = Forger(played.data, played.keys)
    forger.cut(forger.find("approval_begun"))
    proposed = forger.body("proposed")
    for attempt in range(1, 258):
        seen = {**proposed["seen"], "block": {**proposed["seen"]["block"], "time": 2**40 + attempt}}
        forger.append({"kind": "act_voided", "attempt": attempt, "seen": seen}, {**proposed, "attempt": attempt + 1})
    report = verify(forger.rebuild(), None, Trust(roster=played.roster, readers=(played.endpoint(tmp_path, "one"),), rehearsal=True))
    assert_refused(report, "blocks_stand_on_chain")
    assert "the entries name 259 blocks, more than the 256" in report.rows[-1].line


def test_two_readers_of_one_name_are_one_source(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one")
    assert ask(played, reader, reader).verdict is Verdict.SINGLE_SOURCE
    assert ask(played, reader, played.endpoint(tmp_path, "two")).verdict is Verdict.VERIFIED


def test_the_chains_genesis_is_of_another_ceremony(played: Played, tmp_path: Path) -> None:
    """All seven conspire: a second history of the same ceremony, over which the contract took no act."""
    forger = Forger(played.data, played.keys)
    forger.body("custody_stated")["statement"] = "Something else."
    data, note = forger.rebuild(), forger.close()
    assert verify(data, note, played.offline).verdict is Verdict.CHAIN_NOT_CHECKED
    assert_refused(ask(played, played.endpoint(tmp_path, "one"), data=data, note=note), "genesis_stands_on_chain", "https://one.example")


class Later(SimulatedChain):
    """The contract took one more act after the genesis, in a final block."""

    digest = WRONG_WORD

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.since = self._data["height"] - LAG + 1

    def _slots(self, number: int) -> dict[bytes, int]:
        held, artifact = super()._slots(number), load_artifact()
        if number < self.since:
            return held
        head, sequence = slot_key(artifact, "head"), slot_key(artifact, "sequence")
        return held | {head: int.from_bytes(next_head(held[head].to_bytes(WORD), WRONG_WORD)), sequence: held[sequence] + 1}

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        assert first <= last
        return (*super().logs(address, first, last), later_log(address, 1, self.digest))


class LaterOther(Later):
    digest = bytes(WORD)


def test_later_acts_follow_from_the_genesis(played: Played, tmp_path: Path) -> None:
    report = ask(played, played.endpoint(tmp_path, "one", Later))
    assert report.verdict is Verdict.SINGLE_SOURCE
    assert any("1 later acts" in row.line for row in report.rows)


def test_later_acts_that_do_not_give_the_head_are_refused(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one", LaterOther)
    assert_refused(ask(played, reader), "history_is_whole", reader.name)


def test_without_a_contract_nothing_is_checked_on_chain(played: Played, tmp_path: Path) -> None:
    forger = Forger(played.data)
    forger.cut(forger.find("deploy_begun"))
    report = verify(forger.rebuild(), None, Trust(roster=played.roster, readers=(played.endpoint(tmp_path, "one"),), rehearsal=True))
    assert report.verdict is Verdict.NOT_CLOSED
    assert [row.finding.limit for row in report.rows[-5:] if row.finding] == [Verdict.NOT_CLOSED] * 5


@pytest.mark.parametrize("size", ["approval_begun", "anchored"])
def test_the_chain_is_ahead_of_the_transcript(played: Played, tmp_path: Path, size: str) -> None:
    """Interrupted before the receipt was written: nothing is wrong, and it is not closed."""
    forger = Forger(played.data)
    forger.cut(forger.find(size))
    report = verify(forger.rebuild(), None, Trust(roster=played.roster, readers=(played.endpoint(tmp_path, "one"),), rehearsal=True))
    assert report.verdict is Verdict.NOT_CLOSED
    assert not any(row.failure for row in report.rows)


def test_the_chain_has_a_genesis_before_the_transcript_has_an_act(played: Played, tmp_path: Path) -> None:
    forger = Forger(played.data)
    forger.cut(forger.find("proposed"))
    report = verify(forger.rebuild(), None, Trust(roster=played.roster, readers=(played.endpoint(tmp_path, "one"),), rehearsal=True))
    assert_refused(report, "genesis_stands_on_chain", "https://one.example")


def test_the_contract_has_taken_no_act_yet(played: Played, tmp_path: Path) -> None:
    forger = Forger(played.data)
    forger.cut(forger.find("approval_begun"))
    reader = played.endpoint(tmp_path, "one")
    reader._data["genesis"] = None
    report = verify(forger.rebuild(), None, Trust(roster=played.roster, readers=(reader,), rehearsal=True))
    assert report.verdict is Verdict.NOT_CLOSED
    assert any("has taken no act" in row.line for row in report.rows)


def test_heads_are_recomputed_as_the_contract_computes_them(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one")
    genesis = reader._data["genesis"]
    assert to_hex(next_head(bytes(WORD), from_hex(genesis["digest"]))) == genesis["head"]
