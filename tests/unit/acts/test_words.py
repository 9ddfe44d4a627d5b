"""PGP words: known answers, both columns, and misreadings named."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.words import EVEN, ODD, WORDS_LIMIT, encode_words, parse_words
from ceremony.errors import RecordError

# The fingerprint printed on https://en.wikipedia.org/wiki/PGP_word_list.
FINGERPRINT = bytes.fromhex("E58294F2E9A227486E8B061B31CC528FD7FA3F19")
READ_ALOUD = (
    "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa "
    "afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless"
)


def test_the_published_example() -> None:
    assert encode_words(FINGERPRINT) == READ_ALOUD
    assert parse_words(READ_ALOUD) == FINGERPRINT


def test_both_columns_are_complete_and_no_word_stands_twice() -> None:
    assert (len(EVEN), len(ODD)) == (256, 256)
    assert len({word.casefold() for word in EVEN + ODD}) == 512
    # Taken when the columns were compared, word by word, with dnssec-keytools' list: a slip of the pen changes it.
    digest = "3e090850023f09a3bff58dbc9926ee0840dd829fa8198af8ceffd1b2280a7096"
    assert hashlib.sha256(" ".join(EVEN + ODD).encode()).hexdigest() == digest


@given(st.binary(max_size=64))
def test_any_bytes_read_back_in_any_case(data: bytes) -> None:
    assert parse_words(encode_words(data)) == data
    assert parse_words(encode_words(data).upper().replace(" ", "\n  ")) == data


@given(st.binary(min_size=2, max_size=32), st.data())
def test_a_dropped_doubled_or_swapped_word_is_named(data: bytes, draw: st.DataObject) -> None:
    words = encode_words(data).split()
    place = draw.draw(st.integers(0, len(words) - 2))
    swapped = [*words[:place], words[place + 1], words[place], *words[place + 2 :]]
    for wrong, name in (
        ([*words[:place], *words[place + 1 :]], place + 1),
        ([*words[: place + 1], *words[place:]], place + 2),
        (swapped, place + 1),
    ):
        with pytest.raises(RecordError, match=f"word {name}, .* wrong place") as refused:
            parse_words(" ".join(wrong))
        assert refused.value.culprits == (f"word {name}",)


def test_an_unknown_word_is_named() -> None:
    with pytest.raises(RecordError, match="word 2, 'banana', is not in the PGP word list"):
        parse_words("topmost banana")


def test_more_words_than_anyone_reads_are_refused() -> None:
    assert parse_words(encode_words(bytes(WORDS_LIMIT))) == bytes(WORDS_LIMIT)
    with pytest.raises(RecordError, match="1025 words"):
        parse_words(encode_words(bytes(WORDS_LIMIT + 1)))
