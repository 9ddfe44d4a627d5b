"""A signer's name in a note is a custodian's index in its one spelling; one key counts once and is named when it stands twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.errors import RecordError
from ceremony.transcript.checkpoint import Checkpoint, NoteSignature, encode_note, index_of, name_of


@given(st.integers(0, 10**9))
def test_names_there_and_back(index):
    assert index_of(name_of(index)) == index


NO_NAMES = ("", "3", "custodian-", "custodian-03", "custodian-x", "custodian--3", "Custodian-3", "custodian-\u0663", "x3")


@pytest.mark.parametrize("name", NO_NAMES)
def test_any_other_name_is_refused(name):
    with pytest.raises(RecordError, match="not a custodian's name"):
        index_of(name)


def test_a_key_that_stands_twice_is_named():
    lines = [NoteSignature(name_of(index), bytes(4), b"x") for index in (1, 2, 2, 3)]
    with pytest.raises(RecordError) as refusal:
        encode_note(Checkpoint("log", 1, bytes(32)), lines)
    assert refusal.value.culprits == ("custodian-2",)
