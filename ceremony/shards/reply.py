"""Answers for an envelope that travel as files: sealed to whoever asked, whose key is in no file (the bytes).

Five answers open the envelope, so each travels in a box (`ceremony.shards.box`) that only the requester opens. The
requester's private key is derived anew from a secret that a person keeps as sixteen words:

    reply key = HKDF-SHA256(ikm = secret, 16 bytes, salt = nonce, 32 bytes, length 32,
                info = binding("ceremony/reply-key/v1", {})), an X25519 private key; its public half stands in the request
    answer    = box of x, 32 bytes, to the reply key, under
                binding("ceremony/answer/v1", {"request": SHA-256 of the request's RFC 8785 bytes, "index": i})
"""

from ceremony.errors import OpeningError, ShareError
from ceremony.shards.binding import DIGEST_BYTES, derive_bound, encode_binding, require_length
from ceremony.shards.box import OVERHEAD, open_box, public_key, seal_box
from ceremony.shards.field import SCALAR_BYTES
from ceremony.shards.shamir import require_index

SECRET_BYTES = 16
"""128 bits, as strong as the curve: sixteen words to write down and to type."""
ANSWER_BYTES = SCALAR_BYTES + OVERHEAD


def derive_reply_key(secret: bytes, nonce: bytes) -> bytes:
    """The requester's X25519 private key, 32 bytes, from their secret (16 bytes) and the request's nonce (32 bytes).

    ShareError when one has another length.
    """
    require_length(secret, SECRET_BYTES, "a requester's secret")
    require_length(nonce, DIGEST_BYTES, "a nonce")
    return derive_bound(secret, salt=nonce, binding=encode_binding("ceremony/reply-key/v1"))


def reply_public(private: bytes) -> bytes:
    """Its public half, 32 bytes, as it stands in the request."""
    return public_key(private)


def seal_answer(x: bytes, reply_key: bytes, ephemeral: bytes, *, request: bytes, index: int) -> bytes:
    """A token's answer, readable to the requester only, as custodian `index`'s to this request; 80 bytes.

    Args:
        x: the ECDH result, 32 bytes.
        reply_key: the requester's public key, 32 bytes.
        ephemeral: 32 random bytes, never used again.
        request: the request's digest, 32 bytes.
        index: whose answer it is.

    Raises:
        ShareError: something has another length, or the requester's key is of small order.
    """
    require_length(x, SCALAR_BYTES, "an answer")
    return seal_box(x, reply_key, ephemeral, _binding(request, index))


def open_answer(sealed: bytes, private: bytes, *, request: bytes, index: int) -> bytes:
    """The 32 bytes that custodian `index`'s token answered; OpeningError names them when they sealed something else."""
    binding = _binding(request, index)
    try:
        require_length(sealed, ANSWER_BYTES, "a sealed answer")
        return open_box(sealed, private, binding)
    except ShareError as error:
        message = f"the answer of custodian {index} cannot be read: {error.message}"
        raise OpeningError(message, culprits=(f"custodian {index}",)) from None


def _binding(request: bytes, index: int) -> bytes:
    require_length(request, DIGEST_BYTES, "a request's digest")
    require_index(index)
    return encode_binding("ceremony/answer/v1", request=request, index=index)
