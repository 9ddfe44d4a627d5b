"""`ceremony act show`: read an act before anybody signs it, with everything a foreign tool needs to recompute its digest."""

import json
from pathlib import Path

import click


@click.group(short_help="Read an act and recompute its digest.")
def act() -> None:
    """Acts as files: what custodians approve, in plain words and in every form a foreign tool can check."""


@act.command(short_help="Show an act in plain words, as EIP-712 JSON, and its digest.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--typed", is_flag=True, help="Print only the EIP-712 document, for foreign tools.")
@click.option("--erc7730", is_flag=True, help="Print only the contract's clear-signing descriptor (ERC-7730), for wallets.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(file: Path, typed: bool, erc7730: bool, as_json: bool) -> None:
    """Show the act in FILE: plain words, EIP-712 JSON, domain separator, struct hash, digest in hex and in words. Signs nothing.

    FILE holds an act as this toolkit writes it, or is a ceremony directory: then the act that was proposed last is shown.

    \b
    Example:
      ceremony act show ceremony-2026
    """
    from ceremony.acts.descriptor import clear_signing
    from ceremony.acts.document import explain_digest, typed_document
    from ceremony.acts.render import render
    from ceremony.cli.acting import read_act

    found = read_act(file)
    document = typed_document(found)
    if erc7730:
        click.echo(json.dumps(clear_signing(found.domain)))
    elif typed:
        click.echo(json.dumps(document))
    elif as_json:
        click.echo(json.dumps({"lines": render(found), "typed": document, **explain_digest(found)}))
    else:
        for line in render(found):
            click.echo(line)
        steps = explain_digest(found)
        click.echo(f"\nDomain separator: {steps['domain_separator']}\nStruct hash:      {steps['struct_hash']}")
        click.echo("\nAs EIP-712 JSON (eth_signTypedData_v4):")
        click.echo(json.dumps(document))
