"""What one token can do for the ceremony, found by doing it with throw-away objects: `ceremony doctor`, before the day (T5).

Its keys carry ids that no ceremony has and that are the same every time, so what a killed probe left behind is destroyed by the next one.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ceremony.errors import CeremonyError, TokenFault, TokenIncapable, TokenLied
from ceremony.hsm import trials
from ceremony.hsm.token import Role, Token
from ceremony.hsm.trials import Entropy, ThrowAwayShard, Workbench


@dataclass(frozen=True)
class Row:
    """One thing the ceremony needs: whether this token is able to, and what was seen or what to change."""

    name: str
    able: bool
    detail: str


@dataclass(frozen=True)
class _Bench:
    """What the trials of one probe share."""

    token: Token
    entropy: Entropy
    shard: ThrowAwayShard
    before: int | None
    """Keys listed before the trials; None when they could not be counted."""

    @property
    def workbench(self) -> Workbench:
        if not isinstance(self.token, Workbench):
            message = "nothing was tried: the program that reaches this token has no way to"
            raise TokenIncapable(message)
        return self.token


@dataclass(frozen=True)
class _Trial:
    name: str
    advice: str
    """What to change when it fails."""
    run: Callable[[_Bench], str]
    needs: frozenset[str] = frozenset({"sign", "shard"})
    """The roles that need it: a token with none of them is not asked."""
    way: bool | None = None
    """Whether it belongs to a plain import (True) or to unwrapping (False) alone."""


def probe(token: Token, entropy: Entropy, roles: Sequence[str] = ("sign", "shard"), *, plain: bool = False) -> tuple[Row, ...]:
    """Try everything that a token with these roles must do; what fails in one row does not keep the others from being tried.

    The user is logged in.

    Args:
        token: the token, opened; the rows that attack it need a `Workbench`.
        entropy: a source of random bytes of this machine.
        roles: what the token is for.
        plain: the plan allows it a plain import: it need not unwrap.
    """
    _sweep(token)
    bench = _Bench(token, entropy, trials.draw_shard(entropy), _count(token))
    try:
        wanted = [trial for trial in TRIALS if trial.needs & set(roles) and trial.way in {None, plain}]
        rows = [_judge(trial, bench) for trial in wanted]
    finally:
        _sweep(token)
    return (*rows, _judge(AFTERWARDS, bench))


def _judge(trial: _Trial, bench: _Bench) -> Row:
    try:
        return Row(trial.name, able=True, detail=trial.run(bench))
    except CeremonyError as error:
        return Row(trial.name, able=False, detail=f"{error.message}. What to change: {trial.advice}.")


def _sweep(token: Token) -> None:
    """Destroy every throw-away key there may be; whether that worked is judged afterwards, by looking."""
    for key_id in trials.KEY_IDS.values():
        for role in Role:
            with suppress(CeremonyError):
                token.destroy(key_id, role)


def _count(token: Token) -> int | None:
    with suppress(CeremonyError):
        return token.count_keys() if isinstance(token, Workbench) else None
    return None


def _require_clean(bench: _Bench) -> str:
    left = sum(bench.token.count(key_id, role) for key_id in trials.KEY_IDS.values() for role in Role)
    if left:
        message = f"{left} throw-away keys are still listed after they were destroyed"
        raise TokenLied(message)
    after = bench.workbench.count_keys()
    if bench.before != after:
        before = "an unknown number of" if bench.before is None else bench.before
        message = f"it listed {before} keys before the trials and {after} after them"
        raise TokenLied(message)
    return f"every throw-away key is gone; it lists {after} keys, as before"


def _tell_tries(bench: _Bench) -> str:
    tries = bench.token.describe().pin_tries
    if tries not in {"ok", "low"}:
        message = "the next wrong PIN locks it" if tries == "final" else f"its user PIN is {tries}"
        raise TokenFault(message)
    return "as many as it gives" if tries == "ok" else "few: a wrong PIN was tried before"


def _tell_entry(bench: _Bench) -> str:
    """For information: both ways are supported."""
    protected = bench.token.describe().protected_pin
    return "yes, the PIN is typed on the token's own keypad" if protected else "no, the PIN is typed on this machine, which sees it"


HOLDS = frozenset({"shard"})
# In this order: later trials use the keys of earlier ones.
TRIALS = (
    _Trial(
        "random bytes",
        "its random number generator must answer (C_GenerateRandom)",
        lambda bench: trials.draw_random(bench.token),
    ),
    _Trial(
        "can sign",
        "allow CKM_EC_KEY_PAIR_GEN and CKM_ECDSA on secp256k1 (a FIPS mode may forbid the curve), for keys that never leave",
        lambda bench: trials.sign_acts(bench.token, bench.entropy),
        frozenset({"sign"}),
    ),
    _Trial(
        "makes a transport key",
        "allow CKM_RSA_PKCS_KEY_PAIR_GEN of 2048 bits with CKA_UNWRAP_TEMPLATE; without it a shard must not be wrapped to this token",
        lambda bench: trials.make_transport(bench.token),
        HOLDS,
        way=False,
    ),
    _Trial(
        "can hold a shard",
        "allow CKM_RSA_PKCS_OAEP (SHA-1) to unwrap P-256 keys, and CKM_ECDH1_DERIVE with CKD_NULL, for keys that never leave",
        lambda bench: trials.hold_shard(bench.token, bench.shard, bench.entropy),
        HOLDS,
        way=False,
    ),
    _Trial(
        "takes a shard in the clear",
        "allow C_CreateObject of P-256 keys that never leave, and CKM_ECDH1_DERIVE with CKD_NULL",
        lambda bench: trials.take_shard(bench.token, bench.shard, bench.entropy),
        HOLDS,
        way=True,
    ),
    _Trial(
        "enforces the unwrap template",
        "do not use it for shards, because whoever has its PIN and the wrapped shard could read the shard; ask its vendor for firmware",
        lambda bench: trials.attack_template(bench.workbench, bench.shard),
        HOLDS,
        way=False,
    ),
    _Trial(
        "keeps a shard inside",
        "do not use it for shards, because its logged-in user can take one out; look for a policy of the token that forbids it",
        lambda bench: trials.attack_shard(bench.workbench),
        HOLDS,
    ),
    _Trial("PIN tries left", "have its PIN set anew with `ceremony pin --so` before the day", _tell_tries),
    _Trial("protected PIN entry", "it must describe itself (C_GetTokenInfo)", _tell_entry),
)
AFTERWARDS = _Trial("destroys keys", "it must let its user destroy the keys made for the ceremony (CKA_DESTROYABLE)", _require_clean)
NAMES = tuple(trial.name for trial in (*TRIALS, AFTERWARDS) if not trial.way)
