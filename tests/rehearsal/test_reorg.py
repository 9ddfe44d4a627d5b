"""A reorganisation on a real node before finality: the act is sent again, with the same approvals, and gives the same head."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ceremony.acts.digest import digest
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.standing import head_after
from ceremony.anchor.unlocked import UnlockedWriter
from ceremony.conductor.ports import Finality, Ports
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from scripts.devchain import DevChain
from tests.simulators import ceremony_directory
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text

MINED_SECONDS = 10


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[DevChain]:
    found = DevChain(tmp_path / "chain")
    found.start()
    yield found
    found.stop()


class Reorganising(UnlockedWriter):
    """A writer whose first act is thrown out of its block by a reorganisation of two blocks, before it is final."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.acts: list[str] = []

    def send(self, to: str | None, data: bytes) -> str:
        transaction = super().send(to, data)
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


class OnTheNode(SimulatedCeremony):
    """Simulated tokens, a real node."""

    url = ""
    writer: UnlockedWriter | None = None

    def ports(self) -> Ports:
        ports = super().ports()
        ports.readers, ports.open_writer = (JsonRpc(self.url),), lambda: self.writer or UnlockedWriter(self.url)
        ports.finality = Finality(seconds=60, pause=0.05)
        return ports


def test_an_act_that_a_real_reorganisation_drops_is_sent_again(chain: DevChain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ceremony_directory, "plan_text", lambda: plan_text().replace("id = 31337", f"id = {chain.chain_id}"))
    ceremony = OnTheNode(tmp_path, 1)
    ceremony.url = chain.url
    ceremony.start()
    ceremony.run()
    for index in range(1, 6):
        ceremony.approve(index)
    ceremony.writer = writer = Reorganising(chain.url)
    state = ceremony.anchor()
    ceremony.writer = None
    act = state.proposed.act
    assert len(writer.acts) == 2
    assert state.anchored.transaction == writer.acts[1]
    assert state.anchored.seen.head == head_after(act, digest(state.contract_act(act)))
    ceremony.play()
    trust = Trust(contract=state.deployed.contract, readers=(JsonRpc(chain.url),), rehearsal=True)
    report = verify(*((ceremony.directory / name).read_bytes() for name in ("transcript", "checkpoint")), trust)
    assert report.verdict is Verdict.SINGLE_SOURCE
