"""`ceremony approve`: one custodian reads one act and signs it."""

from pathlib import Path

import click


@click.command(short_help="Read and approve the act that is owed, as one custodian.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--custodian", required=True, metavar="NAME", help="Your name, as the plan spells it.")
@click.option("--dry-run", is_flag=True, help="Only show what you would sign.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def approve(directory: Path, custodian: str, dry_run: bool, answers_fd: int | None, as_json: bool) -> None:
    """Show the act that is owed in plain words with its digest in hex and in words, ask for Yes and the PIN, and sign it on your token.

    Compare the digest's words with your neighbours' before you answer. The PIN is tried once. The same command signs the closing
    checkpoint at the end.

    \b
    Example:
      ceremony approve ceremony-2026 --custodian "Ada Lovelace"
    """
    from ceremony.cli.approving import approve_as, show_owed
    from ceremony.cli.owed import show_dry_run, show_outcome

    if dry_run:
        show_dry_run(show_owed(directory, custodian), as_json=as_json)
        return
    show_outcome(approve_as(directory, custodian, answers_fd, quiet=as_json), as_json=as_json)
