"""The `ceremony` command: parse, wire, call, render. It decides nothing. Heavy imports happen inside the verbs that need them."""

import json
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import click

from ceremony.errors import CeremonyError, DiskError, ToolFault

_VERBS = {
    "plan": ("ceremony.cli.plan", "plan"),
    "token": ("ceremony.cli.token", "token"),
    "pin": ("ceremony.cli.token", "pin"),
    "doctor": ("ceremony.cli.doctor", "doctor"),
    "script": ("ceremony.cli.script", "script"),
    "run": ("ceremony.cli.run", "run"),
    "status": ("ceremony.cli.status", "status"),
    "approve": ("ceremony.cli.approve", "approve"),
    "abort": ("ceremony.cli.abort", "abort"),
    "anchor": ("ceremony.cli.anchor", "anchor"),
    "verify": ("ceremony.cli.verify", "verify"),
    "watch": ("ceremony.cli.watch", "watch"),
    "act": ("ceremony.cli.act", "act"),
    "dice": ("ceremony.cli.dice", "dice"),
    "master": ("ceremony.cli.custody", "master"),
    "seal": ("ceremony.cli.custody", "seal"),
    "adopt": ("ceremony.cli.adopt", "adopt"),
    "envelope": ("ceremony.cli.custody", "envelope"),
    "unseal": ("ceremony.cli.unseal", "unseal"),
    "prove": ("ceremony.cli.custody", "prove"),
    "replace": ("ceremony.cli.replace", "replace"),
}
_SHORT = {
    "plan": "Write, check and show a plan.",
    "token": "Initialise a token.",
    "pin": "Set or change a token's user PIN.",
    "doctor": "Try everything the ceremony needs on every token of a plan.",
    "script": "Print the ceremony, step by step.",
    "run": "Start or resume a ceremony.",
    "status": "Say what is done and what is owed.",
    "approve": "Read and approve the act that is owed, as one custodian.",
    "abort": "Stop the act that is waiting.",
    "anchor": "Publish the approved act and wait until it is final.",
    "verify": "Check a ceremony from outside.",
    "watch": "Watch the contract, and raise an alarm at what the transcript does not explain.",
    "act": "Read an act and recompute its digest.",
    "dice": "See that your dice are in the secret.",
    "master": "Write the master public key of a closed ceremony to a file.",
    "seal": "Seal a file to the committee; no token is needed.",
    "adopt": "Seal an existing secret, from a file or from its shares, without showing it.",
    "envelope": "Look at sealed files, and register them.",
    "unseal": "Open a sealed file with five custodians' tokens, in one room or over several places.",
    "prove": "Have custodians prove that their tokens hold their shards.",
    "replace": "Write the plan of a ceremony that succeeds a closed one.",
}


class Verbs(click.Group):
    """Loads a verb's module only when that verb is used, so that `--help` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click passes it
        """The verbs in the order of a ceremony."""
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """One verb, or None."""
        if cmd_name not in _VERBS:
            return None
        module, name = _VERBS[cmd_name]
        command = getattr(import_module(module), name)
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """The verbs with their one-line descriptions, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _SHORT[name]) for name in _VERBS])


@click.group(cls=Verbs)
@click.version_option(package_name="ceremony")
def root() -> None:
    """Deal a master secret into seven HSMs, act only by five of seven, anchor the genesis root on a chain, verify it all.

    \b
    Example, a whole rehearsal on this machine:
      scripts/rehearse --out /tmp/rehearsal
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command; every refusal ends as plain words on stderr and the error's own exit code."""
    from ceremony.cli.output import guard_output, settle_output

    guard_output()
    code = run_command(arguments)
    try:
        settle_output()
    except DiskError as error:
        if not code:
            show_error(error, as_json=False)
        code = code or error.exit_code
    sys.exit(code)


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command in this process and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = root.main(given, prog_name="ceremony", standalone_mode=False)
    except CeremonyError as error:
        show_error(error, as_json="--json" in given)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped. Nothing is lost: run the same command again.", err=True)
        return 130
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user; its text might hold a secret, so its place is shown
        fault = _fault(error)
        show_error(fault, as_json="--json" in given)
        return fault.exit_code
    return result if isinstance(result, int) else 0


def _fault(error: Exception) -> ToolFault:
    """Where something unforeseen happened, without its text."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "ceremony" in frame.filename]
    where = f" at {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return ToolFault(f"an unforeseen {type(error).__name__}{where}")


def show_error(error: CeremonyError, *, as_json: bool) -> None:
    """A refusal, for people on stderr or as one JSON object on stdout; on stderr too when stdout takes nothing."""
    if as_json and _said_as_json(error):
        return
    click.echo(f"{error.name}: {error.message}", err=True)
    for culprit in error.culprits:
        if culprit not in error.message:
            click.echo(f"  who or what: {culprit}", err=True)
    click.echo(f"  next: {error.next_step}", err=True)


def _said_as_json(error: CeremonyError) -> bool:
    from ceremony.cli.output import is_lost

    fields = {"error": error.name, "exit": error.exit_code, "message": error.message}
    with suppress(DiskError):
        click.echo(json.dumps({**fields, "culprits": list(error.culprits), "next": error.next_step}))
    return not is_lost()
