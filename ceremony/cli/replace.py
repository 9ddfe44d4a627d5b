"""`ceremony replace`: the plan by which a custodian, a token or the whole roster is replaced."""

import json
from pathlib import Path

import click


@click.command(short_help="Write the plan of a ceremony that succeeds a closed one.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("-o", "target", type=click.Path(path_type=Path), required=True, metavar="PLAN", help="A new file for the successor's plan.")
@click.option("--dry-run", is_flag=True, help="Only show what would be handed over, and what would be lost.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def replace(directory: Path, target: Path, dry_run: bool, as_json: bool) -> None:
    """Write PLAN, by which another ceremony succeeds the closed one in DIR: the same contract, a new dealing, custodians as you then edit
    them. No shard can be given to somebody else; so a lost token, a new custodian or a new roster each take a new dealing.

    `ceremony run PLAN --dir NEW` then leads through it, and carries on wherever it was interrupted: every new holder is proven; five of the
    old rotate the contract to the new roster; every registered envelope is wrapped to the new master key, by five old tokens, and opened
    anew by five new ones; five of the new approve the list and its cut-off date; only then each old token destroys its shard. Payloads stay
    as they are. ENVELOPES THAT ARE NOT REGISTERED WILL BE LOST: register each with `ceremony envelope register DIR FILE` first.

    \b
    Example:
      ceremony replace ceremony-2026 -o plan-2027.toml
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.replacing import draft

    drafted = draft(directory)
    if not dry_run:
        drafted.write(target)
    click.echo(json.dumps(drafted.as_json()) if as_json else "\n".join(drafted.lines(None if dry_run else target)))
