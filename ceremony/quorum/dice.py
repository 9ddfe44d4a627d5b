"""Whether a custodian's dice are what a dealing was made of, from their rolls and words and the transcript alone (DESIGN 4.3; pure)."""

from collections.abc import Sequence

from ceremony.acts.words import encode_words, parse_words
from ceremony.errors import DealingError, DiceRefused, RecordError
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.dice import SALT_BYTES, derive_dice_seed
from ceremony.shards.field import encode_point
from ceremony.shards.secret import expand_seed

_AGAIN = "Run the same command again, and type the words that the terminal showed after the rolls."
_MISTYPED = "Type both again. If they are as on your paper, the machine did not deal with your dice: throw the dealing away, or stop."


def recompute_dice(  # noqa: PLR0913 - what was rolled, and the place that binds it
    rolls: str, words: str, *, ceremony: str, dealing: int, source: str, k: int
) -> tuple[str, ...]:
    """The k commitment points (hex, compressed) that these rolls and this salt give; DiceRefused says which place is mistyped, not how."""
    try:
        salt = parse_words(words)
    except RecordError as error:  # it repeats the word, and these are secret
        message = f"the salt: {', '.join(error.culprits) or 'the words'} cannot be right: misspelt, left out or at the wrong place"
        raise DiceRefused(message, remedy=_AGAIN) from None
    if len(salt) != SALT_BYTES:
        message = f"{len(salt)} words were given; the salt has {SALT_BYTES}, like {encode_words(bytes(2))!r}"
        raise DiceRefused(message, remedy=_AGAIN)
    place = from_hex(ceremony)
    seed = derive_dice_seed(rolls, salt, ceremony=place, dealing=dealing, source=source)
    points = expand_seed(seed, ceremony=place, dealing=dealing, source=source, k=k).commit()
    return tuple(to_hex(encode_point(point, compressed=True)) for point in points)


def require_dice(points: Sequence[str], shown: Sequence[str], source: str) -> None:
    """Raise DealingError naming the source unless the transcript shows exactly these points for it."""
    if tuple(points) != tuple(shown):
        message = f"these rolls and words give other points than the transcript shows for {source}"
        raise DealingError(message, culprits=(source,), remedy=_MISTYPED)
