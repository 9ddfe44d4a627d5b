"""The combiner: joins five answers into the key of one envelope, in the exponent; no shard ever leaves its token (pure).

Carrying an envelope over to another dealing is its work too, so that the payload's key is in no other process. A commitment to that key,
which anyone may see, shows that what comes out of the new wrapping is what went in:

    payload commitment = SHA-256(binding("ceremony/payload-key/v1", {"origin": digest of the header in the file}) || 16 bytes of key)
"""

from collections.abc import Sequence

from ceremony.custody import messages as m
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.memory import require_memory
from ceremony.custody.sealed import unwrap_key, wrap_key
from ceremony.errors import CeremonyError, OpeningError, SelfTestError
from ceremony.quorum.dealings import parse_points
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import EnvelopeHeader, SealedHeader
from ceremony.shards.binding import encode_binding, hash_bound
from ceremony.shards.field import WIDE_BYTES, Point, base_multiply, encode_x, multiply, parse_point
from ceremony.shards.threshold import combine_answers, core_digest, file_key, find_tag, header_digest, key_commitment, resolve_answer

Answers = Sequence[tuple[int, str]]
"""Custodian and x coordinate, hex of 32 bytes."""


def answer(request: m.CombinerRequest, entropy: bytes, *, memory_locked: bool) -> m.Combined | m.WrappedAnew | m.PayloadSeen:
    """Do what is asked; `entropy` are 48 fresh random bytes, used by `rewrap` alone. MemoryNotLocked when the plan requires it."""
    require_memory(required=request.require_locked_memory, locked=memory_locked)
    if isinstance(request, m.Combine | m.Join):
        return combine(request, memory_locked=memory_locked)
    return reopen(request) if isinstance(request, m.Reopen) else rewrap(request, entropy)


def combine(request: m.Combine | m.Join, *, memory_locked: bool = False) -> m.Combined:
    """Open the envelope; OpeningError names the custodian whose answer is wrong, or says that too few are right; MemoryNotLocked."""
    require_memory(required=request.require_locked_memory, locked=memory_locked)
    points = _parse(request.points) if isinstance(request, m.Join) else _resolve(request.header, request.answers)
    return m.Combined(file_key=to_hex(_open(request.header, points, request.k)), memory_locked=memory_locked)


def rewrap(request: m.Rewrap, entropy: bytes) -> m.WrappedAnew:
    """Open the envelope and seal its payload's key to another dealing, under the same description; OpeningError as `combine`."""
    key = _payload_key(request.sealed, request.answers, request.k)
    header, new_key = seal_envelope(
        ceremony=request.ceremony,
        dealing=request.dealing,
        n=request.n,
        commitments=parse_points(request.commitments),
        description=request.sealed.header.description,
        entropy=entropy,
    )
    return m.WrappedAnew(sealed=SealedHeader(header=header, wrapped=wrap_key(new_key, key)), payload=_commit(request.origin, key))


def reopen(request: m.Reopen) -> m.PayloadSeen:
    """Open the envelope, and say only whether the same payload's key is in it; OpeningError as `combine`."""
    return m.PayloadSeen(payload=_commit(request.origin, _payload_key(request.sealed, request.answers, request.k)))


def _resolve(header: EnvelopeHeader, answers: Answers) -> dict[int, Point]:
    """The answers as points: the sealer's tags decide their signs."""
    bound = header_digest(header)
    return {index: resolve_answer(bound, index, from_hex(x), find_tag(header.tags, index)) for index, x in answers}


def _parse(points: Sequence[tuple[int, str]]) -> dict[int, Point]:
    """Points that were decided and checked before, without the sealer's tags."""
    return {index: parse_point(from_hex(point)) for index, point in points}


def _open(header: EnvelopeHeader, points: dict[int, Point], k: int) -> bytes:
    key = file_key(combine_answers(points, k), core_digest(header))
    if to_hex(key_commitment(key)) != header.key_commitment:
        message = "the answers are each right, yet the key is not the one this envelope commits to"
        raise OpeningError(message, culprits=("the sealer",))
    return key


def _payload_key(sealed: SealedHeader, answers: Answers, k: int) -> bytes:
    return unwrap_key(_open(sealed.header, _resolve(sealed.header, answers), k), sealed)


def _commit(origin: str, payload_key: bytes) -> str:
    return to_hex(hash_bound(encode_binding("ceremony/payload-key/v1", origin=from_hex(origin)), payload_key))


def require_able() -> None:
    """Seal to a made-up dealing (2 + 3x: two of two) and open it: SelfTestError when this machine or installation cannot.

    It also loads all that the answers need, while people still read: afterwards an answer takes a millisecond.
    """
    header, key = seal_envelope(
        ceremony=to_hex(bytes(32)),
        dealing=1,
        n=2,
        commitments=(base_multiply(2), base_multiply(3)),
        description="self-test",
        entropy=bytes(range(WIDE_BYTES)),
    )
    point = parse_point(from_hex(header.point))
    answers = tuple((index, to_hex(encode_x(multiply(point, 2 + 3 * index)))) for index in (1, 2))
    asked = m.Combine.parse(m.Combine(header=header, k=2, answers=answers).encode())
    try:
        found = m.Combined.parse(combine(asked).encode()).file_key
    except CeremonyError:  # it would name a custodian of the made-up dealing
        found = ""
    if found != to_hex(key):
        message = "the combiner does not open what was sealed to known shares"
        raise SelfTestError(message, culprits=("the combiner",))
