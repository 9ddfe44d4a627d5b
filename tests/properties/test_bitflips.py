"""Every bit of every share, every answer and every commitment flipped: refused, with the right culprit (scoreboard row 9)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from ceremony.errors import CeremonyError
from ceremony.quorum.dealings import require_sum
from ceremony.shards.feldman import require_share, require_shares, sum_commitments
from ceremony.shards.field import SCALAR_BYTES, encode_point, encode_scalar, parse_point
from ceremony.shards.secret import contribution_digest, expand_seed
from ceremony.shards.shamir import Share, sum_polynomials
from ceremony.shards.threshold import header_digest, resolve_answer
from tests.properties.test_subsets import K, N, seal
from tests.sweeps import Swept

SOURCES = ("system", "custodian 1")
ENVELOPE_STEP = 16
"""In CI every 16th bit of answers and tags (each try costs two hashes and a square root); the scoreboard flips all."""


@dataclass(frozen=True)
class Count:
    """What became of the flips: refused naming the culprit, refused naming another or nobody, or accepted."""

    refused: int = 0
    misnamed: int = 0
    accepted: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.refused + other.refused, self.misnamed + other.misnamed, self.accepted + other.accepted)


def flips(data: bytes, step: int = 1) -> Iterator[bytes]:
    """The data with one bit flipped, for every `step`-th bit."""
    for bit in range(0, 8 * len(data), step):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def _dealing(number: int) -> tuple[list[tuple[bytes, ...]], tuple[Share, ...]]:
    seeds = [bytes([number % 256]) * 31 + bytes([at]) for at in range(len(SOURCES))]
    parts = [
        expand_seed(seed, ceremony=bytes(32), dealing=number, source=source, k=K)
        for seed, source in zip(seeds, SOURCES, strict=True)
    ]
    points = [tuple(encode_point(point, compressed=True) for point in part.commit()) for part in parts]
    return points, sum_polynomials(parts).split(N)


def flip_shares(number: int) -> Count:
    """Every bit of all seven shares of one dealing; the culprit is that share's custodian alone."""
    points, shares = _dealing(number)
    commitments = sum_commitments([[parse_point(point) for point in part] for part in points])
    require_shares(commitments, shares)
    count = Count()
    for share in shares:
        for data in flips(encode_scalar(share.value)):
            try:
                require_share(commitments, Share(share.index, int.from_bytes(data, "big")))
                count += Count(accepted=1)
            except CeremonyError as error:
                right = error.culprits == (f"custodian {share.index}",)
                count += Count(refused=right, misnamed=not right)
    return count


def flip_commitments(number: int) -> Count:
    """Every bit of the dealing's commitments; the culprit is the dealer, whose sum is not the sum of the contributions."""
    points, _ = _dealing(number)
    contributions = [["0x" + point.hex() for point in part] for part in points]
    total = sum_commitments([[parse_point(point) for point in part] for part in points])
    encoded = [encode_point(point, compressed=True) for point in total]
    commitments = ["0x" + point.hex() for point in encoded]
    require_sum(commitments, contributions)
    count = Count()
    for place, point in enumerate(encoded):
        for data in flips(point):
            try:
                require_sum([*commitments[:place], "0x" + data.hex(), *commitments[place + 1 :]], contributions)
                count += Count(accepted=1)
            except CeremonyError as error:
                right = error.culprits == ("the dealer",)
                count += Count(refused=right, misnamed=not right)
    return count


def flip_contributions(number: int) -> Count:
    """Every bit of every source's points: no point at all, or another digest than the one committed to."""
    count = Count()
    for part in _dealing(number)[0]:
        points = [parse_point(point) for point in part]
        committed = contribution_digest(points)
        for place, point in enumerate(part):
            for data in flips(point):
                try:
                    shown = [*points[:place], parse_point(data), *points[place + 1 :]]
                except CeremonyError:
                    count += Count(refused=1)
                else:
                    same = contribution_digest(shown) == committed
                    count += Count(refused=not same, accepted=same)
    return count


def flip_answers(number: int, step: int = 1) -> Count:
    """Every bit of every token's answer, and of every tag; the culprit is that custodian alone."""
    sealed = seal(number)
    digest = header_digest(sealed.header)
    count = Count()
    for index, x in sealed.answers.items():
        tag = sealed.tags[index]
        for answer, mark in [*((one, tag) for one in flips(x, step)), *((x, one) for one in flips(tag, step))]:
            try:
                resolve_answer(digest, index, answer, mark)
                count += Count(accepted=1)
            except CeremonyError as error:
                right = error.culprits == (f"custodian {index}",)
                count += Count(refused=right, misnamed=not right)
    return count


def run_bitflips(dealings: int, *, step: int = 1) -> Count:
    """All four sweeps over so many dealings; 6,848 flips a dealing at step 1 (shares, commitments, points, answers and tags)."""
    total = Count()
    for number in range(1, dealings + 1):
        total += flip_shares(number) + flip_commitments(number) + flip_contributions(number) + flip_answers(number, step)
    return total


def sweep(full: bool) -> Swept:
    """One dealing, every bit if `full`, else the bits of CI."""
    count = run_bitflips(1, step=1 if full else ENVELOPE_STEP)
    faults = tuple(f"{number} {what}" for number, what in ((count.accepted, "accepted"), (count.misnamed, "misnamed")) if number)
    tried = count.refused + count.misnamed + count.accepted
    return Swept(tried, faults, f"{count.refused} of {tried} refused, culprit named")


def test_every_flipped_bit_of_every_share_names_its_custodian() -> None:
    assert flip_shares(1) == Count(refused=N * 8 * SCALAR_BYTES)


def test_every_flipped_bit_of_every_commitment_names_the_dealer() -> None:
    assert flip_commitments(1) == Count(refused=K * 8 * 33)


def test_every_flipped_bit_of_every_contribution_breaks_its_digest() -> None:
    assert flip_contributions(1) == Count(refused=len(SOURCES) * K * 8 * 33)


def test_flipped_answers_and_tags_name_their_custodian() -> None:
    assert flip_answers(1, ENVELOPE_STEP) == Count(refused=N * 2 * 256 // ENVELOPE_STEP)


@pytest.mark.parametrize("changed", [{"description": "another"}, {"dealing": 2}, {"ceremony": "0x" + "ff" * 32}])
def test_a_changed_header_refuses_every_answer(changed: dict[str, str | int]) -> None:
    sealed = seal(1)
    digest = header_digest(replace(sealed.header, **changed))  # type: ignore[arg-type]
    for index, x in sealed.answers.items():
        with pytest.raises(CeremonyError, match=f"custodian {index}"):
            resolve_answer(digest, index, x, sealed.tags[index])
