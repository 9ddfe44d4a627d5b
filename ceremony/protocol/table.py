"""The transition table: which step each kind of entry belongs to, and whether it begins, is part of, or ends it."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from ceremony.protocol.steps import Step, StepKind
from ceremony.records.base import FIRST_TOKEN
from ceremony.records.entries import Body


class Edge(StrEnum):
    """What an entry does to its step."""

    BEGIN = "begin"
    PART = "part"
    END = "end"
    GIVE_UP = "give up"
    """It ends its step undone, and says so; no intent need stand before it."""


TABLE: Mapping[str, tuple[StepKind, Edge]] = MappingProxyType(
    {
        "enrol_begun": (StepKind.ENROL, Edge.BEGIN),
        "enrolled": (StepKind.ENROL, Edge.END),
        "transport_begun": (StepKind.TRANSPORT, Edge.BEGIN),
        "transport_made": (StepKind.TRANSPORT, Edge.END),
        "custody_stated": (StepKind.CUSTODY, Edge.END),
        "discard_begun": (StepKind.DISCARD, Edge.BEGIN),
        "discarded": (StepKind.DISCARD, Edge.END),
        "roster_confirmed": (StepKind.CONFIRM, Edge.END),
        "dealing_opened": (StepKind.DEAL, Edge.BEGIN),
        "contribution_committed": (StepKind.DEAL, Edge.PART),
        "contribution_revealed": (StepKind.DEAL, Edge.PART),
        "dealt": (StepKind.DEAL, Edge.END),
        "load_begun": (StepKind.LOAD, Edge.BEGIN),
        "loaded": (StepKind.LOAD, Edge.END),
        "holding_begun": (StepKind.HOLDING, Edge.BEGIN),
        "holding_attested": (StepKind.HOLDING, Edge.END),
        "test_sealed": (StepKind.SEAL_TEST, Edge.END),
        "opening_begun": (StepKind.OPEN_TEST, Edge.BEGIN),
        "opened": (StepKind.OPEN_TEST, Edge.END),
        "opening_witness_begun": (StepKind.WITNESS, Edge.BEGIN),
        "opening_attested": (StepKind.WITNESS, Edge.END),
        "retire_begun": (StepKind.RETIRE, Edge.BEGIN),
        "retired": (StepKind.RETIRE, Edge.END),
        "blobs_destroyed": (StepKind.BURN, Edge.END),
        "deploy_begun": (StepKind.DEPLOY, Edge.BEGIN),
        "deployed": (StepKind.DEPLOY, Edge.END),
        "proposed": (StepKind.PROPOSE, Edge.END),
        "approval_begun": (StepKind.APPROVE, Edge.BEGIN),
        "approved": (StepKind.APPROVE, Edge.END),
        "anchor_begun": (StepKind.ANCHOR, Edge.BEGIN),
        "anchored": (StepKind.ANCHOR, Edge.END),
        "succession_opened": (StepKind.SUCCEED, Edge.END),
        "envelopes_listed": (StepKind.LIST, Edge.END),
        "rewrap_begun": (StepKind.REWRAP, Edge.BEGIN),
        "rewrapped": (StepKind.REWRAP, Edge.END),
        "envelope_left_out": (StepKind.REWRAP, Edge.GIVE_UP),
        "reopen_begun": (StepKind.REOPEN, Edge.BEGIN),
        "reopened": (StepKind.REOPEN, Edge.END),
        "succession_proposed": (StepKind.SUM_UP, Edge.END),
        "consent_begun": (StepKind.CONSENT, Edge.BEGIN),
        "consented": (StepKind.CONSENT, Edge.END),
        "destroy_begun": (StepKind.DESTROY, Edge.BEGIN),
        "shard_destroyed": (StepKind.DESTROY, Edge.END),
        "shard_outstanding": (StepKind.DESTROY, Edge.GIVE_UP),
        "closing_named": (StepKind.NAME, Edge.END),
    },
)
"""Entries that belong to a step. The others have a rule of their own in `ceremony.protocol.state`."""

BEGINS = frozenset(kind for kind, edge in TABLE.values() if edge is Edge.BEGIN)
"""Steps that touch something outside the transcript: their end needs an intent before it."""


_ALONE = frozenset({StepKind.SUCCEED, StepKind.NAME})
"""Steps of no series, whatever dealing their entry names."""


def step_of(body: Body) -> tuple[Step, Edge] | None:
    """The step an entry belongs to, and its edge; None for entries that are not part of a step."""
    if body.kind not in TABLE:
        return None
    kind, edge = TABLE[body.kind]
    return Step(kind, _part(kind, body), _series(kind, body), int(getattr(body, "token_number", FIRST_TOKEN))), edge


def _part(kind: StepKind, body: Body) -> int:
    if kind is StepKind.OPEN_TEST:
        return int(getattr(body, "round", 0))
    return int(getattr(body, "number", 0) or getattr(body, "custodian", 0))


def _series(kind: StepKind, body: Body) -> int:
    return int(getattr(body, "attempt", 0) or getattr(body, "dealing", 0)) if kind not in _ALONE else 0
