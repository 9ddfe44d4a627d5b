"""Whether the old shards that the operator would call OUTSTANDING can be destroyed after all."""

from collections.abc import Sequence
from contextlib import closing

from ceremony.conductor.conductor import Conductor
from ceremony.errors import OutOfTurn, TokenError
from ceremony.protocol.steps import Step


def require_absent(c: Conductor, owed: Sequence[Step]) -> None:
    """Raise OutOfTurn when a shard can be destroyed: its token and the one that signs are here, and this transcript shows no try."""
    plan = c.state.committee.plan
    here = tuple(plan.whose(step.part, step.token) for step in owed if step not in c.state.begun and _is_here(c, step))
    if here:
        message = "its token is here: run without --outstanding"
        remedy = "Run without it: the shard is destroyed. Only what is not connected, or was tried here and failed, is left OUTSTANDING."
        raise OutOfTurn(message, culprits=here, remedy=remedy)


def _is_here(c: Conductor, step: Step) -> bool:
    """Whether both tokens that a destruction takes can be opened now."""
    plan = c.state.committee.plan
    try:
        for number in {step.token, plan.custodian[step.part - 1].signer}:
            with closing(c.ports.open_agent(plan.whose(step.part, number), plan.token(step.part, number))) as agent:
                _ = agent.opened
    except TokenError:
        return False
    return True
