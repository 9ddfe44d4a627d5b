"""A disk that fails at any file call of a whole ceremony: a named error, nothing claimed that is not there, then a resume (row 4).

One run is watched. At each of its calls, and for each way of failing, the process forks: the child's call fails, and it goes on until its
command ends; the parent puts the directory back as it was and goes on unharmed. What each child left behind is judged, and resumed once for
each distinct state. So every call of the ceremony is broken in every way in minutes, without a hook in the code.
"""

import errno
import fcntl
import json
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ceremony.errors import CeremonyError, DirectoryError, DiskError
from tests.crash.calls import Call, Calls
from tests.crash.driven import DrivenCeremony
from tests.crash.judge import judge_closed, judge_crashed
from tests.crash.states import read_state
from tests.crash.sweep import PROCESSES, SEED, dealing_in_hand, in_child, points, remember_lines, resume, uncrashed_shape
from tests.faults.standing import Standing
from tests.sweeps import Swept

CODES = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)
NAMED = (DiskError.__name__, DirectoryError.__name__)
CLOSED = "closed"
EVERY = 37
RESUMED = 50
"""A budgeted sweep breaks one call of each label and every 37th in one way, and resumes at most 50 of the states left behind."""


@dataclass(frozen=True)
class Fault:
    """How a call fails: with an error, once or from then on; perhaps after half of what was asked was done; code 0 is half and no error."""

    code: int
    lasting: bool
    short: bool = False

    def __str__(self) -> str:
        name = errno.errorcode[self.code] if self.code else "no error"
        return f"{'half done, ' if self.short else ''}{name} {'from then on' if self.lasting else 'once'}"


FAULTS = tuple(Fault(code, lasting) for code in CODES for lasting in (False, True))
SHORT = (
    Fault(0, lasting=False, short=True),
    *(Fault(code, lasting, short=True) for code in (errno.ENOSPC, errno.EDQUOT) for lasting in (False, True)),
)


@dataclass(frozen=True)
class Broken:
    """What one fault came to: the error's name (or `CLOSED`), the state left behind, and what was wrong with the error itself."""

    label: str
    ended: str
    state: str
    fault: str


Ways = Callable[[Call], Iterator[Fault]]


def sweep(full: bool) -> Swept:
    """Every call in every way if `full`, else a budgeted part."""
    return sweep_ways(every_way, None) if full else sweep_ways(budgeted_ways(), RESUMED)


def sweep_ways(ways: Ways, resumed: int | None) -> Swept:
    """Every call in these ways; at most `resumed` of the states left behind are resumed."""
    uncrashed_shape(), points()
    with tempfile.TemporaryDirectory(prefix="ceremony-disk-") as name:
        rows = in_child(lambda: _break_all(Path(name), ways))
        if not rows or not isinstance(rows[0], list):
            raise AssertionError(rows)
        broken = [Broken(*row) for row in rows]
        states = {one.state: one.label for one in broken if one.state}
        chosen = list(states.items())[:: -(-len(states) // (resumed or len(states)))]
        with get_context("fork").Pool(PROCESSES) as pool:
            judged = pool.map(_judge, [(f"{name}/{state}", label) for state, label in chosen], chunksize=1)
    faults = [f"{one.label}: {one.fault}" for one in broken if one.fault]
    faults += [fault for some in judged for fault in some]
    borne = sum(one.ended == CLOSED for one in broken)
    note = f"{len(broken) - borne} ended in a named error, {borne} did no harm, {len(chosen)} of {len(states)} states left behind resumed"
    return Swept(len(broken), tuple(faults), note)


def _judge(case: tuple[str, str]) -> list[str]:
    """The fault has gone away: nothing acknowledged is lost, and `run` goes on to the closed state."""
    base, label = Path(case[0]), case[1]
    faults = judge_crashed(DrivenCeremony(base, SEED))
    if not faults:
        remade = dealing_in_hand(base)
        faults = in_child(lambda: resume(base, remade=remade, mirrored=False)) or []
    return [f"{label}: afterwards: {fault}" for fault in faults]


class Breaker:
    """Forks a child for each fault at each call; in a child, plays that one fault."""

    def __init__(self, base: Path, ways: Ways) -> None:
        self.base = base
        self.rows: list[list[str]] = []
        self.fault: Fault | None = None
        """In a child: the fault that is being played."""
        self.sink = -1
        self._ways = ways

    def around(self, call: Call, perform: Callable[[], Any]) -> Any:
        """In the parent: break this call in every way, then perform it. In a child: fail if it must."""
        if self.fault is None:
            standing = Standing(self.base)
            offset = os.lseek(call.handle, 0, os.SEEK_CUR) if call.op == "write" else 0
            for fault in self._ways(call):
                if self._fork(call, fault):
                    return self._begin(call, perform)
                standing.restore()
                if call.op == "write":
                    os.lseek(call.handle, offset, os.SEEK_SET)  # a child shares it
            standing.forget()
        elif self.fault.lasting:
            _fail(self.fault, call, perform)
        return perform()

    def _fork(self, call: Call, fault: Fault) -> bool:
        """Whether this is the child; the parent takes in what became of it."""
        source, sink = os.pipe()
        child = os.fork()
        if not child:
            os.close(source)
            self.fault, self.sink = fault, sink
            fcntl.flock = lambda *_: None  # type: ignore[assignment] - the parent holds the locks, and the child does not mind
            return True
        os.close(sink)
        with os.fdopen(source) as stream:
            text = stream.read()
        os.waitpid(child, 0)
        label = f"call {call.number} ({call.label}), {fault}"
        self.rows.append([label, *(json.loads(text) if text else ["died", "", "the process died"])])
        return False

    def _begin(self, call: Call, perform: Callable[[], Any]) -> Any:
        fault = self.fault
        assert fault is not None
        if not fault.short:
            _fail(fault, call, perform)
        if call.op == "write":
            written = os.write(call.handle, call.argument[: max(1, len(call.argument) // 2)])
            if fault.code:
                _fail(fault, call, perform)
            return written
        done = perform()
        return done[: max(1, len(done) // 2)] if done else done


def _fail(fault: Fault, call: Call, perform: Callable[[], Any]) -> None:
    if call.op == "close":
        perform()  # Linux lets go of the handle whatever it answers
    raise OSError(fault.code, os.strerror(fault.code), call.path)


def _break_all(out: Path, ways: Ways) -> list[list[str]]:
    remember_lines()
    with tempfile.TemporaryDirectory(prefix="ceremony-disk-") as name:
        ceremony = DrivenCeremony(Path(name) / "base", SEED)
        breaker = Breaker(ceremony.base, ways)
        with Calls(ceremony.base, breaker.around, looking=True).watched():
            ended, fault = _play(ceremony)
        if breaker.fault is not None:
            lasting = breaker.fault.lasting
            _report(breaker.sink, lambda: [ended, _leave(ceremony, out), fault or _judge_end(ceremony, ended, lasting=lasting)])
        if ended != CLOSED:
            raise AssertionError(fault)
    return breaker.rows


def _report(sink: int, told: Callable[[], list[str]]) -> None:
    """The end of a child: it tells its parent, and leaves without cleaning up what is its parent's."""
    try:
        text = json.dumps(told())
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
        text = json.dumps(["died", "", traceback.format_exc()])
    with os.fdopen(sink, "w") as stream:
        stream.write(text)
    os._exit(0)


def _play(ceremony: DrivenCeremony) -> tuple[str, str]:
    """How it ended, and what is wrong with that."""
    try:
        ceremony.play()
    except CeremonyError as error:
        good = error.name in NAMED and error.culprits and all(error.culprits) and error.message and error.next_step
        return error.name, "" if good else f"{error.name}: {error.message} {error.culprits}"
    except BaseException:  # noqa: BLE001 - whatever escapes is the finding
        return "traceback", traceback.format_exc()
    return CLOSED, ""


def _judge_end(ceremony: DrivenCeremony, ended: str, *, lasting: bool) -> str:
    """A fault that nobody heard of must have done no harm."""
    if ended != CLOSED:
        return ""
    if lasting:
        return "the disk failed for good, and the ceremony closed nevertheless"
    return "; ".join(judge_closed(ceremony, uncrashed_shape(), remade=False))


def _leave(ceremony: DrivenCeremony, out: Path) -> str:
    """Keep what is left behind, once; its name."""
    state = read_state(ceremony.base)
    if not (out / state.name).exists():
        state.write(out / state.name)
    return state.name


def every_way(call: Call) -> Iterator[Fault]:
    """All that can go wrong with this call."""
    yield from FAULTS
    if call.op in {"write", "pread"}:
        yield from SHORT if call.op == "write" else SHORT[:1]


def budgeted_ways() -> Ways:
    """One way, in turn, for one call of each label and every 37th."""
    seen: set[str] = set()
    turn = [0]

    def ways(call: Call) -> Iterator[Fault]:
        if call.label in seen and call.number % EVERY:
            return
        seen.add(call.label)
        turn[0] += 1
        possible = tuple(every_way(call))
        yield possible[turn[0] % len(possible)]

    return ways
