"""Scoreboard row 20 and T2: entries say when they were written, for people; whatever the clock does, the verdict is the same."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path

import pytest

from ceremony.verify.report import Report, Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.adversary.forge import parse_entries
from tests.adversary.played import Played, play

START = datetime(2026, 1, 1, tzinfo=UTC)
YEARS = 3653
"""Days of ten years."""


def clock(days: float, *steps: float) -> Callable[[], str]:
    """A clock that begins so many days off, and moves by these seconds in turn at each look."""
    now, turn = [START + timedelta(days=days)], cycle(steps)

    def look() -> str:
        now[0] += timedelta(seconds=next(turn))
        return now[0].strftime("%Y-%m-%dT%H:%M:%SZ")

    return look


CLOCKS = {
    "ten years late, when the plan has expired": clock(YEARS, 1),
    "ten years early, before anything was made": clock(-YEARS, 1),
    "backwards": clock(0, -60),
    "standing still": clock(0, 0),
    "jumping ten years to and fro": clock(0, 86_400 * YEARS, -86_400 * YEARS, 1),
}


@pytest.fixture(scope="module", params=CLOCKS)
def shifted(request: pytest.FixtureRequest) -> Played:
    return play(1, clock=CLOCKS[request.param])


def shape(report: Report) -> list[tuple[str, str, Verdict]]:
    assert not any(row.failure for row in report.rows)
    return [(row.check, row.finding.rests, row.finding.limit) for row in report.rows if row.finding]


def test_the_verdict_is_unchanged(shifted: Played, tmp_path: Path) -> None:
    honest = play()
    assert shifted.data != honest.data
    for trust in (None, 1, 2):
        reports = [
            verify(one.data, one.note, _trust(one, tmp_path, trust)) for one in (shifted, honest)
        ]
        assert shape(reports[0]) == shape(reports[1])
        assert reports[0].words == reports[1].words


def _trust(played: Played, directory: Path, endpoints: int | None) -> Trust:
    readers = [played.endpoint(directory, f"number{number}") for number in range(endpoints or 0)]
    return Trust(roster=played.roster, readers=readers, rehearsal=True)


def test_only_times_and_what_hashes_them_differ(shifted: Played) -> None:
    kinds = [[entry["body"]["kind"] for entry in parse_entries(one.data)] for one in (shifted, play())]
    assert kinds[0] == kinds[1]
    assert (shifted.roster, shifted.contract) == (play().roster, play().contract)
