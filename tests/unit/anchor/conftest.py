"""Real nodes for the tests of this room."""

import os
import re
import subprocess
from contextlib import ExitStack

import pytest

LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")


@pytest.fixture(scope="module")
def start_node():
    """A function that starts a real node with these options and gives its address; all end with the module, by their process ids."""
    with ExitStack() as nodes:

        def start(*options):
            command = [os.environ["CEREMONY_ANVIL"], "--port", "0", "--host", "127.0.0.1", *options]
            process = nodes.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            nodes.callback(process.terminate)
            lines = (process.stdout.readline() for _ in range(200))
            return f"http://127.0.0.1:{next(found[1] for line in lines if (found := LISTENING.match(line)))}"

        yield start
