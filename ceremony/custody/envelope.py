"""Sealing to a dealing: the header record that five tokens together can open (pure; the mathematics is `ceremony.shards.threshold`)."""

from collections.abc import Sequence

from ceremony.records.base import to_hex
from ceremony.records.evidence import EnvelopeHeader
from ceremony.shards.feldman import share_point
from ceremony.shards.field import Point, encode_point, reduce_scalar
from ceremony.shards.threshold import answer_tag, core_digest, encapsulate, file_key, header_digest, key_commitment

UNSET = "0x" + "00" * 32
TEST = "test of recovery at birth"


def seal_test(*, ceremony: str, dealing: int, n: int, commitments: Sequence[Point], entropy: bytes) -> EnvelopeHeader:
    """A fresh test envelope; its file key is forgotten here and comes back only from k tokens.

    Args:
        ceremony: the ceremony id, hex.
        dealing: number of the dealing.
        n: how many shards there are.
        commitments: the dealing's Feldman commitments.
        entropy: 48 fresh random bytes.
    """
    points = {index: share_point(commitments, index) for index in range(1, n + 1)}
    sealed = encapsulate(commitments[0], points, reduce_scalar(entropy))
    point = to_hex(encode_point(sealed.point, compressed=True))
    draft = EnvelopeHeader(ceremony=ceremony, dealing=dealing, description=TEST, point=point, key_commitment=UNSET, tags=())
    commitment = to_hex(key_commitment(file_key(sealed.secret_point, core_digest(draft))))
    committed = draft.model_copy(update={"key_commitment": commitment})
    bound = header_digest(committed)
    tags = tuple(to_hex(answer_tag(bound, index, sealed.answers[index])) for index in sorted(sealed.answers))
    return committed.model_copy(update={"tags": tags})
