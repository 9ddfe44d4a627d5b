"""`run`: self-test, then every owed step that needs nobody else's command, in order, until somebody must act or all is done."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from ceremony.conductor import anchoring, dealing, deploying, enrolling, proving, succeeding
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.self_test import self_test
from ceremony.protocol.steps import Step, StepKind
from ceremony.records.roster_entries import RunStarted

HANDLERS: Mapping[StepKind, Callable[[Conductor, Step], None]] = MappingProxyType(
    {
        StepKind.SUCCEED: succeeding.name_predecessor,
        StepKind.ENROL: enrolling.enrol,
        StepKind.CUSTODY: enrolling.state_custody,
        StepKind.DISCARD: enrolling.discard,
        StepKind.CONFIRM: enrolling.confirm,
        StepKind.DEAL: dealing.deal_out,
        StepKind.LOAD: dealing.load,
        StepKind.HOLDING: proving.hold,
        StepKind.SEAL_TEST: proving.seal_test,
        StepKind.OPEN_TEST: proving.open_test,
        StepKind.WITNESS: proving.witness,
        StepKind.RETIRE: proving.retire,
        StepKind.BURN: proving.burn,
        StepKind.DEPLOY: deploying.deploy,
        StepKind.PROPOSE: anchoring.propose,
        StepKind.VOID: anchoring.void,
        StepKind.LIST: succeeding.list_envelopes,
        StepKind.REWRAP: succeeding.rewrap,
        StepKind.REOPEN: succeeding.reopen,
        StepKind.SUM_UP: succeeding.sum_up,
        StepKind.NAME: anchoring.name_signers,
    },
)
"""Steps that `run` takes one by one; approvals, the anchor and the closing signatures have commands of their own."""

TOGETHER: Mapping[StepKind, Callable[[Conductor, Sequence[Step]], None]] = MappingProxyType(
    {StepKind.TRANSPORT: enrolling.transports, StepKind.DESTROY: succeeding.destroy}
)
"""Steps that `run` takes for all tokens at once."""

SITTINGS: Mapping[StepKind, str] = MappingProxyType(
    {
        StepKind.ENROL: "enrol",
        StepKind.CUSTODY: "enrol",
        StepKind.TRANSPORT: "enrol",
        StepKind.DISCARD: "discard",
        StepKind.LOAD: "load",
        StepKind.HOLDING: "prove",
        StepKind.SEAL_TEST: "prove",
        StepKind.OPEN_TEST: "prove",
        StepKind.WITNESS: "prove",
        StepKind.RETIRE: "prove",
        StepKind.REWRAP: "rewrap",
        StepKind.REOPEN: "reopen",
    },
)
"""One PIN entry opens a token for one sitting; its session is closed when the sitting ends (T10)."""

BY_FIVE = frozenset({StepKind.REWRAP, StepKind.REOPEN})
"""Sittings that need any five tokens; in all others each has its part."""


def run(c: Conductor) -> tuple[Step, ...]:
    """Take steps until none is left that `run` takes; returns what is owed then (by whom: `wording_of`)."""
    passed = self_test()
    if any(step.kind in SITTINGS.keys() - BY_FIVE or step.kind is StepKind.DEAL for step in c.state.owed()):
        c.start_agents()  # an old copy of the transcript ends here, before anything is written
    if c.state.closing is None:
        c.write(RunStarted(tool=c.ports.tool, self_tests=passed))
    _go_on(c)
    if c.state.proposed and anchoring.void_if_expired(c):
        _go_on(c)  # a new act is proposed at once
    return c.state.owed()


def _go_on(c: Conductor) -> None:
    while owed := owed_to_run(c):
        take(c, owed)
    c.rise()


def owed_to_run(c: Conductor) -> tuple[Step, ...]:
    """The steps owed now that need nobody else's command."""
    return tuple(step for step in c.state.owed() if step.kind in HANDLERS or step.kind in TOGETHER)


def take(c: Conductor, owed: Sequence[Step]) -> None:
    """Take the first step that is owed, or all of its kind where they go together; in their sitting, and say so."""
    kind = owed[0].kind
    c.sit(SITTINGS.get(kind, ""))
    if kind in TOGETHER:
        steps = [step for step in owed if step.kind is kind]
        TOGETHER[kind](c, steps)
    else:
        c.announce(owed[0])
        HANDLERS[kind](c, owed[0])
