"""Envelopes, opened by k tokens that each answer one ECDH (DESIGN 4.5), and holding proofs (4.6): the mathematics.

The sealer draws e, publishes P = e*G and derives the file key from S = e*D = d*P, D = d*G being the master public key.
Token i answers with the x coordinate of f(i)*P = e*Y_i. The sign of y is missing, so the sealer leaves a tag for each
shard: it decides the sign and names a token that answers wrongly. The k points are joined in the exponent to S; d
itself never exists again.

A tag binds the whole header, the header binds the file key, and the file key binds the header without the commitment,
in this order. All bytes (`binding` as in `ceremony.shards.binding`; points are 33 bytes, SEC 1 compressed):

    core digest    = SHA-256(binding("ceremony/envelope-core/v1",
                     {"ceremony": 32 bytes, "dealing": number, "description": text, "point": P}))
    file key       = HKDF-SHA256(ikm = S, salt = core digest, length 32, info = binding("ceremony/file-key/v1", {}))
    key commitment = SHA-256(binding("ceremony/key-commitment/v1", {}) || file key)
    header digest  = SHA-256(binding("ceremony/envelope-header/v1",
                     {"core": core digest, "key_commitment": key commitment}))
    tag i          = SHA-256(binding("ceremony/tag/v1", {"header": header digest, "index": i}) || e*Y_i)
    holding answer = SHA-256(binding("ceremony/holding/v1", {"ceremony": 32 bytes, "dealing": number, "index": i,
                     "nonce": 32 bytes, "point": the challenge as sent, 65 bytes}) || x coordinate of f(i) * challenge)

A tag tells nothing about e*Y_i to whoever cannot compute it already (computational Diffie-Hellman; SHA-256 of 256 bits
nobody can guess).
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from ceremony.errors import OpeningError, ShareError
from ceremony.shards.binding import DIGEST_BYTES, derive_bound, encode_binding, hash_bound, require_length
from ceremony.shards.feldman import Commitments, share_points
from ceremony.shards.field import (
    SCALAR_BYTES,
    UNCOMPRESSED_BYTES,
    Point,
    base_multiply,
    encode_point,
    encode_x,
    multiply,
    multiply_each,
    parse_point,
    points_at,
    require_scalar,
)
from ceremony.shards.shamir import interpolate_points, require_index


class Core(Protocol):
    """An envelope's header without what depends on the file key; bytes are `0x` hex."""

    @property
    def ceremony(self) -> str:
        """The ceremony id, 32 bytes."""
        ...

    @property
    def dealing(self) -> int:
        """Number of the dealing it is sealed to."""
        ...

    @property
    def description(self) -> str:
        """What it holds, for people."""
        ...

    @property
    def point(self) -> str:
        """P, SEC 1 compressed."""
        ...


class Header(Core, Protocol):
    """An envelope's header without its tags (`ceremony.records.evidence.EnvelopeHeader` is one)."""

    @property
    def key_commitment(self) -> str:
        """The commitment to the file key, 32 bytes."""
        ...


class Encapsulation(NamedTuple):
    """What a sealer has: P, S = e*D, and e*Y_i for each index, to make the tags of. Only P is public."""

    point: Point
    secret_point: Point
    answers: Mapping[int, Point]

    def __repr__(self) -> str:
        return "Encapsulation(...)"


def encapsulate(commitments: Commitments, n: int, ephemeral: int) -> Encapsulation:
    """Draw up an envelope's points: e times the commitments are the commitments of e*f, and so say every e*Y_i = e*f(i)*G.

    Args:
        commitments: of the dealing; the first is D.
        n: how many shards there are.
        ephemeral: e, in 1 to n-1, fresh and random; whoever knows it can open.

    Raises:
        ShareError: e or n out of range, no commitments, or a point at infinity.
    """
    require_scalar(ephemeral)
    point, *scaled = multiply_each(commitments, ephemeral)
    answers = share_points(scaled, n)
    return Encapsulation(point, scaled[0], answers)


def core_digest(header: Core) -> bytes:
    """The 32 bytes that the file key is bound to; ShareError when a field is malformed."""
    ceremony, point = _parse_hex(header.ceremony), _parse_hex(header.point)
    require_length(ceremony, DIGEST_BYTES, "a ceremony id")
    point = encode_point(parse_point(point), compressed=True)
    return hash_bound(
        encode_binding(
            "ceremony/envelope-core/v1",
            ceremony=ceremony,
            dealing=header.dealing,
            description=header.description,
            point=point,
        )
    )


def header_digest(header: Header) -> bytes:
    """The 32 bytes that every tag is bound to; ShareError when a field is malformed."""
    return commit_header(core_digest(header), _parse_hex(header.key_commitment))


def commit_header(core: bytes, commitment: bytes) -> bytes:
    """The header digest, from the core digest and the commitment to the file key (32 bytes each)."""
    require_length(core, DIGEST_BYTES, "a core digest")
    require_length(commitment, DIGEST_BYTES, "a commitment to a file key")
    return hash_bound(encode_binding("ceremony/envelope-header/v1", core=core, key_commitment=commitment))


def file_key(secret_point: Point, core: bytes) -> bytes:
    """The 32-byte key of the payload, from S and the core digest; ShareError when S is infinite."""
    require_length(core, DIGEST_BYTES, "a core digest")
    secret = encode_point(secret_point, compressed=True)
    return derive_bound(secret, salt=core, binding=encode_binding("ceremony/file-key/v1"))


def key_commitment(key: bytes) -> bytes:
    """What the header says of the file key, 32 bytes: one key and no other opens this envelope."""
    require_length(key, DIGEST_BYTES, "a file key")
    return hash_bound(encode_binding("ceremony/key-commitment/v1"), key)


def answer_tag(header: bytes, index: int, answer: Point) -> bytes:
    """The sealer's tag for shard `index`, 32 bytes, from the header digest and e*Y_i.

    ShareError when one is malformed.
    """
    require_length(header, DIGEST_BYTES, "a header digest")
    require_index(index)
    binding = encode_binding("ceremony/tag/v1", header=header, index=index)
    return hash_bound(binding, encode_point(answer, compressed=True))


def find_tag(tags: Sequence[str], index: int) -> bytes:
    """The sealer's tag for shard `index`, of a header's tags in hex; OpeningError when it was sealed to fewer shards."""
    require_index(index)
    if index > len(tags):
        message = f"this envelope is sealed to {len(tags)} shards, none of custodian {index}"
        raise OpeningError(message, culprits=(f"custodian {index}",))
    return _parse_hex(tags[index - 1])


def resolve_answer(header: bytes, index: int, x: bytes, tag: bytes) -> Point:
    """The point e*Y_i that a token answered with, its sign decided by the tag.

    Args:
        header: the header digest.
        index: whose answer it is.
        x: the token's answer, 32 bytes.
        tag: the sealer's tag for this index.

    Raises:
        OpeningError: neither sign matches: the token is wrong, or the header was changed. Names the custodian.
        ShareError: header digest or index malformed.
    """
    try:
        candidates: tuple[Point, ...] = points_at(x)
    except ShareError:
        candidates = ()
    for candidate in candidates:
        if hmac.compare_digest(answer_tag(header, index, candidate), tag):
            return candidate
    message = f"the answer of custodian {index} does not fit this envelope: another shard, another header, or a lie"
    raise OpeningError(message, culprits=(f"custodian {index}",))


def combine_answers(points: Mapping[int, Point], k: int) -> Point:
    """S = d*P from the resolved answers, by index; the k lowest indices are used.

    Raises:
        OpeningError: fewer than k.
        ShareError: an index out of range.
    """
    if not 1 <= k <= len(points):
        message = f"{len(points)} right answers; {k} are needed to open"
        raise OpeningError(message)
    return interpolate_points({index: points[index] for index in sorted(points)[:k]})


def holding_answer(  # noqa: PLR0913, PLR0917 - the six facts that DESIGN 4.6 binds
    ceremony: bytes, dealing: int, index: int, challenge_point: bytes, nonce: bytes, x: bytes
) -> bytes:
    """What an agent returns for a challenge, 32 bytes; the raw ECDH result would open an envelope (DESIGN 4.6).

    Args:
        ceremony: the 32-byte ceremony id.
        dealing: number of the dealing.
        index: whose shard answers.
        challenge_point: r*G as sent, 65 bytes.
        nonce: the challenger's 32 bytes.
        x: the ECDH result, 32 bytes.

    Raises:
        ShareError: something has another length.
    """
    require_length(ceremony, DIGEST_BYTES, "a ceremony id")
    require_index(index)
    require_length(challenge_point, UNCOMPRESSED_BYTES, "a challenge")
    require_length(nonce, DIGEST_BYTES, "a nonce")
    require_length(x, SCALAR_BYTES, "an answer")
    binding = encode_binding(
        "ceremony/holding/v1", ceremony=ceremony, dealing=dealing, index=index, nonce=nonce, point=challenge_point
    )
    return hash_bound(binding, x)


def expected_holding_answer(  # noqa: PLR0913, PLR0917 - likewise, and the challenger's secret
    ceremony: bytes, dealing: int, index: int, public: Point, secret: int, nonce: bytes
) -> bytes:
    """What `holding_answer` gives for the challenge secret * G when the token holds the shard with this public share."""
    return holding_answer(ceremony, dealing, index, encode_point(base_multiply(secret)), nonce, encode_x(multiply(public, secret)))


def _parse_hex(text: str) -> bytes:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        message = "an envelope's header holds something that is not hex"
        raise ShareError(message) from None
