"""A custodian's own points, computed again from rolls and words."""

import pytest

from ceremony.acts.words import encode_words
from ceremony.errors import DealingError, DiceRefused
from ceremony.quorum.dice import recompute_dice, require_dice
from ceremony.records.base import to_hex
from ceremony.shards.dice import derive_dice_seed
from ceremony.shards.field import encode_point
from ceremony.shards.secret import expand_seed
from tests.simulators.ports import rolls_of

ROLLS, SALT, CEREMONY = rolls_of("Ada"), bytes(range(32)), bytes([7]) * 32
PLACE = {"dealing": 1, "source": "dice of custodian 1"}


def recomputed(rolls=ROLLS, words=None, **changes):
    return recompute_dice(rolls, words or encode_words(SALT), **{"ceremony": to_hex(CEREMONY), **PLACE, "k": 5, **changes})


def test_the_points_are_those_of_the_contribution():
    seed = derive_dice_seed(ROLLS, SALT, ceremony=CEREMONY, **PLACE)
    points = expand_seed(seed, ceremony=CEREMONY, k=5, **PLACE).commit()
    assert recomputed() == tuple(to_hex(encode_point(point, compressed=True)) for point in points)


def test_other_points_are_refused_by_source():
    require_dice(recomputed(), recomputed(), "dice of custodian 1")
    with pytest.raises(DealingError) as refusal:
        require_dice(recomputed(), recomputed(dealing=2), "dice of custodian 1")
    assert refusal.value.culprits == ("dice of custodian 1",)
    assert "Type both again" in refusal.value.next_step


def test_mistyped_words_and_rolls_have_names():
    with pytest.raises(DiceRefused, match="31 words were given; the salt has 32"):
        recomputed(words=encode_words(SALT[:-1]))
    with pytest.raises(DiceRefused, match="needed"):
        recomputed(rolls="123")


@pytest.mark.parametrize(
    ("words", "place"),
    [("aardvark " * 32, "word 2"), (encode_words(SALT).replace("adviser", "advisor"), "word 2"), ("aardvark " * 2000, "the words")],
)
def test_a_secret_word_that_is_mistyped_is_named_by_its_place_and_never_repeated(words, place):
    with pytest.raises(DiceRefused) as refusal:
        recomputed(words=words)
    said = f"{refusal.value.message} {refusal.value.culprits} {refusal.value.next_step}"
    assert said.startswith(f"the salt: {place} cannot be right")
    assert "type the words that the terminal showed" in said
    assert not set(words.split()) & set(said.replace("'", " ").split())
    assert refusal.value.__suppress_context__
