"""`ceremony doctor`, `ceremony token init` and `ceremony pin` as people and scripts call them, on real SoftHSM tokens."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest

from ceremony.cli.examining import Finding, require_ready, summary
from ceremony.cli.people import REHEARSAL_PIN, REHEARSAL_SO_PIN
from ceremony.errors import PinWrong, TokenIncapable, TokenMissing
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.hsm.probe import NAMES
from tests.simulators.ceremony_directory import plan_text
from tests.softhsm import PIN, copy_token, make_token, module

LABELS = ("ada", "ben", "cleo", "dan", "eve", "finn", "gus")
NEW_PIN = "a-pin-of-their-own"


def at_terminal(*arguments, typed):
    """One command at a terminal of its own, each line of `typed` in answer to a question; exit code and everything on the screen."""
    child = pexpect.spawn(sys.executable, ["-m", "ceremony", *arguments], timeout=60, encoding="utf-8")
    for line in typed:
        child.expect("PIN[^:]*: $")
        assert child.waitnoecho(10)
        child.sendline(line)
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


def ceremony(*arguments, typed="", answers=None):
    """One command in a process of its own, without a terminal; `typed` is what stands on its standard input instead."""
    passed, extra = (), ()
    if answers is not None:
        source, sink = os.pipe()
        os.write(sink, json.dumps(answers).encode())
        os.close(sink)
        passed, extra = (source,), ("--answers-fd", str(source))
    try:
        command = [sys.executable, "-m", "ceremony", *arguments, *extra]
        return subprocess.run(
            command, input=typed, capture_output=True, text=True, check=False, timeout=120, pass_fds=passed, start_new_session=True
        )
    finally:
        for handle in passed:
            os.close(handle)


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    place = tmp_path_factory.mktemp("seven")
    return [make_token(place / label, label) for label in LABELS]


@pytest.fixture
def plan(tokens, tmp_path) -> Path:
    text = plan_text()
    for number, token in enumerate(tokens, 1):
        text = text.replace(f'serial = "sim{number}"\n', f'serial = "{token.serial}"\nconfig = "{token.config}"\n')
    path = tmp_path / "plan.toml"
    path.write_text(text.replace("/simulated", module()))
    return path


def answers_for(tokens, **wrong):
    return {"pins": {token.serial: wrong.get(label, PIN) for label, token in zip(LABELS, tokens, strict=True)}}


# --- doctor ---


def test_seven_good_tokens_are_ready_and_left_empty(plan, tokens):
    done = ceremony("doctor", str(plan), answers=answers_for(tokens))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": ready") == 7
    assert all(done.stdout.count(f"  yes {name}: ") == 7 for name in NAMES)
    assert done.stdout.endswith("All 7 tokens are ready.\n")
    assert PIN not in done.stdout + done.stderr
    assert [path.name for token in tokens for path in token.stores[0].glob("*.object")] == ["token.object"] * 7


def test_every_bad_token_is_told_and_the_good_ones_are_tried(plan, tokens):
    plan.write_text(plan.read_text().replace(tokens[1].serial, "0" * 16))
    answers = answers_for(tokens, ada="not-this-one")
    done = ceremony("doctor", str(plan), "--json", answers=answers)
    found = json.loads(done.stdout)
    assert done.returncode == found["exit"] == 44
    assert (found["ready"], found["error"]) == (False, "TokenIncapable")
    assert [token["error"] for token in found["tokens"]] == ["PinWrong", "TokenMissing", None, None, None, None, None]
    assert [row["able"] for token in found["tokens"][2:] for row in token["capabilities"]] == [True] * 5 * len(NAMES)
    assert "not-this-one" not in done.stdout + done.stderr


def test_a_dry_run_touches_nothing(plan, tokens):
    plan.write_text(plan.read_text().replace(module(), "/no/such/module.so"))
    done = ceremony("doctor", str(plan), "--dry-run")
    assert done.returncode == 0
    assert all(token.serial in done.stdout for token in tokens)
    assert all(name in done.stdout for name in NAMES)
    assert json.loads(ceremony("doctor", str(plan), "--dry-run", "--json").stdout)["would_try"] == done.stdout.splitlines()


def test_without_a_terminal_the_pins_are_owed(plan):
    done = ceremony("doctor", str(plan))
    assert done.returncode == 3
    assert "must answer in person" in done.stdout


def finding(number, error=None, able=True):
    rows = (m.Capability(name="can sign", able=able, detail="so it was"),)
    return Finding(f"custodian {number}", f"sim{number}", () if error else rows, error)


def test_ready_tokens_raise_nothing():
    require_ready([finding(1), finding(2)])
    assert summary([finding(1)])["exit"] == 0


@pytest.mark.parametrize(
    ("findings", "kind", "culprits"),
    [
        ([finding(1), finding(2, PinWrong("wrong"))], PinWrong, ("custodian 2",)),
        ([finding(1, PinWrong("wrong")), finding(2, PinWrong("wrong"))], PinWrong, ("custodian 1", "custodian 2")),
        ([finding(1, TokenMissing("gone")), finding(2, PinWrong("wrong"))], TokenIncapable, ("custodian 1", "custodian 2")),
        ([finding(1, able=False), finding(2)], TokenIncapable, ("custodian 1",)),
        ([finding(1, able=False), finding(2, PinWrong("wrong"))], TokenIncapable, ("custodian 1", "custodian 2")),
    ],
    ids=["one", "all alike", "different", "a row", "a row and an error"],
)
def test_the_error_is_the_one_all_have_in_common(findings, kind, culprits):
    with pytest.raises(kind) as caught:
        require_ready(findings)
    assert type(caught.value) is kind
    assert caught.value.culprits == culprits
    assert summary(findings)["exit"] == kind.exit_code


# --- token init ---


def test_a_new_token_has_a_directory_of_its_own(tmp_path):
    place = tmp_path / "ada token"
    done = ceremony("token", "init", "--rehearsal", "--module", module(), "--label", "ada", "--softhsm", str(place))
    assert done.returncode == 0, done.stderr
    (store,) = (place / "tokens").iterdir()
    serial = done.stdout.split('serial = "')[1].split('"')[0]
    assert store.name.replace("-", "").endswith(serial)
    assert (place.stat().st_mode & 0o777, (place / "tokens").stat().st_mode & 0o777) == (0o700, 0o700)
    assert f'config = "{place / "softhsm2.conf"}"' in done.stdout


def test_nothing_is_initialised_twice(fresh):
    again = ("token", "init", "--rehearsal", "--json", "--module", module(), "--label", "eve")
    there = ceremony(*again, "--softhsm", str(fresh.directory))
    assert (there.returncode, json.loads(there.stdout)["error"]) == (36, "DirectoryError")
    agent = fresh.login()
    agent.close()


def test_pins_are_asked_twice(tmp_path):
    command = ("token", "init", "--json", "--module", module(), "--label", "ada", "--softhsm", str(tmp_path / "ada"))
    code, said = at_terminal(*command, typed=(NEW_PIN, "another"))
    assert (code, json.loads(said)["error"]) == (75, "AnswerError")
    code, said = at_terminal(*command, typed=(REHEARSAL_SO_PIN, REHEARSAL_SO_PIN))
    assert (code, json.loads(said)["error"]) == (49, "PinRefused")
    assert not (tmp_path / "ada").exists()


def test_a_pin_too_short_leaves_no_directory_behind(tmp_path):
    command = ("token", "init", "--json", "--module", module(), "--label", "ada", "--softhsm", str(tmp_path / "ada"))
    code, said = at_terminal(*command, typed=(NEW_PIN, NEW_PIN, "abc", "abc"))
    assert (code, json.loads(said)["error"]) == (49, "PinRefused")
    assert not (tmp_path / "ada").exists()


def test_no_pin_is_taken_from_a_pipe(tmp_path, fresh):
    command = ("--json", "--module", module())
    init = ceremony("token", "init", *command, "--label", "ada", "--softhsm", str(tmp_path / "ada"), typed=f"{NEW_PIN}\n" * 4)
    pins = f"{REHEARSAL_PIN}\n{NEW_PIN}\n{NEW_PIN}\n"
    change = ceremony("pin", *command, "--config", str(fresh.config), "--serial", fresh.serial, typed=pins)
    assert [(done.returncode, json.loads(done.stdout)["error"]) for done in (init, change)] == [(3, "Owed")] * 2
    assert not (tmp_path / "ada").exists()
    assert opens(fresh, REHEARSAL_PIN)


@pytest.mark.parametrize("label", ["", "x" * 33])
def test_a_label_that_is_none(tmp_path, label):
    command = ("token", "init", "--rehearsal", "--json", "--module", module(), "--label", label, "--softhsm", str(tmp_path / "ada"))
    done = ceremony(*command)
    assert (done.returncode, json.loads(done.stdout)["error"]) == (46, "TokenFault")
    assert not (tmp_path / "ada").exists()


# --- pin ---


def pin(token, *options, typed=()):
    command = ("pin", "--module", module(), "--config", str(token.config), "--serial", token.serial)
    code, said = at_terminal(*command, *options, "--json", typed=typed)
    assert NEW_PIN not in said
    return code, json.loads(said)


def opens(token, typed):
    agent = token.open()
    try:
        ask(agent, m.Login(pin=typed), m.Done)
    except PinWrong:
        return False
    else:
        return True
    finally:
        agent.close()


def test_a_pin_is_changed_by_its_holder(fresh):
    assert pin(fresh, typed=(REHEARSAL_PIN, NEW_PIN, NEW_PIN)) == (0, {"serial": fresh.serial, "pin": "changed"})
    assert (opens(fresh, NEW_PIN), opens(fresh, REHEARSAL_PIN)) == (True, False)


def test_a_pin_is_set_by_the_officer(fresh):
    assert pin(fresh, "--so", typed=(REHEARSAL_SO_PIN, NEW_PIN, NEW_PIN)) == (0, {"serial": fresh.serial, "pin": "set"})
    assert (opens(fresh, NEW_PIN), opens(fresh, REHEARSAL_PIN)) == (True, False)


@pytest.mark.parametrize("options", [(), ("--so",)])
def test_a_wrong_pin_changes_nothing(fresh, options):
    code, said = pin(fresh, *options, typed=("not-this-one", NEW_PIN, NEW_PIN))
    assert (code, said["error"]) == (47, "PinWrong")
    assert opens(fresh, REHEARSAL_PIN)


def test_a_public_pin_is_no_new_pin(fresh):
    code, said = pin(fresh, typed=(NEW_PIN, REHEARSAL_PIN, REHEARSAL_PIN))
    assert (code, said["error"]) == (49, "PinRefused")


@pytest.mark.parametrize("options", [(), ("--so",)])
def test_a_pin_too_short_is_refused_before_the_token_is_asked(fresh, options):
    """The other PIN is wrong, and would cost a try."""
    code, said = pin(fresh, *options, typed=("not-this-one", "abc", "abc"))
    assert (code, said["error"]) == (49, "PinRefused")


def test_a_dry_run_of_pin_asks_nothing(fresh):
    code, said = pin(copy_token(fresh, fresh.directory.parent / "copy"), "--dry-run")
    assert (code, list(said)) == (0, ["would"])
