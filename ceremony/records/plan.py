"""The plan: the one input file, as a record. Reading TOML and finding lines is `ceremony.records.plan_text`'s work."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ceremony.errors import ApprovalError
from ceremony.records.base import TOKENS, Address, Count, Hex32, Instant, Plain, Record

CUSTODIANS = 7
QUORUM = 5
HALTING = 3


class Quorum(Record):
    """n custodians, k of whom act, and the halting number that can block anyway (n - k + 1)."""

    n: Count
    k: Count
    halting: Count


class Commit(Record):
    """One named file the genesis commits to."""

    name: Plain
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


Endpoint = Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=300)]


class ChainPlan(Record):
    """The chain: its id, the endpoints to ask, and the contract ("deploy" or the address of one deployed before)."""

    id: Count
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1, max_length=8)]
    contract: Literal["deploy"] | Address
    depth: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    """Blocks on top of one that make it final, where a chain has no finality of its own; 0 asks the chain."""


class TokenPlan(Record):
    """One token of a custodian. `config` is the module's own configuration (SoftHSM: softhsm2.conf; NSS: its directory)."""

    serial: Plain
    module: Plain
    config: Plain | None = None
    mark: Plain | None = None
    """Directory of the token's high-water mark; beside `config` when left out."""
    roles: tuple[Literal["sign", "shard"], ...] = ("sign", "shard")
    plain_import: Plain | None = None
    """Why this token may be given its shard in the clear, by a machine that sees it; None: it unwraps its shard itself."""


class Custodian(Record):
    """A person who holds tokens: one that signs, and one or more (twins) that hold the same shard."""

    name: Plain
    affiliation: Plain
    site: Plain
    dice: bool = False
    """Their dice, and a salt, are one more contribution to each dealing."""
    token: Annotated[tuple[TokenPlan, ...], Field(min_length=1, max_length=TOKENS)]

    @property
    def signer(self) -> int:
        """Number of the token that signs."""
        return next(number for number, token in enumerate(self.token, 1) if "sign" in token.roles)

    @property
    def holders(self) -> tuple[int, ...]:
        """Numbers of the tokens that hold the shard; the first is the primary one, the others are backups."""
        return tuple(number for number, token in enumerate(self.token, 1) if "shard" in token.roles)


class Succeeds(Record):
    """The ceremony whose custodians hand over to this plan's: its id, and where its directory is."""

    ceremony: Hex32
    directory: Plain


class Waiver(Record):
    """A named, reasoned exception to one rule of `plan_rules`; `verify` shows it."""

    rule: Plain
    subject: Plain
    reason: Plain
    granted_by: Plain


class Plan(Record):
    """`plan.toml`, parsed."""

    version: Literal[1]
    title: Plain
    rehearsal: bool
    expires: Instant
    approval_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 72
    """How long an act may wait for its approvals and its anchor, in hours of chain time."""
    previous_head: Hex32 | None = None
    succeeds: Succeeds | None = None
    """What this ceremony replaces; None for a first one."""
    mirror: Plain | None = None
    """A second directory, on another medium, that gets every line of the transcript too (T2)."""
    require_locked_memory: bool = False
    """No dealing and no opening unless the memory of dealer and combiner could be locked."""
    quorum: Quorum
    chain: ChainPlan
    commits: Annotated[tuple[Commit, ...], Field(min_length=1, max_length=16)]
    custodian: Annotated[tuple[Custodian, ...], Field(min_length=1, max_length=32)]
    waiver: tuple[Waiver, ...] = ()

    @model_validator(mode="after")
    def _require_unique_commits(self) -> Self:
        names = [commit.name for commit in self.commits]
        if len(set(names)) != len(names):
            message = "two commits have one name"
            raise ValueError(message)
        return self

    @property
    def indices(self) -> range:
        """The custodians' indices, from 1, in the plan's order."""
        return range(1, len(self.custodian) + 1)

    @property
    def diced(self) -> tuple[int, ...]:
        """The custodians whose dice contribute to a dealing."""
        return tuple(index for index, custodian in enumerate(self.custodian, 1) if custodian.dice)

    @property
    def holders(self) -> tuple[tuple[int, int], ...]:
        """Custodian and number of every token that is to hold a shard, in the plan's order."""
        return tuple((index, number) for index in self.indices for number in self.custodian[index - 1].holders)

    @property
    def tokens(self) -> tuple[tuple[int, int], ...]:
        """Custodian and number of every token, in the plan's order."""
        return tuple((index, number) for index in self.indices for number in range(1, len(self.custodian[index - 1].token) + 1))

    def token(self, index: int, number: int) -> TokenPlan:
        """One token of a custodian."""
        return self.custodian[index - 1].token[number - 1]

    def signer(self, index: int) -> TokenPlan:
        """The token that signs for a custodian."""
        return self.token(index, self.custodian[index - 1].signer)

    def who(self, index: int) -> str:
        """Custodian `index` as errors and screens name them."""
        return f"custodian {index} {self.custodian[index - 1].name}"

    def whose(self, index: int, number: int) -> str:
        """A token's custodian, and which of their tokens it is, where they have more than one."""
        return f"{self.who(index)}, token {number}" if len(self.custodian[index - 1].token) > 1 else self.who(index)

    def require_index(self, name: str) -> int:
        """The index of the custodian with this name; ApprovalError when there is none."""
        names = [custodian.name for custodian in self.custodian]
        if name not in names:
            message = f"no custodian of this plan is called {name!r}"
            raise ApprovalError(message, culprits=(name,), remedy="Use the name as `ceremony plan show PLAN` spells it.")
        return names.index(name) + 1
