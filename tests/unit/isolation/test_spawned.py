"""A child that hangs, crashes, floods or answers garbage is a named error with its own exit code, never a hang; and what it starts with.

The children here are real processes; only their interpreter is replaced by a script that misbehaves.
"""

import json
import os
import signal
import stat
import sys
from pathlib import Path

import pytest

from ceremony import errors
from ceremony.custody import messages as d
from ceremony.errors import AgentCrashed, AgentTimeout, CheckFailed, DealingError, PinWrong, RecordError
from ceremony.hsm.agents import SpawnedAgent
from ceremony.hsm.messages import OpenToken
from ceremony.isolation import spawned
from ceremony.isolation.frames import FRAME_LIMIT, Refusal, named_error, refuse
from ceremony.isolation.hardening import explain_refusal
from ceremony.isolation.spawned import Spawned

WHO = "custodian 3 Cleo"
SHORT = 0.3
"""Seconds: long enough for a child that answers, which these do not."""


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Starts a child that runs this code instead of the module it is asked for."""
    started = []

    def start(code, who=WHO):
        script = tmp_path / "interpreter"
        script.write_text(f"#!{sys.executable} -S\nimport os, sys, time\n{code}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "executable", str(script))
            started.append(Spawned("ceremony.custody.dealer_process", who))
        return started[-1]

    monkeypatch.setattr(spawned, "END_DEADLINE", SHORT)
    yield start
    for process in started:
        process.close()


def alive(pid):
    """Whether the process still runs (one that ended and was waited for does not)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


ECHO = "sys.stdin.readline()\n"
GARBAGE = {
    "no JSON": "b'garbage'",
    "an empty line": "b''",
    "a list": "b'[]'",
    "another spelling": """b'{"b":1, "a":2}'""",
    "two messages at once": """b'{"a":1}\\n{"a":1}'""",
    "a refusal that is none": """b'{"culprits":[],"kind":"refusal"}'""",
    "not UTF-8": r"b'{\"a\":\"\xff\"}'",
    "deep": "b'[' * 100000",
}


@pytest.mark.parametrize("answer", GARBAGE.values(), ids=GARBAGE)
def test_garbage_is_a_crash_that_names_who_gave_it(child, answer):
    process = child(f"{ECHO}os.write(1, {answer} + b'\\n')\ntime.sleep(60)")
    with pytest.raises(AgentCrashed) as refusal:
        process.ask(b"{}")
    assert refusal.value.culprits == (WHO,)
    assert refusal.value.exit_code == 50


def test_a_flood_without_end_is_cut_at_the_limit(child):
    process = child(f"{ECHO}\nwhile True: os.write(1, b'x' * 65536)")
    with pytest.raises(AgentCrashed):
        process.ask(b"{}")


def test_a_child_that_ends_is_a_crash_with_its_exit_status(child):
    process = child(f"{ECHO}\nos._exit(7)")
    with pytest.raises(AgentCrashed, match="exit status 7"):
        process.ask(b"{}")
    with pytest.raises(AgentCrashed):
        process.ask(b"{}")


def test_half_an_answer_and_the_end_is_a_crash(child):
    process = child(f"{ECHO}\nos.write(1, b'{{\"half')")
    with pytest.raises(AgentCrashed):
        process.ask(b"{}")


def test_a_killed_child_is_a_crash(child):
    process = child("time.sleep(60)")
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(AgentCrashed, match="exit status -9"):
        process.ask(b"{}")


DRIPS = f"{ECHO}\nwhile True:\n  os.write(1, b'x')\n  time.sleep(0.05)"


@pytest.mark.parametrize("code", ["time.sleep(600)", DRIPS], ids=["hangs", "drips"])
def test_a_child_that_does_not_answer_is_ended_at_the_deadline(child, code):
    process = child(code)
    with pytest.raises(AgentTimeout) as refusal:
        process.ask(b"{}", SHORT)
    assert (refusal.value.culprits, refusal.value.exit_code) == ((WHO,), 51)
    process.close()
    assert not alive(process.pid)


@pytest.mark.timeout(30)
def test_a_child_that_reads_nothing_does_not_hang_who_writes(child):
    process = child("time.sleep(600)")
    with pytest.raises(AgentTimeout):
        process.send(b"x" * FRAME_LIMIT, SHORT)


def test_a_long_message_arrives_whole(child):
    process = child("line = sys.stdin.buffer.readline()\nos.write(1, b'{\"size\":%d}\\n' % len(line))")
    assert process.ask(b"x" * (FRAME_LIMIT - 1)) == b'{"size":%d}' % FRAME_LIMIT


def test_a_child_that_will_not_go_is_killed(child):
    process = child("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.write(1, b'{}\\n')\nwhile True: time.sleep(1)")
    assert process.receive() == b"{}"
    process.close()
    assert not alive(process.pid)


def test_a_child_that_is_gone_is_closed_without_complaint(child):
    process = child("pass")
    with pytest.raises(AgentCrashed):
        process.receive()
    process.close()
    process.close()
    with pytest.raises(AgentCrashed):
        process.send(b"{}")
    with pytest.raises(AgentCrashed):
        process.receive()


def test_leaving_the_block_ends_the_child(child):
    with child("sys.stdin.read()") as process:
        assert alive(process.pid)
    assert not alive(process.pid)


# --- refusals travel as records ---

CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.CeremonyError)]
NAMED = [kind for kind in CLASSES if kind is not CheckFailed]


@pytest.mark.parametrize("kind", NAMED)
def test_every_named_error_arrives_as_itself(kind):
    sent = kind("it did not work", culprits=("token 7",), remedy="Try the other one.")
    got = named_error(Refusal.parse(refuse(sent).encode()), WHO)
    assert type(got) is kind
    assert (got.culprits, got.next_step) == ((WHO, "token 7"), "Try the other one.")
    assert got.message == f"{WHO}: it did not work"


def test_who_spoke_is_named_once():
    got = named_error(refuse(PinWrong("no", culprits=(WHO,))), WHO)
    assert got.culprits == (WHO,)


@pytest.mark.parametrize("name", ["Nonsense", "annotations", "ClassVar", "CheckFailed", "KeyError"])
def test_an_unknown_error_is_a_crash(name):
    got = named_error(Refusal(name=name, message="secret?", culprits=(), next_step=""), WHO)
    assert type(got) is AgentCrashed
    assert "secret?" not in got.message


def test_an_unforeseen_error_tells_its_type_and_never_its_text():
    line = explain_refusal(KeyError("0x5ec2e7"))
    assert b"5ec2e7" not in line
    assert Refusal.parse(line).name == "AgentCrashed"
    assert "KeyError" in Refusal.parse(line).message


def test_a_refusal_of_a_child_is_raised_as_what_it_is(child):
    line = refuse(PinWrong("wrong PIN")).encode()
    with pytest.raises(PinWrong) as refusal:
        child(f"{ECHO}\nos.write(1, {line + bytes([10])!r})").ask(b"{}")
    assert refusal.value.culprits == (WHO,)


# --- what a child starts with ---

REPORT = """
import json
words = {"env": dict(os.environ), "argv": sys.argv, "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd"))}
sys.stdin.readline()
os.write(1, (json.dumps(words, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\\n").encode())
"""


def test_the_environment_is_bare_and_no_secret_is_on_the_command_line(child, monkeypatch):
    monkeypatch.setenv("CEREMONY_CANARY", "canary-5ec2e7")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    said = json.loads(child(REPORT).ask(b'{"pin":"canary-5ec2e7"}'))
    ours = {"PATH", "HOME", "LANG", "TMPDIR", "LD_LIBRARY_PATH", "PYDANTIC_DISABLE_PLUGINS"}
    assert set(said["env"]) <= {*ours, "LC_CTYPE"}  # the last one is Python's own doing
    assert said["argv"][1:] == ["-I", "-m", "ceremony.custody.dealer_process"]
    assert "canary-5ec2e7" not in json.dumps(said)


def test_a_child_inherits_no_open_file(child, tmp_path):
    held = os.open(tmp_path, os.O_RDONLY)
    os.set_inheritable(held, True)
    try:
        said = json.loads(child(REPORT).ask(b"{}"))
    finally:
        os.close(held)
    assert len(said["fds"]) <= 4  # three pipes, and the listing itself


HARDENED = f"""
sys.path[:0] = {[str(Path(path).resolve()) for path in sys.path if path]!r}
import ctypes, resource
from ceremony.isolation.hardening import harden
locked = harden()
sys.stdin.readline()
dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)
os.write(1, b'{{"core":%d,"dumpable":%d,"locked":%d}}\\n' % (resource.getrlimit(resource.RLIMIT_CORE)[1], dumpable, locked))
"""


def test_a_hardened_process_has_no_core_and_is_not_dumpable(child):
    said = json.loads(child(HARDENED).ask(b"{}"))
    assert (said["core"], said["dumpable"]) == (0, 0)
    assert said["locked"] in {0, 1}


def test_real_processes_refuse_what_is_no_message():
    custody = ("dealer", "combiner", "adopter")
    for module in (*(f"ceremony.custody.{name}_process" for name in custody), "ceremony.hsm.agent_process"):
        with Spawned(module, WHO) as process, pytest.raises(RecordError) as refusal:
            process.ask(b"garbage")
        assert WHO in refusal.value.culprits


def test_the_real_dealer_is_asked_in_turn_and_ends_after_a_refusal():
    with Spawned("ceremony.custody.dealer_process", "the dealer") as process:
        with pytest.raises(DealingError, match="out of turn"):
            process.ask(d.Deal(contributions=()).encode())
        with pytest.raises(AgentCrashed):
            process.ask(d.RevealSystem().encode())


def test_a_real_agent_without_its_module_is_a_named_error(tmp_path):
    request = OpenToken(who=WHO, serial="s", module=str(tmp_path / "none.so"), config=None, mark_directory=str(tmp_path))
    agent = SpawnedAgent(request)
    try:
        with pytest.raises(errors.ModuleError) as refusal:
            _ = agent.opened
        assert WHO in refusal.value.culprits
        assert str(tmp_path) not in Path(f"/proc/{agent.pid}/cmdline").read_bytes().decode()
    finally:
        agent.close()


def test_the_tree_of_errors_has_one_exit_code_each():
    codes = [kind.exit_code for kind in CLASSES]
    assert len(set(codes)) == len(codes)
