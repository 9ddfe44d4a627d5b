"""A simulated ceremony stopped at a moment of its course: played once a process, copied for each test that goes on from there."""

import atexit
import shutil
import tempfile
from collections.abc import Callable
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

from ceremony.conductor.conductor import Conductor
from ceremony.conductor.running import owed_to_run, take
from ceremony.conductor.self_test import self_test
from ceremony.hsm.token import Token
from ceremony.protocol.state import State
from ceremony.protocol.steps import StepKind
from ceremony.records.act_entries import AbortAsked
from ceremony.records.roster_entries import RunStarted
from tests.simulators.ceremony_directory import NO_DIGEST, SimulatedCeremony, twin_plan
from tests.simulators.chain import BLOCK_SECONDS
from tests.simulators.tokens import SimulatedToken

SEED = 1


class Stage(Enum):
    """The step that is owed then, or None: the ceremony is closed."""

    OPENED = StepKind.ENROL
    CONFIRMED = StepKind.DEAL
    DEALT = StepKind.LOAD
    LOADED = StepKind.HOLDING
    SEALED = StepKind.OPEN_TEST
    OPENED_TWICE = StepKind.WITNESS
    BURNT = StepKind.DEPLOY
    PROPOSED = StepKind.APPROVE
    APPROVED = StepKind.ANCHOR
    NAMED = StepKind.SIGN
    CLOSED = None


DEALING = (Stage.CONFIRMED, Stage.DEALT, Stage.LOADED)


def ceremony_at(stage: Stage, directory: Path, *, seed: int = SEED + 1, twins: bool = False, **parts: Any) -> SimulatedCeremony:
    """A copy of the ceremony at this stage, in `directory`. Nobody's randomness goes on where it stood: that of `seed` begins.

    Args:
        stage: where it stands.
        directory: an empty one.
        seed: of what follows.
        twins: of `twin_plan`.
        parts: other keyword arguments of SimulatedCeremony.
    """
    shutil.copytree(_played(stage, twins=twins), directory, dirs_exist_ok=True)
    return SimulatedCeremony(directory, seed, **parts)


def run_until(ceremony: SimulatedCeremony, kind: StepKind) -> None:
    """One run that ends when a step of this kind is owed next, as if the power failed there."""

    def act(c: Conductor) -> None:
        c.write(RunStarted(tool=NO_DIGEST, self_tests=self_test()))
        while (owed := owed_to_run(c)) and owed[0].kind is not kind:
            take(c, owed)

    ceremony.conduct(act)


def stop(ceremony: SimulatedCeremony, custodian: int, reason: str = "the model hash is last week's") -> None:
    """`ceremony abort DIR --custodian NAME`."""
    ceremony.conduct(lambda c: c.write(AbortAsked(attempt=c.state.attempt, custodian=custodian, reason=reason)))


def pass_time(ceremony: SimulatedCeremony, seconds: int) -> None:
    """Let the chain grow, final blocks and all."""
    ceremony.chain._data["height"] += seconds // BLOCK_SECONDS + 1
    ceremony.chain._save()


def deadline_of(state: State) -> int:
    """When the waiting act dies."""
    assert state.proposed is not None
    return state.proposed.act.deadline


def outlive(ceremony: SimulatedCeremony) -> None:
    """Let the chain grow until the waiting act is dead, finally."""
    state = ceremony.conduct(lambda _conductor: None)
    pass_time(ceremony, deadline_of(state) - ceremony.chain.finalized().time)


def kind_of_token(special: dict[int, Callable[..., Token]]) -> Callable[..., Token]:
    """Honest tokens but for these, by custodian."""

    def make(*args: Any, number: int, **kwargs: Any) -> Token:
        return special.get(number, SimulatedToken)(*args, number=number, **kwargs)

    return make


@cache
def _played(stage: Stage, *, twins: bool) -> Path:
    directory = Path(tempfile.mkdtemp(prefix="ceremony-stage-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    stages = list(Stage)
    place = stages.index(stage)
    if not place:
        SimulatedCeremony(directory, SEED, plan=twin_plan() if twins else None).start()
        return directory
    # a one-time key for a plain import ends with the run that made it: until the shards are loaded, twins are played in one
    before = Stage.OPENED if twins and stage in DEALING else stages[place - 1]
    shutil.copytree(_played(before, twins=twins), directory, dirs_exist_ok=True)
    _play_on(SimulatedCeremony(directory, SEED + place), stage)
    return directory


def _play_on(ceremony: SimulatedCeremony, stage: Stage) -> None:
    """From the stage before to this one."""
    if stage is Stage.APPROVED:
        for index in range(1, 6):
            ceremony.approve(index)
    elif stage is Stage.NAMED:
        ceremony.anchor()
        ceremony.run()
    elif stage is Stage.CLOSED:
        for index in range(1, 6):
            ceremony.approve(index)
    elif stage.value is not None:
        run_until(ceremony, stage.value)
