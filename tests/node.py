"""A real EVM node for one test module, on a free port of this machine."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

LISTENING = re.compile(r"Listening on 127\.0\.0\.1:(\d+)")


@contextmanager
def running_node(*options: str) -> Iterator[str]:
    """The URL of a node with these options; it is ended by its process id. Its output is read, or it would stop when the pipe is full."""
    command = [os.environ["CEREMONY_ANVIL"], "--port", "0", "--host", "127.0.0.1", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            port = next(found[1] for line in process.stdout if (found := LISTENING.match(line)))
            Thread(target=process.stdout.read, daemon=True).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
