"""`ceremony master`, `seal`, `envelope` and `prove`: what the shards are for; `unseal` has a file of its own."""

import json
from pathlib import Path

import click


@click.command(short_help="Write the master public key of a closed ceremony to a file.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--out", "-o", "target", type=click.Path(path_type=Path), required=True, metavar="FILE", help="The file to write; a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print the key as one JSON object too.")
def master(directory: Path, target: Path, as_json: bool) -> None:
    """Write what anyone needs to seal a file to the committee of DIR: public data only. Check DIR first with `ceremony verify`.

    \b
    Example:
      ceremony master ceremony-2026 -o master.pub
    """
    from ceremony.cli.sealing import write_master

    key = write_master(directory, target)
    if as_json:
        click.echo(key.encode().decode())
    else:
        of = f"of ceremony {key.ceremony}, dealing {key.dealing}, {key.k} of {key.n}"
        click.echo(f"Master public key {key.commitments[0]}\n{of}: {target}")


@click.command(short_help="Seal a file to the committee; no token is needed.")
@click.argument("source", metavar="FILE")
@click.option("--master", "place", type=click.Path(path_type=Path), required=True, metavar="PLACE", help="A closed ceremony or master.pub.")
@click.option("--out", "-o", "target", required=True, metavar="FILE", help="The sealed file, a new one; - for standard output.")
@click.option("--description", metavar="TEXT", help="What it holds; everybody can read this. [default: FILE's name]")
@click.option("--json", "as_json", is_flag=True, help="Print the envelope's header as one JSON object, on standard error with -o -.")
def seal(source: str, place: Path, target: str, description: str | None, as_json: bool) -> None:
    """Seal FILE (- for standard input), of any size, so that only five custodians' tokens together can open it. No secret and no token is
    needed; a changed, cut or reordered sealed file does not open.

    \b
    Example:
      ceremony seal --master master.pub payroll.csv -o payroll.csv.sealed
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.sealing import STREAM, read_master, require_description, seal_file
    from ceremony.conductor.custody import describe_envelope

    text = require_description(description, "standard input" if source == STREAM else Path(source).name)
    header = seal_file(read_master(place), source, target, text)
    click.echo(header.encode().decode() if as_json else "\n".join(describe_envelope(header)), err=target == STREAM)


@click.group(short_help="Look at sealed files, and register them.")
def envelope() -> None:
    """Sealed files: what they say of themselves, and which of them the committee keeps in its books."""


@envelope.command(short_help="Say what a sealed file is sealed to, and what it says it holds.")
@click.argument("file", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print the header as one JSON object.")
def show(file: str, as_json: bool) -> None:
    """Show what FILE is sealed to, its description, and its digest in hex and in words. Whoever sealed it wrote this; nothing proves it.

    \b
    Example:
      ceremony envelope show payroll.csv.sealed
    """
    from ceremony.cli.sealing import read_header
    from ceremony.conductor.custody import describe_envelope

    header = read_header(file).envelope
    click.echo(json.dumps(header.model_dump(mode="json")) if as_json else "\n".join(describe_envelope(header)))


@envelope.command(short_help="Enter a sealed file in the custody journal, so that it is carried over when shards are replaced.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.argument("file", metavar="FILE")
@click.option("--dry-run", is_flag=True, help="Only show what would be entered.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def register(directory: Path, file: str, dry_run: bool, as_json: bool) -> None:
    """Enter the header of FILE in DIR/custody. Needs no token. The file itself stays where it is: keep it.

    \b
    Example:
      ceremony envelope register ceremony-2026 payroll.csv.sealed
    """
    from ceremony.cli.sealing import read_header
    from ceremony.cli.unsealing import preview_register, register_file
    from ceremony.conductor.custody import describe_envelope

    header = read_header(file).envelope
    if dry_run:
        preview_register(directory, file)
        click.echo("\n".join(describe_envelope(header)))
        return
    new = register_file(directory, file)
    said = f"Registered in {directory}/custody, and in no copy of it: what stands there is carried over one day."
    click.echo(json.dumps({"registered": new}) if as_json else said if new else "It was registered already.")



@click.command(short_help="Have custodians prove that their tokens hold their shards.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--custodian", "names", multiple=True, metavar="NAME", help="Who proves. [default: all]")
@click.option("--max-age", type=click.IntRange(1), metavar="DAYS", help="Ask no token: fail unless five have proven it in so many days.")
@click.option("--dry-run", is_flag=True, help="Only show who proved when.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def prove(directory: Path, names: tuple[str, ...], max_age: int | None, dry_run: bool, answers_fd: int | None, as_json: bool) -> int:
    """Challenge each custodian's token with a fresh point. The answer is bound to ceremony, dealing and custodian, so it proves that the
    token holds its shard and opens nothing. Each custodian can do this alone, at any time. The outcome goes to DIR/custody, and who proved
    when, and how many more than five, is shown. Exit 40 when a token did not prove it.

    With --max-age it is a monitor's check: exit 3 when fewer than five proofs are young enough.

    \b
    Example:
      ceremony prove ceremony-2026 --custodian "Ada Lovelace"
      ceremony prove ceremony-2026 --max-age 90
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.unsealing import Asked, prove_holders, standing

    asked = Asked(directory, "", names, answers_fd, quiet=as_json)
    code = 0
    if not dry_run and max_age is None:
        code = prove_holders(asked)
    shown = standing(directory, max_age)
    click.echo(json.dumps(shown.as_json()) if as_json else "\n".join(shown.lines()))
    return code or shown.exit_code
