"""secp256k1 signatures of governance keys: 65 bytes r || s || v, s in the lower half (EIP-2), v 27 or 28."""

from typing import NoReturn

from coincurve import PublicKey

from ceremony.acts.typed import keccak256
from ceremony.errors import ApprovalError, RecordError

# SPEC SEC 2 2.4.1: the order of secp256k1's group.
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SCALAR_BYTES = 32
DIGEST_BYTES = 32
ADDRESS_BYTES = 20
PUBLIC_BYTES = 65
UNCOMPRESSED = 4
FIRST_V = 27
"""Ethereum's v is the recovery id plus 27; ids 2 and 3 (r beyond the field, 2^-127) cannot be said."""


def address_of(public_key: bytes) -> bytes:
    """The 20-byte address of a public key (65 bytes, SEC 1 uncompressed): the end of the Keccak-256 of its coordinates.

    Raises:
        RecordError: not a point of secp256k1 in that form.
    """
    if len(public_key) != PUBLIC_BYTES or public_key[0] != UNCOMPRESSED:
        message = "a governance key's public half is 65 bytes that begin with 04"
        raise RecordError(message)
    try:
        PublicKey(public_key)
    except ValueError:
        message = "a governance key's public half is not a point of secp256k1"
        raise RecordError(message) from None
    return keccak256(public_key[1:])[-ADDRESS_BYTES:]


def normalise_signature(signature: bytes, digest: bytes, public_key: bytes) -> bytes:
    """A token's raw signature as the chain wants it.

    Args:
        signature: r || s, 32 bytes each, s anywhere in range (about half of a token's are in the upper half).
        digest: the 32 bytes that were signed.
        public_key: who signed, 65 bytes.

    Returns:
        r || s || v, 65 bytes.

    Raises:
        ApprovalError: this key did not sign this digest.
        RecordError: the public key is none.
    """
    address = address_of(public_key)
    if len(signature) != 2 * SCALAR_BYTES:
        _refuse("a token's signature has 64 bytes")
    _, s = _scalars(signature)
    # SPEC EIP-2: of the two valid values s and n - s, only the lower one counts.
    low = signature[:SCALAR_BYTES] + min(s, ORDER - s).to_bytes(SCALAR_BYTES, "big")
    for recovery in (0, 1):
        if _recover(low, recovery, digest) == address:
            return low + bytes([FIRST_V + recovery])
    message = "the signature was not made by this key over this digest"
    raise ApprovalError(message)


def require_signature(signature: bytes, digest: bytes, address: bytes) -> None:
    """Raise ApprovalError unless `signature` (r || s || v, low s) over the digest (32 bytes) is of the address (20)."""
    if len(signature) != 2 * SCALAR_BYTES + 1 or len(address) != ADDRESS_BYTES:
        _refuse("a signature has 65 bytes and an address 20")
    _, s = _scalars(signature)
    if s > ORDER // 2:
        _refuse("the signature's s is in the upper half of its range (EIP-2)")
    recovery = signature[-1] - FIRST_V
    if recovery not in (0, 1):
        _refuse("the signature's v is neither 27 nor 28")
    if _recover(signature[:-1], recovery, digest) != address:
        _refuse("the signature was made by another key or over another digest")


def _scalars(signature: bytes) -> tuple[int, int]:
    r, s = (int.from_bytes(signature[at : at + SCALAR_BYTES], "big") for at in (0, SCALAR_BYTES))
    if not (0 < r < ORDER and 0 < s < ORDER):
        _refuse("the signature's r or s is zero or not below the group's order")
    return r, s


def _recover(signature: bytes, recovery: int, digest: bytes) -> bytes | None:
    """The address that made r || s over `digest`, if any key did."""
    if len(digest) != DIGEST_BYTES:
        _refuse("a digest has 32 bytes")
    try:
        key = PublicKey.from_signature_and_message(signature + bytes([recovery]), digest, hasher=None)
    except ValueError:
        return None
    return keccak256(key.format(compressed=False)[1:])[-ADDRESS_BYTES:]


def _refuse(message: str) -> NoReturn:
    raise ApprovalError(message)
