"""Every verb's output on one seeded, simulated ceremony, and every error as shown. `python -m tests.golden.cases` writes them anew."""

import contextlib
import io
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ceremony import errors
from ceremony.cli import run_command, show_error
from scripts.readme import help_of
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text

EXPECTED = Path(__file__).parent / "expected"
SEED = 1
DIR = "ceremony"
PLAN = "plan.toml"
VERBS = (
    "plan new",
    "plan check",
    "plan show",
    "token init",
    "pin",
    "doctor",
    "script",
    "run",
    "status",
    "approve",
    "abort",
    "anchor",
    "verify",
    "watch",
    "act show",
    "dice check",
    "master",
    "seal",
    "adopt",
    "envelope show",
    "envelope register",
    "unseal",
    "unseal request",
    "unseal answer",
    "unseal combine",
    "prove",
    "replace",
)
ADA = ("--custodian", "Ada")


def cases() -> Iterator[tuple[str, str]]:
    """(name, text) of every golden file."""
    for verb in VERBS:
        yield f"help-{verb.replace(' ', '-')}", help_of(verb)
    yield "errors", "".join(_errors())
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        yield from _of_a_plan()
        yield from _of_a_ceremony(SimulatedCeremony(Path(name), SEED))


def _of_a_plan() -> Iterator[tuple[str, str]]:
    Path(PLAN).write_text(plan_text())
    Path("bad.toml").write_text(plan_text().replace("k = 5", "k = 4").replace('"sim2"', '"sim1"').replace("Oslo", "Lisbon"))
    yield "plan-new", shown("plan", "new", "new.toml", "--dry-run")
    yield "plan-check", shown("plan", "check", PLAN)
    yield "plan-check-bad", shown("plan", "check", "bad.toml")
    yield "plan-check-bad-json", shown("plan", "check", "bad.toml", "--json")
    yield "plan-show", shown("plan", "show", PLAN)
    yield "script", shown("script", PLAN)
    yield "script-json", shown("script", PLAN, "--json")
    yield "doctor", shown("doctor", PLAN, "--dry-run")
    yield "token-init", shown("token", "init", "--module", "/module.so", "--label", "ada", "--softhsm", "new", "--dry-run")
    yield "pin", shown("pin", "--module", "/module.so", "--serial", "5e1c", "--dry-run")
    yield "run-start", shown("run", PLAN, "--dir", "other", "--dry-run")


def _of_a_ceremony(ceremony: SimulatedCeremony) -> Iterator[tuple[str, str]]:
    yield "status-missing", shown("status", DIR)
    ceremony.start()
    yield "status-opened", shown("status", DIR)
    ceremony.run()
    yield "status-proposed", shown("status", DIR)
    yield "run", shown("run", DIR, "--dry-run")
    yield "approve", shown("approve", DIR, *ADA, "--dry-run")
    yield "approve-stranger", shown("approve", DIR, "--custodian", "Mallory", "--dry-run")
    yield "approve-at-no-terminal", shown("approve", DIR, *ADA)
    yield "abort", shown("abort", DIR, *ADA, "--reason", "a test", "--dry-run")
    yield "act-show", shown("act", "show", DIR)
    yield "act-show-json", shown("act", "show", DIR, "--json")
    yield "act-show-typed", shown("act", "show", DIR, "--typed")
    yield "act-show-erc7730", shown("act", "show", DIR, "--erc7730")
    yield "act-show-none", shown("act", "show", "nowhere")
    yield "anchor-too-few", shown("anchor", DIR, "--dry-run")
    for index in range(1, 6):
        ceremony.approve(index)
    yield "approve-again", shown("approve", DIR, *ADA, "--dry-run")
    yield "anchor", shown("anchor", DIR, "--dry-run")
    ceremony.play()
    yield "status-closed", shown("status", DIR)
    yield "status-closed-json", shown("status", DIR, "--json")
    yield "adopt", shown("adopt", "--master", DIR, "--slip39", "-o", "wallet.sealed", "--dry-run")
    yield "adopt-from-two-places", shown("adopt", "key", "--master", DIR, "--slip39", "-o", "wallet.sealed")
    yield "watch-too-few", shown("watch", DIR, "--rpc", "http://127.0.0.1:1")
    yield "verify-no-anchor", shown("verify", DIR, "--offline", "--rehearsal")
    yield "verify-json", shown("verify", DIR, "--offline", "--rehearsal", "--json")
    yield "verify-real", shown("verify", DIR, "--offline")
    yield "verify-other-roster", shown("verify", DIR, "--offline", "--rehearsal", "--all", "--roster", "0x" + "11" * 32)


def shown(*arguments: str) -> str:
    """What one command prints on either stream, and its exit code."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = run_command(arguments)
    return f"$ ceremony {' '.join(arguments)}\n{out.getvalue()}{_marked(err.getvalue())}[exit code {code}]\n"


def _errors() -> Iterator[str]:
    for kind in sorted(_classes(errors.CeremonyError), key=lambda kind: kind.exit_code):
        named = {"check": "a_check"} if kind is errors.CheckFailed else {}
        error = kind("what happened", culprits=("custodian 3 Ada",), **named)
        for as_json in (False, True):
            with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
                show_error(error, as_json=as_json)
            yield f"{out.getvalue()}{err.getvalue()}"
        yield f"[exit code {error.exit_code}]\n\n"


def _classes(kind: type[errors.CeremonyError]) -> set[type[errors.CeremonyError]]:
    return {kind}.union(*(_classes(one) for one in kind.__subclasses__() if one.__module__ == errors.__name__))


def _marked(text: str) -> str:
    return "".join(f"stderr: {line}\n" for line in text.splitlines())


def main() -> None:
    """Write every golden file; read the difference before it is committed."""
    EXPECTED.mkdir(exist_ok=True)
    for name, text in cases():
        (EXPECTED / f"{name}.txt").write_text(text)


if __name__ == "__main__":
    main()
