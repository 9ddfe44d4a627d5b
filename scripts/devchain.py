"""A development chain that comes back: a local node whose chain id, port and history live in one directory.

It behaves like a chain: interval mining, one-slot epochs so that finality moves, proofs, and state at old blocks. The first start chooses
an id and a port and writes them to DIR/chain.json; later starts bring the same chain back. `scripts/node_keeper.py` does the keeping.
"""

import argparse
import json
import os
import secrets
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from ceremony.cli import show_error
from ceremony.disk import make_directory, read_limited, write_new
from ceremony.errors import CeremonyError, ChainError, ChainUnreachable, DirectoryError
from ceremony.records.base import RECORD_LIMIT, Count, Record
from scripts.node_keeper import CACHE, CALM, QUICK, RUNNING, SAVE_SECONDS, START_SECONDS, STATE

CHAIN, LOG = "chain.json", "anvil.log"
KEEPER = Path(__file__).with_name("node_keeper.py")
FIRST_ID = 31_337_000_000
"""31337 is the development chain's usual id; a random end tells one rehearsal's chain from another's."""
PORTS = range(20_000, 30_000)
"""Below those that Linux gives to outgoing connections, or the port might be taken when the chain comes back."""
PORT_TRIES = 50
"""Ports tried at the first start; nearly all are free."""
FREE_SECONDS = 3.0
"""For the recorded port to become free: a node whose parent has just died takes a moment to end."""
END_SECONDS = 90.0
"""For the keeper to save and end: more than its own limits together."""
LOG_TAIL = 300
"""Bytes of the log that an error shows."""
LOST = f"about {SAVE_SECONDS:.0f} seconds"


class PortTaken(ChainError):
    """Another program listens where this chain must."""

    remedy = "If this chain is running already, use it; else end the program that listens there, then run the same command again."


class ChainRecord(Record):
    """What DIR/chain.json holds: what plans and transcripts say about this chain."""

    version: Literal[1] = 1
    chain_id: Count
    port: Annotated[int, Field(ge=1, le=65_535)]


class DevChain:
    """One chain in `directory`; `chain_id`, `port`, `url` and `node_pid` are there once it has started.

    Args:
        directory: made at the first start.
        pace: QUICK for rehearsals and tests, CALM for people.
        tell: shows people what was lost, if anything was.
    """

    def __init__(self, directory: Path, pace: str = QUICK, tell: Callable[[str], None] | None = None) -> None:
        self.directory = directory
        self.chain_id = self.port = self.node_pid = 0
        self.url = ""
        self._pace = pace
        self._tell = _say if tell is None else tell
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start or bring back; PortTaken, DirectoryError or ChainUnreachable when that cannot be."""
        make_directory(self.directory)
        record = self._read()
        first, chain = record is None, record or ChainRecord(chain_id=FIRST_ID + secrets.randbelow(1_000_000), port=_choose_port())
        self._require_free(chain.port)
        shutil.rmtree(self.directory / CACHE, ignore_errors=True)
        was_running = (self.directory / RUNNING).exists()
        height = self._spawn(chain)
        if first:
            write_new(self.directory / CHAIN, chain.encode())
        elif was_running:
            self._tell(f"The node had not ended properly. Block {height} was saved last; what came after it, {LOST}, is lost.")
        self.chain_id, self.port, self.url = chain.chain_id, chain.port, f"http://127.0.0.1:{chain.port}"

    def wait(self) -> None:
        """Wait for as long as the node runs."""
        if self._keeper:
            self._keeper.wait()

    def stop(self) -> None:
        """Save and end; harmless when it does not run."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        try:
            keeper.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            keeper.kill()  # the kernel then ends the node
            keeper.communicate()
        if keeper.returncode:
            self._tell(f"The node did not end properly, see {self.directory / LOG}. What came after it was saved last, {LOST}, is lost.")

    def _read(self) -> ChainRecord | None:
        data = read_limited(self.directory / CHAIN, RECORD_LIMIT)
        if data is None:
            return None
        if not (self.directory / STATE).exists():
            message = f"{self.directory / STATE} is missing, and with it the chain's history"
            raise DirectoryError(message, remedy="Put it back from a copy, or rehearse anew in a new directory.")
        return ChainRecord.parse(data)

    def _require_free(self, port: int) -> None:
        end = time.monotonic() + FREE_SECONDS
        while not _is_free(port):
            if time.monotonic() > end:
                message = f"another program listens on port {port}, which the chain in {self.directory} must have"
                raise PortTaken(message, culprits=(f"127.0.0.1:{port}",))
            time.sleep(0.1)

    def _spawn(self, chain: ChainRecord) -> int:
        """Start the keeper; the newest block that it brought back."""
        command = [sys.executable, str(KEEPER), str(self.directory), str(chain.chain_id), str(chain.port), self._pace, _anvil()]
        with (self.directory / LOG).open("wb") as log:
            # A session of its own: Ctrl-C in the terminal reaches this process alone, which then ends the node in order.
            self._keeper = subprocess.Popen(  # noqa: S603 - our own program
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
            )
        output = self._keeper.stdout
        waited = output is not None and select.select([output], [], [], START_SECONDS + END_SECONDS)[0]
        words = output.readline().split() if output is not None and waited else []
        if len(words) != len(("ready", "PID", "BLOCK")):
            self._keeper.kill()
            self._keeper.communicate()
            self._keeper = None
            raise self._did_not_start()
        self.node_pid = int(words[1])
        return int(words[2])

    def _did_not_start(self) -> ChainUnreachable:
        tail = (self.directory / LOG).read_bytes()[-LOG_TAIL:].decode(errors="replace")
        message = f"the node in {self.directory} did not come up: {' '.join(tail.split())}"
        return ChainUnreachable(message, culprits=(str(self.directory / LOG),))


def main() -> int:
    """Bring a chain up, show how to use it, and stay until Ctrl-C."""
    parser = argparse.ArgumentParser(prog="scripts/devchain", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR", help="the chain's directory: a rehearsal's is OUT/chain")
    chain = DevChain(parser.parse_args().directory.resolve(), CALM)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        chain.start()
        _say(f"Chain {chain.chain_id} at {chain.url}; blocks come once a minute, and at once when a transaction waits. End with Ctrl-C.")
        _say(f"An auditor would now run:\n  {auditor_command(chain)}")
        chain.wait()
    except KeyboardInterrupt:
        return 0
    except CeremonyError as error:
        show_error(error, as_json=False)
        return error.exit_code
    finally:
        chain.stop()
    return ChainUnreachable.exit_code


def auditor_command(chain: DevChain) -> str:
    """How to verify the ceremony beside this chain; its roster digest is what the custodians read aloud."""
    directory, digest = chain.directory.parent / "ceremony", "DIGEST"
    try:
        bodies = [json.loads(line)["body"] for line in (directory / "transcript").read_text().splitlines()]
        digest = next(body["roster_digest"] for body in bodies if body["kind"] == "roster_confirmed")
    except (OSError, ValueError, KeyError, StopIteration):
        directory = Path("DIR")
    return f"{Path(sys.executable).with_name('ceremony')} verify {directory} --roster {digest} --rpc {chain.url} --rehearsal"


def _anvil() -> str:
    path = os.environ.get("CEREMONY_ANVIL", "")
    if not path:
        message = "CEREMONY_ANVIL does not say where anvil is"
        raise ChainUnreachable(message, remedy="Run scripts/setup, then: . .tools/env.sh")
    return path


def _choose_port() -> int:
    for _ in range(PORT_TRIES):
        port = secrets.choice(PORTS)
        if _is_free(port):
            return port
    message = f"no free port among {PORT_TRIES} from {PORTS.start} to {PORTS.stop}"
    raise PortTaken(message)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a port left a minute ago would not count as free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())
