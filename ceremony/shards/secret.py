"""Where the master secret comes from: seeds, committed, sealed to the dealer, expanded to polynomials (DESIGN 4.3).

All bytes, for a second implementation (`binding` as in `ceremony.shards.binding`; scalars and points as in
`ceremony.shards.field`):

    place              = {"ceremony": 32 bytes, "dealing": number, "source": text}
    coefficient m      = HKDF-SHA256(ikm = seed, salt = ceremony, length 48, info = binding("ceremony/contribution/v1",
                         place + {"k": number, "coefficient": m})) as a big-endian number mod n, for m = 0 to k-1
    contribution digest= SHA-256(binding("ceremony/commitment/v1", {"points": [33 bytes, ...]}))
    sealed seed        = box of the seed to the dealer's one-time key under binding("ceremony/seal/v1", place), 80 bytes
                         (`ceremony.shards.box`)
"""

from collections.abc import Sequence

from ceremony.errors import DealingError, ShareError
from ceremony.shards.binding import derive_bound, encode_binding, hash_bound, require_length
from ceremony.shards.box import KEY_BYTES, OVERHEAD, open_box, seal_box
from ceremony.shards.field import ORDER, SCALAR_BYTES, WIDE_BYTES, Point, encode_point, encode_scalar, require_scalar
from ceremony.shards.shamir import Polynomial

SEED_BYTES = 32
CEREMONY_BYTES = 32
SEALED_BYTES = SEED_BYTES + OVERHEAD
PKCS8_BYTES = 67

# SPEC RFC 5208, RFC 5915: PrivateKeyInfo {0, {id-ecPublicKey, prime256v1}, ECPrivateKey {1, scalar}}, nothing optional.
_PKCS8_PREFIX = bytes.fromhex("3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420")


def expand_seed(seed: bytes, *, ceremony: bytes, dealing: int, source: str, k: int) -> Polynomial:
    """The polynomial of one contribution: k coefficients, all sampled alike (T22), bias below 2^-128 (RFC 9380 5.1).

    Args:
        seed: 32 bytes of one source's randomness.
        ceremony: the 32-byte ceremony id.
        dealing: number of the dealing.
        source: who contributes; two sources with one seed have different polynomials.
        k: how many coefficients.

    Raises:
        ShareError: seed or ceremony of another length, or k out of range.
    """
    require_length(seed, SEED_BYTES, "a contribution's seed")
    require_length(ceremony, CEREMONY_BYTES, "a ceremony id")
    label = "ceremony/contribution/v1"
    bindings = (
        encode_binding(label, ceremony=ceremony, dealing=dealing, source=source, k=k, coefficient=m) for m in range(k)
    )
    wide = (derive_bound(seed, salt=ceremony, binding=binding, length=WIDE_BYTES) for binding in bindings)
    return Polynomial(tuple(int.from_bytes(data, "big") % ORDER for data in wide))


def contribution_digest(points: Sequence[Point]) -> bytes:
    """What a source publishes before its points, 32 bytes (T20); ShareError when a point is infinite."""
    encoded = [encode_point(point, compressed=True) for point in points]
    return hash_bound(encode_binding("ceremony/commitment/v1", points=encoded))


def seal_seed(  # noqa: PLR0913 - key, seed and ephemeral key, and the place that binds them
    seed: bytes, dealer_public: bytes, ephemeral_private: bytes, *, ceremony: bytes, dealing: int, source: str
) -> bytes:
    """A seed that only the dealer reads, and only as this source's in this dealing; 80 bytes.

    Args:
        seed: 32 bytes.
        dealer_public: the dealer's one-time X25519 key, 32 bytes.
        ephemeral_private: 32 random bytes, never used again.
        ceremony: the 32-byte ceremony id.
        dealing: number of the dealing.
        source: who contributes.

    Raises:
        ShareError: something has another length, or the dealer's key is a point of small order.
    """
    require_length(seed, SEED_BYTES, "a contribution's seed")
    return seal_box(seed, dealer_public, ephemeral_private, _seal_binding(ceremony, dealing, source))


def open_seed(sealed: bytes, dealer_private: bytes, *, ceremony: bytes, dealing: int, source: str) -> bytes:
    """The 32-byte seed; DealingError names the source when it was sealed to another key or place, or changed."""
    require_length(dealer_private, KEY_BYTES, "the dealer's key")
    binding = _seal_binding(ceremony, dealing, source)
    try:
        require_length(sealed, SEALED_BYTES, "a sealed seed")
        return open_box(sealed, dealer_private, binding)
    except ShareError:
        message = f"the seed of {source} was not sealed to this dealing's dealer, or was changed on the way"
        raise DealingError(message, culprits=(source,)) from None


def encode_pkcs8(scalar: int) -> bytes:
    """The 67 bytes of PKCS#8 (no public key inside) that tokens unwrap; ShareError unless 1 <= scalar < n."""
    # FACTS 2: a token takes a scalar beyond the order without complaint, so the range is checked here.
    return _PKCS8_PREFIX + encode_scalar(require_scalar(scalar))


def parse_pkcs8(data: bytes) -> int:
    """The scalar of `encode_pkcs8`'s bytes; ShareError for anything else."""
    if len(data) != PKCS8_BYTES or not data.startswith(_PKCS8_PREFIX):
        message = "not the minimal PKCS#8 of a P-256 key"
        raise ShareError(message)
    return require_scalar(int.from_bytes(data[-SCALAR_BYTES:], "big"))


def _seal_binding(ceremony: bytes, dealing: int, source: str) -> bytes:
    require_length(ceremony, CEREMONY_BYTES, "a ceremony id")
    return encode_binding("ceremony/seal/v1", ceremony=ceremony, dealing=dealing, source=source)
