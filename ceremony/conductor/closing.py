"""Naming other closing signers, when one of those named cannot sign after all."""

from ceremony.conductor.conductor import Conductor
from ceremony.errors import ApprovalError, OutOfTurn, QuorumError
from ceremony.records.act_entries import ClosingNamed


def name_others(c: Conductor, names: str) -> None:
    """Name these custodians (separated by commas) as closing signers; a later naming replaces an earlier one."""
    indices = []
    for name in (part.strip() for part in names.split(",")):
        index = c.state.plan.index_of(name)
        if index is None:
            message = f"no custodian is called {name!r}"
            raise ApprovalError(message, culprits=(name,), remedy="Use the names of the plan: `ceremony plan show PLAN` lists them.")
        indices.append(index)
    if len(set(indices)) != len(indices) or len(indices) < c.state.plan.quorum.k:
        message = f"a transcript is closed by at least {c.state.plan.quorum.k} different custodians"
        raise QuorumError(message, remedy="Name more of them, each once.")
    if c.state.anchored is None:
        message = "the closing signers are named after the anchor"
        raise OutOfTurn(message, remedy="`ceremony status DIR` shows what is owed now.")
    c.write(ClosingNamed(custodians=tuple(sorted(indices))))
