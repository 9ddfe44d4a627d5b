"""Row 27: another user of the machine, or a directory somebody prepared, against what the ceremony reads and writes.

Each attack sets its trap, lets the product act, and says what it won, or nothing. A refusal that has a name is no win, and neither is what
went to the right place; a victim's file that changed, a secret in the attacker's hands, a command that hangs or writes to nobody is.
"""

import os
import signal
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ceremony.cli.running import keep_plan, read_plan
from ceremony.cli.sealing import require_new, write_stream
from ceremony.conductor.opening import require_same_plan
from ceremony.custody.blobs import BlobDirectory
from ceremony.errors import CeremonyError
from ceremony.hsm.marks import MarkFile
from ceremony.hsm.module import load_module
from ceremony.protocol.steps import StepKind
from ceremony.quorum.replay import found_mark
from ceremony.records.custody_entries import CustodyEntry
from ceremony.records.roster_entries import RunStarted
from ceremony.transcript.checkpoint_file import CheckpointFile
from ceremony.transcript.journal import LOCK, TRANSCRIPT, Journal, read_book
from tests.simulators.ceremony_directory import NO_DIGEST, SimulatedCeremony, plan_text
from tests.simulators.custody import custody
from tests.simulators.randomness import Clock
from tests.simulators.stages import Stage, ceremony_at, run_until
from tests.sweeps import Swept

NOBODY = 65534
PATIENCE = 10.0
"""Seconds after which a command counts as hanging; each takes milliseconds."""
SECRET = b"what was sealed: the payroll"
DIARY = b"the operator's diary\n"
ONES = "0x" + "11" * 32
Attack = Callable[[Path], str | None]
ATTACKS: dict[str, Attack] = {}


def attack(name: str) -> Callable[[Attack], Attack]:
    """Enter an attack under its name."""
    return lambda function: ATTACKS.setdefault(name, function)


class Hangs(Exception):
    """A command waits for the attacker."""


def refused(act: Callable[[], Any]) -> bool:
    """Whether the act was refused by name, in time; anything else that escapes is a fault of the product."""
    with in_time():
        try:
            act()
        except CeremonyError:
            return True
    return False


@contextmanager
def in_time() -> Iterator[None]:
    """Whatever waits for the attacker is woken, and has lost."""

    def wake(*_: object) -> None:
        raise Hangs("for ever")  # no OSError: the product names those

    before = signal.signal(signal.SIGALRM, wake)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Another umask for a while."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def strangers(path: Path) -> Iterator[None]:
    """The path (a link itself) belongs to somebody else: really, where this process may give it away; else this process is another."""
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
        yield
        return
    real = os.geteuid
    os.geteuid = lambda: real() + 1
    try:
        yield
    finally:
        os.geteuid = real


def diary(place: Path) -> Path:
    """A file of the operator's that no ceremony may touch."""
    path = place / "diary"
    path.write_bytes(DIARY)
    return path


def touched(path: Path) -> str | None:
    """What happened to the diary."""
    return None if path.read_bytes() == DIARY else f"{path.name} was changed"


def dealt_on(place: Path) -> SimulatedCeremony:
    """A ceremony whose roster is confirmed; its next run deals."""
    return ceremony_at(Stage.CONFIRMED, place)


def append(ceremony: SimulatedCeremony) -> None:
    """One entry, as every command writes them."""
    ceremony.conduct(lambda c: c.write(RunStarted(tool=NO_DIGEST, self_tests=("a",))))


def lines_of(directory: Path) -> int:
    return len(read_book(directory / TRANSCRIPT))


def mirrored(ceremony: SimulatedCeremony, mirror: Path) -> Journal:
    return Journal(ceremony.directory, Clock(), mirror=mirror)


def enter(journal: Journal) -> None:
    with journal:
        pass


def judge_refused(act: Callable[[], Any], won: str) -> str | None:
    return None if refused(act) else won


# --- the transcript ---


@attack("the transcript is a link to another file of the operator's")
def _(place: Path) -> str | None:
    ceremony, victim = dealt_on(place), diary(place)
    (ceremony.directory / TRANSCRIPT).rename(place / "real")
    (ceremony.directory / TRANSCRIPT).symlink_to(victim)
    return judge_refused(lambda: append(ceremony), "an entry went through the link") or touched(victim)


@attack("the transcript is a link to the real one kept elsewhere")
def _(place: Path) -> str | None:
    ceremony = dealt_on(place)
    (ceremony.directory / TRANSCRIPT).rename(place / "real")
    (ceremony.directory / TRANSCRIPT).symlink_to(place / "real")
    return judge_refused(lambda: append(ceremony), "an entry went through the link")


@attack("a link that leads nowhere waits where a new transcript will be")
def _(place: Path) -> str | None:
    ceremony = SimulatedCeremony(place, 1)
    ceremony.directory.mkdir(mode=0o700)
    (ceremony.directory / TRANSCRIPT).symlink_to(place / "made")
    refused(ceremony.start)
    return "a file was made through the link" if (place / "made").exists() else None


@attack("the transcript is a FIFO: who reads it")
def _(place: Path) -> str | None:
    os.mkfifo(place / TRANSCRIPT)
    return judge_refused(lambda: read_book(place / TRANSCRIPT), "a FIFO was read")


@attack("the transcript is a FIFO: who writes it")
def _(place: Path) -> str | None:
    ceremony = dealt_on(place)
    (ceremony.directory / TRANSCRIPT).unlink()
    os.mkfifo(ceremony.directory / TRANSCRIPT)
    return judge_refused(lambda: append(ceremony), "a FIFO was written")


@attack("the transcript is replaced by a copy while a command writes it")
def _(place: Path) -> str | None:
    path = dealt_on(place).directory / TRANSCRIPT
    copy = place / "copy"
    copy.write_bytes(path.read_bytes())
    return _swapped(path.parent, lambda: copy.rename(path))


@attack("the transcript is taken away while a command writes it")
def _(place: Path) -> str | None:
    path = dealt_on(place).directory / TRANSCRIPT
    return _swapped(path.parent, path.unlink)


@attack("the directory is swapped for another between opening and writing")
def _(place: Path) -> str | None:
    directory = dealt_on(place).directory
    other = dealt_on(place / "other").directory
    before = lines_of(other)

    def swap() -> None:
        directory.rename(place / "away")
        other.rename(directory)

    return _swapped(directory, swap) or (None if lines_of(directory) == before else "the entry went to the other directory")


def _swapped(directory: Path, swap: Callable[[], object]) -> str | None:
    with Journal(directory, Clock()) as journal:
        swap()
        body = RunStarted(tool=NO_DIGEST, self_tests=("a",))
        return judge_refused(lambda: journal.append(body, lambda _entry: None), "an entry was claimed that nobody can read")


@attack("two directories share one transcript by a hard link")
def _(place: Path) -> str | None:
    directory, twin = dealt_on(place).directory, place / "twin"
    twin.mkdir(mode=0o700)
    os.link(directory / TRANSCRIPT, twin / TRANSCRIPT)
    with Journal(directory, Clock()):
        return judge_refused(lambda: enter(Journal(twin, Clock())), "two commands write one transcript")


# --- the lock ---


@attack("the lock is a link to another file of the operator's")
def _(place: Path) -> str | None:
    ceremony, victim = dealt_on(place), diary(place)
    (ceremony.directory / LOCK).unlink(missing_ok=True)
    (ceremony.directory / LOCK).symlink_to(victim)
    return judge_refused(lambda: append(ceremony), "the link was followed") or touched(victim)


@attack("the lock is taken away while a command holds it")
def _(place: Path) -> str | None:
    directory = dealt_on(place).directory
    with Journal(directory, Clock()):
        (directory / LOCK).unlink()
        return judge_refused(lambda: enter(Journal(directory, Clock())), "two commands act on one directory")


@attack("another user opens the lock to keep everybody out")
def _(place: Path) -> str | None:
    directory = dealt_on(place).directory
    with umask(0):
        (directory / LOCK).unlink(missing_ok=True)
        enter(Journal(directory, Clock()))
    return None if not (directory / LOCK).stat().st_mode & 0o077 else "others may open the lock"


# --- whose directory it is ---


@attack("everybody may write in the directory")
def _(place: Path) -> str | None:
    ceremony = dealt_on(place)
    ceremony.directory.chmod(0o777)
    return judge_refused(lambda: append(ceremony), "it was used")


@attack("a group may write in the directory")
def _(place: Path) -> str | None:
    ceremony = dealt_on(place)
    ceremony.directory.chmod(0o770)
    return judge_refused(lambda: append(ceremony), "it was used")


@attack("everybody may rename the directory")
def _(place: Path) -> str | None:
    room = place / "room"
    room.mkdir()
    ceremony = dealt_on(room)
    room.chmod(0o777)
    return judge_refused(lambda: append(ceremony), "it was used")


@attack("another user made the directory")
def _(place: Path) -> str | None:
    ceremony = SimulatedCeremony(place, 1)
    ceremony.directory.mkdir(mode=0o755)
    with strangers(ceremony.directory):
        return judge_refused(ceremony.start, "a ceremony began in it")


@attack("the directory is another user's link")
def _(place: Path) -> str | None:
    ceremony = dealt_on(place)
    ceremony.directory.rename(place / "real")
    ceremony.directory.symlink_to(place / "real")
    with strangers(ceremony.directory):
        return judge_refused(lambda: append(ceremony), "it was followed")


# --- the mirror ---


@attack("everybody may write in the mirror")
def _(place: Path) -> str | None:
    ceremony, mirror = dealt_on(place), place / "mirror"
    mirror.mkdir()
    mirror.chmod(0o777)
    return judge_refused(lambda: enter(mirrored(ceremony, mirror)), "it was used")


@attack("the mirror is another user's link")
def _(place: Path) -> str | None:
    ceremony, mirror = dealt_on(place), place / "mirror"
    (place / "elsewhere").mkdir(mode=0o700)
    mirror.symlink_to(place / "elsewhere")
    with strangers(mirror):
        return judge_refused(lambda: enter(mirrored(ceremony, mirror)), "it was followed")


@attack("the mirror's transcript is a link to another file of the operator's")
def _(place: Path) -> str | None:
    ceremony, mirror, victim = dealt_on(place), place / "mirror", diary(place)
    mirror.mkdir(mode=0o700)
    (mirror / TRANSCRIPT).symlink_to(victim)
    return judge_refused(lambda: enter(mirrored(ceremony, mirror)), "the link was followed") or touched(victim)


# --- plan, checkpoint, marks, the module ---


@attack("the plan's copy is a FIFO")
def _(place: Path) -> str | None:
    os.mkfifo(place / "plan.toml")
    return judge_refused(lambda: keep_plan(place / "plan.toml", plan_text()), "a FIFO was read")


@attack("the plan's copy is swapped for another plan")
def _(place: Path) -> str | None:
    state = dealt_on(place).conduct(lambda _c: None)
    (place / "plan.toml").write_text(plan_text("Another title"))
    return judge_refused(lambda: require_same_plan(state.opened, read_plan(place / "plan.toml")), "the other plan was taken")


@attack("the checkpoint is a FIFO")
def _(place: Path) -> str | None:
    os.mkfifo(place / "checkpoint")
    return judge_refused(CheckpointFile(place).read, "a FIFO was read")


@attack("the checkpoint is a device that never ends")
def _(place: Path) -> str | None:
    (place / "checkpoint").symlink_to("/dev/zero")
    return judge_refused(CheckpointFile(place).read, "a device was read")


def _sign_over(place: Path, trap: Callable[[Path, Path], object]) -> str | None:
    ceremony, victim = ceremony_at(Stage.NAMED, place), diary(place)
    checkpoint = ceremony.directory / "checkpoint"
    trap(checkpoint, victim)
    refused(lambda: ceremony.approve(1))
    return touched(victim)


@attack("the checkpoint is a link to another file of the operator's")
def _(place: Path) -> str | None:
    return _sign_over(place, lambda checkpoint, victim: checkpoint.symlink_to(victim))


@attack("the checkpoint's unfinished file is a hard link to another file of the operator's")
def _(place: Path) -> str | None:
    return _sign_over(place, lambda checkpoint, victim: os.link(victim, f"{checkpoint}.new"))


def _mark(place: Path) -> tuple[MarkFile, Path]:
    marks = MarkFile(place / "marks", "5e1c")
    marks.write(found_mark(ONES, 1, ONES))
    return marks, next((place / "marks").iterdir())


@attack("everybody may change a token's mark")
def _(place: Path) -> str | None:
    marks, path = _mark(place)
    path.parent.chmod(0o777)
    return judge_refused(lambda: marks.read(ONES), "it was believed") or judge_refused(
        lambda: marks.write(found_mark(ONES, 1, ONES)), "it was written"
    )


@attack("a token's mark is a FIFO")
def _(place: Path) -> str | None:
    marks, path = _mark(place)
    path.unlink()
    os.mkfifo(path)
    return judge_refused(lambda: marks.read(ONES), "a FIFO was read")


@attack("a mark's unfinished file is a hard link to another file of the operator's")
def _(place: Path) -> str | None:
    (marks, path), victim = _mark(place), diary(place)
    os.link(victim, f"{path}.new")
    marks.write(found_mark(ONES, 1, ONES))
    return touched(victim)


@attack("everybody may change the PKCS#11 module")
def _(place: Path) -> str | None:
    module = place / "module.so"
    module.write_bytes(b"no library")
    module.chmod(0o666)
    try:
        load_module(str(module), None)
    except CeremonyError as error:
        return None if "everybody may change" in error.message else "it was loaded"
    return "it was loaded"


# --- wrapped shards and the custody journal ---


@attack("the blobs' directory is a link to another ceremony's")
def _(place: Path) -> str | None:
    mine, other = place / "mine", place / "other"
    mine.mkdir(mode=0o700)
    BlobDirectory(other).store(1, {(1, 1): b"wrapped"})
    (mine / "blobs").symlink_to(other / "blobs")
    refused(lambda: BlobDirectory(mine).destroy(1))
    return None if BlobDirectory(other).load(1, 1, 1) == b"wrapped" else "another ceremony's blobs are gone"


@attack("the blobs' directory is a link: they go elsewhere")
def _(place: Path) -> str | None:
    (place / "elsewhere").mkdir()
    (place / "blobs").symlink_to(place / "elsewhere")
    won = judge_refused(lambda: BlobDirectory(place).store(1, {(1, 1): b"wrapped"}), "they were written")
    return won or ("something is elsewhere" if list((place / "elsewhere").iterdir()) else None)


@attack("a blob's unfinished file is a hard link to another file of the operator's")
def _(place: Path) -> str | None:
    victim = diary(place)
    (place / "blobs").mkdir()
    os.link(victim, place / "blobs" / "dealing-1-shard-1.wrapped.new")
    BlobDirectory(place).store(1, {(1, 1): b"wrapped"})
    return touched(victim)


@attack("a blob's name is taken before it is written")
def _(place: Path) -> str | None:
    (place / "blobs").mkdir()
    (place / "blobs" / "dealing-1-shard-1.wrapped").write_bytes(b"the attacker's")
    return judge_refused(lambda: BlobDirectory(place).store(1, {(1, 1): b"wrapped"}), "the attacker's blob counts as written")


@attack("the custody journal is a link to another ceremony's")
def _(place: Path) -> str | None:
    other, mine = place / "other", place / "mine"
    with custody(other) as here:
        from ceremony.conductor.custody import prove  # noqa: PLC0415 - beside what it belongs to

        prove(here, (1,))
    ceremony = ceremony_at(Stage.OPENED, mine)
    (ceremony.directory / "custody").symlink_to(other / "ceremony" / "custody")

    def open_it() -> None:
        from ceremony.conductor.custody import require_bound  # noqa: PLC0415 - likewise

        written = read_book(ceremony.directory / "custody" / TRANSCRIPT, CustodyEntry)
        require_bound(written, read_book(ceremony.directory / TRANSCRIPT), ceremony.conduct(lambda _c: None))

    return judge_refused(open_it, "another ceremony's proofs were taken for this one's")


# --- what an opened envelope is written to ---


def _unsealed(path: Path) -> bool:
    return refused(lambda: (require_new(str(path)), write_stream(str(path), iter((SECRET,)))))


@attack("OUT is a link to another file of the operator's")
def _(place: Path) -> str | None:
    victim, out = diary(place), place / "out"
    out.symlink_to(victim)
    return None if _unsealed(out) and not touched(victim) else "the plaintext went through the link"


@attack("OUT is a link that leads nowhere")
def _(place: Path) -> str | None:
    out = place / "out"
    out.symlink_to(place / "taken")
    return None if _unsealed(out) and not (place / "taken").exists() else "the plaintext went through the link"


@attack("OUT appears while the plaintext is written")
def _(place: Path) -> str | None:
    out = place / "out"

    def chunks() -> Iterator[bytes]:
        yield SECRET
        out.write_bytes(b"the attacker's")

    if not refused(lambda: write_stream(str(out), chunks())):
        return "the plaintext is said to be there"
    return None if out.read_bytes() == b"the attacker's" else "a file was overwritten"


@attack("a file of the attacker's is called like OUT's unfinished one, open in their hands")
def _(place: Path) -> str | None:
    out, trap = place / "out", place / "out.new"
    trap.touch(mode=0o666)
    with trap.open("rb") as spying:
        _unsealed(out)
        return "the attacker reads the plaintext" if spying.read() else None


@attack("another file of the operator's is called like OUT's unfinished one")
def _(place: Path) -> str | None:
    diary(place).rename(place / "out.new")
    return "it is gone" if _unsealed(place / "out") or not (place / "out.new").exists() else touched(place / "out.new")


@attack("the attacker watches for OUT's unfinished file, and puts links in its place")
def _(place: Path) -> str | None:
    victim, out = diary(place), place / "out"

    def chunks() -> Iterator[bytes]:
        yield SECRET
        for part in place.glob(".out.*"):
            part.unlink()
            part.symlink_to(victim)
        yield SECRET

    refused(lambda: write_stream(str(out), chunks()))
    return touched(victim)


@attack("OUT's directory lets everybody swap files")
def _(place: Path) -> str | None:
    place.chmod(0o777)
    return None if _unsealed(place / "out") else "the plaintext was written there"


@attack("a umask of nothing: the plaintext while it is written, and afterwards")
def _(place: Path) -> str | None:
    out, seen = place / "out", []

    def chunks() -> Iterator[bytes]:
        yield SECRET
        seen.extend(path.stat().st_mode & 0o077 for path in place.iterdir())

    with umask(0):
        write_stream(str(out), chunks())
    seen.append(out.stat().st_mode & 0o077)
    return None if len(seen) > 1 and not any(seen) and out.read_bytes() == SECRET else "others may read the plaintext"


@attack("a umask of nothing: everything that a ceremony writes")
def _(place: Path) -> str | None:
    (place / "parts").mkdir(mode=0o700)
    with umask(0):
        ceremony = SimulatedCeremony(place, 1)
        ceremony.start()
        keep_plan(ceremony.directory / "plan.toml", plan_text())
        run_until(ceremony, StepKind.LOAD)
        paths = [ceremony.directory, *ceremony.directory.rglob("*"), *(place / "parts" / "marks").rglob("*"), place / "parts" / "marks"]
    open_ones = [path.name for path in paths if path.stat().st_mode & 0o077]
    kinds = {stat.S_IFMT(path.stat().st_mode) for path in paths}
    return None if not open_ones and len(paths) > 15 and kinds == {stat.S_IFDIR, stat.S_IFREG} else f"others may use {open_ones}"


def sweep(*, full: bool) -> Swept:
    """Every attack, each in a directory of its own; the same whether `full` or not."""
    faults = []
    for name, function in ATTACKS.items():
        with tempfile.TemporaryDirectory() as directory:
            try:
                won = function(Path(directory).resolve())
            except Exception as error:  # noqa: BLE001 - what has no name is a fault of the product, and of the attack at worst
                won = f"{type(error).__name__}: {error}"
            with suppress(OSError):
                Path(directory).chmod(0o700)
        if won:
            faults.append(f"{name}: {won}")
    return Swept(len(ATTACKS), tuple(faults), f"{len(faults)} wins")
