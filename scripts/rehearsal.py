"""The rehearsal: the operator's, custodians' and auditor's own commands, one after the other, with public PINs and a local node."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ceremony.cli import run_command, show_error
from ceremony.cli.people import REHEARSAL_PIN
from ceremony.cli.verify import EXIT_SINGLE_SOURCE
from ceremony.disk import make_directory
from ceremony.errors import CeremonyError, DirectoryError
from ceremony.records.plan_draft import draft_plan
from scripts.devchain import DevChain

NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus")
SITES = ("Lisbon", "Oslo", "Zurich", "Vienna", "Dublin", "Turin", "Ghent")
COMMITS = ("release manifest", "model hash", "snapshot log root")
OWED = 3
INIT_SECONDS = 60
"""For one token's initialisation; it takes a second."""
Between = Callable[[str, "Rehearsal"], None]


class Failed(Exception):
    """A command ended otherwise than it must; the rehearsal ends with its exit code."""

    def __init__(self, command: str, code: int) -> None:
        super().__init__(f"`{command}` ended with exit code {code}")
        self.code = code or 1


class Rehearsal:
    """One rehearsal in `out`, which must not exist yet or be empty."""

    def __init__(self, out: Path, module: str) -> None:
        self.out = out
        self.module = module
        self.plan = out / "plan.toml"
        self.directory = out / "ceremony"
        self.chain = DevChain(out / "chain")
        self.serials: list[str] = []

    def play(self, between: Between = lambda _stage, _rehearsal: None) -> int:
        """Every stage in order; the exit code of the whole. `between` is called before each stage, for tests that sabotage."""
        stages = (self.make_tokens, self.start_node, self.write_plan, self.examine, self.deal, self.approve, self.anchor, self.close)
        began = time.monotonic()
        try:
            for stage in stages:
                between(stage.__name__, self)
                _say(f"== {stage.__name__.replace('_', ' ')} ({time.monotonic() - began:.1f} s)")
                stage()
            between("verify", self)
            _say(f"== verify ({time.monotonic() - began:.1f} s)")
            return self.verify()
        except Failed as error:
            _say(f"The rehearsal failed: {error}")
            return error.code
        except CeremonyError as error:
            show_error(error, as_json=False)
            return error.exit_code
        finally:
            self.chain.stop()

    def make_tokens(self) -> None:
        """Seven SoftHSM tokens in seven directories of their own."""
        started = [(name, self._init_token(number, name)) for number, name in enumerate(NAMES, 1)]
        for name, process in started:
            output, _ = process.communicate(timeout=INIT_SECONDS)
            if process.returncode:
                _say(output.decode())
                command = f"ceremony token init --label {name.lower()}"
                raise Failed(command, process.returncode)
            self.serials.append(json.loads(output)["serial"])
            _say(f"token of {name}: {self.serials[-1]}")

    def start_node(self) -> None:
        """A local EVM node that behaves like a chain: proofs, finality, history."""
        self.chain.start()
        _say(f"node at {self.chain.url}, chain {self.chain.chain_id}; bring it back later with: scripts/devchain {self.out / 'chain'}")

    def write_plan(self) -> None:
        """The plan, checked before any token is touched."""
        custodians = [
            (name, f"Firm {number}", SITES[number - 1], self.serials[number - 1], self.module, str(self._token(number) / "softhsm2.conf"))
            for number, name in enumerate(NAMES, 1)
        ]
        text = draft_plan(
            title="Rehearsal on SoftHSM",
            rehearsal=True,
            custodians=custodians,
            chain_id=self.chain.chain_id,
            endpoints=[self.chain.url],
            contract="deploy",
            commits=[(name, f"{number:064x}") for number, name in enumerate(COMMITS, 1)],
            expires="2030-01-01T00:00:00Z",
            approval_hours=72,
        )
        self.plan.write_text(text)
        self._command("plan", "check", str(self.plan))

    def examine(self) -> None:
        """Every token tried, and the script printed."""
        self._command("doctor", str(self.plan), answers=True)
        self._command("script", str(self.plan), quiet=self.out / "script.txt")

    def deal(self) -> None:
        """From the plan to the proposed act."""
        self._command("run", str(self.plan), "--dir", str(self.directory), answers=True, expect=OWED)

    def approve(self) -> None:
        """Five custodians approve."""
        for name in NAMES[1:6]:
            self._command("approve", str(self.directory), "--custodian", name, answers=True)

    def anchor(self) -> None:
        """The act goes to the chain."""
        self._command("anchor", str(self.directory))

    def close(self) -> None:
        """The last entry, and the closing signatures of those it names."""
        self._command("run", str(self.directory), answers=True, expect=OWED)
        for name in NAMES[1:6]:
            self._command("approve", str(self.directory), "--custodian", name, answers=True)

    def verify(self) -> int:
        """The auditor's command; its verdict must be exactly "single source, rehearsal"."""
        code = run_command(self.verify_arguments())
        return 0 if code == EXIT_SINGLE_SOURCE else code or 1

    def verify_arguments(self) -> list[str]:
        """The roster digest is what the custodians read aloud; here it is taken from the entry in which they confirmed it."""
        lines = (self.directory / "transcript").read_text().splitlines()
        digest = next(entry["roster_digest"] for line in lines if (entry := json.loads(line)["body"])["kind"] == "roster_confirmed")
        return ["verify", str(self.directory), "--roster", digest, "--rpc", self.chain.url, "--rehearsal"]

    def _init_token(self, number: int, name: str) -> subprocess.Popen[bytes]:
        arguments = ["token", "init", "--rehearsal", "--json", "--module", self.module, "--label", name.lower()]
        command = [sys.executable, "-P", "-m", "ceremony", *arguments, "--softhsm", str(self._token(number))]
        return subprocess.Popen(command, stdout=subprocess.PIPE)  # noqa: S603 - our own program

    def _token(self, number: int) -> Path:
        return self.out / "tokens" / str(number)

    def _command(self, *arguments: str, answers: bool = False, expect: int = 0, quiet: Path | None = None) -> None:
        """One `ceremony` command in this process; answers go through a pipe, as a test of `--answers-fd`."""
        given = [*arguments, *(["--answers-fd", str(self._answers())] if answers else [])]
        shown = f"ceremony {' '.join(arguments)}"
        _say(f"$ {shown}")
        if quiet:
            with quiet.open("w") as stream:
                code = subprocess.run([sys.executable, "-P", "-m", "ceremony", *given], stdout=stream, check=False).returncode  # noqa: S603
        else:
            code = run_command(given)
        if code != expect:
            raise Failed(shown, code)

    def _answers(self) -> int:
        answers = {
            "yes": True,
            "pins": dict.fromkeys(self.serials, REHEARSAL_PIN),
            "statement": "Rehearsal: both PINs are public constants, held by nobody.",
        }
        reading, writing = os.pipe()
        os.write(writing, json.dumps(answers).encode())
        os.close(writing)
        return reading


def main() -> int:
    """Play a rehearsal; 0 only if every check passes and the verdict is the one a rehearsal can reach."""
    parser = argparse.ArgumentParser(prog="scripts/rehearse", description=__doc__)
    parser.add_argument("--out", type=Path, help="directory for the rehearsal's files (new or empty)")
    parser.add_argument("--simulated", action="store_true", help="simulated tokens, clock and chain")
    parser.add_argument("--seed", type=int, default=1, help="seed of a simulated rehearsal")
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="ceremony-rehearsal-"))
    try:
        make_directory(out.resolve())
        taken = any(out.iterdir())
    except (CeremonyError, OSError) as error:
        _say(f"{out} cannot be used: {error}")
        return DirectoryError.exit_code
    if taken:
        _say(f"{out} is not empty; nothing is ever overwritten. Choose a new directory.")
        return DirectoryError.exit_code
    if options.simulated:
        from tests.simulators.rehearsal import rehearse  # noqa: PLC0415 - seeds exist only behind simulators' doors

        return rehearse(out.resolve(), options.seed)
    return Rehearsal(out.resolve(), os.environ["CEREMONY_SOFTHSM_MODULE"]).play()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - a program for people


if __name__ == "__main__":
    sys.exit(main())
