"""`ceremony run`: start or resume."""

import os
from pathlib import Path

import click

from ceremony.errors import DirectoryError, Owed


@click.command(short_help="Start or resume a ceremony.")
@click.argument("place", type=click.Path(path_type=Path), metavar="PLAN|DIR")
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Start: a new directory for this ceremony.")
@click.option("--new-dealing", is_flag=True, help="Throw the dealing in hand away first (asks for a Yes).")
@click.option("--closing-signers", metavar="NAMES", help="Name other closing signers: at least five names, separated by commas.")
@click.option("--outstanding", metavar="NAME", help="Succession: write that this old custodian's token cannot be had.")
@click.option("--leave-out", type=int, metavar="NUMBER", help="Succession: leave behind the envelope that cannot be carried over.")
@click.option("--keystore", type=click.Path(path_type=Path), metavar="FILE", help="Who pays for the contract; the password is asked for.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done next.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def run(
    place: Path,
    directory: Path | None,
    new_dealing: bool,
    closing_signers: str | None,
    outstanding: str | None,
    leave_out: int | None,
    keystore: Path | None,
    dry_run: bool,
    answers_fd: int | None,
    as_json: bool,
) -> int:
    """Start a ceremony from PLAN in a new --dir, or resume the one in DIR, and go on until somebody else must act.

    Power may fail at any time: run the same command again and it carries on from what is written and from what the tokens hold.
    Exit code 3 ("owed") is no error: the command that is owed is printed.

    \b
    Example:
      ceremony run plan.toml --dir ceremony-2026
      ceremony run ceremony-2026
    """
    from ceremony.cli import running
    from ceremony.cli.owed import show_outcome

    wishes = running.Wishes(
        new_dealing=new_dealing,
        closing_signers=closing_signers,
        outstanding=outstanding,
        leave_out=leave_out,
        keystore=keystore,
        answers_fd=answers_fd,
        quiet=as_json,
    )
    if directory is None and not place.is_dir():
        message = f"{place} is not a ceremony directory"
        raise DirectoryError(message, remedy="Start a ceremony with `ceremony run PLAN --dir DIR`.")
    if dry_run:
        outcome = running.preview(place, directory)
    elif directory is not None:
        outcome = running.start(place, directory, wishes, os.urandom(32))
    else:
        outcome = running.resume(place, wishes)
    show_outcome(outcome, as_json=as_json)
    return Owed.exit_code if outcome.owed and not dry_run else 0
