"""What a custodian reads before saying Yes: every field of the act, in plain words, and nothing left out (T11)."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.acts.digest import digest
from ceremony.acts.render import instant, render
from ceremony.acts.words import encode_words, parse_words
from tests.unit.acts.drawn_acts import ACTS

SHOWN = ("Enrolment", "Transport", "Attestation", "EnvelopeApproval", "Genesis", "Succession", "Checkpoint")
"""Acts that a custodian is shown."""


@pytest.mark.parametrize("name", SHOWN)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_field_is_shown(name, data):
    act = data.draw(ACTS[name])
    text = "\n".join(render(act))
    for member, value in act.struct.model_dump().items():
        shown = instant(value) if member in {"deadline", "cutoff"} else str(value)
        assert shown.lower() in text.lower(), member
    assert str(act.domain.chain_id) in text
    assert (act.domain.contract or act.domain.salt) in text
    assert ("worth nothing" in text) == (act.domain.name == "ceremony rehearsal")


@pytest.mark.parametrize("name", SHOWN)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_the_digest_is_shown_in_hex_and_in_words(name, data):
    act = data.draw(ACTS[name])
    *_, in_hex, in_words = render(act)
    assert in_hex == f"Digest:    0x{digest(act).hex()}"
    assert parse_words(in_words.removeprefix("In words:  ")) == digest(act)


@pytest.mark.parametrize("name", ["Genesis", "Checkpoint"])
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_what_people_approve_says_what_it_cannot_do_and_its_root_in_words(name, data):
    act = data.draw(ACTS[name])
    text = render(act)
    assert text[0].startswith(f"{name.upper()}: ")
    assert any(line.startswith("It cannot: ") for line in text)
    assert f"In words:  {encode_words(bytes.fromhex(act.struct.root[2:]))}" in text


@settings(max_examples=20, deadline=None)
@given(ACTS["Genesis"], ACTS["Genesis"])
def test_two_acts_never_read_alike(one, two):
    assert (render(one) == render(two)) == (one == two)


@pytest.mark.parametrize("name", SHOWN)
@given(data=st.data())
@settings(max_examples=5, deadline=None)
def test_no_field_breaks_a_line_or_hides_what_follows(name, data):
    """Nobody can draw a second act into the first."""
    assert all(line.isprintable() for line in render(data.draw(ACTS[name])))


@given(st.integers(0, 253_402_300_799))
def test_an_instant_is_the_calendars(seconds):
    text = instant(seconds)
    assert text.endswith(" UTC")
    assert datetime.fromisoformat(text.replace(" UTC", "+00:00")).timestamp() == seconds


@pytest.mark.parametrize("seconds", [253_402_300_800, 2**53 - 1])
def test_a_time_beyond_the_calendar_stays_a_number(seconds):
    assert instant(seconds) == f"second {seconds}"


def test_known_instants():
    assert instant(0) == "1970-01-01 00:00:00 UTC"
    assert instant(1_893_456_000) == "2030-01-01 00:00:00 UTC"
