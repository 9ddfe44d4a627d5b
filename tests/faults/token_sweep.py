"""Every PKCS#11 call of one token's life killed, refused and answered wrongly, on SoftHSM (scoreboard rows 3 and 5).

Each case starts from what stood before one moment of the life, meets its fault at call N of the watched token's module, and is judged.
Then the command is run again without the fault, and judged again; what equal faults leave behind equally is resumed once by each process.
"""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from ceremony.acts.roster import roster_digest
from ceremony.cli import run_command
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.running import owed_to_run, take
from ceremony.errors import CeremonyError
from ceremony.hsm.codes import Ckr
from ceremony.protocol.steps import StepKind
from ceremony.records.base import to_hex
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.report import Verdict
from tests.crash.shape import shape_of
from tests.crash.sweep import PROCESSES, in_child, remember_lines
from tests.faults.shim import How, Order, Shim
from tests.faults.token_judge import DONE, KILLED, Ended, Undisturbed, judge_ended, judge_resumed, trace
from tests.faults.token_life import MOMENTS, Moment, NotProven, TokenCeremony, is_done, keep_discard, play_life, restore, state_of
from tests.softhsm import module
from tests.sweeps import Swept

CODES = (
    Ckr.HOST_MEMORY, Ckr.GENERAL_ERROR, Ckr.FUNCTION_FAILED, Ckr.ATTRIBUTE_SENSITIVE, Ckr.DEVICE_ERROR, Ckr.DEVICE_REMOVED,
    Ckr.KEY_HANDLE_INVALID, Ckr.PIN_INCORRECT, Ckr.SESSION_HANDLE_INVALID, Ckr.USER_NOT_LOGGED_IN, Ckr.BUFFER_TOO_SMALL, 0x80000042,
)  # fmt: skip
"""Twelve, the last one a vendor's own."""
KILLS = (How.KILLED_BEFORE, How.KILLED_AFTER, How.ALL_KILLED_BEFORE, How.ALL_KILLED_AFTER)
MEMORY = Path("/dev/shm")  # noqa: S108 - directories of our own in it, with names nobody can guess
SEEDS = (2, 3)
"""Of the disturbed run and of the one after it: nobody's randomness survives."""


@dataclass
class Tally:
    """What became of the cases of one moment."""

    tried: int = 0
    ended: int = 0
    harmless: int = 0
    resumed: int = 0
    closed: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Job:
    """Cases of one moment for one process."""

    root: Path
    moment: str
    expected: Undisturbed
    orders: tuple[Order, ...]
    full: bool


Work = Mapping[str, Sequence[Order]]
"""The orders for each moment."""
CHUNK = 100
"""Cases that one process plays in a row; each chunk keeps its own list of what was resumed already."""
TO_THE_END = ("transport", "load", "retire")
"""The first trace of each chunk is followed to the closed transcript (a ceremony of seven agents, some seconds); in a budget, of these."""


def sweep_kills(full: bool) -> Swept:
    """Row 3: killed before and after every call, the agent alone and with its conductor; a budget: at a few calls of each function."""
    return _sweep(_every_kill if full else _some_kills, full=full)


def sweep_codes(full: bool) -> Swept:
    """Row 5: every call x 12 codes x {once, from then on}, and made with its answer lost; a budget: at a few calls of each function."""
    return _sweep(_every_code if full else _some_codes, full=full)


# --- which cases ---


def _every_kill(life: Mapping[str, Undisturbed]) -> Work:
    return {name: [Order(at, how) for at in range(1, len(one.calls) + 1) for how in KILLS] for name, one in life.items()}


def _every_code(life: Mapping[str, Undisturbed]) -> Work:
    return {
        name: [order for at in range(1, len(one.calls) + 1) for order in (*_refusals(at), *_losses(at))] for name, one in life.items()
    }


def _refusals(at: int) -> list[Order]:
    return [Order(at, How.REFUSED, code, lasting) for code in CODES for lasting in (False, True)]


def _losses(at: int) -> list[Order]:
    """The call is made, so the code that takes the place of its answer says little: one for each call, in turn."""
    return [Order(at, How.LOST, CODES[at % len(CODES)], lasting) for lasting in (False, True)]


def _some_kills(life: Mapping[str, Undisturbed]) -> Work:
    """The first and the last call of each function, before and after, the agent and everybody in turn."""
    places = _first_and_last(life)
    return _by_moment((name, Order(at, KILLS[turn % 4])) for turn, (name, at) in enumerate(place for place in places for _ in range(2)))


def _some_codes(life: Mapping[str, Undisturbed]) -> Work:
    """The first and the last call of each function, three codes in turn; every other time lost, every other two times for good."""
    cases = ((place, way) for place in _first_and_last(life) for way in range(3))
    return _by_moment(
        (name, Order(at, How.LOST if turn % 2 else How.REFUSED, CODES[turn % len(CODES)], lasting=turn // 2 % 2 == 1))
        for turn, ((name, at), _) in enumerate(cases)
    )


def _first_and_last(life: Mapping[str, Undisturbed]) -> list[tuple[str, int]]:
    places: dict[str, list[tuple[str, int]]] = {}
    for name, one in life.items():
        for at, function in enumerate(one.calls, 1):
            places.setdefault(function, []).append((name, at))
    return [place for found in places.values() for place in dict.fromkeys((found[0], found[-1]))]


def _by_moment(cases: Iterable[tuple[str, Order]]) -> Work:
    work: dict[str, list[Order]] = {}
    for name, order in cases:
        work.setdefault(name, []).append(order)
    return work


# --- playing them ---


def _sweep(choose: Callable[[Mapping[str, Undisturbed]], Work], *, full: bool) -> Swept:
    with (
        tempfile.TemporaryDirectory(prefix="ceremony-calls-", dir=MEMORY if MEMORY.is_dir() else None) as name,
        get_context("spawn").Pool(PROCESSES) as pool,  # fresh ones: no process that forks agents may have loaded a module
    ):
        life = pool.apply(live, (Path(name),))
        jobs = [
            Job(Path(name), moment, life[moment], tuple(orders[first : first + CHUNK]), full)
            for moment, orders in choose(life).items()
            for first in range(0, len(orders), CHUNK)
        ]
        tallies: list[Tally] = []
        for tally in pool.imap_unordered(_play_job, jobs, chunksize=1):
            tallies.append(tally)
            if full:
                tried, wrong = sum(one.tried for one in tallies), sum(len(one.faults) for one in tallies)
                _say(f"{tried} of {sum(len(job.orders) for job in jobs)} cases, {wrong} faults")
        return _swept(life, tallies)


def _swept(life: Mapping[str, Undisturbed], tallies: Sequence[Tally]) -> Swept:
    total = {name: sum(getattr(tally, name) for tally in tallies) for name in ("tried", "ended", "harmless", "resumed", "closed")}
    calls = sum(len(one.calls) for one in life.values())
    functions = len({function for one in life.values() for function in one.calls})
    note = (
        f"{calls} calls of {functions} functions in {len(life)} moments; {total['ended']} ended by name or killed, "
        f"{total['harmless']} did no harm, {total['resumed']} distinct ones resumed, {total['closed']} of them to the closed transcript"
    )
    return Swept(total["tried"], tuple(fault for tally in tallies for fault in tally.faults), note)


def live(root: Path) -> dict[str, Undisturbed]:
    """Play the life once and keep it below `root`; each moment without a fault."""
    place = Place(root, "life")
    play_life(place.base, place.shim, root / "kept")
    keep_discard(place.base, place.shim, root / "kept")
    return {name: place.undisturbed(moment) for name, moment in MOMENTS.items()}


def _play_job(job: Job) -> Tally:
    with tempfile.TemporaryDirectory(prefix="ceremony-shim-") as elsewhere:
        remember_lines()
        read_book(job.root / "kept" / job.moment / "ceremony" / TRANSCRIPT)  # once here, not once in each process that is forked
        player = Player(Place(job.root, f"by {os.getpid()}", Path(elsewhere)), MOMENTS[job.moment], job)
        for order in job.orders:
            player.play(order)
        return player.tally


class Place:
    """Where one process plays: a directory for the ceremony, a shim (which cannot be loaded from every memory file system)."""

    def __init__(self, root: Path, name: str, elsewhere: Path | None = None) -> None:
        self.base, self.kept = root / name, root / "kept"
        self.shim = Shim(elsewhere or Path(tempfile.mkdtemp(prefix="ceremony-shim-")), module())

    def ceremony(self, seed: int) -> TokenCeremony:
        """What stands there."""
        return TokenCeremony(self.base, self.shim, seed)

    def undisturbed(self, moment: Moment) -> Undisturbed:
        """Play this moment without a fault."""
        restore(self.base, self.kept / moment.name)
        self.shim.order(Order())
        ceremony = self.ceremony(SEEDS[0])
        moment.act(ceremony)
        calls, state = self.shim.calls(), state_of(ceremony)
        return Undisturbed(shape_of(state, read_book(ceremony.directory / TRANSCRIPT)), state.dealing, calls)


class Player:
    """Plays the cases of one moment."""

    def __init__(self, place: Place, moment: Moment, job: Job) -> None:
        self.tally = Tally()
        self._place, self._moment, self._expected, self._full = place, moment, job.expected, job.full
        self._resumed: set[str] = set()
        self._closed = False

    def play(self, order: Order) -> None:
        """Disturb the moment, judge, run it again, judge."""
        self.tally.tried += 1
        function = self._expected.calls[order.at - 1]
        code = f" 0x{order.code:x}{' from then on' if order.lasting else ''}" if order.code else ""
        label = f"{self._moment.name}, call {order.at} ({function}) {order.how.words}{code}"
        self.tally.faults += [f"{label}: {fault}" for fault in self._disturb(order)]

    def _disturb(self, order: Order) -> list[str]:
        place = self._place
        restore(place.base, place.kept / self._moment.name)
        place.shim.order(order)
        ended = _ended(in_child(lambda: _act(self._moment, place.ceremony(SEEDS[0]))))
        ceremony = place.ceremony(SEEDS[1])
        calls = place.shim.calls()
        if len(calls) < order.at:
            return [f"only {len(calls)} calls were made"]
        faults = list(judge_ended(ceremony, ended, calls.count("C_Login")))
        if ended.name == DONE:
            self.tally.harmless += 1
        else:
            self.tally.ended += 1
        left = trace(ceremony, place.kept / self._moment.name)
        if f"{ended.name} {left}" not in self._resumed:
            self._resumed.add(f"{ended.name} {left}")
            faults += self._resume(ended)
        return faults

    def _resume(self, ended: Ended) -> list[str]:
        """Run the command again without the fault, judge; the first one goes on to the closed transcript."""
        place, moment = self._place, self._moment
        self.tally.resumed += 1
        place.shim.order(Order())
        faults: list[str] = in_child(lambda: _again(moment, place.ceremony(SEEDS[1]), done=ended.name == DONE))
        ceremony = place.ceremony(SEEDS[1])
        faults = faults or list(judge_resumed(ceremony, self._expected, remade=moment.name == "deal"))
        if not faults and not self._closed and (self._full or moment.name in TO_THE_END):
            self._closed = True
            self.tally.closed += 1
            faults = in_child(lambda: _close(ceremony))
        return [f"afterwards: {fault}" for fault in faults]


def _act(moment: Moment, ceremony: TokenCeremony) -> list[Any]:
    """The disturbed command, as a process group of its own."""
    os.setsid()
    try:
        moment.act(ceremony)
    except CeremonyError as error:
        return [error.name, error.message, error.culprits, error.next_step, ceremony.prompts()]
    except NotProven as error:
        return [str(error), f"custodian 3: {error}", (), "prove again", ceremony.prompts()]
    return [DONE, "", (), "", ceremony.prompts()]


def _ended(told: Any) -> Ended:
    if told is None:
        return Ended(KILLED)
    if len(told) == 1:
        return Ended("traceback", told[0])
    name, message, culprits, next_step, prompts = told
    return Ended(name, message, tuple(culprits), next_step, prompts)


def _again(moment: Moment, ceremony: TokenCeremony, *, done: bool) -> list[str]:
    """Until the moment is done: the command once more, as people would run it."""
    if done and moment.done:
        return [] if moment.done(ceremony) else ["the command ended well, and its step is not done"]
    try:
        if moment.step:
            _run_to(*moment.step, ceremony)
        elif not (moment.done and moment.done(ceremony)):
            moment.act(ceremony)
    except (CeremonyError, NotProven) as error:
        return [f"it does not go on: {type(error).__name__}: {error}"]
    return ["its step is not done after the second run"] if moment.done and not moment.done(ceremony) else []


def _run_to(kind: StepKind, part: int, ceremony: TokenCeremony) -> None:
    def run(c: Conductor) -> None:
        while not is_done(c.state, kind, part) and (owed := owed_to_run(c)):
            take(c, owed)

    ceremony.conduct(run)


def _close(ceremony: TokenCeremony) -> list[str]:
    ceremony.play()
    digest = to_hex(roster_digest(state_of(ceremony).terms["roster"]))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = run_command(["verify", str(ceremony.directory), "--roster", digest, "--offline", "--rehearsal"])
    return [] if code == Verdict.CHAIN_NOT_CHECKED else [f"it closed, and `verify` ends with {code}"]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - progress of a long sweep, for people
