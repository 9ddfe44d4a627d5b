"""`ceremony plan new|check|show`: the one input file, written, checked and put into plain words."""

import json
from pathlib import Path

import click


@click.group(short_help="Write, check and show a plan.")
def plan() -> None:
    """Write, check and show the plan: the one file that says who, how many, on which chain, and for what."""


@plan.command(short_help="Write a commented draft.")
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--title", default="", help="What this ceremony is for, in one line.")
@click.option("--rehearsal", is_flag=True, help="Public PINs are allowed; what comes out is worth nothing elsewhere.")
@click.option("--commit", "commits", multiple=True, metavar="NAME=FILE", help="The genesis commits to FILE; its SHA-256 is filled in.")
@click.option("--chain-id", type=click.IntRange(min=0), default=0, help="The chain's id.")
@click.option("--endpoint", "endpoints", multiple=True, metavar="URL", help="A JSON-RPC endpoint; give several.")
@click.option("--contract", default="deploy", show_default=True, help='"deploy", or the address of a contract deployed before.')
@click.option("--expires", default="", metavar="TIME", help="Until when it may be started, like 2030-01-01T00:00:00Z.")
@click.option("--approval-hours", type=int, default=72, show_default=True, help="How long an act may wait, by the chain's clock.")
@click.option("--dry-run", is_flag=True, help="Print the draft and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def new(
    file: Path,
    title: str,
    rehearsal: bool,
    commits: tuple[str, ...],
    chain_id: int,
    endpoints: tuple[str, ...],
    contract: str,
    expires: str,
    approval_hours: int,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write a commented draft of a plan to FILE, filled in as far as the options say. Nothing is ever overwritten.

    \b
    Example:
      ceremony plan new plan.toml --title "Release keys 2026" --commit "release manifest=manifest.json"
    """
    from ceremony.cli.planning import commit_of, problems_left
    from ceremony.disk import write_new
    from ceremony.errors import DirectoryError
    from ceremony.records.plan_draft import EMPTY_COMMITS, EMPTY_CUSTODIANS, draft_plan

    text = draft_plan(
        title=title,
        rehearsal=rehearsal,
        custodians=EMPTY_CUSTODIANS,
        chain_id=chain_id,
        endpoints=endpoints or ("",),
        contract=contract,
        commits=[commit_of(commit) for commit in commits] or EMPTY_COMMITS,
        expires=expires,
        approval_hours=approval_hours,
    )
    if not dry_run:
        if file.exists():
            message = f"{file} is there already, and nothing is ever overwritten"
            raise DirectoryError(message, culprits=(str(file),), remedy="Choose another name, or take the old plan away.")
        write_new(file, text.encode())
    left = problems_left(text)
    if as_json:
        written = None if dry_run else str(file)
        click.echo(json.dumps({"written": written, "problems": [problem.as_json() for problem in left], "text": text}))
    elif dry_run:
        click.echo(text, nl=False)
    else:
        click.echo(f"Wrote {file}; {len(left)} things are left to fill in: `ceremony plan check {file}` names them.")


@plan.command(short_help="Say everything that is wrong with a plan.")
@click.argument("file", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, with the list of problems.")
def check(file: Path, as_json: bool) -> int:
    """Say everything that is wrong with PLAN at once, each with its line, the reason and the remedy. Touches no token and no chain.

    \b
    Example:
      ceremony plan check plan.toml
    """
    from ceremony.cli.planning import failure_json, summary
    from ceremony.cli.running import read_plan
    from ceremony.cli.wiring import now
    from ceremony.errors import PlanError
    from ceremony.records.plan_text import judge_text, require_plan

    text = read_plan(file)
    judged, problems = judge_text(text, now())
    try:
        parsed = require_plan(judged, problems)
    except PlanError as error:
        if not as_json:
            raise
        click.echo(json.dumps(failure_json(error, problems)))
        return error.exit_code
    if as_json:
        waivers = [waiver.model_dump(mode="json") for waiver in parsed.waiver]
        facts = {"plan": str(file), "title": parsed.title, "rehearsal": parsed.rehearsal}
        click.echo(json.dumps({**facts, "waivers": waivers, "problems": []}))
    else:
        for line in summary(file, parsed):
            click.echo(line)
    return 0


@plan.command(short_help="Put a plan into plain words.")
@click.argument("file", type=click.Path(path_type=Path), metavar="PLAN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(file: Path, as_json: bool) -> None:
    """Put PLAN into plain words: who, how many, which losses it survives, the chain, the commits, its digest in hex and in words.

    \b
    Example:
      ceremony plan show plan.toml
    """
    from ceremony.cli.planning import describe_plan, plan_json
    from ceremony.cli.running import read_plan
    from ceremony.records.plan_text import parse_plan

    text = read_plan(file)
    parsed = parse_plan(text)
    if as_json:
        click.echo(json.dumps(plan_json(parsed, text)))
        return
    for line in describe_plan(parsed, text):
        click.echo(line)
