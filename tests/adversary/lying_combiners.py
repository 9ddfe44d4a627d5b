"""Machines that join answers and cheat: what each tries on an honest agent, to open what five have not approved (DESIGN 4.5, FACTS 3).

The agent is custodian 6's; five others have approved an innocent envelope. `FOREIGN` is the one that the machine is after.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ceremony.conductor.conductor import Conductor
from ceremony.conductor.untrusted import show_electorate
from ceremony.errors import ApprovalError, CeremonyError, CombinerLied, MarkError, QuorumError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.quorum.envelopes import Opening
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import ORDER, parse_point
from ceremony.shards.queries import QUERY_BYTES, Query, draw_query
from ceremony.transcript.book import parse_transcript
from tests.adversary.quorum_bypasses import other_scene
from tests.adversary.scene import STRANGER, address, link, sign
from tests.simulators.custody import custody, sealed_to
from tests.simulators.openings import approved, committing, opening_of, revealing
from tests.simulators.randomness import Stream
from tests.sweeps import Swept

INDEX = 6


@dataclass
class Cheat:
    """A machine with five approvals of one opening, and an agent to try its luck on."""

    c: Conductor
    opening: Opening
    approvals: dict[int, str]
    query: Query

    def commit(self, index: int = INDEX, **changes: object) -> str:
        """Ask for a commitment."""
        request = committing(self.c, self.opening, self.approvals, self.query, index, **changes)
        return ask(self.c.seat(index), request, m.AnswersCommitted).commitment

    def open(self, commitment: str, **changes: int) -> m.AnswersOpened:
        """Show the scalars."""
        return ask(self.c.seat(INDEX), revealing(commitment, self.query, **changes), m.AnswersOpened)

    def raw(self, commitment: str, a: int, b: int) -> m.AnswersOpened:
        """Show any numbers of 32 bytes."""
        shown = {name: to_hex(value.to_bytes(32, "big")) for name, value in (("a", a), ("b", b))}
        return ask(self.c.seat(INDEX), m.OpenAnswers(commitment=commitment, **shown), m.AnswersOpened)

    @property
    def foreign(self) -> str:
        """The point of the envelope that it is after, hex."""
        return sealed_to(self.c.state, "the master secret", entropy=b"\x55" * 48).header.point

    @property
    def shown(self) -> tuple[object, ...]:
        """The entries that say whose approvals count, honestly."""
        return show_electorate(self.c, self.approvals)


def start(c: Conductor) -> Cheat:
    """Five honest approvals of an innocent envelope."""
    opening = opening_of(c)
    point = parse_point(from_hex(opening.header.point))
    return Cheat(c, opening, approved(c, opening), draw_query(point, Stream(1, "query")(QUERY_BYTES)))


def reused(x: Cheat) -> object:
    commitment = x.commit()
    x.open(commitment)
    return x.open(commitment)


def older(x: Cheat) -> object:
    first = x.commit()
    x.commit()
    return x.open(first)


def second_try(x: Cheat) -> object:
    commitment = x.commit()
    try:
        x.open(commitment, a=5)
    except CombinerLied:
        return x.open(commitment)
    return None


def after_a_refusal(x: Cheat) -> object:
    commitment = x.commit()
    try:
        x.commit(approvals=())
    except QuorumError:
        return x.open(commitment)
    return None


def of_another_agent(x: Cheat) -> object:
    x.commit()
    return x.open(x.commit(index=7))


def of_another_ceremony(x: Cheat) -> object:
    """Entries that another ceremony's machine would show."""
    book = parse_transcript(link(other_scene().bodies))
    shown = [one.model_copy(update={"line": book.lines[one.index].decode()}) for one in x.shown]
    return x.commit(shown=tuple(shown))


def with_a_key_of_its_own(x: Cheat) -> object:
    """A fifth approval by a stranger, with an enrolment to match."""
    forged = [one.model_copy(update={"line": one.line.replace(x.c.state.roster[5], address(STRANGER))}) for one in x.shown]
    signature = sign(STRANGER, x.opening.act(x.c.state.domain))
    return x.commit(shown=tuple(forged), approvals=tuple(sorted({**x.approvals, 5: signature}.items())))


def with_a_lower_quorum(x: Cheat) -> object:
    """The dealing's entry with four commitments."""
    *people, dealt = x.shown
    points = ",".join(f'"{one}"' for one in x.c.state.commitments)
    fewer = ",".join(f'"{one}"' for one in x.c.state.commitments[:4])
    lower = dealt.model_copy(update={"line": dealt.line.replace(points, fewer)})
    return x.commit(shown=(*people, lower), approvals=tuple(sorted(x.approvals.items()))[:4])


CHEATS: Mapping[str, tuple[type[CeremonyError], Callable[[Cheat], object]]] = {
    "a and b shown first": (CombinerLied, lambda x: x.open("0x" + "11" * 32)),
    "another envelope's point": (CombinerLied, lambda x: x.open(x.commit(query=x.foreign))),
    "another envelope's point, called the point itself": (CombinerLied, lambda x: x.raw(x.commit(query=x.foreign), 1, 0)),
    "the point itself": (CombinerLied, lambda x: x.raw(x.commit(query=x.opening.header.point), 1, 0)),
    "no part of the point": (CombinerLied, lambda x: x.raw(x.commit(), 0, x.query.b)),
    "another a": (CombinerLied, lambda x: x.open(x.commit(), a=x.query.a - 1)),
    "another b": (CombinerLied, lambda x: x.open(x.commit(), b=x.query.b - 1)),
    "a beyond the order": (CombinerLied, lambda x: x.raw(x.commit(), ORDER, x.query.b)),
    "the scalars swapped": (CombinerLied, lambda x: x.open(x.commit(), a=x.query.b, b=x.query.a)),
    "a commitment opened twice": (CombinerLied, reused),
    "an older commitment": (CombinerLied, older),
    "another agent's commitment": (CombinerLied, of_another_agent),
    "a second try after a refused one": (CombinerLied, second_try),
    "a commitment from before a refusal": (CombinerLied, after_a_refusal),
    "no approval": (QuorumError, lambda x: x.commit(approvals=())),
    "four approvals": (QuorumError, lambda x: x.commit(approvals=tuple(sorted(x.approvals.items()))[:4])),
    "one approval twice": (ApprovalError, lambda x: x.commit(approvals=(*sorted(x.approvals.items()), (1, x.approvals[1])))),
    "approvals of another reason": (ApprovalError, lambda x: x.commit(reason="lunch")),
    "approvals of another opening": (ApprovalError, lambda x: x.commit(opening="0x" + "11" * 32)),
    "approvals of another envelope": (ApprovalError, lambda x: x.commit(header=opening_of(x.c, point=x.foreign).header)),
    "approvals under a kinder description": (ApprovalError, lambda x: x.commit(header=opening_of(x.c, description="lunch").header)),
    "no entries that say who counts": (MarkError, lambda x: x.commit(shown=())),
    "entries of another ceremony": (MarkError, of_another_ceremony),
    "a key of its own on the roster": (MarkError, with_a_key_of_its_own),
    "a lower quorum": (MarkError, with_a_lower_quorum),
    "a point off the curve": (CeremonyError, lambda x: x.commit(query="0x02" + "11" * 32)),
    "another dealing": (MarkError, lambda x: x.commit(header=opening_of(x.c, dealing=2).header)),
    "another ceremony": (MarkError, lambda x: x.commit(header=opening_of(x.c, ceremony="0x" + "11" * 32).header)),
    "another domain": (MarkError, lambda x: x.commit(domain=x.c.state.domain.model_copy(update={"salt": "0x" + "11" * 32}))),
}


def sweep(place: Path) -> Swept:
    """Every cheat, each on fresh agents."""
    problems = []
    for number, (name, (kind, attempt)) in enumerate(CHEATS.items()):
        with custody(place / str(number)) as here:
            problems += [f"{name}: {problem}" for problem in judge(start(here.conductor), kind, attempt)]
    return Swept(len(CHEATS), tuple(problems), "combiners that cheat an honest agent")


def judge(cheat: Cheat, kind: type[CeremonyError], attempt: Callable[[Cheat], object]) -> list[str]:
    """It ends in this named error; and an honest machine is served all the same afterwards."""
    try:
        attempt(cheat)
    except kind:
        cheat.open(cheat.commit())
        return []
    except Exception as error:  # noqa: BLE001 - what the sweep looks for
        return [f"{type(error).__name__} instead of {kind.__name__}: {error}"]
    return ["NOT REFUSED"]
