"""One committee on two implementations that share no line: SoftHSM, and NSS where a custodian's shard is put in; and a twin token.

Real parts, real commands: what the simulators say of twins and plain imports is so on tokens too.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ceremony.cli import run_command
from ceremony.errors import TokenError, TokenIncapable
from scripts.rehearsal import Rehearsal
from tests.nss import make_nss_token
from tests.softhsm import make_token

MODULE, NSS = os.environ["CEREMONY_SOFTHSM_MODULE"], os.environ["CEREMONY_NSS_MODULE"]
TWIN, IMPORTERS = 3, (5, 6)
REASON = "NSS unwraps no EC key; this is a rehearsal"


class Mixed(Rehearsal):
    """Cleo has a second SoftHSM token with the same shard; Eve's and Finn's shards are in NSS, and their SoftHSM tokens sign only."""

    def make_tokens(self) -> None:
        """Ten tokens, each in a directory of its own."""
        super().make_tokens()
        self.twin = make_token(self.out / "tokens" / "twin", "cleo2")
        self.nss = {index: make_nss_token(self.out / "tokens" / f"nss{index}") for index in IMPORTERS}
        self.serials += [self.twin.serial, *(token.serial for token in self.nss.values())]

    def write_plan(self) -> None:
        """The plan of seven tokens, and what is added to it."""
        super().write_plan()
        text = self.plan.read_text()
        twin = self._token_table(self.twin.serial, MODULE, self.twin.config)
        text = self._added(text, TWIN, "", twin)
        for index, token in self.nss.items():
            more = self._token_table(token.serial, NSS, token.directory) + f'plain_import = "{REASON}"\n'
            text = self._added(text, index, 'roles = ["sign"]\n', more)
        self.plan.write_text(text)
        self._command("plan", "check", str(self.plan))

    def examine(self) -> None:
        """NSS lets its user wrap a shard out, so `doctor` calls no committee ready that holds one there; all else must be well."""
        self._command("doctor", str(self.plan), answers=True, expect=TokenIncapable.exit_code)
        self._command("script", str(self.plan), quiet=self.out / "script.txt")

    def _added(self, text: str, index: int, own: str, more: str) -> str:
        place = f'config = "{self._token(index) / "softhsm2.conf"}"\n'
        assert text.count(place) == 1
        return text.replace(place, place + own + more)

    def _token_table(self, serial: str, module: str, config: Path) -> str:
        return f'[[custodian.token]]\nserial = "{serial}"\nmodule = "{module}"\nconfig = "{config}"\nroles = ["shard"]\n'

    def ask(self, *arguments: str) -> int:
        """One command whose answers come through the pipe."""
        return run_command([*arguments, "--answers-fd", str(self._answers())])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mixed]:
    rehearsal = Mixed(tmp_path_factory.mktemp("mixed"), MODULE)
    assert rehearsal.play() == 0
    rehearsal.chain.start()
    yield rehearsal
    rehearsal.chain.stop()


def test_only_what_nss_is_known_for_keeps_a_token_from_being_ready(mixed: Mixed, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    mixed.ask("doctor", str(mixed.plan), "--json")
    tokens = json.loads(capsys.readouterr().out)["tokens"]
    failed = {(token["who"], row["name"]) for token in tokens for row in token["capabilities"] if not row["able"]}
    assert failed == {(f"custodian {index} {name}, token 2", "keeps a shard inside") for index, name in ((5, "Eve"), (6, "Finn"))}
    assert len(tokens) == 10


def test_verify_names_the_shards_that_the_host_saw(mixed: Mixed, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert run_command([*mixed.verify_arguments(), "--json"]) == 10
    checks = {row["check"]: row for row in json.loads(capsys.readouterr().out)["checks"]}
    said = checks["plain_imports_are_named"]
    for index, name in ((5, "Eve"), (6, "Finn")):
        whose = f"custodian {index} {name}, token 2, serial {mixed.nss[index].serial}"
        assert f"the host saw this shard: {whose} ({REASON})" in said["evidence"]
    assert said["rests"] == "not proven: the plan allows it by name"
    assert "Mozilla Foundation NSS 3" in checks["keys_were_born_in_tokens"]["evidence"]
    assert "8 tokens hold 7 shards" in checks["shards_cannot_leave"]["evidence"]


def test_both_implementations_open_together_and_a_lost_primary_is_no_loss(
    mixed: Mixed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory, plain, sealed = str(mixed.directory), tmp_path / "payroll", str(tmp_path / "payroll.sealed")
    plain.write_bytes(b"twins")
    assert run_command(["seal", "--master", directory, str(plain), "-o", sealed]) == 0
    mine = mixed._token(TWIN)
    mine.rename(tmp_path / "lost")
    try:
        names = [argument for name in ("Ben", "Cleo", "Dan", "Eve", "Finn") for argument in ("--custodian", name)]
        out = tmp_path / "out"
        capsys.readouterr()
        assert mixed.ask("unseal", sealed, directory, "-o", str(out), "--reason", "audit", *names, "--json") == 0
        outcome = json.loads(capsys.readouterr().out)
        assert out.read_bytes() == b"twins"
        assert [(one["who"], one["error"]) for one in outcome["wrong"]] == [("custodian 3 Cleo, token 1", "ModuleError")]
        assert mixed.ask("prove", directory, "--json") == TokenError.exit_code
        proofs = json.loads(capsys.readouterr().out)
    finally:
        (tmp_path / "lost").rename(mine)
    assert {who for who, at in proofs["proofs"].items() if at is None} == {"custodian 3 Cleo, token 1"}
    assert (proofs["fresh"], proofs["margin"], len(proofs["proofs"])) == (7, 2, 8)
