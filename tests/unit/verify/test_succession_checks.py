"""Each check on a succession is failed by a lie that no other check on the transcript refuses."""

from copy import deepcopy

import pytest

from ceremony.verify.state import Trust
from ceremony.verify.verifier import SUCCESSION_CHECKS, verify
from tests.adversary.forge import encode_lines, parse_entries, rehash
from tests.simulators.eventful import eventful_succession

ENTRIES = parse_entries(encode_lines(eventful_succession().lines))
OTHER = "0x" + "5e" * 32


def first(kind, entries, nth=0):
    return [entry["body"] for entry in entries if entry["body"]["kind"] == kind][nth]


def swap_origins(entries):
    """Two envelopes carried over under each other's names, intents and all, but for one outcome."""
    first("rewrapped", entries)["origin"] = first("rewrap_begun", entries, 1)["origin"]


def repeat_an_envelope(entries):
    first("rewrap_begun", entries, 1)["origin"] = first("rewrap_begun", entries)["origin"]
    first("rewrapped", entries, 1)["origin"] = first("rewrapped", entries)["origin"]


def lies():
    own, summed = "envelopes_were_carried_over", "succession_was_approved"
    yield own, swap_origins, {summed}
    yield own, repeat_an_envelope, {summed}
    yield own, lambda e: first("rewrapped", e)["sealed"]["header"].update(point="0x02" + "ff" * 32), {summed}
    yield summed, lambda e: first("succession_proposed", e)["act"].update(list_digest=OTHER), set()
    yield summed, lambda e: first("succession_proposed", e)["act"].update(root=OTHER), set()
    yield summed, lambda e: first("succession_proposed", e)["act"].update(cutoff=1), set()
    yield summed, lambda e: first("succession_proposed", e)["act"].update(predecessor=OTHER), set()
    yield summed, lambda e: first("consent_begun", e).update(digest=OTHER), set()
    yield summed, lambda e: first("consented", e).update(digest=OTHER), set()
    yield summed, lambda e: first("consented", e).update(signature=first("consented", e, 1)["signature"]), set()
    destroyed = "old_shards_are_destroyed"
    yield destroyed, lambda e: first("shard_destroyed", e)["evidence"].update(shards=1), set()
    yield destroyed, lambda e: first("shard_destroyed", e).update(signature=first("shard_destroyed", e, 1)["signature"]), set()
    yield destroyed, lambda e: first("shard_destroyed", e)["attestation"].update(subject="retirement"), set()
    named = "predecessor_is_named"
    covered = {"genesis_covers_the_transcript", "succession_was_approved"}
    yield named, lambda e: first("succession_opened", e)["origin"].update(ceremony=OTHER), {*covered, "the contract's"}
    yield named, lambda e: first("succession_opened", e).update(epoch=2), {*covered, "the contract's"}
    yield named, lambda e: first("succession_opened", e)["origin"].update(contract="0x" + "c0" * 20), {*covered, "the contract's"}


@pytest.mark.parametrize(("check", "lie", "also"), list(lies()), ids=lambda value: value if isinstance(value, str) else None)
def test_this_check_refuses(check, lie, also):
    entries = deepcopy(ENTRIES)
    lie(entries)
    report = verify(encode_lines(rehash(entries)), None, Trust(rehearsal=True), every=True)
    failed = {row.check for row in report.rows if row.failure}
    assert check in failed
    if "the contract's" not in also:  # what the contract is made of goes through every act
        assert failed - {check} <= also


def test_what_nobody_lied_about_is_believed():
    report = verify(encode_lines(rehash(ENTRIES)), None, Trust(rehearsal=True), every=True)
    assert [row.check for row in report.rows if row.failure] == []


def test_every_check_has_a_lie():
    assert {check for check, _, _ in lies()} == {check.__name__ for check in SUCCESSION_CHECKS}


@pytest.mark.parametrize("size", range(1, len(ENTRIES), 7))
def test_a_succession_that_is_under_way_is_not_yet_closed(size):
    report = verify(encode_lines(rehash(ENTRIES[:size])), None, Trust(rehearsal=True), every=True)
    assert [row.check for row in report.rows if row.failure] == []
    assert report.verdict.value >= 12
