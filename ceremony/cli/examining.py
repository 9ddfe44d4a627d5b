"""What `ceremony doctor` does with each token, and how it shows it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ceremony.cli.wiring import open_agent
from ceremony.conductor.ports import People
from ceremony.errors import CeremonyError, TokenIncapable
from ceremony.hsm.agents import SpawnedAgent, ask, expect
from ceremony.hsm.messages import Capability, Done, Login, Probe, Probed
from ceremony.hsm.probe import NAMES
from ceremony.records.plan import Plan

PROBE_SECONDS = 300.0
"""For all trials of one token, which are one question: a slow smart card takes 30 for each of its key pairs."""


@dataclass(frozen=True)
class Finding:
    """One token: what it can and cannot do, or the error that kept it from being tried."""

    who: str
    serial: str
    capabilities: tuple[Capability, ...]
    error: CeremonyError | None

    @property
    def able(self) -> bool:
        """Whether this token is ready for the ceremony."""
        return self.error is None and all(capability.able for capability in self.capabilities)

    def lines(self) -> tuple[str, ...]:
        """For people."""
        head = f"{self.who}, token {self.serial}: {'ready' if self.able else 'NOT READY'}"
        rows = [f"  {'yes' if row.able else 'NO ':3} {row.name}: {row.detail}" for row in self.capabilities]
        trouble = [f"  {self.error.name}: {self.error.message}", f"  next: {self.error.next_step}"] if self.error else []
        return (head, *rows, *trouble)

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {
            "who": self.who,
            "serial": self.serial,
            "ready": self.able,
            "capabilities": [row.model_dump() for row in self.capabilities],
            "error": self.error.name if self.error else None,
            "message": self.error.message if self.error else None,
            "next": self.error.next_step if self.error else None,
        }


def preview(plan: Plan) -> dict[str, list[str]]:
    """What would be tried on which token, one line a token."""
    tokens = {plan.whose(*whose): plan.token(*whose) for whose in plan.tokens}
    return {
        "would_try": [
            f"Would log in to token {token.serial} of {who} through {token.module} and try, with throw-away keys: {', '.join(NAMES)}."
            for who, token in tokens.items()
        ],
    }


def examine(plan: Plan, people: People) -> tuple[Finding, ...]:
    """Try every token of the plan, all at once; what is wrong with one does not keep the others from being tried."""
    agents = {whose: open_agent(plan.whose(*whose), plan.token(*whose), PROBE_SECONDS) for whose in plan.tokens}
    try:
        failed = {whose: error for whose, agent in agents.items() if (error := _guard(lambda: _begin(plan, whose, agent, people)))}  # noqa: B023
        return tuple(_finish(plan, whose, agent, failed.get(whose)) for whose, agent in agents.items())
    finally:
        for agent in agents.values():
            agent.close()


def require_ready(findings: Sequence[Finding]) -> None:
    """Raise the one error that all unready tokens have in common, else TokenIncapable; it names their custodians."""
    failed = [finding for finding in findings if not finding.able]
    if failed:
        raise _joined(failed, len(findings))


def summary(findings: Sequence[Finding]) -> dict[str, Any]:
    """The table for programs, with the exit code that belongs to it."""
    failed = [finding for finding in findings if not finding.able]
    error = _joined(failed, len(findings)) if failed else None
    return {
        "ready": not failed,
        "tokens": [finding.as_json() for finding in findings],
        "error": error.name if error else None,
        "exit": error.exit_code if error else 0,
    }


def _joined(failed: Sequence[Finding], total: int) -> CeremonyError:
    kinds = {type(finding.error) if finding.error else TokenIncapable for finding in failed}
    kind: type[CeremonyError] = kinds.pop() if len(kinds) == 1 else TokenIncapable
    message = f"{len(failed)} of {total} tokens are not ready"
    first = failed[0].error
    return kind(
        message,
        culprits=tuple(finding.who for finding in failed),
        remedy=first.next_step if first and isinstance(first, kind) else "Change what the table names, then run `ceremony doctor` again.",
    )


def _begin(plan: Plan, whose: tuple[int, int], agent: SpawnedAgent, people: People) -> None:
    """Log in and hand over the work without waiting for it."""
    token = plan.token(*whose)
    pin = None if agent.opened.token.protected_pin else people.pin(plan.who(whose[0]), token.serial)
    ask(agent, Login(pin=pin), Done)
    agent.send(Probe(roles=token.roles, plain=token.plain_import is not None))


def _finish(plan: Plan, whose: tuple[int, int], agent: SpawnedAgent, error: CeremonyError | None) -> Finding:
    found: list[Capability] = []
    if error is None:
        error = _guard(lambda: found.extend(expect(agent, Probed).capabilities))
    return Finding(plan.whose(*whose), plan.token(*whose).serial, tuple(found), error)


def _guard(work: Callable[[], object]) -> CeremonyError | None:
    try:
        work()
    except CeremonyError as error:
        return error
    return None
