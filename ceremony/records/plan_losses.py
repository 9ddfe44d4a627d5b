"""What a plan survives: every loss of one token, of one site or of two custodians, enumerated (T1)."""

from dataclasses import dataclass
from itertools import combinations

from ceremony.records.plan import Plan
from ceremony.records.plan_rules import groups_of


@dataclass(frozen=True)
class Loss:
    """Custodians who cannot come, and how many are left without them."""

    what: str
    custodians: tuple[int, ...]
    left: int
    quorum: int

    @property
    def survived(self) -> bool:
        """Whether those who are left can still act."""
        return self.left >= self.quorum

    def as_json(self) -> dict[str, object]:
        """The loss for programs."""
        return {"what": self.what, "custodians": list(self.custodians), "left": self.left, "survived": self.survived}


@dataclass(frozen=True)
class TokenLoss:
    """One token that is gone: what is lost with it for good, if anything."""

    what: str
    shard: bool
    """Whether its shard is gone with it: no other token of this custodian holds it."""
    signing: bool

    def as_json(self) -> dict[str, object]:
        """The loss for programs."""
        return {"what": self.what, "shard_lost": self.shard, "signing_lost": self.signing}


def token_losses(plan: Plan) -> tuple[TokenLoss, ...]:
    """The loss of each token."""
    return tuple(_token_loss(plan, index, number) for index, number in plan.tokens)


def site_losses(plan: Plan) -> tuple[Loss, ...]:
    """The loss of each site."""
    sites = [custodian.site for custodian in plan.custodian]
    return tuple(_loss(plan, f"site {sites[members[0]]}", tuple(at + 1 for at in members)) for members in groups_of(sites))


def pair_losses(plan: Plan) -> tuple[Loss, ...]:
    """The loss of each two custodians."""
    return tuple(_loss(plan, " and ".join(plan.who(index) for index in pair), pair) for pair in combinations(plan.indices, 2))


def _token_loss(plan: Plan, index: int, number: int) -> TokenLoss:
    custodian = plan.custodian[index - 1]
    what = f"{plan.whose(index, number)}, serial {custodian.token[number - 1].serial}"
    return TokenLoss(what, shard=custodian.holders == (number,), signing=custodian.signer == number)


def _loss(plan: Plan, what: str, lost: tuple[int, ...]) -> Loss:
    return Loss(what, lost, len(plan.custodian) - len(lost), plan.quorum.k)
