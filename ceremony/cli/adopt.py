"""`ceremony adopt`: a secret that exists already comes into the committee's custody, without being shown to anybody."""

import json
from pathlib import Path

import click

from ceremony.errors import AnswerError


@click.command(short_help="Seal an existing secret, from a file or from its shares, without showing it.")
@click.argument("source", metavar="[FILE]", required=False)
@click.option("--master", "place", type=click.Path(path_type=Path), required=True, metavar="PLACE", help="A closed ceremony or master.pub.")
@click.option("--out", "-o", "target", required=True, metavar="FILE", help="The sealed file, a new one; - for standard output.")
@click.option("--slip39", is_flag=True, help="From SLIP-39 mnemonics, typed one by one.")
@click.option("--secretsharing", "k", type=click.IntRange(2, 32), metavar="K", help="From K or more share strings of that old library.")
@click.option("--size", type=click.IntRange(8, 159), metavar="BYTES", help="With --secretsharing: how long the secret is.")
@click.option("--description", metavar="TEXT", help="What it is; everybody can read this. [default: where it came from]")
@click.option("--dry-run", is_flag=True, help="Only say what would be asked for, and whom it would be sealed to.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the envelope's header as one JSON object, on standard error with -o -.")
def adopt(
    source: str | None,
    place: Path,
    target: str,
    slip39: bool,
    k: int | None,
    size: int | None,
    description: str | None,
    dry_run: bool,
    answers_fd: int | None,
    as_json: bool,
) -> None:
    """Seal a secret that exists already, at most 16 KiB, so that only five custodians' tokens together can open it: what is in FILE (- for
    standard input), or what its shares give, typed at the terminal without echo, the passphrase of SLIP-39 too. A process of its own reads
    or combines it and seals it: the secret is never shown, never written, and never in this command's own memory. A wrong share is named
    when it is typed, and may be typed again.

    Shares of the old library secretsharing (1-abcdef...) have no checksum. Give more than K if you have them: then a wrong one shows.

    Before you destroy what it came from, open the sealed file once with five tokens, and compare.

    \b
    Example:
      ceremony adopt --master master.pub --slip39 -o wallet.sealed
      ceremony adopt --master master.pub old-root.key -o old-root.sealed
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.adopting import Wanted, adopt_secret, preview
    from ceremony.cli.sealing import STREAM
    from ceremony.conductor.custody import describe_envelope

    if [bool(source), slip39, k is not None].count(True) != 1 or (k is None) != (size is None):
        message = "a secret comes from one place: FILE, --slip39, or --secretsharing K with --size BYTES"
        raise AnswerError(message, remedy="`ceremony adopt --help` shows examples.")
    wanted = Wanted(place, target, source, k, size, description, answers_fd, quiet=as_json)
    if dry_run:
        click.echo("\n".join(preview(wanted)))
        return
    header, notes = adopt_secret(wanted)
    lines = json.dumps(header.model_dump(mode="json")) if as_json else "\n".join((*describe_envelope(header), *notes))
    click.echo(lines, err=target == STREAM)
