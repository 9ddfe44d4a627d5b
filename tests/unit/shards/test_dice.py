"""Dice as a contribution: what is refused, what the seed depends on, and one known answer (DESIGN 4.3)."""

from hashlib import sha256, shake_256

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ceremony.errors import DiceRefused, ShareError
from ceremony.shards.dice import LEAST, MOST, derive_dice_seed, require_rolls

FAIR = "".join(str(1 + byte % 6) for number in range(4) for byte in sha256(bytes([number])).digest())
SALT, CEREMONY = bytes(range(32)), bytes([7]) * 32
PLACE = {"ceremony": CEREMONY, "dealing": 1, "source": "dice of custodian 2"}


def test_a_hundred_rolls_hold_as_much_as_the_secret():
    assert LEAST == 100
    assert 6**LEAST >= 2**256 > 6 ** (LEAST - 1)


def test_blanks_and_lines_do_not_matter():
    assert require_rolls(f" {FAIR[:50]}\n{FAIR[50:]} \t") == FAIR


@pytest.mark.parametrize(
    ("rolls", "words"),
    [
        ("", "0 rolls were given; 100 to 1000 are needed"),
        (FAIR[:99], "99 rolls"),
        (FAIR * 8, "1024 rolls"),
        (FAIR[:-1] + "0", "something else"),
        (FAIR[:-1] + "7", "something else"),
        (FAIR + "\u0661", "something else"),
        (FAIR + "-", "something else"),
        ("3" * 120, "one face"),
        ("12345" * 24, "one face"),
        ("6" * 60 + FAIR, "one face"),
        ("123456" * 20, "repeat one pattern"),
        (FAIR[:24] * 5, "repeat one pattern"),
    ],
)
def test_what_is_not_rolled_is_refused_by_name(rolls, words):
    with pytest.raises(DiceRefused, match=words) as refusal:
        require_rolls(rolls)
    assert refusal.value.exit_code == 78
    assert not rolls or rolls not in str(refusal.value)


def rolled(seed, number):
    """Fair rolls: bytes below 252 are six times 42."""
    fair = (byte for byte in shake_256(b"%d" % seed).digest(2 * number) if byte < 252)
    return "".join(str(1 + next(fair) % 6) for _ in range(number))


@pytest.mark.parametrize("seed", range(300))
def test_a_fair_die_is_never_refused(seed):
    rolls = rolled(seed, LEAST)
    assert require_rolls(rolls) == rolls


def test_the_longest_is_taken():
    rolls = rolled(1, MOST)
    assert require_rolls(rolls) == rolls


def test_the_seed_is_what_the_docstring_says():
    fields = f'{{"ceremony":"0x{CEREMONY.hex()}","dealing":1,"rolls":{len(FAIR)},"source":"dice of custodian 2"}}'
    info = b"ceremony/dice/v1\n" + fields.encode() + b"\n"
    expected = HKDF(algorithm=SHA256(), length=32, salt=CEREMONY, info=info).derive(SALT + FAIR.encode())
    assert derive_dice_seed(FAIR, SALT, **PLACE) == expected


OTHERS = {
    "another roll": (FAIR[:-1] + str(7 - int(FAIR[-1])), SALT, PLACE),
    "one roll more": (FAIR + "1", SALT, PLACE),
    "another salt": (FAIR, SALT[1:] + b"x", PLACE),
    "another ceremony": (FAIR, SALT, {**PLACE, "ceremony": bytes(32)}),
    "another dealing": (FAIR, SALT, {**PLACE, "dealing": 2}),
    "another custodian": (FAIR, SALT, {**PLACE, "source": "dice of custodian 3"}),
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_seed_depends_on_everything(other):
    rolls, salt, place = OTHERS[other]
    assert derive_dice_seed(rolls, salt, **place) != derive_dice_seed(FAIR, SALT, **PLACE)


@pytest.mark.parametrize(("salt", "ceremony"), [(SALT[:-1], CEREMONY), (SALT, CEREMONY[:-1])])
def test_other_lengths_are_refused(salt, ceremony):
    with pytest.raises(ShareError, match="31 bytes"):
        derive_dice_seed(FAIR, salt, **{**PLACE, "ceremony": ceremony})


def test_bad_rolls_make_no_seed():
    with pytest.raises(DiceRefused):
        derive_dice_seed("1" * 100, SALT, **PLACE)
