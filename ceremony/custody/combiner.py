"""The combiner: joins five answers into the key of one envelope, in the exponent; no shard ever leaves its token (pure)."""

from ceremony.custody.messages import Combine, Combined
from ceremony.errors import OpeningError
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.threshold import combine_answers, core_digest, file_key, find_tag, header_digest, key_commitment, resolve_answer


def combine(request: Combine) -> Combined:
    """Open the envelope; OpeningError names the custodian whose answer is wrong, or says that too few are right."""
    header = request.header
    bound = header_digest(header)
    points = {index: resolve_answer(bound, index, from_hex(x), find_tag(header.tags, index)) for index, x in request.answers}
    key = file_key(combine_answers(points, request.k), core_digest(header))
    if to_hex(key_commitment(key)) != header.key_commitment:
        message = "the answers are each right, yet the key is not the one this envelope commits to"
        raise OpeningError(message, culprits=("the sealer",))
    return Combined(file_key=to_hex(key))
