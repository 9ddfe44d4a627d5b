"""Real nodes for the tests of this room."""

from contextlib import ExitStack

import pytest

from tests.node import running_node


@pytest.fixture(scope="module")
def start_node():
    """A function that starts a real node with these options and gives its address; all end with the module."""
    with ExitStack() as nodes:
        yield lambda *options: nodes.enter_context(running_node(*options))
