"""What `ceremony watch` does: look, wait, look again; at an alarm say it, run the program that was named, and end."""

import json
import shlex
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click

from ceremony.anchor.rpc import JsonRpc
from ceremony.cli.output import require_reader
from ceremony.cli.verifying import distinct, require_enough
from ceremony.cli.wiring import read_state
from ceremony.errors import CeremonyError, ChainUnreachable, DiskError, EndpointsDisagree
from ceremony.verify.monitor import Monitor, Sighting

PATIENCE = 3
"""Looks in a row that too few endpoints answer before that is an alarm: one lost connection is not."""
COMMAND_SECONDS = 60
"""For the program that an alarm runs."""


@dataclass(frozen=True)
class Orders:
    """What the command line asked for beside the place."""

    once: bool
    interval: float
    on_alarm: str | None
    dry_run: bool
    as_json: bool


def follow(directory: Path, endpoints: Sequence[str], need: int, depth: int | None, orders: Orders) -> int:
    """Watch until an alarm (its exit code), or look once (0 when all is well)."""
    urls = distinct(endpoints)
    require_enough(urls, need)
    book, state = read_state(directory)
    depth = state.plan.chain.depth if depth is None else depth
    monitor, failures = Monitor(book, state, [JsonRpc(url, depth=depth) for url in urls], need), 0
    while True:
        try:
            show(monitor.look(), as_json=orders.as_json)
            failures = 0
        except ChainUnreachable as error:
            failures += 1
            if orders.once or failures >= PATIENCE:
                return alarm(error, orders)
            click.echo(f"{error.message}; trying again", err=True)
        except CeremonyError as error:
            return alarm(error, orders)
        if orders.once:
            return 0
        require_reader()
        time.sleep(orders.interval)


def show(seen: Sighting, *, as_json: bool) -> None:
    """One look at which all was well."""
    if as_json:
        fields = {"block": seen.block.number, "hash": seen.block.hash, "head": seen.head, "acts": seen.sequence, "epoch": seen.epoch}
        click.echo(json.dumps({"alarm": None, **fields, "halted": seen.halted, "roster": seen.roster, "silent": list(seen.silent)}))
        return
    silent = f"; silent: {', '.join(seen.silent)}" if seen.silent else ""
    click.echo(f"block {seen.block.number}: acts {seen.sequence}, epoch {seen.epoch}, head {seen.head}: all explained{silent}")


def alarm(error: CeremonyError, orders: Orders) -> int:
    """Say it as one JSON line, run the program, return the alarm's exit code."""
    said = dict(error.said) if isinstance(error, EndpointsDisagree) else None
    fields = {"alarm": error.name, "exit": error.exit_code, "message": error.message, "culprits": list(error.culprits)}
    line = json.dumps({**fields, "next": error.next_step, "said": said})
    with suppress(DiskError):  # the exit code and the program say it too
        click.echo(line)
    if orders.on_alarm and orders.dry_run:
        click.echo(f"Would run: {orders.on_alarm}", err=True)
    elif orders.on_alarm:
        run_program(orders.on_alarm, line)
    return error.exit_code


def run_program(command: str, line: str) -> None:
    """Run the program with the alarm on its standard input; that it failed is said, and hides no alarm."""
    try:
        done = subprocess.run(shlex.split(command), input=line + "\n", text=True, timeout=COMMAND_SECONDS, check=False)  # noqa: S603
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        click.echo(f"`{command}` could not be run: {type(error).__name__}", err=True)
        return
    if done.returncode:
        click.echo(f"`{command}` ended with exit code {done.returncode}", err=True)
