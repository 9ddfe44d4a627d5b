"""What a test asks of a simulated ceremony once it has gone on."""

from ceremony.acts.roster import roster_digest
from ceremony.protocol.state import State
from ceremony.records.base import to_hex
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.report import Report, Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.simulators.ceremony_directory import SimulatedCeremony


def kinds(ceremony: SimulatedCeremony) -> list[str]:
    """The kind of every entry, in order."""
    return [entry.body.kind for entry in read_book(ceremony.directory / TRANSCRIPT)]


def state_of(ceremony: SimulatedCeremony) -> State:
    """What its entries add up to."""
    return ceremony.conduct(lambda _c: None)


def verified(ceremony: SimulatedCeremony) -> Report:
    """Close it; the report of an auditor who asks the simulated chain."""
    ceremony.play()
    data, note = ((ceremony.directory / name).read_bytes() for name in (TRANSCRIPT, CHECKPOINT))
    roster = to_hex(roster_digest(state_of(ceremony).terms["roster"]))
    report = verify(data, note, Trust(roster=roster, readers=(ceremony.chain,), rehearsal=True))
    assert report.verdict is Verdict.SINGLE_SOURCE, [row.line for row in report.rows if row.failure]
    return report
