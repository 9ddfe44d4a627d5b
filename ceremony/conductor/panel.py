"""Five tokens at one table, answering for one envelope after another: who is absent or answers wrongly is named and replaced."""

from collections.abc import Sequence

from ceremony.conductor.conductor import Conductor
from ceremony.errors import CeremonyError, Declined, OpeningError, TokenError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.records.base import from_hex
from ceremony.records.evidence import EnvelopeHeader
from ceremony.shards.threshold import find_tag, header_digest, resolve_answer


class Panel:
    """The first k of a ceremony's custodians whose tokens answer rightly.

    Args:
        conductor: of the ceremony whose shards answer.
        lines: what each custodian reads before their token takes part.
        question: what they say Yes to.
    """

    def __init__(self, conductor: Conductor, lines: Sequence[str], question: str) -> None:
        self._c = conductor
        self._lines, self._question = lines, question
        self._waiting = list(conductor.state.plan.indices)
        self._seated: list[int] = []
        self._absent: dict[int, str] = {}
        self._tokens: dict[int, list[int]] = {}
        """Of each custodian asked, the numbers of those that may still answer."""

    def answers(self, header: EnvelopeHeader) -> tuple[tuple[int, str], ...]:
        """(custodian, x coordinate in hex) of k right answers, each checked against the sealer's tag.

        Raises:
            OpeningError: too few are left; names each who is absent, unwilling or wrong.
        """
        found: dict[int, str] = {}
        while len(found) < self._c.state.plan.quorum.k:
            index = next((one for one in self._seated if one not in found), None) or self._seat_next()
            try:
                found[index] = self._answer(header, index)
            except (OpeningError, TokenError) as error:
                self._give_up(index, error)
                if not self._sit_down(index):
                    self._seated.remove(index)
        return tuple(sorted(found.items()))

    def _seat_next(self) -> int:
        while self._waiting:
            index = self._waiting.pop(0)
            self._tokens[index] = list(self._c.state.plan.custodian[index - 1].holders)
            if self._is_there(index) and self._is_willing(index) and self._sit_down(index):
                self._seated.append(index)
                return index
        message = f"{len(self._seated)} tokens are there and answer rightly; {self._c.state.plan.quorum.k} are needed"
        culprits = tuple(f"{self._c.who(index)}: {name}" for index, name in sorted(self._absent.items()))
        raise OpeningError(message, culprits=culprits, remedy="Have those named above bring their tokens, and run the same command again.")

    def _is_there(self, index: int) -> bool:
        """Whether one of the custodian's tokens is connected: nobody is asked in the name of somebody who is absent."""
        while self._tokens[index]:
            try:
                self._c.agent(index, self._tokens[index][0])
            except TokenError as error:
                self._give_up(index, error)
            else:
                return True
        return False

    def _is_willing(self, index: int) -> bool:
        """Whether the custodian says Yes; a no is as good as an absence."""
        try:
            self._c.ports.people.confirm(self._c.who(index), self._lines, self._question)
        except Declined as error:
            self._absent[index] = error.name
            self._c.ports.people.tell(f"      {self._c.who(index)} said no")
            return False
        return True

    def _sit_down(self, index: int) -> bool:
        """Whether one of the custodian's tokens that hold the shard is there: the first, or the next when that one failed."""
        while self._tokens[index]:
            try:
                self._c.seat(index, self._tokens[index][0])
            except TokenError as error:
                self._give_up(index, error)
            else:
                return True
        return False

    def _give_up(self, index: int, error: CeremonyError) -> None:
        """This token is asked no more."""
        self._absent[index] = error.name
        whose = self._c.state.plan.whose(index, self._tokens[index].pop(0))
        self._c.ports.people.tell(f"      {whose}: {error.name}: {error.message}")

    def _answer(self, header: EnvelopeHeader, index: int) -> str:
        x = ask(self._c.seat(index, self._tokens[index][0]), m.AnswerEnvelope(place=self._c.place(index), header=header), m.Answered).x
        resolve_answer(header_digest(header), index, from_hex(x), find_tag(header.tags, index))  # the agent may be the liar
        return x
