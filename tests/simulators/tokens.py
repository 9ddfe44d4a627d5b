"""A token in software, behind the token port: honest by default, and every way to lie is a subclass's.

What a real token would keep across a power cut is kept in a file, written outside the ceremony's own disk calls, so that a sweep that
kills the ceremony at each of its writes finds the token as a real one would be found.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coincurve import PrivateKey
from Crypto.Cipher import PKCS1_OAEP
from Crypto.Hash import SHA1
from Crypto.PublicKey import RSA
from cryptography.hazmat.primitives.asymmetric import ec

from ceremony.acts.digest import digest
from ceremony.errors import PinLocked, PinWrong, TokenFault
from ceremony.hsm.template import EXPECTED
from ceremony.hsm.token import Attributes, Role, TokenDescription
from ceremony.records.structs import TypedAct
from ceremony.shards.secret import parse_pkcs8

PIN_TRIES = 3
KEYS = Path(__file__).with_name("rsa_keys.json")
FIXED = tuple(RSA.import_key(bytes.fromhex(text)) for text in json.loads(KEYS.read_text()))
"""RSA keys fixed for ever: making them takes a second each, and a seeded rehearsal must repeat (P9)."""


@dataclass
class Memory:
    """What the token keeps: keys by role and CKA_ID (hex), the PIN, the tries left."""

    serial: str
    pin: str
    keys: dict[str, list[str]] = field(default_factory=dict)
    tries: int = PIN_TRIES
    born: int = 0


class SimulatedToken:
    """A token whose memory is a file at `path`."""

    def __init__(self, path: Path, random: Callable[[int], bytes], *, serial: str, pin: str, number: int) -> None:
        self._path = path
        self._random = random
        self._number = number
        self._logged_in = False
        self.memory = Memory(**json.loads(path.read_text())) if path.exists() else Memory(serial, pin)
        self._save()

    # --- the port ---

    def describe(self) -> TokenDescription:
        tries = "locked" if not self.memory.tries else "final" if self.memory.tries == 1 else "ok"
        return TokenDescription(self.memory.serial, "simulated", "ceremony", "simulator", "1.0", False, True, tries)

    def login(self, pin: str | None) -> None:
        if not self.memory.tries:
            raise PinLocked("the token locked itself", culprits=(f"token {self.memory.serial}",))
        if pin != self.memory.pin:
            self.memory.tries -= 1
            self._save()
            raise PinWrong(f"wrong PIN, {self.memory.tries} tries left", culprits=(f"token {self.memory.serial}",))
        self.memory.tries = PIN_TRIES
        self._logged_in = True

    def logout(self) -> None:
        self._logged_in = False

    def random(self, size: int) -> bytes:
        return self._random(size)

    def count(self, key_id: bytes, role: Role) -> int:
        return len(self._keys(key_id, role))

    def generate_governance_key(self, key_id: bytes) -> bytes:
        private = PrivateKey(self._random(32))
        self._add(key_id, Role.GOVERNANCE, private.secret.hex())
        return self.public_key(key_id, Role.GOVERNANCE)

    def generate_transport_key(self, key_id: bytes) -> bytes:
        self._add(key_id, Role.TRANSPORT, str((self._number + 7 * self.memory.born) % len(FIXED)))
        self.memory.born += 1
        self._save()
        return self.public_key(key_id, Role.TRANSPORT)

    def unwrap_shard(self, key_id: bytes, transport_id: bytes, wrapped: bytes) -> None:
        key = FIXED[int(self._one(transport_id, Role.TRANSPORT))]
        try:
            plain = PKCS1_OAEP.new(key, hashAlgo=SHA1).decrypt(wrapped)
        except ValueError:
            raise self._fault("the blob cannot be unwrapped (CKR_WRAPPED_KEY_INVALID)") from None
        self._add(key_id, Role.SHARD, f"{parse_pkcs8(plain):064x}")

    def import_shard(self, key_id: bytes, scalar: bytes) -> None:
        self._add(key_id, Role.SHARD, scalar.hex())

    def public_key(self, key_id: bytes, role: Role) -> bytes:
        found = self._one(key_id, role)
        if role is Role.TRANSPORT:
            return FIXED[int(found)].public_key().export_key("DER")
        return PrivateKey(bytes.fromhex(found)).public_key.format(compressed=False)

    def attributes(self, key_id: bytes, role: Role) -> Attributes:
        self._one(key_id, role)
        return dict(EXPECTED[role])

    def sign(self, key_id: bytes, act: TypedAct) -> bytes:
        private = PrivateKey(bytes.fromhex(self._one(key_id, Role.GOVERNANCE)))
        return private.sign_recoverable(digest(act), hasher=None)[:64]

    def derive(self, key_id: bytes, point: bytes) -> bytes:
        scalar = int(self._one(key_id, Role.SHARD), 16)
        private = ec.derive_private_key(scalar, ec.SECP256R1())
        return private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point))

    def destroy(self, key_id: bytes, role: Role) -> int:
        gone = len(self._keys(key_id, role))
        self.memory.keys.pop(f"{role}/{key_id.hex()}", None)
        self._save()
        return gone

    def close(self) -> None:
        self.logout()

    # --- how ---

    def _keys(self, key_id: bytes, role: Role) -> list[str]:
        self._require_login()
        return self.memory.keys.get(f"{role}/{key_id.hex()}", [])

    def _one(self, key_id: bytes, role: Role) -> str:
        found = self._keys(key_id, role)
        if not found:
            raise self._fault(f"there is no {role} key of that id (CKR_KEY_HANDLE_INVALID)")
        return found[0]

    def _add(self, key_id: bytes, role: Role, value: str) -> None:
        self._require_login()
        self.memory.keys.setdefault(f"{role}/{key_id.hex()}", []).append(value)
        self._save()

    def _require_login(self) -> None:
        if not self._logged_in:
            raise self._fault("not logged in (CKR_USER_NOT_LOGGED_IN)")

    def _fault(self, what: str) -> TokenFault:
        """A code of this token, which names itself, as the real ones do."""
        return TokenFault(f"token {self.memory.serial}: {what}", culprits=(f"token {self.memory.serial}",))

    def _save(self) -> None:
        memory: dict[str, Any] = vars(self.memory)
        self._path.write_text(json.dumps(memory))
