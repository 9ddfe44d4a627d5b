"""What attributes each key must have, and the judgement of what a token read back (pure).

FACTS 2: python-pkcs11 drops capabilities silently on some errors and a token may lie, so after every generate, unwrap or resume the
attributes are read back one by one and compared with `EXPECTED`.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ceremony.errors import TokenLied
from ceremony.hsm.token import Attributes, Role

UNWRAP = "unwrap."
"""How the names of a transport key's UNWRAP_TEMPLATE begin, once it is laid flat."""

_NEVER_LEAVES: Attributes = {"private": True, "token": True, "sensitive": True, "extractable": False, "modifiable": False}
_BORN_HERE: Attributes = {"local": True, "always_sensitive": True, "never_extractable": True}
_NO_USE: Attributes = dict.fromkeys(("decrypt", "derive", "sign", "sign_recover", "unwrap"), False)

# DESIGN 4.1: a shard can do one thing, ECDH, and cannot leave.
_SHARD: Attributes = {**_NEVER_LEAVES, **_NO_USE, "derive": True, "key_type": "EC"}

# DESIGN 4.2: whatever comes out of an unwrap has exactly a shard's attributes, so the blob and the PIN together are not enough.
_UNWRAPPED: Attributes = {f"{UNWRAP}{name}": value for name, value in _SHARD.items() if name != "sign_recover"}

EXPECTED: Mapping[Role, Attributes] = MappingProxyType(
    {
        Role.GOVERNANCE: {**_NEVER_LEAVES, **_BORN_HERE, **_NO_USE, "sign": True, "key_type": "EC"},
        Role.TRANSPORT: {**_NEVER_LEAVES, **_BORN_HERE, **_NO_USE, **_UNWRAPPED, "unwrap": True, "key_type": "RSA"},
        Role.SHARD: {**_SHARD, "local": False, "never_extractable": False},
    },
)


def asked_attributes(role: Role) -> Attributes:
    """What the token is asked for: `EXPECTED` without what it decides by itself and without the nested template."""
    own = {"local", "always_sensitive", "never_extractable"}
    return {name: value for name, value in EXPECTED[role].items() if name not in own and not name.startswith(UNWRAP)}


def unwrapped_attributes() -> Attributes:
    """What a transport key's UNWRAP_TEMPLATE forces on whatever it unwraps."""
    return {name.removeprefix(UNWRAP): value for name, value in EXPECTED[Role.TRANSPORT].items() if name.startswith(UNWRAP)}


def judge_attributes(role: Role, found: Attributes) -> tuple[str, ...]:
    """Every difference between what a key of this role must be and what was read back, in words; empty when there is none."""
    expected = EXPECTED[role]
    missing = [f"{name} was not read back" for name in expected if name not in found]
    wrong = [
        f"{name} is {found[name]!r}, must be {value!r}" for name, value in expected.items() if name in found and found[name] != value
    ]
    return tuple(missing + wrong)


def require_attributes(role: Role, found: Attributes, who: str) -> None:
    """Raise TokenLied naming `who` (a custodian and serial) unless the read-back is exactly what the role needs."""
    faults = judge_attributes(role, found)
    if faults:
        message = f"the {role} key is not what was asked for: {'; '.join(faults)}"
        raise TokenLied(message, culprits=(who,))
