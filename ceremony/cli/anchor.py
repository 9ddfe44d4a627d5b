"""`ceremony anchor`: publish, wait for finality, write the receipt."""

from pathlib import Path

import click


@click.command(short_help="Publish the approved act and wait until it is final.")
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@click.option("--keystore", type=click.Path(path_type=Path), metavar="FILE", help="The payer's key file; its password is asked for.")
@click.option("--dry-run", is_flag=True, help="Only check the approvals and show the act.")
@click.option("--json", "as_json", is_flag=True, help="Print the outcome as one JSON object.")
def anchor(directory: Path, keystore: Path | None, dry_run: bool, as_json: bool) -> None:
    """Publish the approved act with its approvals, wait until it is final, and write the receipt. Refuses with fewer than five.

    On a development chain the node's unlocked account pays; elsewhere name the payer's key file. The payer has no authority.

    \b
    Example:
      ceremony anchor ceremony-2026 --keystore payer.json
    """
    from ceremony.acts.render import render
    from ceremony.cli.owed import news_of, show_dry_run, show_outcome
    from ceremony.cli.people import Terminal
    from ceremony.cli.running import conduct
    from ceremony.cli.wiring import ask_payer, read_state
    from ceremony.conductor import anchoring
    from ceremony.protocol.steps import Step, StepKind

    _, state = read_state(directory)
    owed = anchoring.require_act(state)
    approvals = anchoring.require_approved(state, owed)
    if dry_run:
        who = ", ".join(state.committee.plan.who(one.custodian) for one in approvals)
        show_dry_run((*render(owed), f"Approved by: {who}"), as_json=as_json)
        return
    people = Terminal(rehearsal=state.plan.rehearsal, quiet=as_json)
    writer = ask_payer(keystore, state.plan) if keystore else None
    outcome = conduct(directory, people, lambda c: anchoring.anchor(c, Step(StepKind.ANCHOR, 0, c.state.attempt)), writer)
    show_outcome(outcome, as_json=as_json, news=news_of(state, outcome.genesis))
