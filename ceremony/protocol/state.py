"""The state of a ceremony is the fold of its transcript, and of nothing else (DESIGN 4.9).

This file says what a state is and what it owes; `ceremony.protocol.fold` says what each entry does to it.
"""

from dataclasses import dataclass, field, replace
from typing import Literal

from ceremony.acts.roster import ascending
from ceremony.anchor.artifacts.deployment import Terms
from ceremony.errors import OutOfTurn
from ceremony.protocol.committee import Committee
from ceremony.protocol.steps import Course, Phase, Step, StepKind, phases
from ceremony.records import act_entries as act
from ceremony.records import dealing_entries as deal
from ceremony.records import roster_entries as roster
from ceremony.records import succession_entries as succession
from ceremony.records.base import from_hex
from ceremony.records.evidence import BlockSeen
from ceremony.records.plan import Plan
from ceremony.records.structs import Checkpoint, Domain, OnChain, TypedAct

SYSTEM = "system"
FIRST_EPOCH = 1
"""The first roster's number; the contract starts with it too."""


def source_of(custodian: int) -> str:
    """How a custodian's contribution to a dealing is called in the transcript."""
    return f"custodian {custodian}"


def dice_of(custodian: int) -> str:
    """How the contribution of a custodian's dice is called."""
    return f"dice of custodian {custodian}"


def sources_of(plan: Plan) -> tuple[str, ...]:
    """Everything that contributes randomness to a dealing of this plan: the system, each custodian's token, some custodians' dice."""
    diced = (dice_of(index) for index in plan.diced)
    return (SYSTEM, *(source_of(index) for index in plan.indices), *diced)


def course_of(plan: Plan) -> Course:
    """The whole course of a ceremony of this plan, as it is foreseen: the first k sign, one envelope is carried over."""
    quorum = plan.quorum
    course = Course(quorum.n, quorum.k, named=tuple(plan.indices)[: quorum.k], holders=plan.holders)
    return replace(course, predecessors=quorum.n, envelopes=1) if plan.succeeds else course


@dataclass
class State:
    """What the entries so far add up to. Only `ceremony.protocol.fold` changes it."""

    opened: roster.CeremonyOpened
    plan: Plan
    size: int = 0
    done: set[Step] = field(default_factory=set)
    begun: set[Step] = field(default_factory=set)
    dealing: int = 1
    attempt: int = 1
    enrolled: dict[int, roster.Enrolled] = field(default_factory=dict)
    transports: dict[tuple[int, int], roster.TransportMade] = field(default_factory=dict)
    """By custodian and number of the token, as everything that each token has of its own."""
    contributions: dict[str, deal.ContributionCommitted] = field(default_factory=dict)
    revealed: dict[str, deal.ContributionRevealed] = field(default_factory=dict)
    dealt: deal.Dealt | None = None
    test: deal.TestSealed | None = None
    remnants: dict[int, set[tuple[int, int]]] = field(default_factory=dict)
    deploying: act.DeployBegun | None = None
    deployed: act.Deployed | None = None
    proposed: act.Proposed | None = None
    proposed_at: int = 0
    approvals: dict[int, act.Approved] = field(default_factory=dict)
    failures: dict[int, int] = field(default_factory=dict)
    """Entry index of each custodian's newest failed try, until they have approved."""
    aborting: act.AbortAsked | None = None
    stopped_by: act.AbortAsked | None = None
    """Who stopped the act before the one in hand; None when it expired, or there was none."""
    voided: act.ActVoided | None = None
    anchoring: act.AnchorBegun | None = None
    anchored: act.Anchored | None = None
    closing: act.ClosingNamed | None = None
    succeeded: succession.SuccessionOpened | None = None
    predecessor: Committee | None = None
    """Who hands over; None in a first ceremony."""
    listed: succession.EnvelopesListed | None = None
    rewrapped: dict[int, succession.Rewrapped] = field(default_factory=dict)
    left_out: dict[int, succession.EnvelopeLeftOut] = field(default_factory=dict)
    """Envelopes that could not be carried over, by their number: they are lost."""
    summary: succession.SuccessionProposed | None = None
    consents: dict[int, succession.Consented] = field(default_factory=dict)
    left_behind: dict[tuple[int, int], succession.ShardOutstanding] = field(default_factory=dict)
    """Custodians of the predecessor, and which token of theirs, whose shard may still be there (P1)."""

    # --- what is owed ---

    @property
    def course(self) -> Course:
        """This state as far as the order of steps goes."""
        quorum = self.plan.quorum
        discards = tuple((dealing, *whose) for dealing, held in sorted(self.remnants.items()) for whose in sorted(held))
        named = self.closing.custodians if self.closing else ()
        before = (self.predecessor.plan.quorum.n if self.predecessor else quorum.n) if self.plan.succeeds else 0
        envelopes = self.listed.envelopes if self.listed else 0
        mine, theirs = self.plan.holders, self.predecessor.plan.holders if self.predecessor else ()
        return Course(
            quorum.n,
            quorum.k,
            dealing=self.dealing,
            attempt=self.attempt,
            discards=discards,
            stopped=self.stopped,
            named=named,
            predecessors=before,
            envelopes=envelopes,
            holders=mine,
            old_holders=theirs,
            left_out=tuple(self.left_out),
        )

    def phase(self, signed: frozenset[int] = frozenset()) -> Phase | None:
        """The first unfinished phase; `signed` are the custodians whose signature the checkpoint file has. None when closed."""
        done = self.done | {Step(StepKind.SIGN, index) for index in signed}
        return next((phase for phase in phases(self.course) if phase.owed(done)), None)

    def owed(self, signed: frozenset[int] = frozenset()) -> tuple[Step, ...]:
        """The steps that may be taken now, in order; none when the ceremony is closed."""
        phase = self.phase(signed)
        done = self.done | {Step(StepKind.SIGN, index) for index in signed}
        return phase.owed(done) if phase else ()

    def outstanding(self) -> tuple[tuple[int, int, int], ...]:
        """(dealing, custodian, token) of tokens that may still hold something of an abandoned dealing (P1)."""
        return self.course.discards

    # --- what it adds up to ---

    @property
    def stopped(self) -> bool:
        """A custodian has stopped the act, and the chain has not overtaken the stop."""
        return self.aborting is not None and self.anchored is None

    @property
    def roster(self) -> dict[int, str]:
        """Governance address of each enrolled custodian."""
        return {index: entry.enrolment.governance_key for index, entry in sorted(self.enrolled.items())}

    @property
    def epoch(self) -> int:
        """The number of this ceremony's roster."""
        return self.succeeded.epoch + 1 if self.succeeded else FIRST_EPOCH

    @property
    def committee(self) -> Committee:
        """Who approves the act that this ceremony proposes: its own custodians, or those who hand over."""
        return self.predecessor or Committee(self.plan, self.opened.ceremony, self.roster, FIRST_EPOCH)

    @property
    def asked_plan(self) -> Plan:
        """The plan that names those whose signature is owed now: the predecessor's until its act is on chain."""
        return self.committee.plan if self.anchored is None else self.plan

    def plan_of(self, step: Step) -> Plan:
        """The plan that names the custodian of a step."""
        return self.committee.plan if step.kind in {StepKind.APPROVE, StepKind.DESTROY} else self.plan

    def roster_at(self, epoch: int) -> tuple[str, ...]:
        """The governance addresses in charge in an epoch, ascending: those who hand over, or this ceremony's own."""
        return ascending((self.committee.roster if epoch == self.committee.epoch else self.roster).values())

    @property
    def commitments(self) -> tuple[str, ...]:
        """The dealing's Feldman commitments, hex; none before it was dealt."""
        return self.dealt.commitments if self.dealt else ()

    @property
    def terms(self) -> Terms:
        """What the contract's creation code fixes: this ceremony, or the first one of those that succeed each other."""
        quorum, origin = self.plan.quorum, self.succeeded.origin if self.succeeded else None
        return Terms(
            name=self.domain_name,
            ceremony_id=from_hex(origin.ceremony if origin else self.opened.ceremony),
            roster=origin.roster if origin else ascending(self.roster.values()),
            k=quorum.k,
            halting=quorum.halting,
        )

    @property
    def domain(self) -> Domain:
        """Where enrolments, transport keys and attestations are signed: this ceremony, before any contract exists."""
        return Domain(name=self.domain_name, chain_id=self.plan.chain.id, contract=None, salt=self.opened.ceremony)

    @property
    def domain_name(self) -> Literal["ceremony", "ceremony rehearsal"]:
        """The name in every signing domain: a rehearsal's signatures are worth nothing in a real ceremony."""
        return "ceremony rehearsal" if self.opened.rehearsal else "ceremony"

    @property
    def origin(self) -> str:
        """What the closing checkpoint is of (C2SP: the log's name)."""
        return f"ceremony/{self.opened.ceremony.removeprefix('0x')}"

    @property
    def contract(self) -> str | None:
        """The contract's address, hex; None before it stands."""
        if self.succeeded is not None:
            return self.succeeded.origin.contract
        return self.deployed.contract if self.deployed else None

    @property
    def first_block(self) -> BlockSeen | None:
        """The final block at which the contract stood already, and had taken nothing; None before it stands."""
        if self.succeeded is not None:
            return self.succeeded.origin.block
        return self.deployed.seen.block if self.deployed else None

    def contract_act(self, struct: OnChain | Checkpoint) -> TypedAct:
        """A struct in the contract's domain; OutOfTurn before the contract stands."""
        if self.contract is None:
            message = "the contract does not stand yet"
            raise OutOfTurn(message)
        domain = Domain(name=self.domain_name, chain_id=self.plan.chain.id, contract=self.contract, salt=None)
        return TypedAct(domain=domain, struct=struct)

    @property
    def act_owed(self) -> TypedAct | None:
        """The proposed act in its domain, while it waits for approvals or its anchor."""
        return self.contract_act(self.proposed.act) if self.proposed else None
