"""The process that keeps a development chain's node: starts anvil, saves its state, and ends it when its own parent has gone.

    python scripts/node_keeper.py DIR CHAIN_ID PORT PACE ANVIL

anvil cuts its own state file short when it dies while writing it. Here the state is fetched and put in place in one step, so that a whole
one always stands in DIR/state.json; DIR/running stands from the start until the state was saved at the end. The parent holds standard
input open; when it closes it, or dies, the node is saved and ended. Standard error is the log. Little is imported: rehearsals wait for it.
"""

import gzip
import http.client
import json
import select
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from ceremony.disk import replace_whole
from ceremony.errors import CeremonyError, ChainUnreachable

STATE, RUNNING, CACHE = "state.json", "running", "cache"
QUICK, CALM = "quick", "calm"
BLOCK_SECONDS = {QUICK: "0.25", CALM: "60"}
"""A block costs 20 kB of state, and more as the chain grows, so the quick pace is for rehearsals. The calm one is for people: a block a
minute, and one at each look while a transaction waits for its place or for finality."""
LOOK_SECONDS = 0.5
FINAL_DEPTH = 2
"""Blocks on top of a final one, with one-slot epochs."""
HISTORY = 2000
"""Blocks whose state is kept: a day and a half of a calm chain. Older blocks keep their headers, transactions and receipts."""
SAVE_SECONDS = 2.0
"""What a dead node loses at most, while saving is quick."""
SAVE_SHARE = 10
"""Saving may take one part in this many of the time, however large the state is."""
START_SECONDS = 30.0
"""For the node to answer: it takes 0.05, and half a second for each 50 MB of state."""
ANSWER_SECONDS = 60.0
"""For one answer: fetching the state of many blocks takes some seconds."""
ANSWER_LIMIT = 1 << 29
"""Bytes of one answer: a compressed state of 2,000 blocks, as hex, with room."""
END_SECONDS = 5.0
FAULTS = (OSError, ValueError, http.client.HTTPException, CeremonyError)


class Node:
    """One anvil process and its JSON-RPC."""

    def __init__(self, directory: Path, chain_id: int, port: int, pace: str, anvil: str) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._chain_id = chain_id
        self._state = directory / STATE
        self._saved, self._save_at, self._owed = -1, 0.0, 0
        # setpriv: should this process be killed, the kernel ends the node.
        command = ["setpriv", "--pdeathsig", "TERM", anvil, "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id)]
        command += ["--hardfork", "osaka", "--slots-in-an-epoch", "1", "--block-time", BLOCK_SECONDS[pace], "--accounts", "2"]
        command += ["--preserve-historical-states", "--max-persisted-states", str(HISTORY), "--cache-path", str(directory / CACHE)]
        command += ["--load-state", str(self._state)] if self._state.exists() else []
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sys.stderr)  # noqa: S603 - the pinned node
        self.pid = self._process.pid

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait_ready(self) -> int:
        """Its newest block, once it answers as this chain; ChainUnreachable when it does not."""
        end = time.monotonic() + START_SECONDS
        while self.alive() and time.monotonic() < end:
            try:
                if self.ask("eth_chainId") == hex(self._chain_id):
                    return self.height()
            except FAULTS:
                time.sleep(0.02)
        message = "the node did not come up"
        raise ChainUnreachable(message)

    def height(self) -> int:
        """Its newest block's number."""
        return int(self.ask("eth_blockNumber"), 16)

    def save(self) -> None:
        """Put the whole state in place, if there are new blocks."""
        began, height = time.monotonic(), self.height()
        if height != self._saved:
            with_history = True
            state = gzip.decompress(bytes.fromhex(self.ask("anvil_dumpState", with_history)[2:]))
            replace_whole(self._state, state)
        self._saved, now = height, time.monotonic()
        self._save_at = now + max(SAVE_SECONDS, SAVE_SHARE * (now - began))

    def save_when_due(self) -> None:
        """Save, unless that was done a moment ago."""
        if time.monotonic() >= self._save_at:
            self.save()

    def advance(self) -> None:
        """One block, if a transaction waits for its place or for finality."""
        if int(self.ask("txpool_status")["pending"], 16):
            self._owed = FINAL_DEPTH + 1
        if self._owed:
            self.ask("evm_mine")
            self._owed -= 1

    def end(self) -> None:
        """End it: asked first, then killed."""
        self._process.terminate()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def ask(self, method: str, *params: object) -> Any:  # noqa: ANN401 - JSON
        """One JSON-RPC call; one of FAULTS when there is no good answer."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})  # noqa: S310 - http on this machine
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as response:  # noqa: S310 - likewise
            answer = json.loads(response.read(ANSWER_LIMIT))
        if "result" not in answer:
            message = f"the node refused {method}: {str(answer)[:200]}"
            raise ValueError(message)
        return answer["result"]


def keep(node: Node, pace: str) -> None:
    """Look after a node until the parent closes the pipe; ChainUnreachable when the node ends by itself."""
    while not select.select([0], [], [], LOOK_SECONDS)[0]:
        try:
            if pace == CALM:
                node.advance()
            node.save_when_due()
        except FAULTS as error:  # a full disk, for one: the chain goes on and is saved later
            _say(f"not saved: {error}")
        if not node.alive():
            message = "the node ended by itself"
            raise ChainUnreachable(message)


def main() -> int:
    """Start the node, say `ready PID BLOCK` on standard output, keep it, save it, end it."""
    directory, chain_id, port, pace, anvil = sys.argv[1:]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    running = Path(directory) / RUNNING
    node = Node(Path(directory), int(chain_id), int(port), pace, anvil)
    try:
        height = node.wait_ready()
        running.touch()
        node.save()
        print(f"ready {node.pid} {height}", flush=True)  # noqa: T201 - the parent waits for it
        try:
            keep(node, pace)
        except KeyboardInterrupt:
            _say("asked to end")
        node.save()
    except FAULTS as error:
        _say(f"{type(error).__name__}: {error}")
        return 1
    else:
        running.unlink()
        return 0
    finally:
        node.end()


def _say(line: str) -> None:
    print(f"keeper: {line}", file=sys.stderr, flush=True)  # noqa: T201 - the log


if __name__ == "__main__":
    sys.exit(main())
