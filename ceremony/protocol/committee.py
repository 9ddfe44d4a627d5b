"""Who is asked to approve: seven people, their governance keys, and the ceremony and epoch in which those were enrolled."""

from collections.abc import Mapping
from dataclasses import dataclass

from ceremony.records.plan import Plan


@dataclass(frozen=True)
class Committee:
    """A roster in charge.

    Attributes:
        plan: names the custodians and their tokens.
        ceremony: the id of the ceremony that enrolled them, hex.
        roster: governance address (hex) of each custodian index.
        epoch: the roster's number.
    """

    plan: Plan
    ceremony: str
    roster: Mapping[int, str]
    epoch: int
