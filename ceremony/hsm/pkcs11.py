"""A token behind a PKCS#11 module (DOOR): the token port, spoken through python-pkcs11.

FACTS 2 decides much here: a search drops what a key can do when the token misbehaves, exceptions have no text, default mechanisms fail on
some tokens, digest lengths and points go unchecked. So attributes are read one by one, mechanisms are named, lengths are enforced, and
every call stands behind `named_codes`.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pkcs11.constants import Attribute, ObjectClass
from pkcs11.mechanisms import KDF, KeyType, Mechanism

from ceremony.acts.digest import digest
from ceremony.errors import TokenLied
from ceremony.hsm.attempts import attempt_leak, attempt_unwrap
from ceremony.hsm.attributes import code, encode_attributes, parse_attribute, parse_nested
from ceremony.hsm.cryptoki import Template
from ceremony.hsm.session import TokenSession
from ceremony.hsm.template import EXPECTED, UNWRAP, asked_attributes, unwrapped_attributes
from ceremony.hsm.token import Attributes, Role, TokenDescription
from ceremony.records.structs import TypedAct

RSA_BITS = 2048
RSA_EXPONENT = 65537
WRAPPED_BYTES = RSA_BITS // 8
X_BYTES = 32
SCALAR_BYTES = 32
DIGEST_BYTES = 32
SIGNATURE_BYTES = 64
POINT_BYTES = 65
_PRIVATE, _PUBLIC, _SECRET = ObjectClass.PRIVATE_KEY, ObjectClass.PUBLIC_KEY, ObjectClass.SECRET_KEY
_TYPES: Mapping[Role, KeyType] = MappingProxyType({Role.GOVERNANCE: KeyType.EC, Role.TRANSPORT: KeyType.RSA, Role.SHARD: KeyType.EC})
# SPEC SEC 2 2.4.1: object identifier 1.3.132.0.10, DER.
_SECP256K1 = bytes.fromhex("06052b8104000a")
# SPEC RFC 5480 2.1.1.1: object identifier 1.2.840.10045.3.1.7, DER.
_P256 = bytes.fromhex("06082a8648ce3d030107")


def open_token(module: str, config: str | None, serial: str) -> "Pkcs11Token":
    """The one token with this serial; ModuleError, TokenMissing or TokenAmbiguous otherwise. See `TokenSession`."""
    return Pkcs11Token(TokenSession(module, config, serial))


class Pkcs11Token:
    """One token; `ceremony.hsm.token.Token` says what each method promises, `ceremony.hsm.probe.Workbench` the last three."""

    def __init__(self, session: TokenSession) -> None:
        self._token = session
        self._cryptoki = session.cryptoki

    # --- the token ---

    def describe(self) -> TokenDescription:
        """Who the token says it is; needs no login."""
        return self._token.describe()

    def login(self, pin: str | None) -> None:
        """Log the user in, trying the PIN once; None asks a protected authentication path. PinWrong, PinLocked, PinRefused."""
        self._token.login(pin)

    def logout(self) -> None:
        """End the logged-in session; harmless when there is none."""
        self._token.logout()

    def close(self) -> None:
        """Log out, close the session and let the module go."""
        self._token.close()

    def random(self, size: int) -> bytes:
        """`size` bytes (1 to 1024) of the token's own randomness."""
        return self._token.random(size)

    # --- its keys ---

    def count(self, key_id: bytes, role: Role) -> int:
        """How many private keys of this role carry this CKA_ID."""
        return len(self._find(_PRIVATE, key_id, role))

    def generate_governance_key(self, key_id: bytes) -> bytes:
        """A secp256k1 key pair born inside, SIGN only; returns the public key, 65 bytes SEC1 uncompressed."""
        public: Template = {Attribute.EC_PARAMS: _SECP256K1, Attribute.VERIFY: True}
        self._generate(key_id, Role.GOVERNANCE, Mechanism.EC_KEY_PAIR_GEN, public, {})
        return self.public_key(key_id, Role.GOVERNANCE)

    def generate_transport_key(self, key_id: bytes) -> bytes:
        """An RSA-2048 pair born inside, UNWRAP only, with the unwrap template of `template`; returns DER SubjectPublicKeyInfo."""
        public: Template = {
            Attribute.MODULUS_BITS: RSA_BITS,
            Attribute.PUBLIC_EXPONENT: RSA_EXPONENT.to_bytes(3, "big"),
            Attribute.WRAP: True,
            Attribute.ENCRYPT: False,
            Attribute.VERIFY: False,
        }
        nested = {Attribute.UNWRAP_TEMPLATE: encode_attributes(unwrapped_attributes())}
        self._generate(key_id, Role.TRANSPORT, Mechanism.RSA_PKCS_KEY_PAIR_GEN, public, nested)
        return self.public_key(key_id, Role.TRANSPORT)

    def unwrap_shard(self, key_id: bytes, transport_id: bytes, wrapped: bytes) -> None:
        """Unwrap an RSA-OAEP-SHA1 blob of a 67-byte PKCS#8 P-256 key into a DERIVE-only key that cannot leave."""
        self._token.sized(wrapped, WRAPPED_BYTES, "bytes of a wrapped shard")
        transport = self._one(_PRIVATE, transport_id, Role.TRANSPORT)
        template = _private_template(key_id, Role.SHARD)
        self._cryptoki.unwrap(self._handle(), transport.handle, wrapped, template)

    def import_shard(self, key_id: bytes, scalar: bytes) -> None:
        """Put a P-256 private key (32 bytes, range and value checked by the caller) in, as a DERIVE-only key that cannot leave."""
        self._token.sized(scalar, SCALAR_BYTES, "bytes of a shard")
        template = {Attribute.EC_PARAMS: _P256, Attribute.VALUE: scalar, **_private_template(key_id, Role.SHARD)}
        self._cryptoki.create(self._handle(), template)

    def public_key(self, key_id: bytes, role: Role) -> bytes:
        """The public half of a governance (65 bytes SEC1) or transport (DER) key born here."""
        found = self._one(_PUBLIC, key_id, role)
        if role is Role.TRANSPORT:
            return self._encode_rsa(self._read(found, Attribute.MODULUS), self._read(found, Attribute.PUBLIC_EXPONENT))
        # SPEC PKCS#11 2.40 2.3.3: the point stands in a DER OCTET STRING; some tokens leave that out.
        point = self._read(found, Attribute.EC_POINT).removeprefix(bytes([0x04, POINT_BYTES]))
        return self._token.sized(point, POINT_BYTES, "bytes of a public key")

    def attributes(self, key_id: bytes, role: Role) -> Attributes:
        """The private key's attributes, read back one by one; one that the token lacks or withholds is absent."""
        return self._read_attributes(self._one(_PRIVATE, key_id, role).handle, role)

    def sign(self, key_id: bytes, act: TypedAct) -> bytes:
        """ECDSA over `ceremony.acts.digest(act)`, computed here; 64 bytes r||s, not normalised."""
        message = self._token.sized(digest(act), DIGEST_BYTES, "bytes of a digest")
        key = self._one(_PRIVATE, key_id, Role.GOVERNANCE)
        with self._token.named("sign"):
            signature: bytes = key.sign(message, mechanism=Mechanism.ECDSA)
        return self._token.sized(signature, SIGNATURE_BYTES, "bytes of a signature")

    def derive(self, key_id: bytes, point: bytes) -> bytes:
        """ECDH of a shard with a P-256 point (65 bytes SEC1, checked by the caller): the x coordinate, 32 bytes."""
        self._token.sized(point, POINT_BYTES, "bytes of a point")
        key = self._one(_PRIVATE, key_id, Role.SHARD)
        with self._token.named("answer a point (ECDH)"):
            return self._token.sized(_derive_x(key, point), X_BYTES, "bytes of an ECDH answer")

    def destroy(self, key_id: bytes, role: Role) -> int:
        """Destroy every object (public and private) with this CKA_ID and role; returns how many private ones there were."""
        private = self._find(_PRIVATE, key_id, role)
        # Private ones first: what a crash leaves behind is then a public half at most.
        with self._token.named(f"destroy a {role} key"):
            for found in (*private, *self._find(_PUBLIC, key_id, role)):
                found.destroy()
        if self._find(_PRIVATE, key_id, role) or self._find(_PUBLIC, key_id, role):
            message = f"{self._token.who} said that it destroyed a {role} key, but still lists it"
            raise TokenLied(message, culprits=(self._token.who,))
        return len(private)

    # --- the workbench ---

    def count_keys(self) -> int:
        """How many keys of any kind the token lists to its logged-in user."""
        return sum(len(self._token.find(kind)) for kind in (_PRIVATE, _PUBLIC, _SECRET))

    def attempt_unwrap(self, transport_id: bytes, wrapped: bytes, changes: Mapping[str, bool | None]) -> Attributes | None:
        """Unwrap with the shard's attributes changed (None: left out), destroy what comes out, and say what it was.

        None when the token refused; else its attributes, and under "value" whether its value could be read.
        """
        transport = self._one(_PRIVATE, transport_id, Role.TRANSPORT)
        template: Template = {
            **_private_template(transport_id, Role.SHARD),
            **encode_attributes({name: value for name, value in changes.items() if value is not None}),
        }
        left_out = {code(name) for name, value in changes.items() if value is None}
        template = {name: value for name, value in template.items() if name not in left_out}
        return attempt_unwrap(self._token, transport.handle, wrapped, template, lambda handle: self._read_attributes(handle, Role.SHARD))

    def attempt_leak(self, key_id: bytes) -> str:
        """How the logged-in user could get this shard out; empty when reading, changing, copying and wrapping it were all refused."""
        return attempt_leak(self._token, self._one(_PRIVATE, key_id, Role.SHARD))

    # --- how ---

    def _handle(self) -> int:
        return int(self._token.require_login().handle)

    def _find(self, kind: ObjectClass, key_id: bytes, role: Role) -> list[Any]:
        return self._token.find(kind, _TYPES[role], key_id)

    def _one(self, kind: ObjectClass, key_id: bytes, role: Role) -> Any:  # noqa: ANN401 - python-pkcs11 makes its classes as it goes
        found = self._find(kind, key_id, role)
        if len(found) != 1:
            self._token.fault(f"it lists {len(found)} {role} keys ({kind.name.lower().replace('_', ' ')}) of this id, not one")
        return found[0]

    def _generate(self, key_id: bytes, role: Role, mechanism: Mechanism, public: Template, private: Template) -> None:
        label = f"ceremony {role}".encode()
        names: Template = {Attribute.TOKEN: True, Attribute.PRIVATE: False, Attribute.ID: key_id, Attribute.LABEL: label}
        asked: Template = {**_private_template(key_id, role), **private}
        # The class and type of a new pair follow from its mechanism; some tokens refuse to be told.
        template = {name: value for name, value in asked.items() if name not in {Attribute.CLASS, Attribute.KEY_TYPE}}
        self._cryptoki.generate_pair(self._handle(), mechanism, {**names, **public}, template)

    def _read(self, found: Any, attribute: Attribute) -> bytes:  # noqa: ANN401 - likewise
        data = self._cryptoki.read(self._handle(), found.handle, attribute)
        return data if data is not None else self._token.fault(f"it does not say the {attribute.name.lower()} of a public key")

    def _read_attributes(self, handle: int, role: Role) -> Attributes:
        session = self._handle()
        found: dict[str, bool | str] = {}
        for name in (name for name in EXPECTED[role] if not name.startswith(UNWRAP)):
            found.update(parse_attribute(name, self._cryptoki.read(session, handle, code(name))))
        nested = [name.removeprefix(UNWRAP) for name in EXPECTED[role] if name.startswith(UNWRAP)]
        if nested:
            found.update(parse_nested(UNWRAP, nested, self._cryptoki.read_nested(session, handle, Attribute.UNWRAP_TEMPLATE)))
        return found

    def _encode_rsa(self, modulus: bytes, exponent: bytes) -> bytes:
        # an agent that only signs starts quicker without these
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        n, e = int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big")
        if n.bit_length() != RSA_BITS or e != RSA_EXPONENT:
            message = f"{self._token.who} made an RSA key of {n.bit_length()} bits with exponent {e}, not of {RSA_BITS} with {RSA_EXPONENT}"
            raise TokenLied(message, culprits=(self._token.who,))
        with self._token.named("show an RSA public key"):
            return RSAPublicNumbers(e, n).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _private_template(key_id: bytes, role: Role) -> dict[Attribute, bool | int | bytes]:
    """All that a private key of this role is asked to be."""
    template = {
        Attribute.CLASS: int(_PRIVATE),
        Attribute.ID: key_id,
        Attribute.LABEL: f"ceremony {role}".encode(),
        **encode_attributes(asked_attributes(role)),
    }
    # SoftHSM takes attributes one by one, and none after it took that the key is not modifiable: that one comes last.
    template[Attribute.MODIFIABLE] = template.pop(Attribute.MODIFIABLE)
    return template


def _derive_x(key: Any, point: bytes) -> bytes:  # noqa: ANN401 - likewise
    """The answer, out of a session object that is destroyed whatever happens."""
    derived = key.derive_key(
        KeyType.GENERIC_SECRET,
        X_BYTES * 8,
        capabilities=0,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, point),
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    try:
        return bytes(derived[Attribute.VALUE])
    finally:
        derived.destroy()
