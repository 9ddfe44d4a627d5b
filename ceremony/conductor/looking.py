"""What the conductor sees of the chain: through every endpoint that answers, a majority of the plan's, and all of them must agree."""

from collections.abc import Callable
from typing import TypeVar

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.anchor.agreement import agree_final, majority, require_chain, require_same, see_contract, wait_final
from ceremony.anchor.artifacts.artifact import find_artifact
from ceremony.anchor.chain import ChainReader
from ceremony.anchor.standing import head_after, require_standing
from ceremony.conductor.conductor import Conductor
from ceremony.errors import ChainMismatch
from ceremony.protocol.state import State
from ceremony.records.act_entries import Proposed
from ceremony.records.base import to_hex
from ceremony.records.evidence import BlockSeen, ContractSeen
from ceremony.records.structs import ProposedAct, TypedAct

T = TypeVar("T")


def require_planned_chain(c: Conductor) -> None:
    """Raise ChainMismatch naming every endpoint that serves another chain than the plan's."""
    require_chain(c.ports.readers, c.state.plan.chain.id, majority(c.ports.readers))


def final_block(c: Conductor) -> BlockSeen:
    """The newest final block."""
    return agree_final(c.ports.readers).block


def same(c: Conductor, what: str, look: Callable[[ChainReader], T]) -> T:
    """One fact; EndpointsDisagree when they differ on it."""
    return require_same(c.ports.readers, what, look, majority(c.ports.readers))


def see(c: Conductor) -> ContractSeen:
    """The contract as it finally is; ChainMismatch unless it is the one this ceremony deploys, or takes over."""
    seen = see_contract(c.ports.readers, contract_of(c))
    require_in_charge(c.state, seen)
    require_standing(seen, find_artifact(c.state.opened.files), c.state.terms, c.state.roster_at(seen.epoch))
    return seen


def require_in_charge(state: State, seen: ContractSeen) -> None:
    """Raise ChainMismatch when the contract was rotated to others than those who are to hand over, or to whom they hand over."""
    if state.predecessor and seen.roster_digest != to_hex(roster_digest(state.roster.values())):
        require_epoch(seen, state.committee.epoch)


def require_epoch(seen: ContractSeen, epoch: int) -> None:
    """Raise ChainMismatch when the contract is at another epoch than that of those who are to hand over."""
    if seen.epoch != epoch:
        message = f"the contract is at epoch {seen.epoch}, and those who are to hand over were in charge in epoch {epoch}"
        raise ChainMismatch(message, culprits=("the contract",), remedy="Find out who rotated it, and name that ceremony as predecessor.")


def wait(c: Conductor, reached: Callable[[BlockSeen], bool]) -> None:
    """Wait until `reached` says so of a final block; NotFinal when the time is up."""
    limits = c.ports.finality
    wait_final(c.ports.readers, reached, c.ports.people.tell, seconds=limits.seconds, pause=limits.pause)


def is_taken(seen: ContractSeen, owed: TypedAct) -> bool:
    """Whether this act, and no other, is the contract's last."""
    return seen.head == head_after(proposed_act(owed), digest(owed))


def contract_of(c: Conductor) -> str:
    """The contract's address."""
    if c.state.contract is None:  # pragma: no cover - the protocol deploys first
        raise AssertionError
    return c.state.contract


def proposed_of(c: Conductor) -> Proposed:
    """The entry that proposed the act in hand, with the contract as it was seen then."""
    if c.state.proposed is None:  # pragma: no cover - the protocol proposes first
        raise AssertionError
    return c.state.proposed


def proposed_act(owed: TypedAct) -> ProposedAct:
    """The act as what it is in this version."""
    if not isinstance(owed.struct, ProposedAct):  # pragma: no cover - nothing else is proposed in this version
        raise AssertionError  # noqa: TRY004 - a fault of this program, not of a type
    return owed.struct
