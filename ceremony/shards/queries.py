"""Answers of a token for an envelope whose sealer is not trusted: two points are asked for, and one answer is checked by the other.

Without a right tag nobody knows the sign of an answer's y, nor whether the answer is right at all. So the combiner draws
a and b at random and asks for P and for Q = aP + bG. If the token's shard is s, with public share Y = sG, then
s*Q = a*(s*P) + b*Y, which the combiner computes from the answer for P and compares with the answer for Q.

    combiner -> agent   Q (33 bytes)
    agent -> combiner   commitment = SHA-256(binding("ceremony/query-commitment/v1", {"header": header digest, "index": i,
                        "query": Q}) || salt, 32 random bytes || x of s*P || x of s*Q)
    combiner -> agent   a, b; the agent refuses unless Q = aP + bG, and forgets its answers in any case
    agent -> combiner   salt, x of s*P, x of s*Q

Why in this order:

- Who answers without knowing a and b cannot lie. Q tells nothing about a (for each a there is one b). An answer x' for P
  that is not right belongs to a point S' that is neither S = s*P nor -S; whatever x'' goes with it, at most four values
  of a out of n-1 satisfy x(a*S' + b*Y) = x'', since a*S' + b*Y = s*Q + a*(S' - S). An agent that were shown a and b
  first could choose S' and make x'' fit: so it commits first, and a combiner that shows them first gets nothing.
- Who is shown a and b learns nothing but s*P: x of s*Q follows from it. An agent that answered for any Q would open any
  envelope of this dealing (Q = another envelope's P): so it opens its commitment only for a Q that is made of P.

What it does not give: that the sealer knew e. Whoever makes an envelope around the point P = P' + rG, P' being that of
another envelope, and has it opened, can open the other one too, if they see the answers. Tags rule that out, since they can
be made only with e; here it rests on the five who approve the exact header. They approve what they know the origin of.
"""

import hmac
from typing import NamedTuple

from ceremony.errors import CombinerLied, OpeningError, ShareError
from ceremony.shards.binding import DIGEST_BYTES, encode_binding, hash_bound, require_length
from ceremony.shards.field import (
    INFINITY,
    SCALAR_BYTES,
    WIDE_BYTES,
    Point,
    base_multiply,
    encode_point,
    encode_x,
    multiply,
    points_at,
    reduce_scalar,
    require_finite,
    require_scalar,
    weighted_sum,
)
from ceremony.shards.shamir import require_index

SALT_BYTES = 32
QUERY_BYTES = 2 * WIDE_BYTES
_WHO = ("the combiner",)


class Query(NamedTuple):
    """What a combiner asks one token, once: Q = aP + bG. Only Q is shown before the token's agent has committed."""

    a: int
    b: int
    point: Point

    def __repr__(self) -> str:
        return "Query(...)"


class Pair(NamedTuple):
    """A token's two answers, x of s*P and x of s*Q, 32 bytes each, under the salt of their commitment."""

    salt: bytes
    to_point: bytes
    to_query: bytes

    def __repr__(self) -> str:
        return "Pair(...)"


def draw_query(point: Point, entropy: bytes) -> Query:
    """A fresh query about P from 96 random bytes, never used for another token; ShareError for another length."""
    require_length(entropy, QUERY_BYTES, "the randomness of a query")
    a, b = reduce_scalar(entropy[:WIDE_BYTES]), reduce_scalar(entropy[WIDE_BYTES:])
    return Query(a, b, query_point(point, a, b))


def query_point(point: Point, a: int, b: int) -> Point:
    """Q = aP + bG, for scalars in 1 to n-1; ShareError when one is out of range, or Q is infinite."""
    return require_finite(weighted_sum((multiply(point, require_scalar(a)), base_multiply(require_scalar(b))), (1, 1)))


def commit_pair(pair: Pair, *, header: bytes, index: int, query: Point) -> bytes:
    """What an agent shows before it sees a and b, 32 bytes; it hides the answers and binds them.

    Args:
        pair: the answers under a fresh salt.
        header: the header digest.
        index: whose answers they are.
        query: Q.

    Raises:
        ShareError: something has another length, the index is out of range, or Q is infinite.
    """
    require_length(header, DIGEST_BYTES, "a header digest")
    require_index(index)
    require_length(pair.salt, SALT_BYTES, "a salt")
    for x in (pair.to_point, pair.to_query):
        require_length(x, SCALAR_BYTES, "an answer")
    shown = encode_point(query, compressed=True)
    binding = encode_binding("ceremony/query-commitment/v1", header=header, index=index, query=shown)
    return hash_bound(binding, b"".join(pair))


def require_query(point: Point, query: Point, a: int, b: int) -> None:
    """Raise CombinerLied unless Q = aP + bG: the agent's check before it opens its commitment."""
    try:
        honest = query_point(point, a, b) == query
    except ShareError:
        honest = False
    if not honest:
        message = "the combiner asked about a point that is not made of this envelope's: it would have opened another one"
        raise CombinerLied(message, culprits=_WHO)


def judge_pair(  # noqa: PLR0913 - what was asked, of whom, and both halves of the answer
    pair: Pair, commitment: bytes, *, header: bytes, index: int, query: Query, public: Point
) -> Point:
    """The point s*P that custodian `index`'s token answered with, its sign decided: nobody's tag is needed.

    Args:
        pair: what the agent opened.
        commitment: what it showed before.
        header: the header digest.
        index: whose answers they are.
        query: what was asked.
        public: Y, the public share of this shard.

    Raises:
        OpeningError: the answers are not those committed to, or not both of this shard. Names the custodian.
    """
    who = (f"custodian {index}",)
    try:
        bound = commit_pair(pair, header=header, index=index, query=query.point)
    except ShareError:
        bound = b""
    if not hmac.compare_digest(bound, commitment):
        message = f"custodian {index} shows other answers than it committed to"
        raise OpeningError(message, culprits=who)
    found = _fitting(pair, query, public)
    if found is None:
        message = f"the two answers of custodian {index} do not fit together: another shard, or a lie"
        raise OpeningError(message, culprits=who)
    return found


def _fitting(pair: Pair, query: Query, public: Point) -> Point | None:
    """That of the two points at the first answer with which the second one agrees."""
    try:
        candidates = points_at(pair.to_point)
    except ShareError:
        return None
    rest = multiply(public, query.b)
    for candidate in candidates:
        total = weighted_sum((multiply(candidate, query.a), rest), (1, 1))
        if total != INFINITY and hmac.compare_digest(encode_x(total), pair.to_query):
            return candidate
    return None
