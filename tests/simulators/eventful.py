"""A ceremony in which everything happens that may happen: its transcript holds every kind of entry there is."""

import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import get_args

from ceremony.conductor.closing import name_others
from ceremony.conductor.dealing import abandon
from ceremony.conductor.succeeding import leave_behind, leave_out
from ceremony.errors import OpeningError, TokenFault, TokenMissing
from ceremony.records import succession_entries
from ceremony.records.entries import Body
from ceremony.records.structs import Genesis, Succession, TypedAct
from ceremony.transcript.book import Book
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.simulators.ceremony_directory import SimulatedCeremony
from tests.simulators.stages import Stage, ceremony_at, kind_of_token, outlive, stop
from tests.simulators.successor import SPOILT, successor_at
from tests.simulators.tokens import SimulatedToken


class FailsOnce(SimulatedToken):
    """Its first approval ends in a device error."""

    failed = False

    def sign(self, key_id: bytes, act: TypedAct) -> bytes:
        if isinstance(act.struct, Genesis) and not self.failed:
            type(self).failed = True
            raise TokenFault("the token answered CKR_DEVICE_ERROR")
        return super().sign(key_id, act)


def all_kinds() -> frozenset[str]:
    """Every kind of entry that the records know."""
    union, *_ = get_args(Body)
    return frozenset(member.model_fields["kind"].default for member in get_args(union))


def succession_kinds() -> frozenset[str]:
    """Those that stand in a successor's transcript alone."""
    union, *_ = get_args(Body)
    return frozenset(
        member.model_fields["kind"].default for member in get_args(union) if member.__module__ == succession_entries.__name__
    )


def first_kinds() -> frozenset[str]:
    """Those that stand in a first ceremony's transcript."""
    return all_kinds() - succession_kinds()


@cache
def eventful_book() -> Book:
    """Its entries: a dealing thrown away, a lost mark, a failed approval, a stopped act, other closing signers."""
    with tempfile.TemporaryDirectory(prefix="ceremony-eventful-") as name:
        ceremony = ceremony_at(Stage.LOADED, Path(name), make_token=kind_of_token({2: type("Fails", (FailsOnce,), {})}))
        _play(ceremony)
        return read_book(ceremony.directory / TRANSCRIPT)


def _play(ceremony: SimulatedCeremony) -> None:
    ceremony.conduct(lambda c: abandon(c, "the operator asked for a new one"))
    ceremony.run()
    next((ceremony.directory.parent / "parts" / "marks").glob("sim1-*")).unlink()
    ceremony.approve(1)
    try:
        ceremony.approve(2)
    except TokenFault:
        ceremony.approve(2)
    stop(ceremony, 3)
    outlive(ceremony)
    ceremony.run()
    for index in range(3, 8):
        ceremony.approve(index)
    ceremony.anchor()
    ceremony.run()
    ceremony.conduct(lambda c: name_others(c, "Ada, Ben, Cleo, Dan, Eve"))
    for index in range(1, 6):
        ceremony.approve(index)


class RefusesOnce(SimulatedToken):
    """Its first approval of a succession ends in a device error."""

    failed = False

    def sign(self, key_id: bytes, act: TypedAct) -> bytes:
        if isinstance(act.struct, Succession) and not self.failed:
            type(self).failed = True
            raise TokenFault("the token answered CKR_DEVICE_ERROR")
        return super().sign(key_id, act)


@cache
def eventful_succession() -> Book:
    """Entries of a successor: an envelope left behind, a failed approval of the succession, an old token that nobody can find."""
    with tempfile.TemporaryDirectory(prefix="ceremony-eventful-") as name:
        tokens = kind_of_token({2: type("Refuses", (RefusesOnce,), {})})
        ceremony = successor_at(Path(name), envelopes=("payroll", SPOILT, "model key", "root password"), make_token=tokens)
        with suppress(OpeningError):
            ceremony.play()
        ceremony.conduct(lambda c: leave_out(c, 2))
        with suppress(TokenFault):
            ceremony.play()
        ceremony.lose("sim7")
        with suppress(TokenMissing):
            ceremony.play()
        ceremony.conduct(lambda c: leave_behind(c, "Gus"))
        ceremony.play()
        return read_book(ceremony.directory / TRANSCRIPT)
