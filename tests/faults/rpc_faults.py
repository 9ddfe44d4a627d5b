"""Row 16: every kind of lying or failing endpoint, at every call of the anchoring command, once and from then on, on a real node.

One endpoint lies or fails, one is honest; in half of the cases a third is cut off, so that no majority is left without the liar.

A ceremony on simulated tokens is brought to five approvals on the node; for each case node and directory go back to where they were then.
Required: 0 false "anchored", at most one act, only named errors, no hang; and once the fault is gone, the same command ends well.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self
from unittest.mock import patch

from ceremony.acts.digest import digest
from ceremony.anchor.failover import Failover
from ceremony.anchor.reading import read_contract
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.standing import head_after
from ceremony.anchor.unlocked import UnlockedWriter
from ceremony.conductor.ports import Finality, Ports
from ceremony.errors import CeremonyError
from ceremony.protocol.state import State
from scripts.devchain import DevChain
from tests.faults.rpc_proxy import FAULTS, SECONDS, Fault, Proxy
from tests.simulators import ceremony_directory
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text
from tests.sweeps import Swept

HANG = 30.0
"""Seconds of one command, retries and finality included; the longest takes eight."""
RETRIES = 4
CASES = 20
PAUSE = 0.02
"""Seconds before an endpoint is asked again: thousands of cases need not wait for a real one to recover."""
NOBODY = "http://127.0.0.1:1"
"""Where nobody listens."""


class Behind(SimulatedCeremony):
    """Simulated tokens, a real node, asked directly and through the proxy, and written to through the proxy."""

    urls: tuple[str, ...] = ()

    def ports(self) -> Ports:
        ports = super().ports()
        ports.readers = tuple(JsonRpc(url, seconds=SECONDS) for url in self.urls)
        ports.open_writer = lambda: Failover([UnlockedWriter(url, SECONDS) for url in self.urls])
        ports.finality = Finality(seconds=8, pause=0.05, patience=1)
        return ports


@dataclass
class Scene:
    """The node, the proxy, and the approved ceremony to which every case goes back."""

    chain: DevChain
    proxy: Proxy
    base: Path
    direct: JsonRpc
    snapshot: str = ""

    def back(self, place: Path, *, cut: bool) -> Behind:
        """Node and directory as they were after the fifth approval."""
        if self.snapshot:
            assert self.direct.ask("evm_revert", self.snapshot)
        self.snapshot = self.direct.ask("evm_snapshot")
        shutil.copytree(self.base, place)
        ceremony = Behind(place, 1)
        ceremony.urls = (self.proxy.url, self.chain.url, *((NOBODY,) if cut else ()))
        return ceremony


@contextmanager
def scene() -> Iterator[Scene]:
    """Five approvals on a node of its own."""
    with tempfile.TemporaryDirectory(prefix="ceremony-rpc-") as name:
        chain = DevChain(Path(name) / "chain")
        chain.start()
        proxy = Proxy(chain.url)
        try:
            with patch.object(ceremony_directory, "plan_text", lambda: plan_text().replace("id = 31337", f"id = {chain.chain_id}")):
                ceremony = Behind(Path(name) / "base", 1)
                ceremony.urls = (chain.url,)
                ceremony.start()
                ceremony.run()
                for index in range(1, 6):
                    ceremony.approve(index)
                yield Scene(chain, proxy, Path(name) / "base", JsonRpc(chain.url))
        finally:
            proxy.close()
            chain.stop()


class Scenes:
    """A scene for each case: the same one, and after CASES a new one, since a node taken back too often has no final block any more."""

    def __init__(self) -> None:
        self._stack, self._left = ExitStack(), 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self) -> Scene:
        """The scene of the next case."""
        if not self._left:
            self._stack.close()
            self._scene, self._left = self._stack.enter_context(scene()), CASES
        self._left -= 1
        return self._scene


def kinds(full: bool) -> Iterator[tuple[Fault, bool, bool]]:
    """Every kind, whether it happens once or goes on from there, and whether a third endpoint is cut off."""
    for fault in FAULTS:
        for once in (True, False):
            for cut in (False, True) if full else (once,):
                yield fault, once, cut


def sweep(full: bool) -> Swept:
    """Each kind at each call that it meets; in CI at the first."""
    faults, tried, struck, refused = [], 0, 0, 0
    with Scenes() as scenes, patch("ceremony.anchor.rpc.PAUSE_SECONDS", PAUSE):
        for fault, once, cut in kinds(full):
            for first in count(1):
                here = scenes.take()
                found = _case(here, here.back(here.base.parent / f"case{tried}", cut=cut), fault, first, once=once)
                tried, struck, refused = tried + 1, struck + bool(found.struck), refused + found.refused
                where = f"at {first}{'' if once else ' and on'}{', a third cut off' if cut else ''}"
                faults += [f"{fault.name} {where}: {problem}" for problem in found.problems]
                if not full or not found.struck:
                    break
    return Swept(tried, tuple(faults), f"{len(FAULTS)} kinds, {struck} struck, {refused} ended in a named error, then all anchored once")


@dataclass(frozen=True)
class Outcome:
    """One case: how often the fault struck, whether the command was refused, what went wrong."""

    struck: int
    refused: bool
    problems: tuple[str, ...]


def _case(here: Scene, ceremony: Behind, fault: Fault, first: int, *, once: bool) -> Outcome:
    problems: list[str] = []
    here.proxy.arm(fault, first, once=once)
    began, refused = time.monotonic(), False
    try:
        state = ceremony.anchor()
        problems += _false_claim(here, state)
    except CeremonyError:
        refused = True
    except Exception as error:  # noqa: BLE001 - what the sweep looks for
        problems.append(f"not a named error: {type(error).__name__}: {error}")
    struck = here.proxy.befallen
    here.proxy.arm(None)
    if refused:
        problems += _finish(here, ceremony)
    if time.monotonic() - began > HANG:
        problems.append(f"took {time.monotonic() - began:.0f} s")
    shutil.rmtree(ceremony.directory)
    return Outcome(struck, refused, tuple(problems))


def _finish(here: Scene, ceremony: Behind) -> list[str]:
    """The fault is gone: the same command again."""
    last: CeremonyError | None = None
    for _ in range(RETRIES):
        try:
            return _false_claim(here, ceremony.anchor())
        except CeremonyError as error:
            last = error
    return [f"cannot go on: {last}"]


def _false_claim(here: Scene, state: State) -> list[str]:
    """What of "anchored" is not so on the node itself."""
    if state.anchored is None or state.deployed is None or state.proposed is None:
        return ["the command ended without a receipt"]
    seen = read_contract(here.direct, state.deployed.contract, here.direct.finalized())
    act = state.proposed.act
    expected = (1, head_after(act, digest(state.contract_act(act))))
    return [] if (seen.sequence, seen.head) == expected else [f"FALSE: anchored, but the node's final state is {seen.sequence} {seen.head}"]
