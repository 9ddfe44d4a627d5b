"""SLIP-39: the 45 official vectors, and that what is wrong is named by number and place, never by words."""

import json
from pathlib import Path

import pytest
from shamir_mnemonic import generate_mnemonics

from ceremony.custody.slip39 import Mnemonics
from ceremony.errors import AdoptionError

FOUND = json.loads((Path(__file__).parents[2] / "vectors" / "custody" / "slip39.json").read_text())
VECTORS = FOUND["vectors"]
VALID = [vector for vector in VECTORS if vector["secret"]]
INVALID = [vector for vector in VECTORS if not vector["secret"]]
SECRET = bytes(range(16))
SET = generate_mnemonics(1, [(3, 5)], SECRET, b"pass", iteration_exponent=0)[0]
OTHER = generate_mnemonics(1, [(3, 5)], SECRET, b"pass", iteration_exponent=0)[0]
GROUPS = generate_mnemonics(2, [(1, 1), (2, 3), (2, 2)], SECRET, b"", iteration_exponent=0)


def combined(mnemonics, passphrase):
    taken = Mnemonics()
    for number, text in enumerate(mnemonics, 1):
        taken.add(number, text)
    return taken.secret(passphrase)


def name(vector):
    return f"{vector['number']} {vector['what']}"


def test_all_the_official_vectors_are_here():
    assert [vector["number"] for vector in VECTORS] == list(range(1, 46))
    assert (len(VALID), len(INVALID)) == (15, 30)


@pytest.mark.parametrize("vector", VALID, ids=name)
def test_an_official_vector_that_must_combine_does(vector):
    assert combined(vector["mnemonics"], FOUND["passphrase"]).hex() == vector["secret"]


@pytest.mark.parametrize("vector", INVALID, ids=name)
def test_an_official_vector_that_must_be_refused_is(vector):
    with pytest.raises(AdoptionError) as refusal:
        combined(vector["mnemonics"], FOUND["passphrase"])
    words = {word for text in vector["mnemonics"] for word in text.split()} - {"invalid", "mnemonic", "check"}
    assert not words & set(refusal.value.message.replace(":", " ").replace(",", " ").split())


def test_it_says_where_each_mnemonic_belongs_and_when_they_are_enough():
    taken = Mnemonics()
    assert taken.add(1, SET[4]) == "group 1, 1 of 3 of it; 0 of 1 groups complete"
    assert taken.add(2, SET[0].upper().replace(" ", "  ")) == "group 1, 2 of 3 of it; 0 of 1 groups complete"
    assert not taken.complete
    assert taken.add(3, SET[2]) == "group 1, 3 of 3 of it; 1 of 1 groups complete"
    assert taken.complete
    assert taken.secret("pass") == SECRET
    assert len(taken.secret("wrong")) == 16
    assert taken.secret("wrong") != SECRET


def test_groups_are_counted():
    taken = Mnemonics()
    taken.add(1, GROUPS[0][0])
    assert taken.add(2, GROUPS[1][2]) == "group 2, 1 of 2 of it; 1 of 2 groups complete"
    taken.add(3, GROUPS[2][0])
    assert not taken.complete
    taken.add(4, GROUPS[1][0])
    assert taken.secret("") == SECRET


def swapped(text, place, word):
    words = text.split()
    words[place] = word
    return " ".join(words)


WORDS = SET[1].split()
CASES = {
    "a mistyped word": (swapped(SET[1], 6, "abacus"), "mnemonic 2: word 7 is none of SLIP-39's"),
    "two mistyped words": (swapped(swapped(SET[1], 0, "x"), 19, "y"), "mnemonic 2: word 1, 20 is none of SLIP-39's"),
    "a wrong word": (swapped(SET[1], 6, "academic" if WORDS[6] != "academic" else "acid"), "mnemonic 2: its checksum is wrong"),
    "two words in the wrong order": (" ".join([*WORDS[:8], WORDS[9], WORDS[8], *WORDS[10:]]), "mnemonic 2: its checksum is wrong"),
    "a word too few": (" ".join(WORDS[:-1]), "mnemonic 2: no mnemonic has 19 words"),
    "a word too many": (SET[1] + " academic", "mnemonic 2: no mnemonic has 21 words"),
    "nothing": ("", "mnemonic 2: no mnemonic has 0 words"),
    "a book": ("academic " * 600, "mnemonic 2: no mnemonic has 600 words"),
    "the first once more": (SET[0], "mnemonic 2: it is mnemonic 1 once more"),
    "another set's": (OTHER[1], "mnemonic 2: it is not of one set with mnemonic 1"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_mnemonic_is_named_and_may_be_given_again(case):
    text, what = CASES[case]
    taken = Mnemonics()
    taken.add(1, SET[0])
    with pytest.raises(AdoptionError) as refusal:
        taken.add(2, text)
    assert refusal.value.message.startswith(what)
    assert refusal.value.culprits == ("mnemonic 2",)
    taken.add(2, SET[1])
    taken.add(3, SET[2])
    assert taken.secret("pass") == SECRET


def test_one_of_a_complete_group_is_of_no_use():
    taken = Mnemonics()
    taken.add(1, GROUPS[1][0])
    taken.add(2, GROUPS[1][1])
    with pytest.raises(AdoptionError, match="mnemonic 3: its group 2 is complete"):
        taken.add(3, GROUPS[1][2])


def test_a_wrong_digest_names_all_that_were_given():
    vector = next(vector for vector in VECTORS if "invalid digest" in vector["what"])
    with pytest.raises(AdoptionError, match="not the set's digest") as refusal:
        combined(vector["mnemonics"], "")
    assert refusal.value.culprits == ("mnemonic 1", "mnemonic 2")


def test_a_passphrase_that_slip_39_does_not_know_is_refused():
    with pytest.raises(AdoptionError, match="printable ASCII") as refusal:
        combined(SET[:3], "pässword")
    assert "ssword" not in str(refusal.value)


def test_nothing_gives_nothing():
    with pytest.raises(AdoptionError, match="0 given"):
        Mnemonics().secret("")
