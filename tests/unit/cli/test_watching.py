"""`ceremony watch` and `ceremony act show` on the command line."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from ceremony.acts.digest import digest
from ceremony.cli import run_command
from ceremony.records.structs import TypedAct
from tests.adversary.played import Played, play
from tests.simulators.chain import SimulatedChain
from tests.simulators.endpoint import served
from tests.unit.verify.test_chain_checks import Later


@pytest.fixture(scope="module")
def played() -> Played:
    return play()


@pytest.fixture
def watch(played, tmp_path, capsys):
    directory = played.write(tmp_path / "copy")
    with ExitStack() as stack:

        def run(*arguments: str, kinds: tuple[type[SimulatedChain], ...] = (SimulatedChain, SimulatedChain)) -> tuple[int, str, str]:
            urls = [stack.enter_context(served(played.endpoint(tmp_path, f"e{number}", kind))) for number, kind in enumerate(kinds)]
            code = run_command(["watch", str(directory), *(part for url in urls for part in ("--rpc", url)), *arguments])
            out, err = capsys.readouterr()
            return code, out, err

        yield run


def test_one_look_at_which_all_is_well(watch):
    code, out, _ = watch("--once", "--json")
    assert (code, json.loads(out)["alarm"], json.loads(out)["acts"]) == (0, None, 1)
    code, out, _ = watch("--once", "--need", "1", kinds=(SimulatedChain,))
    assert code == 0
    assert "acts 1, epoch 1" in out


def test_an_alarm_is_a_json_line_an_exit_code_and_a_program_that_gets_the_line(watch, tmp_path):
    program, told = tmp_path / "page", tmp_path / "told"
    program.write_text(f"#!/bin/sh\ncat > {told}\n")
    program.chmod(0o755)
    code, out, _ = watch("--interval", "0.1", "--on-alarm", str(program), kinds=(Later, Later))
    assert code == 81
    line = json.loads(out.splitlines()[-1])
    assert (line["alarm"], line["exit"]) == ("UnknownAct", 81)
    assert json.loads(told.read_text()) == line


def test_a_program_that_cannot_be_run_hides_no_alarm(watch, tmp_path):
    code, out, err = watch("--once", "--on-alarm", str(tmp_path / "nothing"), kinds=(Later, Later))
    assert (code, json.loads(out)["alarm"]) == (81, "UnknownAct")
    assert "could not be run: FileNotFoundError" in err
    code, _, err = watch("--once", "--on-alarm", "false", kinds=(Later, Later))
    assert code == 81
    assert "ended with exit code 1" in err


def test_a_dry_run_runs_no_program(watch, tmp_path):
    code, _, err = watch("--dry-run", "--on-alarm", f"touch {tmp_path / 'touched'}", kinds=(Later, Later))
    assert code == 81
    assert "Would run: touch" in err
    assert not (tmp_path / "touched").exists()


def test_endpoints_that_contradict_each_other_are_an_alarm_with_their_answers(watch):
    code, out, _ = watch("--once", kinds=(SimulatedChain, Later))
    assert code == 73
    assert len(json.loads(out)["said"]) == 2


def test_an_endpoint_that_is_down_is_an_alarm_only_when_it_stays_so(watch, played, tmp_path, capsys):
    directory = played.write(tmp_path / "other")
    code = run_command(["watch", str(directory), "--rpc", "http://127.0.0.1:1", "--need", "1", "--interval", "0.1"])
    out, err = capsys.readouterr()
    assert (code, json.loads(out)["alarm"]) == (66, "ChainUnreachable")
    assert err.count("trying again") == 2


def test_an_act_in_a_file_is_shown(played, tmp_path, capsys):
    directory = played.write(tmp_path / "copy")
    assert run_command(["act", "show", str(directory), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    file = tmp_path / "act.json"
    message, domain = shown["typed"]["message"], shown["typed"]["domain"]
    act = TypedAct.model_validate(
        {
            "domain": {"name": domain["name"], "chain_id": domain["chainId"], "contract": domain["verifyingContract"], "salt": None},
            "struct": {
                "type": "Genesis",
                "plan_digest": message["planDigest"],
                "sequence": message["seq"],
                **{name: message[name] for name in ("root", "size", "epoch", "deadline", "head")},
            },
        }
    )
    file.write_bytes(act.encode() + b"\n")
    assert "0x" + digest(act).hex() == shown["digest"]
    assert run_command(["act", "show", str(file)]) == 0
    assert shown["digest"] in capsys.readouterr().out


@pytest.mark.parametrize(("content", "code"), [(b"{}", 32), (b"\xff", 32)])
def test_a_file_that_holds_no_act(tmp_path: Path, content, code, capsys):
    (tmp_path / "act.json").write_bytes(content)
    assert run_command(["act", "show", str(tmp_path / "act.json")]) == code
    assert capsys.readouterr().err
