"""One ceremony succeeds another: every registered envelope opens with the new shards before an old one is destroyed."""


from ceremony.transcript.journal import read_book
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.simulators.successor import ENVELOPES, successor_at


def test_a_successor_takes_over_roster_and_envelopes(tmp_path):
    ceremony = successor_at(tmp_path)
    state = ceremony.play()
    assert state.owed(frozenset(state.closing.custodians)) == ()
    kinds = [entry.body.kind for entry in read_book(ceremony.directory / "transcript")]
    assert kinds.count("rewrapped") == kinds.count("reopened") == len(ENVELOPES)
    assert kinds.index("anchored") < kinds.index("rewrap_begun") < kinds.index("reopened") < kinds.index("shard_destroyed")
    assert kinds.count("consented") == 5
    assert kinds.count("shard_destroyed") == 7


def test_verify_believes_the_successor(tmp_path):
    ceremony = successor_at(tmp_path)
    state = ceremony.play()
    data = (ceremony.directory / "transcript").read_bytes()
    note = (ceremony.directory / "checkpoint").read_bytes()
    report = verify(data, note, Trust(contract=state.contract, readers=(ceremony.chain,), rehearsal=True), every=True)
    assert not [row for row in report.rows if row.failure]
    assert report.verdict is Verdict.SINGLE_SOURCE
