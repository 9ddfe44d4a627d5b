"""The combiner: joins five answers into the key of one envelope, in the exponent; no shard ever leaves its token (pure)."""

from ceremony.custody.envelope import seal_envelope
from ceremony.custody.memory import require_memory
from ceremony.custody.messages import Combine, Combined
from ceremony.errors import OpeningError, SelfTestError
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import WIDE_BYTES, base_multiply, encode_x, multiply, parse_point
from ceremony.shards.threshold import combine_answers, core_digest, file_key, find_tag, header_digest, key_commitment, resolve_answer


def combine(request: Combine, *, memory_locked: bool = False) -> Combined:
    """Open the envelope; OpeningError names the custodian whose answer is wrong, or says that too few are right; MemoryNotLocked."""
    require_memory(required=request.require_locked_memory, locked=memory_locked)
    header = request.header
    bound = header_digest(header)
    points = {index: resolve_answer(bound, index, from_hex(x), find_tag(header.tags, index)) for index, x in request.answers}
    key = file_key(combine_answers(points, request.k), core_digest(header))
    if to_hex(key_commitment(key)) != header.key_commitment:
        message = "the answers are each right, yet the key is not the one this envelope commits to"
        raise OpeningError(message, culprits=("the sealer",))
    return Combined(file_key=to_hex(key), memory_locked=memory_locked)


def require_able() -> None:
    """Seal to a made-up dealing (2 + 3x: two of two) and open it: SelfTestError when this machine or installation cannot.

    It also loads all that `combine` needs, while people still read: afterwards an answer takes a millisecond.
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
    asked = Combine.parse(Combine(header=header, k=2, answers=answers).encode())
    if Combined.parse(combine(asked).encode()).file_key != to_hex(key):
        message = "the combiner does not open what was sealed to known shares"
        raise SelfTestError(message, culprits=("the combiner",))
