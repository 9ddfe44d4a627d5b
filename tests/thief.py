"""A thief with the PIN and the wrapped blob, in a process of its own: tries to turn a blob into a shard that can be read (DESIGN 4.2).

`python -m tests.thief` reads one JSON object (which token, PIN, CKA_IDs, blob) and prints one: how every attempt ended.
"""

import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pkcs11.constants import Attribute, MechanismFlag, ObjectClass
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.util.rsa import encode_rsa_public_key

from ceremony.errors import CeremonyError
from ceremony.hsm import cryptoki
from ceremony.hsm.codes import explain_code
from ceremony.hsm.pkcs11 import Pkcs11Token, open_token
from ceremony.hsm.token import Role
from ceremony.hsm.trials import HOSTILE, draw_shard

READABLE = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False, Attribute.PRIVATE: False}
OAEP, RAW = 0x09, 0x03
# SPEC PKCS#11 2.40: CK_FUNCTION_LIST's order. python-pkcs11 would not even ask the token for what its key says it cannot do.
C_SET_ATTRIBUTE, C_DECRYPT_INIT, C_DECRYPT = 25, 33, 34
NUMBER, POINTER = ctypes.c_ulong, ctypes.c_void_p


@dataclass(frozen=True)
class Loot:
    """What a thief has."""

    token: Pkcs11Token
    key: Any
    blob: bytes

    def call(self, index: int, *arguments: Any) -> None:
        """One function of the module, whatever the key says of itself."""
        kinds = [NUMBER if isinstance(argument, int) else POINTER for argument in arguments]
        code = ctypes.CFUNCTYPE(NUMBER, *kinds)(self.token._cryptoki._functions[index])(*arguments)
        if code:
            raise explain_code(code, "be robbed", "token")

    def decrypt(self, mechanism: int, key: Any = None) -> str:
        """The blob, in the clear."""
        session = self.token._handle()
        oaep = cryptoki._OaepParameters(*cryptoki._SHA1)
        size = ctypes.sizeof(oaep) if mechanism == OAEP else 0
        how = cryptoki._Mechanism(mechanism, ctypes.cast(ctypes.byref(oaep), POINTER) if size else None, size)
        self.call(C_DECRYPT_INIT, session, ctypes.byref(how), int((key or self.key).handle))
        clear, length = ctypes.create_string_buffer(256), NUMBER(256)
        self.call(C_DECRYPT, session, ctypes.create_string_buffer(self.blob, 256), len(self.blob), clear, ctypes.byref(length))
        return clear.raw[: length.value].hex()

    def unwrap_as(self, kind: ObjectClass, key_type: KeyType) -> str:
        """Let the blob be something else than an EC key, and readable."""
        stolen = self.key.unwrap_key(kind, key_type, self.blob, mechanism=Mechanism.RSA_PKCS_OAEP, template=READABLE)
        return bytes(stolen[Attribute.VALUE]).hex()


def made_to_decrypt(loot: Loot) -> str:
    loot.key[Attribute.DECRYPT] = True
    return loot.decrypt(OAEP)


def copied_to_decrypt(loot: Loot) -> str:
    return loot.decrypt(OAEP, loot.key.copy({Attribute.DECRYPT: True, Attribute.TOKEN: False}))


def copied_modifiable(loot: Loot) -> str:
    copy = loot.key.copy({Attribute.MODIFIABLE: True, Attribute.TOKEN: False})
    copy[Attribute.DECRYPT] = True
    return loot.decrypt(OAEP, copy)


def template_taken_away(loot: Loot) -> str:
    empty = cryptoki._encode_template({Attribute.UNWRAP_TEMPLATE: {}})
    loot.call(C_SET_ATTRIBUTE, loot.token._handle(), int(loot.key.handle), empty, 1)
    return loot.unwrap_as(ObjectClass.SECRET_KEY, KeyType.GENERIC_SECRET)


ATTEMPTS: dict[str, Callable[[Loot], str]] = {
    "unwrap it as a generic secret": lambda loot: loot.unwrap_as(ObjectClass.SECRET_KEY, KeyType.GENERIC_SECRET),
    "unwrap it as an AES key": lambda loot: loot.unwrap_as(ObjectClass.SECRET_KEY, KeyType.AES),
    "decrypt it": lambda loot: loot.decrypt(OAEP),
    "decrypt it without padding": lambda loot: loot.decrypt(RAW),
    "let the transport key decrypt": made_to_decrypt,
    "copy the transport key into one that decrypts": copied_to_decrypt,
    "copy the transport key into one that can be changed": copied_modifiable,
    "take the unwrap template away": template_taken_away,
    "read the transport key": lambda loot: bytes(loot.key[Attribute.PRIVATE_EXPONENT]).hex(),
}


def main() -> None:
    """Try everything."""
    asked = json.load(sys.stdin)
    token = open_token(asked["module"], asked["config"], asked["serial"])
    try:
        token.login(asked["pin"])
        transport, shard, blob = (bytes.fromhex(asked[name]) for name in ("transport", "shard", "blob"))
        before = token.count_keys()
        report = {
            "honest": token.attempt_unwrap(transport, blob, {}),
            "hostile": {name: token.attempt_unwrap(transport, blob, changes) for name, changes in HOSTILE.items()},
            "attempts": {name: steal(token, attempt, transport, blob) for name, attempt in ATTEMPTS.items()},
            "leak": token.attempt_leak(shard),
            "grown": token.count_keys() - before,
            "weak": rob_weak_key(token),
        }
        json.dump(report, sys.stdout)
    finally:
        token.close()


def rob_weak_key(token: Pkcs11Token) -> list[str]:
    """Which attempts bring the shard when the transport key is a plain one: what the real key is refused must be able to work."""
    session, bait = token._token.require_login(), draw_shard(os.urandom)
    uses = MechanismFlag.UNWRAP | MechanismFlag.DECRYPT
    public, key = session.generate_keypair(KeyType.RSA, 2048, store=False, capabilities=uses | MechanismFlag.WRAP | MechanismFlag.ENCRYPT)
    blob = bait.wrap(encode_rsa_public_key(public))
    won = {}
    for name, attempt in ATTEMPTS.items():
        with contextlib.suppress(CeremonyError), token._token.named("be robbed"):
            won[name] = attempt(Loot(token, key, blob))
    return [name for name, loot in won.items() if f"{bait.scalar:064x}" in loot]


def steal(token: Pkcs11Token, attempt: Callable[[Loot], str], transport: bytes, blob: bytes) -> dict[str, str]:
    """What the attempt brought, or the words in which the token refused."""
    key = token._one(ObjectClass.PRIVATE_KEY, transport, Role.TRANSPORT)
    try:
        with token._token.named("be robbed"):
            return {"loot": attempt(Loot(token, key, blob))}
    except CeremonyError as error:
        return {"refused": error.message}


if __name__ == "__main__":
    main()
