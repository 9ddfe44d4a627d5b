"""`ceremony doctor`: every token of a plan, tried before the day (T5)."""

import json
from pathlib import Path

import click


@click.command(short_help="Try everything the ceremony needs on every token of a plan.")
@click.argument("plan", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--dry-run", is_flag=True, help="Only say what would be tried.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as one JSON object.")
def doctor(plan: Path, answers_fd: int | None, dry_run: bool, as_json: bool) -> int:
    """Find each token of PLAN by its serial and try every mechanism and attribute with throw-away objects; clean up; print a table.

    \b
    Example:
      ceremony doctor plan.toml
    """
    from ceremony.cli.examining import examine, preview, require_ready, summary
    from ceremony.cli.people import open_people
    from ceremony.cli.running import read_plan
    from ceremony.records.plan_text import parse_plan

    parsed = parse_plan(read_plan(plan))
    if dry_run:
        click.echo(json.dumps(preview(parsed)) if as_json else "\n".join(preview(parsed)["would_try"]))
        return 0
    people = open_people(answers_fd, rehearsal=parsed.rehearsal, command=f"`ceremony doctor {plan}`", quiet=as_json)
    findings = examine(parsed, people)
    if as_json:
        found = summary(findings)
        click.echo(json.dumps(found))
        return int(found["exit"])
    for finding in findings:
        for line in finding.lines():
            click.echo(line)
    require_ready(findings)
    click.echo(f"All {len(findings)} tokens are ready.")
    return 0
