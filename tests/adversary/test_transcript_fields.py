"""Scoreboard row 11, as much of it as CI has time for."""

from dataclasses import replace

import pytest

from ceremony.records.canonical import encode_canonical
from ceremony.records.entries import parse_entry
from ceremony.verify.report import Verdict
from ceremony.verify.verifier import verify
from tests.adversary.forge import Forger, encode_lines, parse_entries, rehash
from tests.adversary.played import play
from tests.adversary.transcript_fields import (
    WAYS,
    another,
    change_field,
    field_mutants,
    other_history,
    paths,
    retyped,
    sweep,
    sweep_entries,
    sweep_fields,
)


def test_no_changed_field_or_entry_is_accepted() -> None:
    found = sweep(full=False)
    assert found.faults == ()
    assert found.tried > 1000


def test_every_field_of_every_entry_is_reached() -> None:
    entries = parse_entries(play().data)
    fields = {(place, path) for place, path, _ in field_mutants(entries, range(len(entries)), full=True)}
    assert (0, ("body", "files", 1, "sha256")) in fields
    assert (77, ("body", "evidence", "observations", 5, "nonce")) in fields
    assert len(fields) == sum(len(list(paths(entry))) for entry in entries)


def test_the_budget_takes_each_field_of_each_kind_of_entry() -> None:
    entries = parse_entries(play().data)
    kinds = {entries[place]["body"]["kind"] for place, _, _ in field_mutants(entries, range(len(entries)), full=False)}
    assert kinds == {entry["body"]["kind"] for entry in entries}


def test_most_fields_set_to_another_value_still_read() -> None:
    """Otherwise the sweep would show that entries are parsed, and nothing of what the checks do."""
    entries = parse_entries(play().data)
    cases = [(place, path) for place, path, how in field_mutants(entries, range(len(entries)), full=False) if how == "set"]
    readable = 0
    for place, path in cases:
        try:
            parse_entry(encode_canonical(change_field(entries[place], path, "set")))
            readable += 1
        except Exception as error:  # noqa: BLE001 - counted below, and it must be a refusal
            assert type(error).__name__ == "RecordError"  # noqa: PT017 - likewise
    assert readable > len(cases) * 0.5


@pytest.mark.parametrize("value", [1, True, None, "text", "0x00112233", "2026-01-01T00:00:00Z", [], [1, 2], {"a": 1}])
def test_what_stands_instead_is_something_else(value: object) -> None:
    assert another(value) != value
    assert type(retyped(value)) is not type(value)


def test_the_other_history_is_valid_so_that_a_fork_is_worth_trying() -> None:
    played = play()
    forger = Forger(encode_lines([encode_canonical(entry) for entry in other_history()]), played.keys)
    data = forger.rebuild()
    assert data != played.data
    assert verify(data, forger.close(), played.offline).verdict is Verdict.CHAIN_NOT_CHECKED


def test_rehashing_what_was_not_changed_changes_nothing() -> None:
    played = play()
    assert encode_lines(rehash(parse_entries(played.data))) == Forger(played.data).rebuild() == played.data


def test_the_sweep_sees_what_is_accepted() -> None:
    """A sweep that cannot fail shows nothing: from another original, one of its mutants is the honest transcript."""
    played = play()
    entries = parse_entries(played.data)
    last = len(entries) - 1
    entries[last]["at"] = another(entries[last]["at"])
    crooked = replace(played, data=encode_lines([encode_canonical(entry) for entry in entries]))
    found = sweep_fields(crooked, [(last, ("at",), "set")])
    assert (found.tried, len(found.faults)) == (3, 3)
    assert all("accepted as chain not checked" in fault for fault in found.faults)


def test_what_is_valid_but_not_closed_is_counted() -> None:
    """The last entry doubled and rehashed: another naming of the same signers, which the checkpoint does not cover."""
    played = play()
    assert sweep_entries(played, [len(parse_entries(played.data)) - 1]).open == 1
    assert len(WAYS) == 6
