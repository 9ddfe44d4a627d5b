"""The steps of a ceremony, in order, with the words people read: who acts, what they do, what they type, what they see."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from itertools import chain
from types import MappingProxyType

from ceremony.records.base import FIRST_TOKEN
from ceremony.records.plan import Plan

OPENING_ROUNDS = (1, 2)
"""Two different sets of five open the test envelope (T8)."""


class StepKind(StrEnum):
    """What kind of step."""

    SUCCEED = "succeed"
    ENROL = "enrol"
    CUSTODY = "custody"
    DISCARD = "discard"
    TRANSPORT = "transport"
    CONFIRM = "confirm"
    DEAL = "deal"
    LOAD = "load"
    HOLDING = "holding"
    SEAL_TEST = "seal-test"
    OPEN_TEST = "open-test"
    WITNESS = "witness"
    RETIRE = "retire"
    BURN = "burn"
    DEPLOY = "deploy"
    PROPOSE = "propose"
    APPROVE = "approve"
    VOID = "void"
    ANCHOR = "anchor"
    LIST = "list"
    REWRAP = "rewrap"
    REOPEN = "reopen"
    SUM_UP = "sum-up"
    CONSENT = "consent"
    DESTROY = "destroy"
    NAME = "name"
    SIGN = "sign"


PLAIN: Mapping[StepKind, str] = MappingProxyType(
    {
        StepKind.TRANSPORT: "has the token's agent make a one-time key, which this machine knows, for a shard that the token cannot unwrap",
        StepKind.LOAD: "has the token's agent open the shard, which this machine sees, and put it into the token",
        StepKind.RETIRE: "has the token's agent forget its one-time key; what is left is signed",
    },
)
"""What happens instead where the plan allows a token a plain import."""
OF_EACH_TOKEN = frozenset({StepKind.DISCARD, StepKind.TRANSPORT, StepKind.LOAD, StepKind.HOLDING, StepKind.RETIRE, StepKind.DESTROY})
"""Steps that each token which is to hold a shard takes; the others are its custodian's."""


@dataclass(frozen=True, order=True)
class Step:
    """One step. `part` is the custodian (or the opening round, or the envelope), `series` the dealing or the attempt; else 0.

    `token` says which of the custodian's tokens a step is about that each of them takes; it is 1 in every other one.
    """

    kind: StepKind
    part: int = 0
    series: int = 0
    token: int = FIRST_TOKEN


@dataclass(frozen=True)
class Wording:
    """How a step reads in the script, on screen and in `status`."""

    actor: str
    verb: str
    does: str
    types: str
    sees: str


_PIN = "the token's PIN"
_NONE = "nothing"

WORDING: Mapping[StepKind, Wording] = MappingProxyType(
    {
        StepKind.SUCCEED: Wording(
            "operator", "run", "writes down, from its closed transcript, who hands over", _NONE, "the predecessor's id and roster"
        ),
        StepKind.ENROL: Wording(
            "custodian", "run", "connects the token; a governance key is born inside it and signs the enrolment", _PIN, "the key's address"
        ),
        StepKind.TRANSPORT: Wording(
            "custodian", "run", "lets a transport key be born in the token, which may only unwrap this dealing's shard", _PIN, "its digest"
        ),
        StepKind.CUSTODY: Wording(
            "custodian",
            "run",
            "states who set, holds or discarded the token's PIN and SO PIN",
            "one sentence",
            "the sentence as it will be written down",
        ),
        StepKind.DISCARD: Wording(
            "custodian", "run", "lets the token destroy what it holds of an abandoned dealing", _PIN, "that nothing of it is left"
        ),
        StepKind.CONFIRM: Wording(
            "custodian", "run", "reads the roster digest aloud with the others", "Yes", "the roster digest in hex and in words"
        ),
        StepKind.DEAL: Wording(
            "operator",
            "run",
            "starts the dealer; every custodian and the system contribute randomness; the wrapped shards are written, the dealer ends",
            "nothing (custodians with dice in the plan: their rolls)",
            "the dealing's commitments",
        ),
        StepKind.LOAD: Wording("custodian", "run", "lets the token unwrap its shard", _PIN, "that the token holds exactly one shard"),
        StepKind.HOLDING: Wording(
            "custodian", "run", "has the agent challenge every other token and sign what it saw", _PIN, "six right answers, by name"
        ),
        StepKind.SEAL_TEST: Wording("operator", "run", "seals a fresh test envelope to the master public key", _NONE, "its digest"),
        StepKind.OPEN_TEST: Wording(
            "five custodians", "run", "let their tokens answer, so that these five open the test envelope", _PIN, "that it opened"
        ),
        StepKind.WITNESS: Wording(
            "custodian", "run", "has the agent sign which sets of five it saw open the envelope", _PIN, "the sets"
        ),
        StepKind.RETIRE: Wording(
            "custodian", "run", "lets the token destroy its transport key and sign what is left", _PIN, "that one shard is left"
        ),
        StepKind.BURN: Wording("operator", "run", "destroys the wrapped shards on disk", _NONE, "that they are gone"),
        StepKind.DEPLOY: Wording(
            "operator",
            "run",
            "deploys the contract (powerless until genesis) and reads it back once final",
            "Yes",
            "its address, code hash and numbers before anything is sent",
        ),
        StepKind.PROPOSE: Wording("operator", "run", "proposes the act on the final state of the contract", _NONE, "the act"),
        StepKind.APPROVE: Wording(
            "custodian",
            "approve",
            "reads the act, compares its digest with the neighbours', and approves",
            f"Yes, then {_PIN}",
            "the act in plain words, its digest in hex and in words",
        ),
        StepKind.VOID: Wording(
            "operator", "run", "waits until the chain shows finally that the stopped act can never follow", _NONE, "the final block"
        ),
        StepKind.ANCHOR: Wording(
            "payer",
            "anchor",
            "publishes the approved act and waits until it is final",
            "the payer's password (none on a dev chain)",
            "the receipt",
        ),
        StepKind.LIST: Wording(
            "operator",
            "run",
            "closes the predecessor's register of envelopes: what is not on it will be lost",
            "Yes",
            "every registered envelope, and the words that unregistered ones will be lost",
        ),
        StepKind.REWRAP: Wording(
            "five custodians",
            "run",
            "of the old roster let their tokens open an envelope's key, which is wrapped to the new master key at once",
            _PIN,
            "the envelope's description",
        ),
        StepKind.REOPEN: Wording(
            "five custodians", "run", "of the new roster show that their tokens bring the same key back", _PIN, "that it is the same"
        ),
        StepKind.SUM_UP: Wording("operator", "run", "proposes the list of what was carried over", _NONE, "its digest"),
        StepKind.CONSENT: Wording(
            "custodian",
            "approve",
            "reads the list of what was carried over and its cut-off date, and approves that the old shards are destroyed",
            f"Yes, then {_PIN}",
            "the list, its digest in hex and in words",
        ),
        StepKind.DESTROY: Wording(
            "custodian", "run", "of the old roster lets the token destroy its old shard", f"Yes, then {_PIN}", "that nothing of it is left"
        ),
        StepKind.NAME: Wording("operator", "run", "names the custodians who sign the closing checkpoint", _NONE, "their names"),
        StepKind.SIGN: Wording(
            "custodian", "approve", "reads the closing checkpoint and signs it", f"Yes, then {_PIN}", "number of entries and root in words"
        ),
    },
)


def person_of(plan: Plan, step: Step) -> str:
    """The custodian of a step, and which of their tokens it is about, if each of them takes such a step."""
    return plan.whose(step.part, step.token) if step.kind in OF_EACH_TOKEN else plan.who(step.part)


def wording_of(plan: Plan, step: Step) -> Wording:
    """How this step reads, of this plan."""
    wording = WORDING[step.kind]
    plain = step.kind in PLAIN and plan.token(step.part, step.token).plain_import is not None
    return replace(wording, does=PLAIN[step.kind]) if plain else wording


@dataclass(frozen=True)
class Phase:
    """Steps of one phase: tracks run independently, each in its order; `enough` tracks complete the phase (None: all)."""

    name: str
    tracks: tuple[tuple[Step, ...], ...]
    enough: int | None = None

    def owed(self, done: frozenset[Step] | set[Step]) -> tuple[Step, ...]:
        """The next step of each unfinished track; nothing once enough tracks are finished."""
        heads = [next((step for step in track if step not in done), None) for track in self.tracks]
        if self.enough is not None and heads.count(None) >= self.enough:
            return ()
        return tuple(step for step in heads if step is not None)


@dataclass(frozen=True)
class Course:
    """Where a ceremony stands as far as the order of steps goes: its numbers, its dealing, its attempt at the act, what stands open."""

    n: int
    k: int
    dealing: int = 1
    attempt: int = 1
    discards: tuple[tuple[int, int, int], ...] = ()
    """(dealing, custodian, token) of tokens that may hold something of an abandoned dealing."""
    stopped: bool = False
    named: tuple[int, ...] = ()
    predecessors: int = 0
    """How many custodians hand over; 0 in a first ceremony."""
    envelopes: int = 0
    """How many they hand over, once that is known."""
    holders: tuple[tuple[int, int], ...] = ()
    """(custodian, token) of every token that is to hold a shard; none: the first one of each custodian."""
    old_holders: tuple[tuple[int, int], ...] = ()
    """Likewise, of those who hand over."""
    left_out: tuple[int, ...] = ()
    """Numbers of those that could not be carried over."""


@lru_cache(maxsize=64)
def phases(course: Course) -> tuple[Phase, ...]:
    """All phases of a ceremony in order; the one source of `run`, `status`, `script` and the transition rule."""
    n, deal, attempt = course.n, course.dealing, course.attempt
    enrol = tuple((Step(StepKind.ENROL, index), Step(StepKind.CUSTODY, index)) for index in range(1, n + 1))
    openings = (Step(StepKind.OPEN_TEST, number, deal) for number in OPENING_ROUNDS)
    return (
        Phase("Clean up", tuple((Step(StepKind.DISCARD, index, dealing, token),) for dealing, index, token in course.discards)),
        *_succession(course),
        Phase("Enrol", enrol),
        Phase("Make transport keys", _each_holder(StepKind.TRANSPORT, course.holders, n, deal)),
        Phase("Confirm the roster", _each(StepKind.CONFIRM, n)),
        Phase("Deal", ((Step(StepKind.DEAL, 0, deal),),)),
        Phase("Load", _each_holder(StepKind.LOAD, course.holders, n, deal)),
        Phase("Prove holding", _each_holder(StepKind.HOLDING, course.holders, n, deal)),
        Phase("Prove opening", ((Step(StepKind.SEAL_TEST, 0, deal), *openings),)),
        Phase("Witness opening", _each(StepKind.WITNESS, n, deal)),
        Phase("Retire transport keys", _each_holder(StepKind.RETIRE, course.holders, n, deal)),
        Phase("Destroy wrapped shards", ((Step(StepKind.BURN, 0, deal),),)),
        *(() if course.predecessors else (Phase("Deploy", ((Step(StepKind.DEPLOY),),)),)),
        Phase("Propose", ((Step(StepKind.PROPOSE, 0, attempt),),)),
        *_decision(course, _each(StepKind.APPROVE, course.predecessors or n, attempt)),
        *_handover(course),
        Phase("Name the closing signers", ((Step(StepKind.NAME),),)),
        Phase("Sign the checkpoint", tuple((Step(StepKind.SIGN, index),) for index in course.named)),
    )


def _succession(course: Course) -> tuple[Phase, ...]:
    return (Phase("Name the predecessor", ((Step(StepKind.SUCCEED),),)),) if course.predecessors else ()


def _handover(course: Course) -> tuple[Phase, ...]:
    """What follows a rotation: no old shard is destroyed before every envelope opens with the new ones, and five have said so."""
    if not course.predecessors:
        return ()
    numbers = range(1, course.envelopes + 1)
    return (
        Phase("List the envelopes", ((Step(StepKind.LIST),),)),
        Phase("Wrap the envelopes anew", (tuple(Step(StepKind.REWRAP, number) for number in numbers),)),
        Phase("Open them anew", (tuple(Step(StepKind.REOPEN, number) for number in numbers if number not in course.left_out),)),
        Phase("Propose the succession", ((Step(StepKind.SUM_UP),),)),
        Phase("Approve the succession", _each(StepKind.CONSENT, course.n), enough=course.k),
        Phase("Destroy the old shards", _each_holder(StepKind.DESTROY, course.old_holders, course.predecessors)),
    )


def all_steps(course: Course) -> tuple[tuple[str, Step], ...]:
    """(phase name, step) of the whole course, in the order the script prints them."""
    return tuple((phase.name, step) for phase in phases(course) for step in chain.from_iterable(phase.tracks))


def opening_set(n: int, k: int, number: int) -> tuple[int, ...]:
    """The custodians of opening round 1 (the first k) or 2 (the last k): together they are all, where 2k >= n."""
    return tuple(range(1, k + 1)) if number == 1 else tuple(range(n - k + 1, n + 1))


def _each(kind: StepKind, n: int, series: int = 0) -> tuple[tuple[Step, ...], ...]:
    return tuple((Step(kind, index, series),) for index in range(1, n + 1))


def _each_holder(
    kind: StepKind, holders: tuple[tuple[int, int], ...], n: int, series: int = 0
) -> tuple[tuple[Step, ...], ...]:
    held = holders or tuple((index, FIRST_TOKEN) for index in range(1, n + 1))
    return tuple((Step(kind, index, series, token),) for index, token in held)


def _decision(course: Course, approvals: tuple[tuple[Step, ...], ...]) -> tuple[Phase, ...]:
    if course.stopped:
        return (Phase("Wait until the stopped act is dead", ((Step(StepKind.VOID, 0, course.attempt),),)),)
    return (
        Phase("Approve", approvals, enough=course.k),
        Phase("Anchor", ((Step(StepKind.ANCHOR, 0, course.attempt),),)),
    )
