"""Row 27: no attack on the ceremony's files wins."""

import pytest

from tests.adversary.directory_attacks import ATTACKS, sweep

LEAST = 15


def test_there_are_enough_attacks():
    assert len(ATTACKS) >= LEAST


@pytest.mark.parametrize("name", ATTACKS)
def test_no_attack_wins(name, tmp_path):
    assert ATTACKS[name](tmp_path.resolve()) is None


def test_the_scoreboard_counts_an_attack_that_wins(monkeypatch):
    monkeypatch.setattr("tests.adversary.directory_attacks.ATTACKS", {"always": lambda _place: "it won", "breaks": lambda _place: [].pop()})
    swept = sweep(full=True)
    assert swept.tried == 2
    assert [fault.split(":")[0] for fault in swept.faults] == ["always", "breaks"]
