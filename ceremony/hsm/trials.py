"""The trials of `ceremony.hsm.probe`, one a row: each does what the ceremony will do, or what a thief with the PIN would (DESIGN 4.1, 4.2).

A trial returns what was seen, in words, or raises the named error that says what was wrong. Nothing here knows PKCS#11.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ceremony.acts.digest import digest
from ceremony.acts.signature import ORDER as SIGNING_ORDER
from ceremony.acts.signature import address_of, normalise_signature, require_signature
from ceremony.errors import ShareError, TokenFault, TokenLied
from ceremony.hsm.template import require_attributes, unwrapped_attributes
from ceremony.hsm.token import Attributes, Role, Token, object_id
from ceremony.records.base import to_hex
from ceremony.records.structs import Attestation, Domain, TypedAct
from ceremony.shards.field import (
    ORDER,
    SCALAR_BYTES,
    WIDE_BYTES,
    Point,
    base_multiply,
    encode_point,
    encode_scalar,
    encode_x,
    multiply,
    points_at,
    reduce_scalar,
)
from ceremony.shards.secret import encode_pkcs8

Entropy = Callable[[int], bytes]
CEREMONY = b"throw-away objects of doctor    "
"""32 bytes in the place of a ceremony id, which is drawn at random: no ceremony has this one."""
KEY_IDS: Mapping[Role, bytes] = MappingProxyType({role: object_id(CEREMONY, 0, role, 1) for role in Role})
SIGNATURES = 8
"""About half of a token's signatures are high-s (FACTS 2): all 8 alike happens once in 128 tokens, and both kinds are right."""
DRAWN_BYTES = 32
X_TRIES = 128
"""Half of all x coordinates are on the curve, so as many misses as this happen once in 2^128."""
VALUE = "value"
WHO = "the token"

HOSTILE: Mapping[str, Mapping[str, bool | None]] = MappingProxyType(
    {
        "extractable": {"extractable": True},
        "not sensitive": {"sensitive": False},
        "extractable and not sensitive": {"extractable": True, "sensitive": False},
        "modifiable": {"modifiable": True},
        "public": {"private": False},
        "able to sign": {"sign": True},
        "able to decrypt": {"decrypt": True},
        "able to unwrap": {"unwrap": True},
        "a session object, readable": {"token": False, "extractable": True, "sensitive": False},
        "with extractable left out": {"extractable": None},
        "with sensitive left out": {"sensitive": None},
        "with modifiable left out": {"modifiable": None},
        "with private left out": {"private": None},
        "with sign left out": {"sign": None},
        "with derive left out": {"derive": None},
        "with all of them left out": dict.fromkeys(("extractable", "sensitive", "modifiable", "private", "sign", "derive", "token"), None),
    },
)
"""What a thief would ask an unwrapped shard to be: attributes changed, or (None) left out so that the token's defaults decide."""


@runtime_checkable
class Workbench(Token, Protocol):
    """A token whose door can also try what the ceremony never does."""

    def count_keys(self) -> int:
        """How many keys of any kind the token lists to its logged-in user."""
        ...

    def attempt_unwrap(self, transport_id: bytes, wrapped: bytes, changes: Mapping[str, bool | None]) -> Attributes | None:
        """Unwrap with the shard's attributes changed (None: left out), destroy what comes out, and say what it was.

        None when the token refused; else its attributes, and under "value" whether its value could be read.
        """
        ...

    def attempt_leak(self, key_id: bytes) -> str:
        """How the logged-in user could get this shard out; empty when every way was refused."""
        ...


@dataclass(frozen=True, repr=False)
class ThrowAwayShard:
    """A scalar that was never part of any secret."""

    scalar: int

    def wrap(self, transport: bytes) -> bytes:
        """Wrapped as the dealer wraps a shard, to a transport key in DER."""
        try:
            key = load_der_public_key(transport)
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, rsa.RSAPublicKey):
            message = "what it calls its transport key is no RSA key"
            raise TokenLied(message)
        # FACTS 2: the one OAEP that SoftHSM unwraps with; SHA-1's collisions do not matter to OAEP (RFC 8017).
        return key.encrypt(encode_pkcs8(self.scalar), padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))  # noqa: S303 - likewise


def draw_shard(entropy: Entropy) -> ThrowAwayShard:
    """A fresh shard of nothing."""
    return ThrowAwayShard(reduce_scalar(entropy(WIDE_BYTES)))


def draw_random(token: Token) -> str:
    """Two draws that differ, each of them whole."""
    draws = [token.random(DRAWN_BYTES) for _ in range(2)]
    if any(len(draw) != DRAWN_BYTES or len(set(draw)) == 1 for draw in draws) or draws[0] == draws[1]:
        message = "its random bytes are too few, all alike, or the same twice"
        raise TokenLied(message)
    return f"{DRAWN_BYTES} bytes, twice, different"


def sign_acts(token: Token, entropy: Entropy) -> str:
    """A governance key born inside and read back; typed acts signed with it and checked as the chain would."""
    key_id = KEY_IDS[Role.GOVERNANCE]
    public = token.generate_governance_key(key_id)
    require_attributes(Role.GOVERNANCE, token.attributes(key_id, Role.GOVERNANCE), WHO)
    high = sum(_sign_one(token, key_id, public, entropy) for _ in range(SIGNATURES))
    return f"secp256k1 key born inside, read back; {SIGNATURES} signatures right, {high} of them high-s and normalised"


def make_transport(token: Token) -> str:
    """A transport key with the unwrap template, born inside and read back."""
    key_id = KEY_IDS[Role.TRANSPORT]
    token.generate_transport_key(key_id)
    require_attributes(Role.TRANSPORT, token.attributes(key_id, Role.TRANSPORT), WHO)
    return "RSA-2048 key born inside, with its unwrap template, read back"


def hold_shard(token: Token, shard: ThrowAwayShard, entropy: Entropy) -> str:
    """A shard unwrapped, read back, and right in its answers; one of them begins with zeros, which must not be lost."""
    key_id = KEY_IDS[Role.SHARD]
    wrapped = shard.wrap(token.public_key(KEY_IDS[Role.TRANSPORT], Role.TRANSPORT))
    token.unwrap_shard(key_id, KEY_IDS[Role.TRANSPORT], wrapped)
    return f"P-256 shard unwrapped and read back; {_answer_right(token, shard, entropy)}"


def take_shard(token: Token, shard: ThrowAwayShard, entropy: Entropy) -> str:
    """A shard put in as it is, read back, and right in its answers: the plain import that a plan may allow by name."""
    token.import_shard(KEY_IDS[Role.SHARD], encode_scalar(shard.scalar))
    return f"P-256 shard taken in the clear and read back; {_answer_right(token, shard, entropy)}"


def _answer_right(token: Token, shard: ThrowAwayShard, entropy: Entropy) -> str:
    key_id = KEY_IDS[Role.SHARD]
    require_attributes(Role.SHARD, token.attributes(key_id, Role.SHARD), WHO)
    asked = (base_multiply(reduce_scalar(entropy(WIDE_BYTES))), _point_to_short_x(shard, entropy))
    for point in asked:
        if token.derive(key_id, encode_point(point)) != encode_x(multiply(point, shard.scalar)):
            message = "its ECDH answer is not the one of the shard it was given"
            raise TokenLied(message)
    return f"{len(asked)} ECDH answers right, one with a leading zero"


def attack_template(bench: Workbench, shard: ThrowAwayShard) -> str:
    """Hostile templates are refused, or what comes out is what the unwrap template says; its value is never readable."""
    transport = KEY_IDS[Role.TRANSPORT]
    wrapped = shard.wrap(bench.public_key(transport, Role.TRANSPORT))
    # Refusals count only when the same blob is taken with the right attributes.
    if bench.attempt_unwrap(transport, wrapped, {}) is None:
        message = "it refuses a wrapped shard even with the right attributes, so its refusals say nothing"
        raise TokenFault(message)
    outcomes = {name: bench.attempt_unwrap(transport, wrapped, changes) for name, changes in HOSTILE.items()}
    broken = [f"{name} ({fault})" for name, found in outcomes.items() if found is not None and (fault := _broken(found))]
    if broken:
        message = f"it unwrapped a shard that was asked to be {', '.join(broken)}"
        raise TokenLied(message)
    refused = sum(found is None for found in outcomes.values())
    return f"{refused} hostile templates refused, {len(outcomes) - refused} forced into the right one; no value readable"


def attack_shard(bench: Workbench) -> str:
    """The shard inside cannot be read, changed, copied or wrapped."""
    way = bench.attempt_leak(KEY_IDS[Role.SHARD])
    if way:
        message = f"its user could {way}"
        raise TokenLied(message)
    return "reading, changing, copying and wrapping a shard are all refused"


def _sign_one(token: Token, key_id: bytes, public: bytes, entropy: Entropy) -> bool:
    """One act signed and checked; whether the token's own s was in the upper half."""
    domain = Domain(name="ceremony rehearsal", chain_id=0, contract=None, salt=to_hex(CEREMONY))
    struct = Attestation(subject="holding", ceremony=to_hex(CEREMONY), dealing=0, custodian=1, evidence=to_hex(entropy(32)))
    act = TypedAct(domain=domain, struct=struct)
    raw = token.sign(key_id, act)
    require_signature(normalise_signature(raw, digest(act), public), digest(act), address_of(public))
    return int.from_bytes(raw[SCALAR_BYTES:], "big") > SIGNING_ORDER // 2


def _point_to_short_x(shard: ThrowAwayShard, entropy: Entropy) -> Point:
    """A point whose product with the shard has an x coordinate that begins with a zero byte."""
    for _ in range(X_TRIES):
        try:
            product = points_at(b"\0" + entropy(SCALAR_BYTES - 1))[0]
        except ShareError:
            continue
        return multiply(product, pow(shard.scalar, -1, ORDER))
    message = "this machine's own random bytes are not random"
    raise ShareError(message)


def _broken(found: Attributes) -> str:
    """How a key that came out of a hostile unwrap is not what the unwrap template says; empty when it is."""
    wrong = [f"{name} is {found.get(name)!r}" for name, value in unwrapped_attributes().items() if found.get(name) != value]
    return "; ".join([*wrong, *(["its value can be read"] if found.get(VALUE, True) else [])])
