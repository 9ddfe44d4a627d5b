"""Seal and open with the tokens' own shards: each of the 21 sets of five opens, four open nothing, a cheat is named (DESIGN 4.5)."""

import json
from itertools import combinations

import pytest

from ceremony.custody import combiner
from ceremony.custody.combiner import combine, require_able
from ceremony.custody.envelope import TEST, seal_test
from ceremony.custody.messages import Combine, Combined, Join
from ceremony.errors import MemoryNotLocked, OpeningError, SelfTestError
from ceremony.quorum.dealings import parse_points
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import encode_point, parse_point
from ceremony.shards.threshold import answer_tag, core_digest, file_key, find_tag, header_digest, key_commitment, resolve_answer
from tests.simulators.randomness import Stream
from tests.simulators.stages import Stage, ceremony_at


def opened(room, custodians, *, k=5, header=None, **answers):
    honest, given = room
    changed = {int(name[1:]): x for name, x in answers.items()}
    pairs = tuple((index, changed.get(index, given[index])) for index in custodians)
    return combine(Combine(header=header or honest, k=k, answers=pairs)).file_key


def test_an_opening_that_must_be_locked_is_refused_where_memory_is_not(room):
    header, answers = room
    request = Combine(header=header, k=5, answers=tuple((index, answers[index]) for index in range(1, 6)), require_locked_memory=True)
    with pytest.raises(MemoryNotLocked, match="does not let its memory be locked") as refusal:
        combine(request)
    assert "ulimit -l" in refusal.value.next_step
    assert combine(request, memory_locked=True).memory_locked


FIVES = list(combinations(range(1, 8), 5))


def test_each_of_the_21_sets_of_five_opens_it_with_one_key(room):
    keys = {opened(room, five) for five in FIVES}
    assert len(FIVES) == 21
    assert len(keys) == 1
    assert to_hex(key_commitment(from_hex(keys.pop()))) == room[0].key_commitment


@pytest.mark.parametrize("five", FIVES[::5], ids=str)
def test_the_key_is_the_same_whatever_the_order(room, five):
    assert opened(room, five[::-1]) == opened(room, five)


@pytest.mark.parametrize("size", range(5))
def test_fewer_than_five_open_nothing(room, size):
    for custodians in combinations(range(1, 8), size):
        with pytest.raises(OpeningError, match="needed to open"):
            opened(room, custodians)


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_a_lower_k_opens_nothing(room, k):
    with pytest.raises(OpeningError) as refusal:
        opened(room, (1, 2, 3, 4, 5), k=k)
    assert refusal.value.culprits == ("the sealer",)


def joined(room, custodians, *, k=5, header=None):
    """The same from points whose signs were decided before, as without the sealer's tags."""
    honest, given = room
    tagless = (header or honest).model_copy(update={"tags": ()})
    bound = header_digest(honest)
    resolved = {index: resolve_answer(bound, index, from_hex(given[index]), find_tag(honest.tags, index)) for index in custodians}
    points = tuple((index, to_hex(encode_point(point, compressed=True))) for index, point in resolved.items())
    return combine(Join(header=tagless, k=k, points=points)).file_key


def test_points_open_it_without_any_tag(room):
    assert {joined(room, five) for five in FIVES} == {opened(room, FIVES[0])}


def test_points_that_are_too_few_or_of_another_header_open_nothing(room):
    with pytest.raises(OpeningError, match="4 right answers"):
        joined(room, (1, 2, 3, 4))
    for k, header in ((4, None), (5, room[0].model_copy(update={"description": "the master secret"}))):
        with pytest.raises(OpeningError) as refusal:
            joined(room, (1, 2, 3, 4, 5), k=k, header=header)
        assert refusal.value.culprits == ("the sealer",)


def test_six_or_seven_open_it_too(room):
    assert opened(room, range(1, 8)) == opened(room, range(1, 7)) == opened(room, (1, 2, 3, 4, 5))


@pytest.mark.parametrize("cheat", range(1, 6))
@pytest.mark.parametrize("answer", ["neighbour", "flipped", "zero", "above"])
def test_a_cheating_answer_names_its_custodian(room, cheat, answer):
    true = room[1][cheat]
    lies = {
        "neighbour": room[1][cheat + 1],
        "flipped": true[:-1] + ("0" if true[-1] != "0" else "1"),
        "zero": "0x" + "00" * 32,
        "above": "0x" + "ff" * 32,
    }
    with pytest.raises(OpeningError) as refusal:
        opened(room, (1, 2, 3, 4, 5), **{f"c{cheat}": lies[answer]})
    assert refusal.value.culprits == (f"custodian {cheat}",)


def test_an_answer_given_twice_counts_once(room):
    with pytest.raises(OpeningError, match="4 right answers"):
        opened(room, (1, 2, 3, 4, 4))


@pytest.mark.parametrize(
    "change",
    [
        {"ceremony": "0x" + "11" * 32},
        {"dealing": 2},
        {"description": "the master secret"},
        {"point": "0x036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"},
        {"key_commitment": "0x" + "11" * 32},
    ],
    ids=",".join,
)
def test_a_changed_header_opens_for_nobody(room, change):
    with pytest.raises(OpeningError):
        opened(room, (1, 2, 3, 4, 5), header=room[0].model_copy(update=change))


def test_a_stranger_to_the_envelope_is_named(room):
    with pytest.raises(OpeningError) as refusal:
        combine(Combine(header=room[0], k=5, answers=((8, "0x" + "11" * 32),)))
    assert refusal.value.culprits == ("custodian 8",)
    cut = room[0].model_copy(update={"tags": room[0].tags[:4]})
    with pytest.raises(OpeningError) as refusal:
        opened(room, (1, 2, 3, 4, 5), header=cut)
    assert refusal.value.culprits == ("custodian 5",)


def test_an_envelope_whose_sealer_committed_to_another_key_names_the_sealer(room):
    """Its tags are right for the header as it stands: the sealer made them so."""
    header, _ = room
    lie = header.model_copy(update={"key_commitment": "0x" + "11" * 32})
    honest, bound = header_digest(header), header_digest(lie)
    points = {index: resolve_answer(honest, index, from_hex(x), from_hex(header.tags[index - 1])) for index, x in room[1].items()}
    tags = tuple(to_hex(answer_tag(bound, index, points[index])) for index in sorted(points))
    with pytest.raises(OpeningError) as refusal:
        opened(room, (1, 2, 3, 4, 5), header=lie.model_copy(update={"tags": tags}))
    assert refusal.value.culprits == ("the sealer",)


def test_two_envelopes_have_nothing_in_common_but_what_they_are_of(tmp_path):
    state = ceremony_at(Stage.PROPOSED, tmp_path).conduct(lambda _c: None)
    common = {"ceremony": state.opened.ceremony, "dealing": 1, "n": 7, "commitments": parse_points(state.dealt.commitments)}
    one, two = (seal_test(entropy=Stream(seed, "sealer")(48), **common) for seed in (1, 2))
    assert (one.description, two.description) == (TEST, TEST)
    assert one.point != two.point
    assert one.key_commitment != two.key_commitment
    assert not set(one.tags) & set(two.tags)


def test_the_file_key_is_bound_to_the_whole_core(room):
    header, _ = room
    secret = parse_point(from_hex(header.point))
    keys = {file_key(secret, core_digest(header.model_copy(update=change))) for change in ({}, {"dealing": 2}, {"description": "x"})}
    assert len(keys) == 3
    assert json.loads(header.encode())["tags"] == list(header.tags)


def test_a_combiner_that_does_not_open_what_it_sealed_is_not_asked(monkeypatch):
    require_able()
    monkeypatch.setattr(combiner, "combine", lambda _request: Combined(file_key="0x" + "11" * 32))
    with pytest.raises(SelfTestError) as refusal:
        require_able()
    assert refusal.value.culprits == ("the combiner",)


def test_no_custodian_is_blamed_for_a_combiner_that_reckons_wrongly(monkeypatch):
    monkeypatch.setattr(combiner, "resolve_answer", lambda _bound, index, *_: (_ for _ in ()).throw(OpeningError(f"custodian {index}")))
    with pytest.raises(SelfTestError) as refusal:
        require_able()
    assert refusal.value.culprits == ("the combiner",)
