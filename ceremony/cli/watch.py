"""`ceremony watch`: the monitor."""

from pathlib import Path

import click

SECONDS = 60.0


@click.command(short_help="Watch the contract, and raise an alarm at what the transcript does not explain.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--rpc", "endpoints", multiple=True, required=True, metavar="URL", help="An endpoint of the chain; name several.")
@click.option("--need", type=int, default=2, show_default=True, metavar="N", help="How many endpoints must answer, and agree.")
@click.option("--depth", type=click.IntRange(0), metavar="N", help="Blocks that make one final; 0 asks the chain; else as in the plan.")
@click.option("--once", is_flag=True, help="Look once and end: for a scheduler, or as a test of the alarm.")
@click.option("--interval", type=click.FloatRange(0.1), default=SECONDS, show_default=True, metavar="SECONDS", help="Between two looks.")
@click.option("--on-alarm", metavar="COMMAND", help="A program to run at an alarm; it gets the alarm as a JSON line on standard input.")
@click.option("--dry-run", is_flag=True, help="Look once, and say what would be run; run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line a look.")
def watch(
    directory: Path,
    endpoints: tuple[str, ...],
    need: int,
    depth: int | None,
    once: bool,
    interval: float,
    on_alarm: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Follow head, roster, epoch and halts of the contract of the ceremony in DIR, every one proven, and compare each act with the
    transcript. At an alarm: one JSON line on standard output, the program of --on-alarm, and an exit code that names the alarm.

    \b
    Exit codes: 81 an act that the transcript does not know   82 another roster   83 halted   84 other code   85 a fork
                73 endpoints contradict each other   68 an endpoint's proof is false   66 too few endpoints answer

    \b
    Example:
      ceremony watch ceremony-2026 --rpc https://one.example --rpc https://two.example --on-alarm page-the-committee
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.watching import Orders, follow

    return follow(directory, endpoints, need, depth, Orders(once or dry_run, interval, on_alarm, dry_run, as_json))
