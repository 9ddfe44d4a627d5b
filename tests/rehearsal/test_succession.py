"""A custodian is replaced on real parts: seven old and new SoftHSM tokens, the same contract on a local node, one file kept, one lost."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ceremony.cli import run_command
from ceremony.cli.people import REHEARSAL_PIN
from ceremony.errors import OpeningError, OutOfTurn, Owed, TokenMissing
from ceremony.transcript.journal import TRANSCRIPT
from scripts.devchain import DevChain
from scripts.rehearsal import NAMES, Rehearsal

MODULE = os.environ["CEREMONY_SOFTHSM_MODULE"]
SINGLE_SOURCE, OWED = 10, Owed.exit_code
PLAIN = b"what must outlive its custodians" * 5000


class Handing:
    """A closed rehearsal whose node runs, and the directory of the ceremony that succeeds it."""

    def __init__(self, rehearsal: Rehearsal, chain: DevChain) -> None:
        self.old, self.new, self.out = str(rehearsal.directory), str(rehearsal.out / "successor"), rehearsal.out
        self.rehearsal, self.chain = rehearsal, chain
        self.serials = list(rehearsal.serials)

    def given(self, *arguments: str) -> int:
        """A command with the rehearsal's answers."""
        answers = {"yes": True, "pins": dict.fromkeys(self.serials, REHEARSAL_PIN), "statement": "Rehearsal: it fell into the sea."}
        reading, writing = os.pipe()
        os.write(writing, json.dumps(answers).encode())
        os.close(writing)
        return run_command([*arguments, "--answers-fd", str(reading)])

    def path(self, name: str) -> str:
        """A file beside both ceremonies."""
        return str(self.out / name)

    def bodies(self, kind: str) -> list[dict[str, object]]:
        """Entries of one kind in the successor's transcript."""
        lines = (Path(self.new) / TRANSCRIPT).read_text().splitlines()
        return [body for line in lines if (body := json.loads(line)["body"])["kind"] == kind]


@pytest.fixture(scope="module")
def handing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handing]:
    rehearsal = Rehearsal(tmp_path_factory.mktemp("succession"), MODULE)
    assert rehearsal.play() == 0
    chain = DevChain(rehearsal.out / "chain")
    chain.start()
    yield Handing(rehearsal, chain)
    chain.stop()


def test_a_custodian_is_replaced(handing: Handing, capsys: pytest.CaptureFixture[str]) -> None:
    """The tests of this module go on from each other: this one leads to the successor's end."""
    _seal_two_and_register_one(handing)
    _write_plan(handing, capsys)
    assert handing.given("run", handing.path("plan-2.toml"), "--dir", handing.new) == OWED
    for name in NAMES[1:6]:
        assert handing.given("approve", handing.new, "--custodian", name) == 0
    assert run_command(["anchor", handing.new]) == 0
    _lose_a_token(handing)
    assert handing.given("run", handing.new) == OWED
    for name in ("Ada", "Cleo", "Dan", "Eve", "Hana"):
        assert handing.given("approve", handing.new, "--custodian", name) == 0
    capsys.readouterr()
    assert handing.given("run", handing.new) == TokenMissing.exit_code
    assert "custodian 2 Ben: TokenMissing" in capsys.readouterr().err
    assert len(handing.bodies("shard_destroyed")) == 6
    assert handing.given("run", handing.new, "--outstanding", "Ben") == OWED
    for name in ("Ada", "Cleo", "Dan", "Eve", "Hana"):
        assert handing.given("approve", handing.new, "--custodian", name) == 0
    assert [sorted(body["custodians"]) for body in handing.bodies("rewrapped")] == [[1, 3, 4, 5, 6]]  # type: ignore[call-overload]


def test_an_auditor_verifies_the_successor(handing: Handing, capsys: pytest.CaptureFixture[str]) -> None:
    contract = str(handing.bodies("succession_opened")[0]["origin"]["contract"])  # type: ignore[index]
    capsys.readouterr()
    assert run_command(["verify", handing.new, "--contract", contract, "--rpc", handing.chain.url, "--rehearsal"]) == SINGLE_SOURCE
    text = capsys.readouterr().out
    assert "OUTSTANDING: custodian 2 Ben (Rehearsal: it fell into the sea.)" in text
    assert "it was rotated to this roster" in text
    assert run_command(["watch", handing.new, "--rpc", handing.chain.url, "--need", "1", "--once"]) == 0


def test_what_was_registered_opens_with_the_new_tokens_alone(handing: Handing) -> None:
    opened = handing.path("kept.opened")
    assert handing.given("unseal", handing.path("kept.sealed"), handing.new, "-o", opened, "--reason", "test") == 0
    assert Path(opened).read_bytes() == PLAIN
    lost = handing.given("unseal", handing.path("lost.sealed"), handing.new, "-o", handing.path("x"), "--reason", "test")
    assert lost == OpeningError.exit_code


def test_the_old_shards_open_nothing_any_more(handing: Handing) -> None:
    for name in ("kept", "lost"):
        arguments = ("unseal", handing.path(f"{name}.sealed"), handing.old, "-o", handing.path("y"), "--reason", "test")
        assert handing.given(*arguments) == OpeningError.exit_code
    assert not Path(handing.path("y")).exists()
    assert run_command(["envelope", "register", handing.old, handing.path("lost.sealed")]) == OutOfTurn.exit_code


def _seal_two_and_register_one(handing: Handing) -> None:
    Path(handing.path("plain")).write_bytes(PLAIN)
    for name in ("kept", "lost"):
        assert run_command(["seal", "--master", handing.old, handing.path("plain"), "-o", handing.path(f"{name}.sealed")]) == 0
    assert run_command(["envelope", "register", handing.old, handing.path("kept.sealed")]) == 0


def _write_plan(handing: Handing, capsys: pytest.CaptureFixture[str]) -> None:
    """Gus goes, Hana comes, with a token of her own; everybody else stays with theirs."""
    process = handing.rehearsal._init_token(8, "Hana")
    output, _ = process.communicate(timeout=60)
    serial = json.loads(output)["serial"]
    capsys.readouterr()
    assert run_command(["replace", handing.old, "-o", handing.path("plan-2.toml")]) == 0
    assert "WILL BE LOST" in capsys.readouterr().out
    path = Path(handing.path("plan-2.toml"))
    text = path.read_text().replace(handing.serials[6], serial).replace('name = "Gus"', 'name = "Hana"')
    old, new = (str(handing.rehearsal._token(number) / "softhsm2.conf") for number in (7, 8))
    path.write_text(text.replace(old, new).replace(handing.rehearsal.chain.url, handing.chain.url))
    handing.serials.append(serial)
    assert run_command(["plan", "check", str(path)]) == 0


def _lose_a_token(handing: Handing) -> None:
    """Ben's token falls into the sea once the contract is rotated. He is in both rosters."""
    place = handing.rehearsal._token(2) / "tokens"
    place.rename(place.with_name("gone"))
    place.mkdir()
