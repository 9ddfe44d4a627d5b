"""`ceremony verify`: check a ceremony from outside."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ceremony.errors import AnswerError

if TYPE_CHECKING:
    from ceremony.verify.report import Report

EXIT_SINGLE_SOURCE = 10


@click.command(short_help="Check a ceremony from outside.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--roster", metavar="DIGEST", help="The roster digest that the custodians read aloud, in hex or in words.")
@click.option("--contract", metavar="ADDRESS", help="The contract's address, known from elsewhere.")
@click.option("--rpc", "endpoints", multiple=True, metavar="URL", help="An endpoint of the chain; name several, run by different people.")
@click.option("--need", type=int, default=1, show_default=True, metavar="N", help="How many endpoints must answer, and agree.")
@click.option("--depth", type=click.IntRange(0), default=0, metavar="N", help="If the chain has no finality: blocks that make one final.")
@click.option("--block", "pinned", metavar="NUMBER:HASH", help="A final block you know from elsewhere: everything is proven at it.")
@click.option("--offline", is_flag=True, help="Ask no chain; the verdict is then at best: chain not checked.")
@click.option("--rehearsal", is_flag=True, help="Admit a rehearsal. It never improves a verdict.")
@click.option("--all", "every", is_flag=True, help="List every check instead of stopping at the first lie.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def verify(
    directory: Path,
    roster: str | None,
    contract: str | None,
    endpoints: tuple[str, ...],
    need: int,
    depth: int,
    pinned: str | None,
    offline: bool,
    rehearsal: bool,
    every: bool,
    as_json: bool,
) -> int:
    """Check the transcript and checkpoint in DIR: every signature, sum, tree and on-chain fact. Needs no HSM, no secret, and no trust in
    whoever ran the ceremony.

    Bring one thing along from outside, or everything may have been invented: --roster or --contract. Each check says on what it rests:
    proven, or attested by N of 7.

    \b
    Exit codes (the worst applies):
      0 verified   10 single source   11 chain not checked   12 self-consistent only   13 not closed
      14 hold (endpoints contradict each other: decide nothing)   20 refused

    \b
    Example:
      ceremony verify ceremony-2026 --roster 0x5e1c... --rpc https://one.example --rpc https://two.example
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.verifying import Knowledge, verify_directory

    if offline == bool(endpoints):
        message = "name at least one endpoint with --rpc, or say --offline"
        raise AnswerError(message, remedy="Two endpoints run by different people are what a full verdict takes.")
    knowledge = Knowledge(roster, contract, endpoints, need, depth, pinned, rehearsal)
    report = verify_directory(directory, knowledge, every=every)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    else:
        show(report)
    return int(report.verdict)


def show(report: "Report") -> None:
    """The report for people: a line a check, who is at fault, what to do, and the verdict last."""
    from ceremony.verify.report import ONE_MACHINE

    for row in report.rows:
        click.echo(row.line)
        if row.failure:
            for culprit in row.failure.culprits:
                click.echo(f"      who or what: {culprit}")
            click.echo(f"      next: {row.failure.next_step}")
    click.echo(ONE_MACHINE)
    click.echo(report.summary)
