"""Small typed records over a pipe: one RFC 8785 object a line, either way. Refusals travel as records too."""

from typing import Annotated, Literal

from pydantic import Field

from ceremony import errors
from ceremony.records.base import Record

FRAME_LIMIT = 1 << 20
"""Bytes of one message: seven wrapped shards and keys take 10,000."""


class Refusal(Record):
    """A named error on its way to the parent process; never holds a secret."""

    kind: Literal["refusal"] = "refusal"
    name: Annotated[str, Field(pattern=r"^[A-Za-z]+$")]
    message: str
    culprits: tuple[str, ...]
    next_step: str


def refuse(error: errors.CeremonyError) -> Refusal:
    """The record of a named error."""
    return Refusal(name=error.name, message=error.message, culprits=error.culprits, next_step=error.next_step)


def named_error(refusal: Refusal, who: str) -> errors.CeremonyError:
    """The error a refusal stands for, naming `who` spoke; an unknown name becomes AgentCrashed (P7: unknown is stop)."""
    kind = getattr(errors, refusal.name, None)
    if not (isinstance(kind, type) and issubclass(kind, errors.CeremonyError)) or kind is errors.CheckFailed:
        return errors.AgentCrashed(f"{who} ended in an unknown way ({refusal.name})", culprits=(who,))
    culprits = refusal.culprits if who in refusal.culprits else (who, *refusal.culprits)
    return kind(f"{who}: {refusal.message}", culprits=culprits, remedy=refusal.next_step)
