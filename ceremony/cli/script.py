"""`ceremony script`: the numbered steps of the day, from the same table as the run."""

import json
from pathlib import Path

import click


@click.command(short_help="Print the ceremony, step by step.")
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as one JSON array.")
def script(plan: Path, as_json: bool) -> None:
    """Print the numbered steps of the ceremony that PLAN describes: who acts, what they do, what they type and see.

    \b
    Example:
      ceremony script plan.toml
    """
    from ceremony.cli.owed import actor
    from ceremony.cli.running import read_plan
    from ceremony.protocol.state import course_of
    from ceremony.protocol.steps import all_steps, wording_of
    from ceremony.records.plan_text import parse_plan

    parsed = parse_plan(read_plan(plan))
    steps = enumerate(all_steps(course_of(parsed)), 1)
    rows = [(number, phase, actor(parsed, step), wording_of(parsed, step)) for number, (phase, step) in steps]
    if as_json:
        keys = ("step", "phase", "who", "does", "command", "types", "sees")
        click.echo(json.dumps([dict(zip(keys, (n, ph, who, w.does, w.verb, w.types, w.sees), strict=True)) for n, ph, who, w in rows]))
        return
    click.echo(f"{parsed.title}{' (rehearsal)' if parsed.rehearsal else ''}: {len(rows)} steps")
    click.echo("Approvals and closing signatures: any five of the seven suffice; the closing signers are those who approved.")
    heading = ""
    for number, phase, who, words in rows:
        if phase != heading:
            heading = phase
            click.echo(f"\n{phase}")
        click.echo(f"{number:3}. {who} {words.does}.")
        click.echo(f"     command: ceremony {words.verb}; types: {words.types}; sees: {words.sees}.")
