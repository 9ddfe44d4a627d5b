"""Row 6: one custodian's token lies, in a whole ceremony and in custody after it; each lie is caught by name, and its custodian named (T9).

Every kind is a token behind the same port as the honest one. What the agent alone must notice is in `tests/unit/hsm/test_lying_tokens.py`.
"""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coincurve import PrivateKey

from ceremony.acts.signature import ORDER
from ceremony.conductor.custody import prove, unseal
from ceremony.conductor.untrusted import unseal_untrusted
from ceremony.errors import CeremonyError
from ceremony.hsm.token import Role
from ceremony.records.structs import Attestation, Checkpoint, Enrolment, Genesis
from ceremony.shards.field import base_multiply, encode_x, multiply, parse_point, points_at, weighted_sum
from tests.simulators.ceremony_directory import SimulatedCeremony
from tests.simulators.custody import ALL, KEY, custody, sealed_to
from tests.simulators.openings import NO_TAGS, with_tags
from tests.simulators.tokens import SimulatedToken
from tests.sweeps import Swept

LIAR = 3
STRANGER = PrivateKey(b"\x07" * 32)
Lie = Callable[..., Any]


def liar(**methods: Lie) -> type[SimulatedToken]:
    """Tokens of which custodian LIAR's has these methods instead of the honest ones; each gets the honest answer's maker first."""

    def lying(name: str, lie: Lie) -> Lie:
        honest = getattr(SimulatedToken, name)

        def method(self: SimulatedToken, *arguments: Any) -> Any:
            if self._number != LIAR:
                return honest(self, *arguments)
            return lie(lambda *given: honest(self, *(given or arguments)), *arguments)

        return method

    return type("Liar", (SimulatedToken,), {name: lying(name, lie) for name, lie in methods.items()})


def over(kind: type, lie: Lie) -> Lie:
    """A signature that is a lie only where an act of this kind is signed."""
    return lambda honest, key_id, act: lie(honest, key_id, act) if isinstance(act.struct, kind) else honest()


def foreign(_honest: Lie, _key_id: bytes, _act: Any) -> bytes:
    return STRANGER.sign_recoverable(b"\1" * 32, hasher=None)[:64]


def other_digest(honest: Lie, key_id: bytes, act: Any) -> Any:
    return honest(key_id, act.model_copy(update={"domain": act.domain.model_copy(update={"chain_id": 1})}))


def attribute(role: Role, **changed: Any) -> Lie:
    """These attributes read back otherwise (left out, if None)."""

    def lie(honest: Lie, _key_id: bytes, asked: Role) -> Any:
        found = honest()
        if asked is role:
            found = {name: value for name, value in {**found, **changed}.items() if value is not None}
        return found

    return lie


def kept(found: list[Any]) -> Lie:
    """The first answer again, whatever is asked."""

    def lie(honest: Lie, *_: Any) -> Any:
        found.append(honest())
        return found[0]

    return lie


def twice(honest: Lie, *_: Any) -> Any:
    honest()
    return honest()


def flipped(honest: Lie, *_: Any) -> bytes:
    x: bytes = honest()
    return bytes([x[0] ^ 1]) + x[1:]


def after(count: int, lie: Lie) -> Lie:
    """Honest `count` times, then the lie."""
    asked = [0]

    def later(honest: Lie, *arguments: Any) -> Any:
        asked[0] += 1
        return honest() if asked[0] <= count else lie(honest, *arguments)

    return later


def constant_added(honest: Lie, key_id: bytes, point: bytes) -> bytes:
    """x of s*P + T: asking for P and P + G would let it pass (FACTS 3)."""
    return encode_x(weighted_sum((points_at(honest())[0], base_multiply(9)), (1, 1)))


def serial(honest: Lie) -> Any:
    return replace(honest(), serial="sim4")


CEREMONY: Mapping[str, type[SimulatedToken]] = {
    "an extractable shard": liar(attributes=attribute(Role.SHARD, extractable=True)),
    "an extractable governance key": liar(attributes=attribute(Role.GOVERNANCE, extractable=True)),
    "an extractable transport key": liar(attributes=attribute(Role.TRANSPORT, extractable=True)),
    "a shard that says it was born in the token": liar(attributes=attribute(Role.SHARD, local=True, never_extractable=True)),
    "an attribute kept back": liar(attributes=attribute(Role.SHARD, never_extractable=None)),
    "a transport key without its template": liar(attributes=attribute(Role.TRANSPORT, **{"unwrap.sensitive": None})),
    "another shard than the one wrapped": liar(_add=lambda honest, key_id, role, value: honest(
        key_id, role, f"{7:064x}" if role is Role.SHARD else value)),
    "two shards with one id": liar(unwrap_shard=twice),
    "a shard loaded without effect": liar(unwrap_shard=lambda *_: None),
    "a governance key made without effect": liar(generate_governance_key=lambda *_: STRANGER.public_key.format(compressed=False)),
    "a transport key made under another id": liar(generate_transport_key=lambda honest, key_id: honest(b"another" + key_id)),
    "two governance keys with one id": liar(generate_governance_key=twice),
    "a transport key destroyed without effect": liar(destroy=lambda *_: 0),
    "random bytes all alike": liar(random=lambda _honest, size: b"\xaa" * size),
    "too few random bytes": liar(random=lambda honest, size: honest(size - 1)),
    "no random bytes": liar(random=lambda *_: b""),
    "a foreign signature from the start": liar(sign=foreign),
    "a signature out of range": liar(sign=lambda *_: bytes(32) + ORDER.to_bytes(32, "big")),
    "a signature cut short": liar(sign=lambda honest, *_: honest()[:-1]),
    "a signature over something else": liar(sign=other_digest),
    "the first signature again and again": liar(sign=kept([])),
    "a foreign signature over the enrolment": liar(sign=over(Enrolment, foreign)),
    "a foreign signature over an attestation": liar(sign=over(Attestation, foreign)),
    "a foreign signature over the genesis": liar(sign=over(Genesis, foreign)),
    "a foreign signature over the checkpoint": liar(sign=over(Checkpoint, foreign)),
    "a public key that is none": liar(public_key=lambda honest, _id, role: b"\4" + b"\1" * 64 if role is Role.GOVERNANCE else honest()),
    "a public key of nobody here": liar(public_key=lambda honest, _id, role: (
        STRANGER.public_key.format(compressed=False) if role is Role.GOVERNANCE else honest())),
    "a changed ECDH result": liar(derive=flipped),
    "a changed ECDH result once the shard was believed": liar(derive=after(1, flipped)),
    "a changed ECDH result once all had challenged it": liar(derive=after(7, flipped)),
    "an ECDH result of nothing": liar(derive=lambda *_: bytes(32)),
    "the first ECDH result again and again": liar(derive=kept([])),
    "a login without effect": liar(login=lambda *_: None),
    "another token's serial": liar(describe=serial),
}  # fmt: skip
CUSTODY: Mapping[str, type[SimulatedToken]] = {
    "a changed answer": liar(derive=flipped),
    "an answer of nothing": liar(derive=lambda *_: bytes(32)),
    "an answer cut short": liar(derive=lambda honest, *_: honest()[:-1]),
    "a constant added to each answer": liar(derive=constant_added),
    "another shard's answers": liar(derive=lambda _honest, _key_id, point: encode_x(multiply(parse_point(point), 4242))),
    "no shard any more": liar(count=lambda *_: 0, _one=lambda *_: f"{9:064x}"),
}


def sweep(full: bool) -> Swept:
    """Every lie."""
    problems = []
    for name, kind in CEREMONY.items():
        with tempfile.TemporaryDirectory(prefix="ceremony-liar-") as place:
            problems += [f"{name}: {problem}" for problem in _whole(Path(place), kind)]
    for name, kind in CUSTODY.items():
        with tempfile.TemporaryDirectory(prefix="ceremony-liar-") as place:
            problems += [f"{name}, in custody: {problem}" for problem in _afterwards(Path(place), kind)]
    return Swept(len(CEREMONY) + len(CUSTODY), tuple(problems), f"{len(CEREMONY)} in a whole ceremony, {len(CUSTODY)} after it")


def _whole(place: Path, kind: type[SimulatedToken]) -> list[str]:
    """The ceremony ends in a named error that names the liar, before anything that the lie would have spoilt is claimed."""
    ceremony = SimulatedCeremony(place, 1, make_token=kind)
    try:
        ceremony.play()
    except CeremonyError as error:
        told = " ".join((error.message, *error.culprits))
        return [] if f"custodian {LIAR}" in told or f"sim{LIAR}" in told else [f"not named in: {error.name}: {told}"]
    except Exception as error:  # noqa: BLE001 - what the sweep looks for
        return [f"not a named error: {type(error).__name__}: {error}"]
    return ["NOT CAUGHT: the ceremony was closed"]


def _afterwards(place: Path, kind: type[SimulatedToken]) -> list[str]:
    """Five honest tokens open all the same, with the sealer's tags and without; the liar is named, and does not pass for a holder."""
    with custody(place, kind) as here:
        key, done = unseal(here, sealed_to(here.conductor.state), "test", ALL)
        untagged, doubted = unseal_untrusted(here, with_tags(sealed_to(here.conductor.state), NO_TAGS), "test", ALL)
        refuted = [one.custodian for one in prove(here, ALL)]
    found = {
        "opened by five": key == KEY,
        "named": [one.custodian for one in done.wrong] == [LIAR],
        "opened by five without tags": untagged == KEY,
        "named without tags": [one.custodian for one in doubted.wrong] == [LIAR],
        "no holder": refuted == [LIAR],
    }
    return [f"NOT {what}" for what, so in found.items() if not so]
