"""`ceremony status`: what is done, what is owed, by whom."""

import json
from pathlib import Path

import click


@click.command(short_help="Say what is done and what is owed.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(directory: Path, as_json: bool) -> None:
    """Say what is done in the ceremony in DIR, what is owed, by whom, and with which command; of a closed one, who last proved that they
    hold their shard, and how many more than five did. Reads only; needs no token, no chain.

    \b
    Example:
      ceremony status ceremony-2026
    """  # noqa: D205 - click makes one paragraph of the first lines
    from ceremony.cli.owed import outcome_of
    from ceremony.cli.unsealing import standing
    from ceremony.cli.wiring import read_custody, read_state
    from ceremony.conductor.custody import succeeded_by
    from ceremony.protocol.steps import Step, StepKind, phases
    from ceremony.transcript.checkpoint_file import CheckpointFile

    book, state = read_state(directory)
    signed = CheckpointFile(directory).signed(book)
    outcome = outcome_of(state, directory, signed, len(book))
    mine, theirs = state.plan, state.committee.plan
    outstanding = [f"an abandoned dealing: {mine.whose(*whose)}: dealing {dealing}" for dealing, *whose in state.outstanding()]
    outstanding += [f"the dealing before: {theirs.whose(*whose)}" for whose in sorted(state.left_behind)]
    after = succeeded_by(read_custody(directory, book, state)) if state.closing else None
    held = standing(directory, None) if state.closing and after is None else None
    if as_json:
        more = {"outstanding": outstanding, "holding": held.as_json() if held else None, "successor": after}
        click.echo(json.dumps({**outcome.as_json(), **more}))
        return
    click.echo(f"{state.plan.title}{' (rehearsal)' if state.opened.rehearsal else ''}, ceremony {state.opened.ceremony}")
    finished = state.done | {Step(StepKind.SIGN, index) for index in signed}
    for phase in phases(state.course):
        steps = [step for track in phase.tracks for step in track]
        done = sum(step in finished for step in steps)
        if steps:
            click.echo(f"  {'done' if not phase.owed(finished) else 'open':5} {phase.name} ({done} of {len(steps)})")
    for line in outstanding:
        click.echo(f"  OUTSTANDING: may still hold keys of {line}")
    if after:
        click.echo(f"Succeeded by ceremony {after}: nothing is to be sealed to this one any more; its shards are destroyed or about to be.")
    for line in (*outcome.lines(), *(held.lines() if held else ())):
        click.echo(line)
