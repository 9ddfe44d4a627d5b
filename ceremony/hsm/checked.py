"""What a token gives, believed only after a check: seeds, keys, attributes, signatures. TokenLied names `who` when one fails (pure)."""

from ceremony.acts.digest import digest
from ceremony.acts.signature import address_of, normalise_signature, require_signature
from ceremony.errors import ApprovalError, RecordError, TokenLied
from ceremony.hsm.template import require_attributes
from ceremony.hsm.token import Attributes, Role, Token
from ceremony.records.base import to_hex
from ceremony.records.structs import TypedAct

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


def one_key(token: Token, key_id: bytes, role: Role, who: str) -> bytes:
    """The public half of the one key there is; after a crash the token is asked, and more than one is made anew (DESIGN 4.9)."""
    if token.count(key_id, role) == 1:
        return token.public_key(key_id, role)
    token.destroy(key_id, role)
    public = token.generate_governance_key(key_id) if role is Role.GOVERNANCE else token.generate_transport_key(key_id)
    if token.count(key_id, role) != 1:
        message = f"the token said it made one {role} key, but does not list exactly one"
        raise TokenLied(message, culprits=(who,))
    return public


def read_back(token: Token, key_id: bytes, role: Role, who: str) -> Attributes:
    """A key's attributes as the token shows them; TokenLied unless they are those its role must have."""
    found = token.attributes(key_id, role)
    require_attributes(role, found, who)
    return found
