"""`ceremony token init` and `ceremony pin`: tokens made ready before the plan is run."""

import json
from pathlib import Path

import click

from ceremony.errors import AnswerError


@click.group(short_help="Initialise a token.")
def token() -> None:
    """Make tokens ready before the plan is run."""


@token.command(short_help="Initialise a new token.")
@click.option("--module", required=True, type=click.Path(path_type=Path), help="The vendor's PKCS#11 module (.so).")
@click.option("--config", type=click.Path(path_type=Path), help="The module's configuration file (SoftHSM: softhsm2.conf).")
@click.option("--softhsm", type=click.Path(path_type=Path), metavar="NEWDIR", help="Make a SoftHSM directory with its own configuration.")
@click.option("--nss", type=click.Path(path_type=Path), metavar="NEWDIR", help="Make an NSS token there; it can hold a shard, not sign.")
@click.option("--label", required=True, help="The token's label.")
@click.option("--rehearsal", is_flag=True, help="Use the public rehearsal PINs; such a token is refused in a real ceremony.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def init(
    module: Path, config: Path | None, softhsm: Path | None, nss: Path | None, label: str, rehearsal: bool, dry_run: bool, as_json: bool
) -> None:
    """Initialise an uninitialised token: SO PIN and user PIN are asked for (twice each), never shown. Nothing is ever overwritten.

    \b
    Example:
      ceremony token init --module /usr/lib/softhsm/libsofthsm2.so --softhsm ada-token --label ada
    """
    from ceremony.cli.people import REHEARSAL_PIN, REHEARSAL_SO_PIN
    from ceremony.hsm.initialise import init_nss, init_token, make_softhsm_directory, require_initial

    if dry_run:
        place = softhsm or nss
        planned = f"Would initialise a token labelled {label} through {module}{f' in {place}' if place else ''}."
        click.echo(json.dumps({"would": planned}) if as_json else planned)
        return
    so_pin = REHEARSAL_SO_PIN if rehearsal or nss else ask_new_pin("SO PIN")  # NSS has no security officer
    user_pin = REHEARSAL_PIN if rehearsal else ask_new_pin("user PIN")
    require_initial(label, so_pin, user_pin)
    if nss:
        chosen: Path | None = nss.absolute()
        serial = init_nss(str(module), nss.absolute(), user_pin)
    else:
        chosen = make_softhsm_directory(softhsm) if softhsm else config
        serial = init_token(str(module), str(chosen) if chosen else None, label, so_pin, user_pin)
    if as_json:
        click.echo(json.dumps({"serial": serial, "config": str(chosen) if chosen else None, "label": label}))
        return
    click.echo(f"Token {label} has serial {serial}. Write into the plan:")
    click.echo(f'  serial = "{serial}"\n  module = "{module}"' + (f'\n  config = "{chosen}"' if chosen else ""))


@click.command(short_help="Set or change a token's user PIN.")
@click.option("--module", required=True, type=click.Path(path_type=Path), help="The vendor's PKCS#11 module (.so).")
@click.option("--config", type=click.Path(path_type=Path), help="The module's configuration file.")
@click.option("--serial", required=True, help="The token's serial.")
@click.option("--so", "by_officer", is_flag=True, help="The security officer sets a new user PIN (after it was locked, say).")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def pin(module: Path, config: Path | None, serial: str, by_officer: bool, dry_run: bool, as_json: bool) -> None:
    """Change a token's user PIN, or have the security officer set it. The old PIN is tried once.

    \b
    Example:
      ceremony pin --module /usr/lib/softhsm/libsofthsm2.so --config ada-token/softhsm2.conf --serial 5e1c...
    """
    from ceremony.cli.people import ask_hidden
    from ceremony.hsm.initialise import change_user_pin, set_user_pin

    if dry_run:
        planned = f"Would {'have the security officer set' if by_officer else 'change'} the user PIN of token {serial}."
        click.echo(json.dumps({"would": planned}) if as_json else planned)
        return
    old = ask_hidden("SO PIN" if by_officer else "Present user PIN")
    new = ask_new_pin("new user PIN")
    change = set_user_pin if by_officer else change_user_pin
    change(str(module), str(config) if config else None, serial, old, new)
    done = "set" if by_officer else "changed"
    click.echo(json.dumps({"serial": serial, "pin": done}) if as_json else f"The user PIN of token {serial} was {done}.")


def ask_new_pin(what: str) -> str:
    """A new PIN, asked twice without echo."""
    from ceremony.cli.people import ask_hidden, require_pin

    first = ask_hidden(what)
    if first != ask_hidden(f"{what} again"):
        message = f"the two entries of the {what} differ"
        raise AnswerError(message, remedy="Nothing was touched. Run the same command again.")
    return require_pin(first, what, rehearsal=False)
