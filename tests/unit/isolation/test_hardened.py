"""What holds a secret cannot be looked into by its own user, leaves no core and no file, and does not outlive its parent (row 25)."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from ceremony.custody.spawned import SpawnedAdopter, SpawnedCombiner, SpawnedDealer
from ceremony.isolation.spawned import Spawned
from tests.unit.custody.dealt_people import TERMS
from tests.unit.isolation.orphaning import ENDING, WAITING
from tests.unprivileged import ask_plain

PATIENCE = 20.0
HOLDERS = ("dealer", "combiner", "agent")


@pytest.fixture(scope="module")
def peeped():
    return ask_plain("tests.unit.isolation.peeping")


def test_a_plain_user_can_look_into_their_ordinary_processes(peeped):
    """Else the next test would show nothing. What this kernel lets nobody see is left out there."""
    seen = {name for name, how in peeped["ordinary"].items() if how == "open"}
    assert {"mem", "environ", "maps", "fd", "ptrace", "process_vm_readv"} <= seen


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_plain_user_cannot_look_into_what_holds_a_secret(peeped, holder):
    assert {how for name, how in peeped[holder].items() if peeped["ordinary"][name] == "open"} <= {"EACCES", "EPERM"}


def test_memory_that_cannot_be_locked_is_recorded_and_refused_where_the_plan_requires_it(peeped):
    found = peeped["lock"]
    assert (found["recorded"], found["refused"]) == (False, True)
    assert "ulimit -l" in found["next"]


def gone(pid):
    """Whether the process has let go of its memory (who adopted it may not have asked for its exit status yet)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True
    return "State:\tZ" in status or "State:\tX" in status


def test_they_end_when_whoever_started_them_is_killed():
    with subprocess.Popen([sys.executable, "-m", "tests.unit.isolation.orphaning"], stdout=subprocess.PIPE) as parent:
        pids = json.loads(parent.stdout.readline())
        living = {moment for moment in WAITING if not gone(pids[moment])}
        parent.kill()
    assert living == set(WAITING)
    end = time.monotonic() + PATIENCE
    while not all(map(gone, pids.values())) and time.monotonic() < end:
        time.sleep(0.02)
    assert [moment for moment in WAITING + ENDING if not gone(pids[moment])] == []


@contextmanager
def limited(what, soft):
    """This process's own limit for a while; children inherit it."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (before[1] if soft is None else soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


def dumped(pid, cause):
    """Whether a process that is ended by this signal dumps core, as the kernel tells its parent."""
    os.kill(pid, cause)
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_code == os.CLD_DUMPED


def wait_until_hardened(pid):
    """The first thing it does is to forbid itself a core; this process does not."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        line = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core file size"))
        if line.split()[4:6] == ["0", "0"]:
            return
        time.sleep(0.01)


@pytest.mark.parametrize("cause", [signal.SIGSEGV, signal.SIGABRT], ids=lambda cause: cause.name)
def test_no_core_is_dumped(cause, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with limited(resource.RLIMIT_CORE, None):
        started = (SpawnedDealer(), SpawnedCombiner(), SpawnedAdopter(), Spawned("ceremony.hsm.agent_process", "an agent"))
        try:
            started[0].open_dealing(TERMS)
            for process in started:
                wait_until_hardened(process.pid)
                assert not dumped(process.pid, cause)
        finally:
            for process in started:
                process.close()
    assert not list(tmp_path.iterdir())


def test_an_ordinary_process_dumps_core_here(tmp_path):
    """Else the test above would show nothing."""
    with limited(resource.RLIMIT_CORE, None):
        if not resource.getrlimit(resource.RLIMIT_CORE)[0]:
            pytest.skip("no process may dump core here, so the test above shows nothing; raise the hard limit (`ulimit -Hc unlimited`)")
        command = [sys.executable, "-c", "print(flush=True); input()"]
        with subprocess.Popen(command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            assert dumped(child.pid, signal.SIGSEGV)
