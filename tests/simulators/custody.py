"""A closed simulated ceremony with its custody journal open, and something sealed to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody, master_key
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.sealed import wrap_key
from ceremony.protocol.state import State
from ceremony.quorum.dealings import parse_points
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.evidence import SealedHeader
from ceremony.transcript.journal import Journal
from tests.simulators.stages import Stage, ceremony_at
from tests.simulators.tokens import SimulatedToken

KEY = b"\x0a" * 16
"""The payload's key in every envelope of `sealed_to`."""
ALL = (1, 2, 3, 4, 5, 6, 7)


@contextmanager
def custody(place: Path, kind: type[SimulatedToken] = SimulatedToken, *, twins: bool = False) -> Iterator[Custody]:
    """The ceremony in `place`, closed by honest tokens; from now on they are of this kind."""
    ceremony = ceremony_at(Stage.CLOSED, place, make_token=kind, twins=twins)
    with (
        Journal(ceremony.directory, ceremony._clock) as journal,
        Conductor(journal, ceremony.ports()) as conductor,
        Journal(ceremony.directory / "custody", ceremony._clock, create=True, kind=CustodyEntry) as written,
    ):
        yield Custody(conductor, written)


def sealed_to(state: State, description: str = "payroll", **changes: Any) -> SealedHeader:
    """An envelope for this ceremony's five; `changes` seal it elsewhere."""
    master = master_key(state)
    facts = {"ceremony": master.ceremony, "dealing": master.dealing, "n": master.n, "entropy": b"\x44" * 48, **changes}
    header, key = seal_envelope(commitments=parse_points(master.commitments), description=description, **facts)
    return SealedHeader(header=header, wrapped=wrap_key(key, KEY))
