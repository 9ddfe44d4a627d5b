"""`run`: self-test, then every owed step that needs nobody else's command, in order, until somebody must act or all is done."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ceremony.conductor import anchoring, dealing, enrolling, proving
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.self_test import self_test
from ceremony.protocol.steps import WORDING, Step, StepKind
from ceremony.records.roster_entries import RunStarted

HANDLERS: Mapping[StepKind, Callable[[Conductor, Step], None]] = MappingProxyType(
    {
        StepKind.ENROL: enrolling.enrol,
        StepKind.TRANSPORT: enrolling.transport,
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
        StepKind.DEPLOY: anchoring.deploy,
        StepKind.PROPOSE: anchoring.propose,
        StepKind.VOID: anchoring.void,
        StepKind.NAME: anchoring.name_signers,
    },
)
"""Steps that `run` takes; approvals, the anchor and the closing signatures have commands of their own."""

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
    },
)
"""One PIN entry opens a token for one sitting; its session is closed when the sitting ends (T10)."""


def run(c: Conductor) -> tuple[Step, ...]:
    """Take steps until none is left that `run` takes; returns what is owed then (by whom: `WORDING`)."""
    if c.state.closing is None:
        c.write(RunStarted(tool=c.ports.tool, self_tests=self_test()))
    if any(step.kind in SITTINGS for step in c.state.owed()):
        c.start_agents()
    while owed := [step for step in c.state.owed() if step.kind in HANDLERS]:
        take(c, owed[0])
    c.rise()
    if c.state.proposed and anchoring.void_if_expired(c):
        return run_on(c)
    return c.state.owed()


def run_on(c: Conductor) -> tuple[Step, ...]:
    """Go on after a dead act: a new one is proposed at once."""
    while owed := [step for step in c.state.owed() if step.kind in HANDLERS]:
        take(c, owed[0])
    return c.state.owed()


def take(c: Conductor, step: Step) -> None:
    """Take one step, in its sitting, and say so."""
    c.sit(SITTINGS.get(step.kind, ""))
    wording = WORDING[step.kind]
    who = c.who(step.part) if wording.actor == "custodian" else f"the {wording.actor}" if wording.actor == "operator" else wording.actor
    c.ports.people.tell(f"[{c.size:3}] {who} {wording.does}")
    HANDLERS[step.kind](c, step)
