"""What a token gives, believed only after a check: seeds, public keys, signatures, shards. TokenLied names `who` when one fails (pure)."""

from ceremony.acts.digest import digest
from ceremony.acts.signature import address_of, normalise_signature, require_signature
from ceremony.errors import ApprovalError, RecordError, TokenLied
from ceremony.hsm.token import Role, Token
from ceremony.records.base import to_hex
from ceremony.records.structs import TypedAct
from ceremony.shards.field import Point, base_multiply, encode_point, encode_x, multiply

SEED_BYTES = 32


def draw_seed(token: Token, who: str) -> bytes:
    """32 bytes of the token's own randomness, not plainly broken."""
    seed = token.random(SEED_BYTES)
    if len(seed) != SEED_BYTES or len(set(seed)) == 1:
        message = "the token's random bytes are too few or all alike"
        raise TokenLied(message, culprits=(who,))
    return seed


def governance_address(public: bytes, who: str) -> bytes:
    """The address of a governance key, if it is one."""
    try:
        return address_of(public)
    except RecordError as error:
        message = f"the token shows something else than a governance key's public half: {error.message}"
        raise TokenLied(message, culprits=(who,)) from None


def sign_act(token: Token, key_id: bytes, act: TypedAct, who: str) -> str:
    """The token's signature over an act, normalised and verified before anybody sees it."""
    public = token.public_key(key_id, Role.GOVERNANCE)
    address, value = governance_address(public, who), digest(act)
    try:
        signature = normalise_signature(token.sign(key_id, act), value, public)
        require_signature(signature, value, address)
    except ApprovalError as error:
        message = f"what the token calls its signature is none: {error.message}"
        raise TokenLied(message, culprits=(who,)) from None
    return to_hex(signature)


def holds(token: Token, key_id: bytes, public: Point, secret: int) -> bool:
    """Whether the shard under this id is the one whose public share is `public`; `secret` is a fresh random scalar."""
    return token.derive(key_id, encode_point(base_multiply(secret))) == encode_x(multiply(public, secret))
