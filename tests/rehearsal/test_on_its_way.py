"""On a real node, an act that does not get to finality at once: dropped by a reorganisation, waiting for a block, its endpoint gone."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ceremony.acts.digest import digest
from ceremony.anchor.chain import ChainWriter
from ceremony.anchor.failover import Failover
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.standing import head_after
from ceremony.anchor.unlocked import UnlockedWriter
from ceremony.conductor.ports import Finality, Ports
from ceremony.errors import ChainError
from ceremony.protocol.state import State
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.node import running_node
from tests.simulators.ceremony_directory import SimulatedCeremony

MINED_SECONDS = 10
FOREVER = 1_000_000
"""Seconds between two blocks. With 0 the node would make one for each transaction."""


@pytest.fixture
def url() -> Iterator[str]:
    """A node that makes ten blocks a second, and has final ones."""
    with running_node("--block-time", "0.1", "--slots-in-an-epoch", "1", "--hardfork", "osaka") as found:
        end = time.monotonic() + MINED_SECONDS
        while time.monotonic() < end:
            with suppress(ChainError):  # it does not listen yet, or has no final block yet
                if JsonRpc(found).finalized().number:
                    break
            time.sleep(0.1)
        yield found


class Reorganising(UnlockedWriter):
    """A writer whose first act is thrown out of its block by a reorganisation of two blocks, before it is final."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.acts: list[str] = []

    def send(self, to: str | None, data: bytes, **terms: int) -> str:
        transaction = super().send(to, data, **terms)
        self.acts.append(transaction)
        if len(self.acts) == 1:
            self._drop(transaction)
        return transaction

    def _drop(self, transaction: str) -> None:
        reader, end = JsonRpc(self.name), time.monotonic() + MINED_SECONDS
        while reader.receipt(transaction) is None:
            assert time.monotonic() < end
            time.sleep(0.02)
        reader.ask("anvil_reorg", 2, [])
        assert not reader.knows(transaction)


class Waiting(UnlockedWriter):
    """A writer whose node makes no blocks until `offers` were made for one transaction."""

    def __init__(self, url: str, offers: int) -> None:
        super().__init__(url)
        self.prices: list[int] = []
        self.acts: list[str] = []
        self._node, self._offers = JsonRpc(url), offers
        self._node.ask("evm_setIntervalMining", FOREVER)

    def send(self, to: str | None, data: bytes, **terms: int) -> str:
        transaction = super().send(to, data, **terms)
        self.acts.append(transaction)
        self.prices.append(int(self._node.ask("eth_getTransactionByHash", transaction)["gasPrice"], 16))
        if len(self.acts) == self._offers:
            self._node.ask("anvil_mine", "0x1")
            self._node.ask("evm_setIntervalMining", 1)
        return transaction


class OnTheNode(SimulatedCeremony):
    """Simulated tokens, a real node, asked at several addresses of which some may be dead."""

    urls: tuple[str, ...] = ()
    writer: ChainWriter | None = None

    def ports(self) -> Ports:
        ports = super().ports()
        ports.readers = tuple(JsonRpc(url) for url in self.urls)
        ports.open_writer = lambda: self.writer or Failover([UnlockedWriter(url) for url in self.urls])
        ports.finality = Finality(seconds=60, pause=0.05, patience=0.5)
        return ports


@pytest.fixture
def approved(url: str, tmp_path: Path) -> OnTheNode:
    ceremony = OnTheNode(tmp_path, 1)
    ceremony.urls = (url,)
    ceremony.start()
    ceremony.run()
    for index in range(1, 6):
        ceremony.approve(index)
    return ceremony


def test_an_act_that_a_real_reorganisation_drops_is_sent_again(url: str, approved: OnTheNode) -> None:
    approved.writer = writer = Reorganising(url)
    state = approved.anchor()
    assert len(writer.acts) == 2
    assert_anchored(approved, state, writer.acts[1], url)


def test_an_act_that_waits_for_a_block_is_offered_more_for_until_it_gets_into_one(url: str, approved: OnTheNode) -> None:
    approved.writer = writer = Waiting(url, 3)
    state = approved.anchor()
    first = writer.prices[0]
    assert writer.prices == [first, int(first * 1.25), int(first * 1.25**2)]
    assert_anchored(approved, state, writer.acts[2], url)
    found = [JsonRpc(url).ask("eth_getTransactionByHash", act) for act in writer.acts]
    assert [one is None for one in found] == [True, True, False]


def test_with_one_of_three_endpoints_dead_it_goes_on_through_the_others(url: str, approved: OnTheNode) -> None:
    approved.urls = ("http://127.0.0.1:1", url, url + "?two")
    state = approved.anchor()
    approved.urls = (url,)
    assert_anchored(approved, state, state.anchored.transaction, url)


def assert_anchored(ceremony: OnTheNode, state: State, transaction: str, url: str) -> None:
    """The act is on chain in this transaction, with the head that follows from it, and an auditor says so."""
    act = state.proposed.act
    assert state.anchored.transaction == transaction
    assert state.anchored.seen.head == head_after(act, digest(state.contract_act(act)))
    ceremony.writer = None
    ceremony.play()
    trust = Trust(contract=state.deployed.contract, readers=(JsonRpc(url),), rehearsal=True)
    report = verify(*((ceremony.directory / name).read_bytes() for name in ("transcript", "checkpoint")), trust)
    assert report.verdict is Verdict.SINGLE_SOURCE
