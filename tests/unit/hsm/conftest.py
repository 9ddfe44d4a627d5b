"""One real token for all of these tests, and copies of it; what a ceremony did to it is done once, through a real spawned agent."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ceremony.hsm.agents import SpawnedAgent
from tests.dealt import Dealt, enrol_and_load
from tests.softhsm import RealToken, copy_token, make_token


@pytest.fixture(scope="session")
def blank(tmp_path_factory) -> RealToken:
    """A token that holds nothing."""
    return make_token(tmp_path_factory.mktemp("softhsm") / "ada")


@pytest.fixture(scope="session")
def _dealt_once(blank, tmp_path_factory) -> Dealt:
    token = copy_token(blank, tmp_path_factory.mktemp("dealt") / "ada")
    agent = token.login()
    try:
        return enrol_and_load(agent, token)
    finally:
        agent.close()


@pytest.fixture
def fresh(blank, tmp_path: Path) -> RealToken:
    """A token that holds nothing, for this test alone."""
    return copy_token(blank, tmp_path / "fresh")


@pytest.fixture
def dealt(_dealt_once, tmp_path: Path) -> Dealt:
    """A token with governance key, transport key and shard, for this test alone."""
    return _dealt_once.on(copy_token(_dealt_once.token, tmp_path / "dealt"))


@pytest.fixture
def agent(dealt) -> Iterator[SpawnedAgent]:
    """The agent of `dealt`, logged in."""
    opened = dealt.token.login()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shared(_dealt_once) -> Iterator[SpawnedAgent]:
    """One logged-in agent for tests that change nothing."""
    opened = _dealt_once.token.login()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def standing(_dealt_once) -> Dealt:
    """What `shared` holds."""
    return _dealt_once
