"""`ceremony abort`: one custodian stops the act that is waiting."""

from pathlib import Path

import click


@click.command(short_help="Stop the act that is waiting.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--custodian", required=True, metavar="NAME", help="Who stops it, as the plan spells the name.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in one sentence; it goes into the transcript.")
@click.option("--dry-run", is_flag=True, help="Only show the act that would be stopped.")
@click.option("--answers-fd", type=int, metavar="N", help="Rehearsals only: read answers as JSON from this inherited pipe.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def abort(
    directory: Path, custodian: str, reason: str, dry_run: bool, answers_fd: int | None, as_json: bool
) -> None:
    """Stop the act that is waiting. Any one custodian can, and it takes no key: the entry says who was named, and proves nothing. The act
    stays "aborting" until the chain shows finally that it can never follow.

    \b
    Example:
      ceremony abort ceremony-2026 --custodian "Ada Lovelace" --reason "the model hash is last week's"
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.acts.render import render
    from ceremony.cli.owed import show_dry_run, show_outcome
    from ceremony.cli.people import open_people, require_statement
    from ceremony.cli.running import conduct
    from ceremony.cli.wiring import read_state
    from ceremony.conductor.anchoring import require_act, require_going
    from ceremony.records.act_entries import AbortAsked

    _, state = read_state(directory)
    plan = state.committee.plan
    index = plan.require_index(custodian)
    reason = require_statement(" ".join(reason.split()), plan.who(index))
    require_going(state)
    lines = render(require_act(state))
    if dry_run:
        show_dry_run(lines, as_json=as_json)
        return
    people = open_people(answers_fd, rehearsal=plan.rehearsal, command="this command", quiet=as_json)
    people.confirm(plan.who(index), lines, "Stop this act?")
    outcome = conduct(directory, people, lambda c: c.write(AbortAsked(attempt=c.state.attempt, custodian=index, reason=reason)))
    show_outcome(outcome, as_json=as_json, news="Stopped: ABORTING until the chain shows that it can never follow.")
