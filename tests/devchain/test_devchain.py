"""A development chain comes back as it was, on a real node; what cannot come back is refused by name or told."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ceremony.anchor.artifacts.deployment import CREATE2_FACTORY, create2_address, encode_factory_call
from ceremony.anchor.chain import FACTORY
from ceremony.anchor.rpc import JsonRpc
from ceremony.errors import ChainUnreachable, DirectoryError, RecordError
from scripts import devchain
from scripts.devchain import DevChain, PortTaken
from scripts.node_keeper import CALM, QUICK

ROOT = Path(__file__).resolve().parents[2]
SALT = bytes(32)
ANSWER = 42
CREATION = bytes.fromhex("69602a60005260206000f3600052600a6016f3")
"""Deploys a contract that answers 42 to everything."""
CONTRACT = "0x" + create2_address(CREATE2_FACTORY, SALT, CREATION).hex()
DEADLINE = 30
"""Seconds for what takes one or two: longer is a hang."""


class Told(list[str]):
    def __call__(self, line: str) -> None:
        self.append(line)


@pytest.fixture
def open_chain(tmp_path: Path) -> Iterator[Callable[..., DevChain]]:
    opened = []

    def start(pace: str = QUICK, tell: Callable[[str], None] | None = None) -> DevChain:
        chain = DevChain(tmp_path / "chain", pace, tell)
        opened.append(chain)
        chain.start()
        return chain

    yield start
    for chain in opened:
        chain.stop()


def wait_for(what: Callable[[], Any]) -> Any:
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.05)
    return pytest.fail("it did not come about")


def send(rpc: JsonRpc, to: str, data: bytes = b"") -> str:
    payer = rpc.ask("eth_accounts")[0]
    return str(rpc.ask("eth_sendTransaction", {"from": payer, "to": to, "data": "0x" + data.hex(), "value": "0x0"}))


def wait_final(rpc: JsonRpc, transaction: str) -> int:
    receipt = wait_for(lambda: rpc.receipt(transaction))
    assert receipt.succeeded
    wait_for(lambda: rpc.finalized().number >= receipt.block_number)
    return int(receipt.block_number)


def ended(pid: int) -> bool:
    """Gone, or a zombie that nobody has collected yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def facts(rpc: JsonRpc, transaction: str, number: int) -> dict[str, Any]:
    """All that must not change: identity, history, and the state at blocks long past."""
    payer = rpc.ask("eth_accounts")[0]
    return {
        "chain": rpc.chain_id(),
        "blocks": [rpc.block(past) for past in range(number + 1)],
        "receipt": rpc.receipt(transaction),
        "code": rpc.code(CONTRACT, number),
        "code before": rpc.code(CONTRACT, number - 1),
        "answer": rpc.call(CONTRACT, b"", number),
        "balances": [rpc.ask("eth_getBalance", payer, hex(past)) for past in range(number + 1)],
        "proof": rpc.ask("eth_getProof", CONTRACT, ["0x" + bytes(32).hex()], hex(number)),
        "factory": rpc.code(FACTORY, 0),
    }


def test_the_same_chain_comes_back(open_chain: Callable[..., DevChain]) -> None:
    told = Told()
    chain = open_chain(tell=told)
    rpc = JsonRpc(chain.url)
    transaction = send(rpc, FACTORY, encode_factory_call(SALT, CREATION))
    number = wait_final(rpc, transaction)
    before = facts(rpc, transaction, number)
    assert before["chain"] == chain.chain_id
    assert (before["code before"], int.from_bytes(before["answer"])) == (b"", ANSWER)
    assert before["factory"]
    chain.stop()
    assert ended(chain.node_pid)

    again = open_chain(tell=told)
    assert (again.chain_id, again.port, again.url) == (chain.chain_id, chain.port, chain.url)
    assert facts(rpc, transaction, number) == before
    assert rpc.finalized().number >= number
    wait_final(rpc, send(rpc, CONTRACT))  # the payer still has funds, and finality still moves
    assert told == []


def test_two_chains_are_told_apart(tmp_path: Path) -> None:
    chains = [DevChain(tmp_path / name) for name in "ab"]
    try:
        for chain in chains:
            chain.start()
        assert chains[0].chain_id != chains[1].chain_id
        assert chains[0].port != chains[1].port
    finally:
        for chain in chains:
            chain.stop()


def test_a_calm_chain_makes_a_transaction_final_at_once(open_chain: Callable[..., DevChain]) -> None:
    rpc = JsonRpc(open_chain(CALM).url)
    number = wait_final(rpc, send(rpc, FACTORY, encode_factory_call(SALT, CREATION)))
    assert int(rpc.ask("eth_blockNumber"), 16) <= number + 2, "blocks that nobody waits for make the state grow"


def test_a_taken_port_is_refused_by_name(open_chain: Callable[..., DevChain], monkeypatch: pytest.MonkeyPatch) -> None:
    chain = open_chain()
    chain.stop()
    monkeypatch.setattr(devchain, "FREE_SECONDS", 0.2)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", chain.port))
        squatter.listen()
        with pytest.raises(PortTaken, match=f"another program listens on port {chain.port}"):
            open_chain()
    assert open_chain().port == chain.port


def test_a_running_chain_is_not_started_twice(open_chain: Callable[..., DevChain], monkeypatch: pytest.MonkeyPatch) -> None:
    chain = open_chain()
    monkeypatch.setattr(devchain, "FREE_SECONDS", 0.2)
    with pytest.raises(PortTaken, match="running already") as refused:
        raise_with_remedy(open_chain)
    assert refused.value.culprits == (f"127.0.0.1:{chain.port}",)
    assert JsonRpc(chain.url).chain_id() == chain.chain_id


def raise_with_remedy(start: Callable[..., DevChain]) -> None:
    try:
        start()
    except PortTaken as error:
        raise PortTaken(error.next_step, culprits=error.culprits) from error


def test_a_killed_node_loses_seconds_and_says_so(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    told = Told()
    chain = open_chain(tell=told)
    rpc = JsonRpc(chain.url)
    saved = rpc.block(wait_final(rpc, send(rpc, FACTORY, encode_factory_call(SALT, CREATION))))
    state = tmp_path / "chain" / "state.json"
    wait_for(lambda: CONTRACT.encode() in state.read_bytes())
    os.kill(chain.node_pid, signal.SIGKILL)
    wait_for(lambda: ended(chain.node_pid))
    chain.stop()
    assert len(told) == 1
    assert "did not end properly" in told[0]

    open_chain(tell=told).stop()
    assert len(told) == 2
    assert "had not ended properly" in told[1]
    open_chain(tell=told)
    assert len(told) == 2, "a proper end was not noticed"
    assert rpc.block(saved.number) == saved
    assert rpc.call(CONTRACT, b"", saved.number)[-1] == ANSWER


def test_the_state_on_disk_is_whole_at_every_moment(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    open_chain()
    state = tmp_path / "chain" / "state.json"
    with state.open("rb") as first:
        wait_for(lambda: not os.path.samestat(os.fstat(first.fileno()), state.stat()))
        assert json.load(first).keys() == json.loads(state.read_bytes()).keys(), "the file was overwritten, not replaced"


PARENT = "import sys, time; from pathlib import Path; from scripts.devchain import DevChain; chain = DevChain(Path(sys.argv[1])); "
PARENT += "chain.start(); print(chain.node_pid, flush=True); time.sleep(600)"


def test_a_dead_parent_leaves_no_node_and_loses_nothing(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path / "chain")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        node = int(parent.stdout.readline())
        assert not ended(node)
        parent.kill()
    wait_for(lambda: ended(node))
    told = Told()
    open_chain(tell=told)
    assert told == []


def test_a_dead_keeper_leaves_no_node(open_chain: Callable[..., DevChain]) -> None:
    chain = open_chain(tell=Told())
    os.kill(chain._keeper.pid, signal.SIGKILL)
    wait_for(lambda: ended(chain.node_pid))


def test_a_chain_without_its_history_is_refused(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    open_chain().stop()
    (tmp_path / "chain" / "state.json").unlink()
    with pytest.raises(DirectoryError, match=r"state\.json is missing"):
        open_chain()


def test_a_damaged_history_is_refused(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    open_chain().stop()
    state = tmp_path / "chain" / "state.json"
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(ChainUnreachable, match="did not come up"):
        open_chain()
    assert len(state.read_bytes()) > 100, "the damaged file is evidence and stays"


def test_a_damaged_record_is_refused(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    open_chain().stop()
    record = tmp_path / "chain" / "chain.json"
    record.write_bytes(record.read_bytes().replace(b'"port":', b'"port":1'))
    with pytest.raises(RecordError, match="port"):
        open_chain()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_program_stays_until_it_is_asked_to_end(open_chain: Callable[..., DevChain], tmp_path: Path, number: signal.Signals) -> None:
    chain = open_chain()
    chain.stop()
    command = [sys.executable, "-m", "scripts.devchain", str(tmp_path / "chain")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, text=True) as program:
        try:
            assert program.stderr is not None
            lines = [program.stderr.readline() for _ in range(3)]
            assert chain.url in lines[0]
            assert f"--rpc {chain.url} --rehearsal" in lines[2]
            assert JsonRpc(chain.url).chain_id() == chain.chain_id
            program.send_signal(number)
            assert program.wait(DEADLINE) == 0
            assert program.stderr.read() == ""
        finally:
            program.kill()
    with pytest.raises(ChainUnreachable):
        JsonRpc(chain.url).chain_id()


def test_the_program_ends_with_its_node(open_chain: Callable[..., DevChain], tmp_path: Path) -> None:
    open_chain().stop()
    command = [sys.executable, "-m", "scripts.devchain", str(tmp_path / "chain")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, cwd=ROOT, text=True) as program:
        try:
            assert program.stderr is not None
            program.stderr.readline()
            os.kill(node_of(program.pid), signal.SIGKILL)
            assert program.wait(DEADLINE) == ChainUnreachable.exit_code
            assert "did not end properly" in program.stderr.read()
        finally:
            program.kill()


def node_of(program: int) -> int:
    keeper, node = program, 0
    for _ in ("keeper", "node"):
        keeper, node = node or keeper, int(Path(f"/proc/{node or keeper}/task/{node or keeper}/children").read_text().split()[0])
    return node
