"""The token PORT: what the ceremony needs of one PKCS#11 token, and nothing more.

Implementations: `ceremony.hsm.pkcs11.Pkcs11Token` (real tokens) and `tests/simulators` (tokens that lie, lock and survive kills).
An object is found by its CKA_ID alone (16 bytes, `object_id`), so a crashed ceremony can ask a token what it holds.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ceremony.records.structs import TypedAct

OBJECT_ID_BYTES = 16


class Role(StrEnum):
    """What a key on a token is for: one key, one job."""

    GOVERNANCE = "governance"
    TRANSPORT = "transport"
    SHARD = "shard"


def object_id(ceremony: bytes, dealing: int, role: Role, index: int) -> bytes:
    """CKA_ID of one key: H(ceremony, dealing, role, index)[:16] (DESIGN 4.9); dealing is 0 for governance keys.

    Args:
        ceremony: the 32-byte ceremony id.
        dealing: number of the dealing, from 1; 0 for keys that outlive dealings.
        role: the key's one job.
        index: the custodian's index, from 1.
    """
    text = f"ceremony/object/v1|{ceremony.hex()}|{dealing}|{role}|{index}"
    return hashlib.sha256(text.encode()).digest()[:OBJECT_ID_BYTES]


@dataclass(frozen=True)
class TokenDescription:
    """What a token says about itself (CK_TOKEN_INFO), trimmed; `pin_tries` is "ok", "low", "final" or "locked"."""

    serial: str
    label: str
    manufacturer: str
    model: str
    firmware: str
    protected_pin: bool
    pin_set: bool
    pin_tries: str


Attributes = Mapping[str, bool | str]
"""Read-back of one key: the names of `template.expected`, booleans as booleans, UNWRAP_TEMPLATE flattened ("unwrap.sensitive")."""


class Token(Protocol):
    """One token. Every method raises `TokenError` or a subclass, never anything else; none of them retries a PIN."""

    def describe(self) -> TokenDescription:
        """Who the token says it is; needs no login."""
        ...

    def login(self, pin: str | None) -> None:
        """Log the user in, trying the PIN once; None asks a protected authentication path. Raises PinWrong, PinLocked."""
        ...

    def logout(self) -> None:
        """End the logged-in session; harmless when there is none."""
        ...

    def random(self, size: int) -> bytes:
        """`size` bytes (at most 1024) of the token's own randomness."""
        ...

    def count(self, key_id: bytes, role: Role) -> int:
        """How many private keys of this role carry this CKA_ID."""
        ...

    def generate_governance_key(self, key_id: bytes) -> bytes:
        """A secp256k1 key pair born inside, SIGN only; returns the public key, 65 bytes SEC1 uncompressed."""
        ...

    def generate_transport_key(self, key_id: bytes) -> bytes:
        """An RSA-2048 pair born inside, UNWRAP only, with the unwrap template of `template`; returns DER SubjectPublicKeyInfo."""
        ...

    def unwrap_shard(self, key_id: bytes, transport_id: bytes, wrapped: bytes) -> None:
        """Unwrap an RSA-OAEP-SHA1 blob of a 67-byte PKCS#8 P-256 key into a DERIVE-only key that cannot leave."""
        ...

    def import_shard(self, key_id: bytes, scalar: bytes) -> None:
        """Put a P-256 private key (32 bytes, range and value checked by the caller) in, as a DERIVE-only key that cannot leave."""
        ...

    def public_key(self, key_id: bytes, role: Role) -> bytes:
        """The public half of a governance (65 bytes SEC1) or transport (DER) key born here."""
        ...

    def attributes(self, key_id: bytes, role: Role) -> Attributes:
        """The private key's attributes, read back one by one from the token."""
        ...

    def sign(self, key_id: bytes, act: TypedAct) -> bytes:
        """ECDSA over `ceremony.acts.digest(act)`, computed by the implementation itself; 64 bytes r||s, not normalised."""
        ...

    def derive(self, key_id: bytes, point: bytes) -> bytes:
        """ECDH of a shard with a P-256 point (65 bytes SEC1, checked by the caller): the x coordinate, 32 bytes."""
        ...

    def destroy(self, key_id: bytes, role: Role) -> int:
        """Destroy every object (public and private) with this CKA_ID and role; returns how many private ones there were."""
        ...

    def close(self) -> None:
        """Log out, close the session and let the module go."""
        ...
