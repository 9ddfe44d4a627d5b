"""`scripts/rehearse` on real parts: seven SoftHSM tokens, spawned agents, a local node; and what ends it otherwise than well."""

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from shamir_mnemonic import generate_mnemonics

from ceremony.acts.words import encode_words
from ceremony.cli import run_command
from ceremony.cli.wiring import read_state
from ceremony.custody import envelope
from ceremony.errors import ChainUnreachable, DirectoryError, OpeningError, Owed, Replayed, TokenMissing
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT
from scripts.devchain import DevChain
from scripts.rehearsal import Rehearsal
from tests.simulators.rehearsal import EXIT_CHAIN_NOT_CHECKED, rehearse

MODULE = os.environ["CEREMONY_SOFTHSM_MODULE"]
REFUSED, SINGLE_SOURCE, OWED = 20, 10, Owed.exit_code


class Played:
    """A rehearsal that was played to its end, and what a reader brings along to it."""

    def __init__(self, rehearsal: Rehearsal, code: int, code_of_altered: int) -> None:
        self.rehearsal, self.code, self.code_of_altered = rehearsal, code, code_of_altered
        self.arguments = rehearsal.verify_arguments()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    rehearsal = Rehearsal(tmp_path_factory.mktemp("rehearsal"), MODULE)
    altered: list[int] = []

    def between(stage: str, playing: Rehearsal) -> None:
        if stage == "verify":
            altered.append(verify_altered(playing))

    code = rehearsal.play(between)
    yield Played(rehearsal, code, altered[0])
    rehearsal.chain.stop()


def verify_altered(playing: Rehearsal) -> int:
    """What the rehearsal's own last stage says of an altered entry; the entry is put back."""
    path = playing.directory / TRANSCRIPT
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"held by nobody", b"held by nobody!", 1))
    try:
        return playing.verify()
    finally:
        path.write_bytes(whole)


def test_a_whole_rehearsal_reaches_exactly_its_verdict(played: Played) -> None:
    assert played.code == 0


def test_an_altered_entry_ends_it(played: Played) -> None:
    assert played.code_of_altered == REFUSED


def test_an_auditor_verifies_after_the_chain_was_brought_back(
    played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (TRANSCRIPT, CHECKPOINT):
        shutil.copy(played.rehearsal.directory / name, tmp_path / name)
    chain = DevChain(played.rehearsal.out / "chain")
    chain.start()
    try:
        contract = next(
            body["contract"] for line in (tmp_path / TRANSCRIPT).open() if (body := json.loads(line)["body"])["kind"] == "deployed"
        )
        arguments = ["verify", str(tmp_path), "--contract", contract, "--rpc", chain.url, "--rehearsal"]
        capsys.readouterr()
        assert run_command(arguments) == SINGLE_SOURCE
        last = capsys.readouterr().out.splitlines()[-1]
        assert last.startswith("single source, rehearsal: genesis root 0x")
        assert last.endswith(f"contract {contract}")
        assert run_command([*arguments, "--rpc", chain.url + "/"]) == SINGLE_SOURCE
        assert run_command(["watch", str(tmp_path), "--rpc", chain.url, "--need", "1", "--once"]) == 0
        assert run_command(["act", "show", str(tmp_path)]) == 0
    finally:
        chain.stop()


def test_a_dead_token_ends_it(tmp_path: Path) -> None:
    def between(stage: str, playing: Rehearsal) -> None:
        if stage == "examine":
            for token in (playing.out / "tokens" / "3" / "tokens").iterdir():
                shutil.rmtree(token)

    assert Rehearsal(tmp_path, MODULE).play(between) == TokenMissing.exit_code


def test_a_killed_node_ends_it(tmp_path: Path) -> None:
    def between(stage: str, playing: Rehearsal) -> None:
        if stage == "deal":
            os.kill(playing.chain.node_pid, signal.SIGKILL)

    assert Rehearsal(tmp_path, MODULE).play(between) == ChainUnreachable.exit_code


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    transcripts = []
    for name, seed in (("first", 7), ("second", 7), ("other", 8)):
        assert rehearse(tmp_path / name, seed) == 0
        transcripts.append(
            (tmp_path / name / "ceremony" / TRANSCRIPT).read_bytes() + (tmp_path / name / "ceremony" / CHECKPOINT).read_bytes()
        )
    assert transcripts[0] == transcripts[1] != transcripts[2]


# --- custody, on the same tokens ---


def given(played: Played, *arguments: str, **more: object) -> int:
    """A command with the rehearsal's answers."""
    reading, writing = os.pipe()
    with os.fdopen(played.rehearsal._answers(), "rb") as answers:
        os.write(writing, json.dumps({**json.loads(answers.read()), **more}).encode())
    os.close(writing)
    return run_command([*arguments, "--answers-fd", str(reading)])


def test_five_real_tokens_open_what_anyone_sealed(played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory, plain = str(played.rehearsal.directory), tmp_path / "payroll.csv"
    plain.write_bytes(os.urandom(200_000))
    master, sealed, out = (str(tmp_path / name) for name in ("master.pub", "payroll.sealed", "payroll.opened"))
    assert run_command(["master", directory, "-o", master]) == 0
    assert run_command(["seal", "--master", master, str(plain), "-o", sealed]) == 0
    assert "payroll.csv (200000 bytes, sealed 20" in capsys.readouterr().out
    assert given(played, "unseal", sealed, directory, "-o", out, "--reason", "test", "--json") == 0
    assert json.loads(capsys.readouterr().out)["wrong"] == []
    assert Path(out).read_bytes() == plain.read_bytes()
    assert Path(out).stat().st_mode & 0o777 == 0o600
    cut = tmp_path / "cut.sealed"
    cut.write_bytes(Path(sealed).read_bytes()[:-1])
    assert given(played, "unseal", str(cut), directory, "-o", out + "2", "--reason", "test") == OpeningError.exit_code
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"cut.sealed", "master.pub", "payroll.csv", "payroll.opened", "payroll.sealed"}
    assert given(played, "unseal", sealed, directory, "-o", out, "--reason", "test") == DirectoryError.exit_code
    offline = [*played.arguments[:4], "--offline", "--rehearsal"]
    assert run_command(offline) == EXIT_CHAIN_NOT_CHECKED  # the closed transcript has not grown


def test_five_real_tokens_open_it_whoever_sealed_it(played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory, plain = str(played.rehearsal.directory), tmp_path / "payroll.csv"
    plain.write_bytes(os.urandom(200_000))
    sealed, out = str(tmp_path / "payroll.sealed"), str(tmp_path / "payroll.opened")
    with pytest.MonkeyPatch.context() as patch:  # a sealer who leaves tags that fit no answer
        patch.setattr(envelope, "answer_tag", lambda *_: b"\x11" * 32)
        assert run_command(["seal", "--master", directory, str(plain), "-o", sealed]) == 0
    arguments = ["unseal", sealed, directory, "-o", out, "--reason", "test"]
    assert given(played, *arguments) == OpeningError.exit_code
    capsys.readouterr()
    assert given(played, *arguments, "--untrusted-sealer", "--json") == 0
    assert json.loads(capsys.readouterr().out)["wrong"] == []
    assert Path(out).read_bytes() == plain.read_bytes()


def test_five_real_tokens_at_five_places_open_it(played: Played, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory, plain, words = str(played.rehearsal.directory), tmp_path / "payroll.csv", encode_words(os.urandom(16))
    plain.write_bytes(os.urandom(200_000))
    sealed, request, out = (str(tmp_path / name) for name in ("payroll.sealed", "payroll.request", "payroll.opened"))
    assert run_command(["seal", "--master", directory, str(plain), "-o", sealed]) == 0
    asking = ["unseal", "request", sealed, directory, "--reason", "test", "--requester", "the auditor"]
    assert given(played, *asking, "-o", request, words=words) == 0
    answers = []
    for custodian in [one.name for one in read_state(played.rehearsal.directory)[1].plan.custodian][2:]:
        place = tmp_path / custodian
        place.mkdir()
        shutil.copy(played.rehearsal.directory / TRANSCRIPT, place / TRANSCRIPT)
        answers.append(str(place / "answer"))
        assert given(played, "unseal", "answer", request, str(place), "--custodian", custodian, "-o", answers[-1]) == 0
        again = ["unseal", "answer", request, str(place), "--custodian", custodian, "-o", answers[-1] + "2"]
        assert run_command(again) == 0  # the same answer: nobody is asked, no token is touched
        assert Path(answers[-1] + "2").read_bytes() == Path(answers[-1]).read_bytes()
    combining = ["unseal", "combine", request, sealed, directory, *answers, "-o"]
    assert given(played, *combining[:-2], "-o", out, words=words) == OpeningError.exit_code
    assert given(played, *combining, out, words=words) == 0
    assert Path(out).read_bytes() == plain.read_bytes()
    altered = tmp_path / "altered"
    altered.write_bytes(Path(request).read_bytes().replace(b'"the auditor"', b'"the auditors"'))
    replayed = ["unseal", "answer", str(altered), str(place), "--custodian", custodian, "-o", out + "3"]
    assert given(played, *replayed) == Replayed.exit_code
    assert "another request with the same nonce" in capsys.readouterr().err


def test_five_real_tokens_open_what_was_adopted_from_mnemonics(played: Played, tmp_path: Path) -> None:
    directory, secret, out = str(played.rehearsal.directory), os.urandom(32), tmp_path / "wallet"
    mnemonics = generate_mnemonics(1, [(3, 5)], secret, b"swordfish", iteration_exponent=0)[0][2:]
    adopting = ["adopt", "--master", directory, "--slip39", "-o", str(tmp_path / "wallet.sealed")]
    assert given(played, *adopting, shares=mnemonics, passphrase="swordfish") == 0  # noqa: S106 - of these mnemonics
    assert given(played, "unseal", str(tmp_path / "wallet.sealed"), directory, "-o", str(out), "--reason", "test") == 0
    assert out.read_bytes() == secret


def test_seven_real_tokens_prove_that_they_hold_their_shards(played: Played, capsys: pytest.CaptureFixture[str]) -> None:
    directory = str(played.rehearsal.directory)
    assert run_command(["prove", directory, "--max-age", "30"]) == 0
    assert "in the ceremony, to every other custodian's agent" in capsys.readouterr().out
    assert given(played, "prove", directory) == 0
    assert "7 hold their shards by proof; 5 are needed, margin +2" in capsys.readouterr().out
    assert run_command(["prove", directory, "--max-age", "30", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["margin"] == 2
