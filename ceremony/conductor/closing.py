"""Naming other closing signers, when one of those named cannot sign after all."""

from ceremony.conductor.conductor import Conductor
from ceremony.errors import OutOfTurn, QuorumError
from ceremony.records.act_entries import ClosingNamed


def name_others(c: Conductor, names: str, signed: frozenset[int] = frozenset()) -> None:
    """Name these custodians (separated by commas) as closing signers; a later naming replaces an earlier one.

    `signed` are those whose closing signature is given: once everybody named has signed, the transcript is closed for good.
    """
    if c.state.closing is not None and set(c.state.closing.custodians) <= signed:
        message = "this transcript is closed, and all whom its last entry names have signed it: it takes no more entries"
        raise OutOfTurn(message, remedy="Leave it as it is; `ceremony verify` shows that it is closed.")
    indices = [c.state.plan.require_index(name.strip()) for name in names.split(",")]
    if len(set(indices)) != len(indices) or len(indices) < c.state.plan.quorum.k:
        message = f"a transcript is closed by at least {c.state.plan.quorum.k} different custodians"
        raise QuorumError(message, remedy="Name more of them, each once.")
    if c.state.anchored is None:
        message = "the closing signers are named after the anchor"
        raise OutOfTurn(message, remedy="`ceremony status DIR` shows what is owed now.")
    c.write(ClosingNamed(custodians=tuple(sorted(indices))))
