"""All 128 subsets of seven custodians try to open an envelope: 29 do, 99 do not (scoreboard row 7)."""

import hashlib
from dataclasses import dataclass, replace
from itertools import combinations
from multiprocessing import get_context

from ceremony.errors import CeremonyError
from ceremony.shards import threshold
from ceremony.shards.feldman import require_shares, sum_commitments
from ceremony.shards.field import Point, encode_point, encode_x, multiply, reduce_scalar
from ceremony.shards.secret import expand_seed
from ceremony.shards.shamir import interpolate_points, sum_polynomials
from tests.sweeps import Swept

N, K = 7, 5
SUBSETS = [subset for size in range(N + 1) for subset in combinations(range(1, N + 1), size)]
OPENING, REFUSED = 29, 99
CI_SEEDS, FULL_SEEDS = 3, 1000
PROCESSES = 2
"""At once: what a small CI machine has."""


@dataclass(frozen=True)
class Header:
    """The public part of an envelope."""

    ceremony: str
    dealing: int
    description: str
    point: str
    key_commitment: str = "0x" + "00" * 32


@dataclass(frozen=True)
class Sealed:
    """An envelope, what its seven tokens answer, and the key that must come out."""

    header: Header
    tags: dict[int, bytes]
    answers: dict[int, bytes]
    key: bytes


def seal(seed: int) -> Sealed:
    """A dealing from three sources, and an envelope sealed to it, all from one small number."""
    stream = hashlib.shake_256(f"subsets {seed}".encode()).digest(32 + 3 * 32 + 48)
    ceremony, ephemeral = stream[:32], reduce_scalar(stream[-48:])
    seeds = [stream[at : at + 32] for at in (32, 64, 96)]
    parts = [expand_seed(one, ceremony=ceremony, dealing=1, source=f"source {at}", k=K) for at, one in enumerate(seeds)]
    shares, commitments = sum_polynomials(parts).split(N), sum_commitments([part.commit() for part in parts])
    require_shares(commitments, shares)
    made = threshold.encapsulate(commitments, N, ephemeral)
    header = Header("0x" + ceremony.hex(), 1, f"seed {seed}", "0x" + encode_point(made.point, compressed=True).hex())
    key = threshold.file_key(made.secret_point, threshold.core_digest(header))
    header = replace(header, key_commitment="0x" + threshold.key_commitment(key).hex())
    digest = threshold.header_digest(header)
    return Sealed(
        header,
        {index: threshold.answer_tag(digest, index, answer) for index, answer in made.answers.items()},
        {share.index: encode_x(multiply(made.point, share.value)) for share in shares},
        key,
    )


def open_key(sealed: Sealed, points: dict[int, Point]) -> bytes | None:
    """The file key, or None when the envelope is refused to these custodians."""
    try:
        secret = threshold.combine_answers(points, K)
    except CeremonyError:
        return None
    return _key(sealed, secret)


def force_key(sealed: Sealed, points: dict[int, Point]) -> bytes | None:
    """The same for people who ignore the threshold and join what they have."""
    return _key(sealed, interpolate_points(points)) if points else None


def _key(sealed: Sealed, secret: Point) -> bytes | None:
    key = threshold.file_key(secret, threshold.core_digest(sealed.header))
    return key if "0x" + threshold.key_commitment(key).hex() == sealed.header.key_commitment else None


def run_subsets(seeds: int, *, first: int = 0) -> tuple[int, int, int]:
    """Try all 128 subsets on `seeds` envelopes.

    Returns:
        How many opened, how many were refused, and how many did what they must not: opened with fewer than five, were
        refused with five or more, opened with a wrong key, or opened by ignoring the threshold.
    """
    opened = refused = wrong = 0
    for seed in range(first, first + seeds):
        sealed = seal(seed)
        digest = threshold.header_digest(sealed.header)
        points = {
            index: threshold.resolve_answer(digest, index, x, sealed.tags[index]) for index, x in sealed.answers.items()
        }
        for subset in SUBSETS:
            chosen = {index: points[index] for index in subset}
            key = open_key(sealed, chosen)
            forced = None if len(subset) >= K else force_key(sealed, chosen)
            opened, refused = opened + (key is not None), refused + (key is None)
            wrong += forced is not None or key != (sealed.key if len(subset) >= K else None)
    return opened, refused, wrong


def sweep(full: bool) -> Swept:
    """1,000 envelopes if `full`, else as many as in CI."""
    seeds = FULL_SEEDS if full else CI_SEEDS
    with get_context("fork").Pool(PROCESSES) as pool:
        rows = pool.map(_one_seed, range(seeds))
    opened, refused, wrong = (sum(column) for column in zip(*rows, strict=True))
    right = (opened, refused, wrong) == (OPENING * seeds, REFUSED * seeds, 0)
    note = f"{opened} opened, {refused} refused, on {seeds} envelopes"
    return Swept(len(SUBSETS) * seeds, () if right else (f"{note}, {wrong} wrongly",), note)


def _one_seed(seed: int) -> tuple[int, int, int]:
    return run_subsets(1, first=seed)


def test_of_all_128_subsets_29_open_and_99_are_refused() -> None:
    assert len(SUBSETS) == OPENING + REFUSED == 128
    assert run_subsets(CI_SEEDS) == (OPENING * CI_SEEDS, REFUSED * CI_SEEDS, 0)


def test_two_seeds_have_nothing_in_common() -> None:
    one, other = seal(1), seal(2)
    assert one.key != other.key
    assert not set(one.answers.values()) & set(other.answers.values())
    assert seal(1) == one
