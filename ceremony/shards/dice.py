"""A custodian's dice as one contribution to a dealing: rolls that people saw, and a salt that no camera on the table saw (DESIGN 4.3).

All bytes, for a second implementation (`binding` and `derive_bound` as in `ceremony.shards.binding`):

    rolls = the digits 1 to 6 in the order they were rolled, ASCII, 100 to 1,000 of them
    salt  = 32 random bytes, shown as 32 words (`ceremony.acts.words`)
    seed  = HKDF-SHA256(ikm = salt || rolls, salt = ceremony, length 32, info = binding("ceremony/dice/v1",
            {"ceremony": 32 bytes, "dealing": number, "source": text, "rolls": how many}))

The seed is expanded, committed, sealed and shown as every other contribution (`ceremony.shards.secret`). Whoever has rolls and words can
compute its commitment points again, anywhere.
"""

import math
from collections import Counter

from ceremony.errors import DiceRefused
from ceremony.shards.binding import derive_bound, encode_binding, require_length
from ceremony.shards.secret import CEREMONY_BYTES

FACES = "123456"
SALT_BYTES = 32
LEAST = math.ceil(256 / math.log2(len(FACES)))
"""100 rolls of a fair die hold 258 bits, as many as the secret."""
MOST = 1000
PERIOD = 24
"""A pattern that repeats itself after so many rolls, or fewer, was typed and not rolled."""
SHARE = 0.4
"""The largest part of all rolls that one face may have. A fair die is refused less than once in ten million times of 100 rolls."""


def require_rolls(text: str) -> str:
    """The rolls without the blanks between them; DiceRefused when they are too few, no rolls of a die, or not rolled at all."""
    rolls = "".join(text.split())
    wrong = sorted(set(rolls) - set(FACES))
    if wrong:
        message = "a roll is one of the digits 1 to 6, and something else is among them"
        raise DiceRefused(message)
    if not LEAST <= len(rolls) <= MOST:
        message = f"{len(rolls)} rolls were given; {LEAST} to {MOST} are needed"
        raise DiceRefused(message)
    counts = Counter(rolls)
    if len(counts) < len(FACES) or max(counts.values()) > SHARE * len(rolls):
        message = "one face never or nearly always came up: no fair die does that"
        raise DiceRefused(message, remedy="Take another die, and roll all of them again.")
    if any(rolls[period:] == rolls[:-period] for period in range(1, PERIOD + 1)):
        message = "the rolls repeat one pattern, so they were typed and not rolled"
        raise DiceRefused(message)
    return rolls


def derive_dice_seed(rolls: str, salt: bytes, *, ceremony: bytes, dealing: int, source: str) -> bytes:
    """The 32-byte seed of a contribution.

    Args:
        rolls: of `require_rolls`, at least 100 digits.
        salt: 32 bytes.
        ceremony: the 32-byte ceremony id.
        dealing: number of the dealing.
        source: whose dice.

    Raises:
        DiceRefused: as `require_rolls`.
        ShareError: salt or ceremony of another length.
    """
    rolls = require_rolls(rolls)
    require_length(salt, SALT_BYTES, "a salt")
    require_length(ceremony, CEREMONY_BYTES, "a ceremony id")
    binding = encode_binding("ceremony/dice/v1", ceremony=ceremony, dealing=dealing, source=source, rolls=len(rolls))
    return derive_bound(salt + rolls.encode(), salt=ceremony, binding=binding)
