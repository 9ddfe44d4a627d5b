"""Where `ceremony act show` finds an act: in a file of its own, or in a ceremony directory."""

from pathlib import Path

from ceremony.cli.wiring import read_state
from ceremony.disk import read_limited
from ceremony.errors import DirectoryError, OutOfTurn
from ceremony.records.base import RECORD_LIMIT
from ceremony.records.structs import TypedAct


def read_act(place: Path) -> TypedAct:
    """The act in a file (canonical JSON of a `TypedAct`), or the one proposed last in a directory.

    Raises:
        RecordError: the file holds no act.
        DirectoryError: there is no such file.
        OutOfTurn: nothing was proposed in this directory yet.
    """
    if place.is_dir():
        _, state = read_state(place)
        if state.proposed is None:
            message = f"nothing is proposed in {place}"
            raise OutOfTurn(message, remedy="`ceremony status DIR` shows what is owed now.")
        return state.contract_act(state.proposed.act)
    data = read_limited(place, RECORD_LIMIT)
    if data is None:
        message = f"there is no file {place}"
        raise DirectoryError(message, culprits=(str(place),), remedy="Name a file with an act, or a ceremony directory.")
    return TypedAct.parse(data.strip())
