"""The real dealer and combiner processes: they deal and open as the pure ones do, are hardened, and take what they know with them."""

import os
import resource
import signal
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from ceremony.custody import messages as m
from ceremony.custody.adoption import AddShare, FromOldShares, SealSecret
from ceremony.custody.combiner import combine
from ceremony.custody.spawned import SpawnedAdopter, SpawnedCombiner, SpawnedDealer
from ceremony.errors import AgentCrashed, DealingError, OpeningError
from ceremony.quorum.dealings import parse_points, require_sum
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.feldman import require_shares
from ceremony.shards.field import encode_point
from ceremony.shards.threshold import find_tag, header_digest, resolve_answer
from tests.unit.custody.dealt_people import TERMS, contributions, unwrap
from tests.unit.custody.test_adopter import OLD, opening


@pytest.fixture
def dealer():
    """A real one, ended in any case."""
    process = SpawnedDealer()
    yield process
    process.close()


@pytest.fixture
def cores_allowed():
    """The parent's own limit is as high as it may be, so that a child's zero is its own doing."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_a_real_dealer_deals_seven_shards_of_one_polynomial(dealer):
    ready = dealer.open_dealing(TERMS)
    system = dealer.reveal_system().points
    given = contributions(ready.dealer_key)
    out = dealer.deal(m.Deal(contributions=given))
    require_sum(out.commitments, [system, *(one.points for one in given)])
    require_shares(parse_points(out.commitments), unwrap(out))
    with pytest.raises(AgentCrashed):
        dealer.reveal_system()


def test_no_two_real_dealers_make_one_secret(dealer):
    other = SpawnedDealer()
    try:
        assert dealer.open_dealing(TERMS).system_digest != other.open_dealing(TERMS).system_digest
    finally:
        other.close()


def test_a_real_dealer_has_no_core_limit_a_plain_command_line_and_a_bare_environment(cores_allowed, dealer, monkeypatch):
    monkeypatch.setenv("CEREMONY_CANARY", "canary")
    dealer.open_dealing(TERMS)
    process = Path(f"/proc/{dealer.pid}")
    limits = next(line for line in (process / "limits").read_text().splitlines() if line.startswith("Max core file size"))
    assert limits.split()[4:6] == ["0", "0"]
    argv = (process / "cmdline").read_bytes().split(b"\0")[1:-1]
    assert argv == [b"-I", b"-m", b"ceremony.custody.dealer_process"]
    assert process.stat().st_uid == 0  # what is not dumpable belongs to root in /proc, whoever runs it
    if os.getuid() == 0:  # others are kept out of the next file by the line above
        assert b"canary" not in (process / "environ").read_bytes()


@pytest.mark.parametrize("asked", ["open_dealing", "reveal_system"])
def test_a_dealer_killed_in_mid_work_is_a_named_error(dealer, asked):
    if asked == "reveal_system":
        dealer.open_dealing(TERMS)
    os.kill(dealer.pid, signal.SIGKILL)
    with pytest.raises(AgentCrashed) as refusal:
        dealer.open_dealing(TERMS) if asked == "open_dealing" else dealer.reveal_system()
    assert refusal.value.culprits == ("the dealer",)


def test_a_dealer_that_refused_is_gone(dealer):
    with pytest.raises(DealingError) as refusal:
        dealer.open_dealing(TERMS.model_copy(update={"dealing": 2}))
    assert refusal.value.culprits == ("the dealer", "custodian 1")
    with pytest.raises(AgentCrashed):
        dealer.reveal_system()


def asked(request):
    """A real combiner's answer."""
    with closing(SpawnedCombiner()) as combiner:
        return combiner.combine(request)


def test_a_combiner_that_was_never_asked_is_gone_when_it_is_closed():
    combiner = SpawnedCombiner()
    assert Path(f"/proc/{combiner.pid}").exists()
    combiner.close()
    assert not Path(f"/proc/{combiner.pid}").exists()


@contextmanager
def no_file_written():
    """Neither this process nor its children can write a byte into a file; only for a moment, since what pytest says may go to one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_neither_dealer_nor_combiner_nor_adopter_writes_a_byte_into_any_file(room):
    header, answers = room
    request = m.Combine(header=header, k=5, answers=tuple((index, answers[index]) for index in range(1, 6)))
    with (
        no_file_written(),
        closing(SpawnedDealer()) as dealer,
        closing(SpawnedCombiner()) as combiner,
        closing(SpawnedAdopter()) as adopter,
    ):
        given = contributions(dealer.open_dealing(TERMS).dealer_key)
        dealer.reveal_system()
        dealt = dealer.deal(m.Deal(contributions=given))
        found = combiner.combine(request)
        adopter.open_adoption(opening(FromOldShares(k=2, size=8)))
        for number, text in enumerate(OLD, 1):
            adopter.add_share(AddShare(number=number, text=text))
        sealed = adopter.seal_secret(SealSecret())
    assert len(dealt.wrapped) == 7
    assert found.file_key
    assert sealed.file


def test_a_combiner_takes_one_question(room):
    header, answers = room
    request = m.Combine(header=header, k=5, answers=tuple((index, answers[index]) for index in (1, 3, 4, 6, 7)))
    with closing(SpawnedCombiner()) as combiner:
        combiner.combine(request)
        with pytest.raises(AgentCrashed):
            combiner.combine(request)


def test_the_real_combiner_joins_points_too(room):
    header, answers = room
    bound = header_digest(header)
    resolved = {index: resolve_answer(bound, index, from_hex(answers[index]), find_tag(header.tags, index)) for index in (1, 3, 4, 6, 7)}
    points = tuple((index, to_hex(encode_point(point, compressed=True))) for index, point in resolved.items())
    request = m.Join(header=header.model_copy(update={"tags": ()}), k=5, points=points)
    assert points[0][1] not in repr(request)
    assert asked(request).file_key == combine(request).file_key


def test_the_real_combiner_opens_and_names_a_cheat(room):
    header, answers = room
    request = m.Combine(header=header, k=5, answers=tuple((index, answers[index]) for index in (1, 3, 4, 6, 7)))
    found = asked(request)
    assert found == combine(request, memory_locked=found.memory_locked)
    cheated = request.model_copy(update={"answers": (*request.answers[:4], (7, answers[1]))})
    with pytest.raises(OpeningError) as refusal:
        asked(cheated)
    assert refusal.value.culprits == ("the combiner", "custodian 7")
