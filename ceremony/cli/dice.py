"""`ceremony dice check`: a custodian sees that their dice are in the secret."""

import json
from pathlib import Path

import click


@click.group(short_help="See that your dice are in the secret.")
def dice() -> None:
    """A custodian's dice, one of the sources of the secret's randomness."""


@dice.command(short_help="Compute your points again, and find them in the sum.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--custodian", "name", required=True, metavar="NAME", help="Whose dice.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--dry-run", is_flag=True, help="Only show which points must come out.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def check(directory: Path, name: str, answers_fd: int | None, dry_run: bool, as_json: bool) -> None:
    """Take your rolls and the words of your salt, typed unseen, compute your commitment points again, and compare them with the transcript;
    then add up the points of all sources: they must be the dealing's commitments. Needs the file DIR/transcript alone, no token: do it on a
    machine of your own.

    \b
    Example:
      ceremony dice check ceremony-2026 --custodian "Ada Lovelace"
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.rolling import check_dice

    found = check_dice(directory, name, answers_fd, dry_run=dry_run)
    click.echo(json.dumps(found.as_json()) if as_json else "\n".join(found.lines()))
