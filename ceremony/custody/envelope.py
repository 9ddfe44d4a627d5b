"""Sealing to a dealing: the header record that five tokens together can open (pure; the mathematics is `ceremony.shards.threshold`)."""

from collections.abc import Sequence

from ceremony.records.base import to_hex
from ceremony.records.evidence import EnvelopeHeader
from ceremony.shards.field import Point, encode_point, reduce_scalar
from ceremony.shards.threshold import answer_tag, commit_header, core_digest, encapsulate, file_key, key_commitment

UNSET = "0x" + "00" * 32
TEST = "test of recovery at birth"


def seal_test(*, ceremony: str, dealing: int, n: int, commitments: Sequence[Point], entropy: bytes) -> EnvelopeHeader:
    """A fresh test envelope; its file key is forgotten here and comes back only from k tokens (arguments as in `seal_envelope`)."""
    header, _ = seal_envelope(ceremony=ceremony, dealing=dealing, n=n, commitments=commitments, description=TEST, entropy=entropy)
    return header


def seal_envelope(  # noqa: PLR0913 - the six facts an envelope is made of
    *, ceremony: str, dealing: int, n: int, commitments: Sequence[Point], description: str, entropy: bytes
) -> tuple[EnvelopeHeader, bytes]:
    """A fresh envelope, and its 32-byte file key.

    Args:
        ceremony: the ceremony id, hex.
        dealing: number of the dealing.
        n: how many shards there are.
        commitments: the dealing's Feldman commitments.
        description: what it holds, for people.
        entropy: 48 fresh random bytes; whoever knows them can open the envelope.
    """
    sealed = encapsulate(commitments, n, reduce_scalar(entropy))
    point = to_hex(encode_point(sealed.point, compressed=True))
    draft = EnvelopeHeader(ceremony=ceremony, dealing=dealing, description=description, point=point, key_commitment=UNSET, tags=())
    core = core_digest(draft)
    key = file_key(sealed.secret_point, core)
    commitment = key_commitment(key)
    bound = commit_header(core, commitment)
    tags = tuple(to_hex(answer_tag(bound, index, sealed.answers[index])) for index in sorted(sealed.answers))
    return draft.model_copy(update={"key_commitment": to_hex(commitment), "tags": tags}), key
