"""The quorum rule: five distinct enrolled custodians over this exact act, in this epoch, before its deadline (P2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.errors import ApprovalError, CeremonyError, DeadlinePassed, QuorumError
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import ProposedAct, TypedAct


@dataclass(frozen=True)
class Approval:
    """One custodian's signature (r||s||v, hex) over the act with this digest (hex)."""

    custodian: int
    digest: str
    signature: str


def require_approval(approval: Approval, act: TypedAct, roster: Mapping[int, str]) -> None:
    """Raise ApprovalError unless the approval is an enrolled custodian's valid signature over exactly this act.

    Args:
        approval: the claimed approval.
        act: the act that is owed now, with its domain.
        roster: governance address (hex) of each custodian index of the current epoch.
    """
    who = f"custodian {approval.custodian}"
    address = roster.get(approval.custodian)
    if address is None:
        message = f"{who} is not on the roster"
        raise ApprovalError(message, culprits=(who,))
    if approval.digest != to_hex(digest(act)):
        message = f"{who} approved another act: {approval.digest}"
        raise ApprovalError(message, culprits=(who,))
    try:
        require_signature(from_hex(approval.signature), digest(act), from_hex(address))
    except CeremonyError as error:
        message = f"{who}'s signature is not valid: {error.message}"
        raise ApprovalError(message, culprits=(who,)) from None


def require_quorum(  # noqa: PLR0913 - the rule has six facts, each of which has been forgotten in some incident
    act: TypedAct,
    approvals: Iterable[Approval],
    roster: Mapping[int, str],
    *,
    k: int,
    epoch: int,
    sequence: int,
) -> tuple[Approval, ...]:
    """The approvals, ascending by custodian, when at least `k` distinct custodians validly approve the act.

    Raises:
        ApprovalError: the act is of another epoch or sequence, an approval is invalid, or a custodian or key counts twice.
        QuorumError: fewer than `k`.
    """
    _require_current(act, epoch, sequence)
    return count_approvals(act, approvals, roster, k=k)


def count_approvals(act: TypedAct, approvals: Iterable[Approval], roster: Mapping[int, str], *, k: int) -> tuple[Approval, ...]:
    """The approvals, ascending by custodian, when at least `k` distinct custodians validly approve exactly this; errors as above."""
    require_distinct_keys(roster)
    counted: dict[int, Approval] = {}
    for approval in approvals:
        require_approval(approval, act, roster)
        if approval.custodian in counted:
            message = f"custodian {approval.custodian} approved twice: it counts once"
            raise ApprovalError(message, culprits=(f"custodian {approval.custodian}",))
        counted[approval.custodian] = approval
    if len(counted) < k:
        message = f"{len(counted)} of {k} needed approvals"
        raise QuorumError(message, culprits=tuple(f"custodian {index} has not approved" for index in sorted(set(roster) - set(counted))))
    return tuple(counted[index] for index in sorted(counted))


def require_distinct_keys(roster: Mapping[int, str]) -> None:
    """Raise ApprovalError naming the custodians who share one governance key: they would count twice."""
    keys = list(roster.values())
    shared = tuple(f"custodian {index}" for index, key in sorted(roster.items()) if keys.count(key) > 1)
    if shared:
        message = f"{' and '.join(shared)} have one key"
        raise ApprovalError(message, culprits=shared)


def require_alive(act: ProposedAct, chain_time: int) -> None:
    """Raise DeadlinePassed when the finalized block time (seconds) is past the act's deadline (DESIGN 4.12: never a clock)."""
    if chain_time > act.deadline:
        message = f"the act died at chain time {act.deadline}; the newest final block is of {chain_time}"
        raise DeadlinePassed(message, culprits=("the act",))


def _require_current(act: TypedAct, epoch: int, sequence: int) -> None:
    struct = act.struct
    if not isinstance(struct, ProposedAct):
        message = f"{struct.type} is not an act that a quorum approves"
        raise ApprovalError(message, culprits=("the act",))
    if (struct.epoch, struct.sequence) != (epoch, sequence):
        message = f"the act is of epoch {struct.epoch}, sequence {struct.sequence}; now is epoch {epoch}, sequence {sequence}"
        raise ApprovalError(message, culprits=("the act",))
