"""Row 17: reorganisations of 1 to 64 blocks that drop the deployment or the act before it is final, on a real node (T24).

The node's finality trails by 96 blocks, so that every such reorganisation comes before it. Required: nothing is declared early, a command
that gives up does so with a named error, and the same command again ends with the act final, once.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest.mock import patch

from ceremony.acts.digest import digest
from ceremony.anchor.reading import read_contract
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.standing import head_after
from ceremony.anchor.unlocked import UnlockedWriter
from ceremony.conductor.ports import Finality, Ports
from ceremony.errors import CeremonyError, ChainError
from ceremony.protocol.state import State
from scripts.devchain import FIRST_ID
from tests.node import running_node
from tests.simulators import ceremony_directory
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text
from tests.sweeps import Swept

DEEPEST = 64
SLOTS = 48
"""In an epoch: two epochs, 96 blocks, and a block is final; far enough above the deepest that a slow machine does not get there before."""
NEAR = 8
"""Blocks before finality at which nothing is reorganised any more: what is final must not go."""
BLOCK_SECONDS = 0.04
START_SECONDS = 20.0
MINED_SECONDS = 20.0
CI_DEPTHS = (9,)
STAGES = ("deployment", "act")
TRIES = 4


@contextmanager
def node() -> Iterator[str]:
    """A node of one case's own; its URL."""
    options = ("--chain-id", str(FIRST_ID), "--block-time", str(BLOCK_SECONDS), "--slots-in-an-epoch", str(SLOTS), "--hardfork", "osaka")
    with running_node(*options) as url:
        end = time.monotonic() + START_SECONDS
        while True:
            with suppress(ChainError):  # it does not listen yet, or has no final block yet
                if JsonRpc(url).finalized().number:
                    break
            assert time.monotonic() < end
            time.sleep(BLOCK_SECONDS)
        yield url


class Dropping(UnlockedWriter):
    """After its transaction number `which` was mined and `depth - 1` blocks followed, all of them are reorganised away, once."""

    def __init__(self, url: str, which: int, depth: int) -> None:
        super().__init__(url)
        self.sent: list[str] = []
        self.dropped: list[str] = []
        self._which, self._depth = which, depth

    def send(self, to: str | None, data: bytes, **terms: int) -> str:
        transaction = super().send(to, data, **terms)
        self.sent.append(transaction)
        if len(self.sent) == self._which:
            threading.Thread(target=self._drop, args=(transaction,), daemon=True).start()
        return transaction

    def _drop(self, transaction: str) -> None:
        reader, end = JsonRpc(self.name), time.monotonic() + MINED_SECONDS
        while time.monotonic() < end:
            receipt = reader.receipt(transaction)
            if receipt and int(reader.ask("eth_blockNumber"), 16) - receipt.block_number >= self._depth - 1:
                depth = int(reader.ask("eth_blockNumber"), 16) - receipt.block_number + 1
                if depth < SLOTS * 2 - NEAR:
                    reader.ask("anvil_reorg", depth, [])
                if reader.receipt(transaction) is None:
                    self.dropped.append(transaction)
                return


class Reorganised(SimulatedCeremony):
    """Simulated tokens on the node, paid for by the writer that drops."""

    writer: UnlockedWriter

    def ports(self) -> Ports:
        ports = super().ports()
        ports.readers, ports.open_writer = (JsonRpc(self.writer.name),), lambda: self.writer
        ports.finality = Finality(seconds=12, pause=0.05)
        return ports


def sweep(full: bool) -> Swept:
    """Each stage, at each depth."""
    faults, dropped, tried = [], 0, 0
    depths = range(1, DEEPEST + 1) if full else CI_DEPTHS
    with patch.object(ceremony_directory, "plan_text", lambda: plan_text().replace("id = 31337", f"id = {FIRST_ID}")):
        for stage in STAGES:
            for depth in depths:
                tried += 1
                with node() as url:
                    writer = Dropping(url, 1 + STAGES.index(stage), depth)
                    faults += [f"{stage}, {depth} blocks: {problem}" for problem in _case(writer)]
                dropped += len(writer.dropped)
    return Swept(tried, tuple(faults), f"depths {min(depths)} to {max(depths)} at {len(STAGES)} stages, {dropped} transactions dropped")


def _case(writer: Dropping) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="ceremony-reorg-") as name:
        ceremony = Reorganised(Path(name), int(time.time_ns() % 2**31))
        ceremony.writer = writer
        ceremony.start()
        _again(ceremony.run)  # a deployment that was dropped is sent again by the next run
        for index in range(1, 6):
            ceremony.approve(index)
        problems = _judge(writer, _again(ceremony.anchor))
        return problems if writer.dropped else [*problems, "nothing was dropped"]


def _again(command: Callable[[], State]) -> State:
    """The command, given again after a named error: while it reorganises, the node has no final block for a moment."""
    for _ in range(TRIES - 1):
        with suppress(CeremonyError):
            return command()
    return command()


def _judge(writer: Dropping, state: State) -> list[str]:
    """What is not so of the receipt: the node's own final state decides."""
    if state.anchored is None or state.deployed is None or state.proposed is None:
        return ["no receipt"]
    reader, act = JsonRpc(writer.name), state.proposed.act
    final = reader.finalized()
    seen = read_contract(reader, state.deployed.contract, final)
    expected = (head_after(act, digest(state.contract_act(act))), 1)
    problems = [] if (seen.head, seen.sequence) == expected else ["FALSE: the act is not final"]
    receipt = reader.receipt(state.anchored.transaction)
    if receipt is None or receipt.block_number > final.number or receipt.block_hash != state.anchored.block.hash:
        problems.append("FALSE: the receipt is of a transaction that is not final")
    return problems
