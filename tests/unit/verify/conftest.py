"""One simulated ceremony for the whole session: playing takes two seconds, verifying it a tenth of one."""

import pytest

from tests.adversary.played import Played, RealCeremony, play


@pytest.fixture(scope="session")
def played() -> Played:
    return play()


@pytest.fixture(scope="session")
def earnest() -> Played:
    """The same, but no rehearsal."""
    return play(3, RealCeremony)
