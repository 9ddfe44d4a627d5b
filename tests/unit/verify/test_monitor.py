"""The monitor: all is well on a contract that took what the transcript knows; each alarm is raised by what it is for."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ceremony.acts.roster import roster_digest
from ceremony.acts.typed import keccak256
from ceremony.anchor.chain import Log
from ceremony.anchor.contract import slot_key
from ceremony.anchor.events import TOPICS, next_head
from ceremony.errors import (
    Alarm,
    ChainLied,
    ChainUnreachable,
    CodeDrift,
    EndpointsDisagree,
    ForkSeen,
    HaltSeen,
    OutOfTurn,
    RosterChanged,
    UnknownAct,
)
from ceremony.protocol.fold import fold
from ceremony.transcript.book import parse_transcript
from ceremony.verify.monitor import Monitor
from tests.adversary.lying_chain import AnOmittedEvent, AnotherHead, NoContract, OtherCodeOfItsOwn
from tests.adversary.played import Played
from tests.simulators.chain import ARTIFACT, LAG, SEQUENCE_BITS, WORD, SimulatedChain, build_header
from tests.unit.verify.test_chain_checks import Later, Mute

STRANGERS = tuple(bytes([number]) * 20 for number in range(1, 8))
NUMBER = slot_key(ARTIFACT, "sequence")
HEAD = slot_key(ARTIFACT, "head")


def watching(played: Played, *readers: SimulatedChain, needed: int | None = None, size: int | None = None) -> Monitor:
    data = b"".join(played.data.splitlines(keepends=True)[:size])
    book = parse_transcript(data)
    return Monitor(book, fold(book), readers, len(readers) if needed is None else needed)


class _Acted(SimulatedChain):
    """The contract took one more act, of a kind that the simulator itself has not, with its event and its effect."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.since = self._data["height"] - LAG + 1

    def _slots(self, number: int) -> dict[bytes, int]:
        held = super()._slots(number)
        if number < self.since:
            return held
        head = next_head(held[HEAD].to_bytes(WORD), self.log().data[-WORD:])
        return held | {HEAD: int.from_bytes(head), NUMBER: held[NUMBER] + 1} | self.effect(held[NUMBER] + 1)

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        found = super().logs(address, first, last)
        return (*found, self.log(address)) if last >= self.since else found

    def log(self, address: str = "") -> Log:
        raise NotImplementedError

    def effect(self, number: int) -> dict[bytes, int]:
        raise NotImplementedError


class Halting(_Acted):
    def log(self, address: str = "") -> Log:
        return Log(address, (TOPICS["Halt"], (1).to_bytes(WORD), b"\x01" * WORD), b"\x77" * WORD)

    def effect(self, number: int) -> dict[bytes, int]:
        return {NUMBER: number | 1 << 2 * SEQUENCE_BITS}


class Rotating(_Acted):
    def log(self, address: str = "") -> Log:
        words = [address.rjust(WORD, b"\0") for address in STRANGERS]
        head = [(2).to_bytes(WORD), (3 * WORD).to_bytes(WORD), b"\x78" * WORD, len(words).to_bytes(WORD)]
        return Log(address, (TOPICS["Rotate"], (1).to_bytes(WORD), keccak256(b"".join(words))), b"".join((*head, *words)))

    def _slots(self, number: int) -> dict[bytes, int]:
        held = SimulatedChain._slots(self, number)
        if number < self.since:
            return held
        log = self.log()
        head = next_head(held[HEAD].to_bytes(WORD), log.data[2 * WORD : 3 * WORD])
        rotated = slot_key(ARTIFACT, "rotatedRosterDigest")
        return held | {HEAD: int.from_bytes(head), NUMBER: 2 << SEQUENCE_BITS | 2, rotated: int.from_bytes(log.topics[2])}


class AnAlteredMember(SimulatedChain):
    """The digest is right, what the event says beside it is not."""

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        (log,) = super().logs(address, first, last)
        return (Log(log.address, log.topics, (1).to_bytes(WORD) + log.data[WORD:]),)


class Forking(SimulatedChain):
    """Another chain, from the second look on."""

    forked = False

    def header(self, number: int) -> Mapping[str, Any]:
        honest = super().header(number)
        if not self.forked:
            return honest
        return build_header(number, int(str(honest["timestamp"]), 16) + 1, bytes.fromhex(str(honest["stateRoot"])[2:]))


def test_all_is_well_on_a_contract_that_took_what_the_transcript_knows(played: Played, tmp_path: Path) -> None:
    monitor = watching(played, played.endpoint(tmp_path, "one"), played.endpoint(tmp_path, "two"))
    first, second = monitor.look(), monitor.look()
    assert (first.sequence, first.epoch, first.halted, first.silent) == (1, 1, False, ())
    assert first.roster == played.roster
    assert second.block.number > first.block.number
    assert [event.act for event in second.events] == ["Genesis"]


@pytest.mark.parametrize(
    ("kind", "alarm"),
    [
        (Later, UnknownAct),
        (AnAlteredMember, UnknownAct),
        (OtherCodeOfItsOwn, CodeDrift),
        (NoContract, CodeDrift),
        (AnotherHead, ChainLied),
        (AnOmittedEvent, ChainLied),
    ],
)
def test_each_alarm_is_raised_by_what_it_is_for(played: Played, tmp_path: Path, kind: type[SimulatedChain], alarm: type[Exception]) -> None:
    readers = [played.endpoint(tmp_path, name, kind) for name in ("one", "two")]
    with pytest.raises(alarm) as raised:
        watching(played, *readers).look()
    assert type(raised.value) is alarm


@pytest.mark.parametrize(("kind", "alarm"), [(Halting, HaltSeen), (Rotating, RosterChanged)])
def test_a_halt_and_a_rotation_are_named_before_the_act_that_is_not_in_the_transcript(
    played: Played, tmp_path: Path, kind: type[_Acted], alarm: type[Alarm]
) -> None:
    monitor = watching(played, played.endpoint(tmp_path, "one", kind))
    with pytest.raises(alarm):
        monitor.look()
    assert [type(each) for each in monitor._judge(monitor._see())] == [alarm, UnknownAct]


def test_a_block_that_was_final_and_is_gone_is_a_fork(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one", Forking)
    assert isinstance(reader, Forking)
    monitor = watching(played, reader)
    monitor.look()
    reader.forked = True
    with pytest.raises(ForkSeen, match="was final as"):
        monitor.look()


def test_an_act_that_was_final_and_is_gone_is_a_fork(played: Played, tmp_path: Path) -> None:
    reader = played.endpoint(tmp_path, "one")
    monitor = watching(played, reader)
    seen = monitor.look()
    reader._data["genesis"] = None  # in blocks that were final
    with pytest.raises(ForkSeen, match="was final as"):
        monitor.look()
    again = replace(seen, sequence=0, events=())
    assert [str(alarm) for alarm in monitor._judge(again)] == ["act 0 was final, and the contract has taken 0 acts now"]


def test_endpoints_that_disagree_and_too_few_of_them(played: Played, tmp_path: Path) -> None:
    honest, liar = played.endpoint(tmp_path, "one"), played.endpoint(tmp_path, "two", AnotherHead)
    with pytest.raises(EndpointsDisagree):
        watching(played, honest, liar).look()
    mute = played.endpoint(tmp_path, "mute", Mute)
    assert watching(played, honest, mute, needed=1).look().silent == ("https://mute.example",)
    with pytest.raises(ChainUnreachable):
        watching(played, honest, mute).look()


def test_before_the_contract_stands_there_is_nothing_to_watch(played: Played, tmp_path: Path) -> None:
    with pytest.raises(OutOfTurn):
        watching(played, played.endpoint(tmp_path, "one"), size=20)


def test_the_first_roster_is_the_one_of_the_creation_code(played: Played) -> None:
    assert played.roster == "0x" + roster_digest(fold(parse_transcript(played.data)).terms["roster"]).hex()
