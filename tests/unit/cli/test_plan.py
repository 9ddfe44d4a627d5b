"""`ceremony plan new|check|show`, driven as users drive them."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from ceremony.acts.words import parse_words
from ceremony.cli import run_command
from ceremony.records.plan_draft import draft_plan
from ceremony.records.plan_text import PLAN_LIMIT, parse_plan, plan_digest


def draft(sites: tuple[str, ...] = ("A", "B", "C", "D", "E", "F", "G"), **changes: Any) -> str:
    facts: dict[str, Any] = {
        "title": "Release keys",
        "rehearsal": True,
        "custodians": [(f"Name {n}", f"Firm {n}", f"Site {site}", f"s{n}", "/hsm.so", f"/t/{n}.conf") for n, site in enumerate(sites, 1)],
        "chain_id": 31337,
        "endpoints": ["http://127.0.0.1:8545"],
        "contract": "deploy",
        "commits": [("model hash", "5" * 64)],
        "expires": "2999-01-01T00:00:00Z",
        "approval_hours": 72,
    }
    return draft_plan(**{**facts, **changes})


WAIVER = '\n[[waiver]]\nrule = "site-blocks"\nsubject = "Site A"\nreason = "Until the second office opens."\ngranted_by = "The board"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "plan.toml"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = run_command(["plan", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


# --- new ---


def test_new_writes_a_draft_that_check_walks_through(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "new", file)
    assert code == 0
    assert "42 things are left to fill in" in out
    assert file.stat().st_mode & 0o777 == 0o600
    code, out, err = run(capsys, "check", file)
    assert (code, out) == (30, "")
    assert err.startswith("PlanError: the plan has 42 problems:\n  line 4: title is empty")
    assert err.count("\n  line ") == 42


def test_new_fills_in_what_the_options_say(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    manifest = tmp_path / "a=b.json"
    manifest.write_bytes(b"manifest" * 100_000)
    code, out, _ = run(
        capsys, "new", file, "--title", 'Keys "2026"', "--rehearsal", "--commit", f"release manifest={manifest}", "--chain-id", 5,
        "--endpoint", "https://one.example", "--endpoint", "https://two.example", "--contract", "0x" + "ab" * 20,
        "--expires", "2030-01-01T00:00:00Z", "--approval-hours", 24, "--json",
    )  # fmt: skip
    assert code == 0
    said = json.loads(out)
    assert (said["written"], said["text"]) == (str(file), file.read_text())
    assert {problem["rule"] for problem in said["problems"]} == {"field-value"}
    text = file.read_text()
    for number in range(1, 8):
        for field in ("name", "affiliation", "site", "serial", "module"):
            text = text.replace(f'{field} = ""', f'{field} = "{field} {number}"', 1)
    plan = parse_plan(text)
    assert (plan.title, plan.rehearsal, plan.approval_hours) == ('Keys "2026"', True, 24)
    assert (plan.chain.id, plan.chain.contract) == (5, "0x" + "ab" * 20)
    assert plan.chain.endpoints == ("https://one.example", "https://two.example")
    digest = hashlib.sha256(b"manifest" * 100_000).hexdigest()
    assert [(commit.name, commit.sha256) for commit in plan.commits] == [("release manifest", digest)]


def test_new_never_overwrites(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("mine")
    code, _, err = run(capsys, "new", file)
    assert code == 36
    assert err.startswith("DirectoryError:")
    assert file.read_text() == "mine"
    link = tmp_path / "link.toml"
    link.symlink_to(tmp_path / "elsewhere.toml")
    assert run(capsys, "new", link)[0] == 36
    assert not (tmp_path / "elsewhere.toml").exists()
    assert run(capsys, "new", tmp_path / "missing" / "plan.toml")[0] == 36


def test_a_dry_run_writes_nothing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "new", file, "--title", "Dry", "--dry-run")
    assert code == 0
    assert out.startswith("# The plan of one key ceremony.")
    assert 'title = "Dry"\n' in out
    code, said, _ = run(capsys, "new", file, "--title", "Dry", "--dry-run", "--json")
    assert (code, json.loads(said)["written"], json.loads(said)["text"]) == (0, None, out)
    assert not file.exists()


@pytest.mark.parametrize(("commit", "code"), [("no-file", 2), ("=file", 2), ("name=", 2), ("name=/no/such/file", 36), ("name=/", 36)])
def test_a_commit_to_nothing(file: Path, capsys: pytest.CaptureFixture[str], commit: str, code: int) -> None:
    assert run(capsys, "new", file, "--commit", commit)[0] == code
    assert not file.exists()


# --- check ---


def test_check_a_sound_plan(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(draft())
    code, out, err = run(capsys, "check", file)
    assert (code, err) == (0, "")
    assert out == (
        f"{file} is in order: Release keys (rehearsal)\n"
        "  any 5 of 7 custodians act, any 3 can halt; may be started until 2999-01-01T00:00:00Z\n"
    )
    code, out, _ = run(capsys, "check", file, "--json")
    assert (code, json.loads(out)) == (
        0,
        {"plan": str(file), "title": "Release keys", "rehearsal": True, "waivers": [], "problems": []},
    )


def test_check_names_everything_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = draft(("A", "A", "A", "D", "E", "F", "G"), expires="2020-01-01T00:00:00Z", chain_id=0).replace('"s7"', '"s1"')
    file.write_text(text)
    lines = text.split("\n")
    expected = [
        ("expired", lines.index('expires = "2020-01-01T00:00:00Z"') + 1),
        ("chain-id", lines.index("id = 0") + 1),
        ("site-blocks", [n for n, line in enumerate(lines, 1) if line == 'site = "Site A"'][2]),
        ("equal-serials", len(lines) - lines[::-1].index('serial = "s1"')),
    ]
    code, out, err = run(capsys, "check", file)
    assert (code, out) == (30, "")
    assert [line.split(":")[0] for line in err.splitlines()[1:-1]] == [f"  line {line}" for _, line in expected]
    assert all(f"[{rule}]; " in line for (rule, _), line in zip(expected, err.splitlines()[1:-1], strict=True))
    code, out, err = run(capsys, "check", file, "--json")
    said = json.loads(out)
    assert (code, err, said["error"], said["exit"]) == (30, "", "PlanError", 30)
    assert [(problem["rule"], problem["line"]) for problem in said["problems"]] == expected
    assert all(set(problem) == {"line", "rule", "reason", "remedy"} and all(problem.values()) for problem in said["problems"])


def test_check_shows_waivers(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(draft(("A", "A", "A", "D", "E", "F", "G")) + WAIVER)
    code, out, _ = run(capsys, "check", file)
    assert code == 0
    assert "WAIVED:     site-blocks for Site A: Until the second office opens. (granted by The board)" in out
    waivers = json.loads(run(capsys, "check", file, "--json")[1])["waivers"]
    assert [(waiver["rule"], waiver["granted_by"]) for waiver in waivers] == [("site-blocks", "The board")]


def test_check_files_that_are_no_plan(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "check", file)
    assert (code, "there is no plan" in err) == (30, True)
    file.write_bytes(b"title = \xff")
    assert run(capsys, "check", file)[0] == 30
    assert run(capsys, "check", tmp_path)[0] == 36
    code, out, _ = run(capsys, "check", file, "--json")
    assert (code, json.loads(out)["error"]) == (30, "PlanError")


@pytest.mark.parametrize("padding", ["#\n", "# é\n", "# 日本\n"])
def test_a_plan_cut_off_at_the_limit_is_never_taken_for_whole(file: Path, capsys: pytest.CaptureFixture[str], padding: str) -> None:
    """Files are read up to a number of bytes: a longer one must be refused, in letters of any width."""
    text = draft()
    file.write_text(text + padding * (PLAN_LIMIT // len(padding.encode())) + '\n[[waiver]]\nrule = "hidden"\n')
    code, _, err = run(capsys, "check", file)
    assert code == 30
    assert "bytes allowed" in err or "not UTF-8" in err


# --- show ---


def test_show_in_plain_words(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = draft(("A", "A", "A", "D", "E", "F", "G"), contract="0x" + "ab" * 20).replace(
        'config = "/t/2.conf"', 'config = "/t/2.conf"\nmark = "/marks/2"'
    )
    file.write_text(text + WAIVER)
    code, out, _ = run(capsys, "show", file)
    assert code == 0
    for line in (
        "Title:      Release keys",
        "Kind:       rehearsal: public PINs are allowed, what comes out is worth nothing elsewhere",
        "Quorum:     any 5 of 7 custodians act, any 3 can halt",
        "  2 Name 2, Firm 2, Site A",
        "    token s2 (sign, shard) through /hsm.so, config /t/2.conf, mark in /marks/2",
        "  site Site A: 4 are left, NOT enough",
        "  site Site D: 6 are left, enough",
        "  any two custodians (21 pairs): enough are left every time",
        f"Chain:      id 31337, contract 0x{'ab' * 20}",
        "  endpoint http://127.0.0.1:8545",
        f"  model hash: SHA-256 {'5' * 64}",
        "Start by:   2999-01-01T00:00:00Z; an act may wait 72 hours of chain time",
        "Follows:    no ceremony before it",
        "Mirror:     none: the transcript is kept on one medium only",
        "WAIVED:     site-blocks for Site A: Until the second office opens. (granted by The board)",
        f"Digest:     0x{plan_digest(text + WAIVER).hex()}",
    ):
        assert line in out.splitlines()
    words = out.splitlines()[-1].removeprefix("In words:")
    assert parse_words(words) == hashlib.sha256(file.read_bytes()).digest()


def test_show_the_real_thing(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = f'previous_head = "0x{"c" * 64}"\nmirror = "/media/second"\n'
    file.write_text(head + draft(rehearsal=False))
    out = run(capsys, "show", file)[1].splitlines()
    assert "Kind:       the real thing" in out
    assert "Chain:      id 31337, a new contract" in out
    assert f"Follows:    0x{'c' * 64}" in out
    assert "Mirror:     /media/second" in out
    assert "Waivers:    none" in out
    file.write_text(file.read_text().replace("rehearsal = false", "rehearsal = true"))
    assert run(capsys, "show", file)[1].splitlines()[-2:] != out[-2:]


def test_show_for_programs(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(draft())
    said = json.loads(run(capsys, "show", file, "--json")[1])
    assert said["digest"] == f"0x{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert parse_words(said["words"]).hex() == said["digest"][2:]
    assert [person["name"] for person in said["plan"]["custodian"]] == [f"Name {n}" for n in range(1, 8)]
    assert len(said["losses"]) == 7 + 21
    assert all(loss["survived"] for loss in said["losses"])


def test_show_refuses_what_check_refuses_but_an_old_plan_may_be_read(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(draft(chain_id=0))
    code, out, err = run(capsys, "show", file)
    assert (code, out) == (30, "")
    assert "[chain-id]" in err
    file.write_text(draft(expires="2020-01-01T00:00:00Z"))
    assert run(capsys, "show", file)[0] == 0
    assert run(capsys, "check", file)[0] == 30


@pytest.mark.parametrize("verb", [(), ("new",), ("check",), ("show",)])
def test_every_verb_has_help_and_an_example(verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *verb, "--help")
    assert code == 0
    assert not verb or f"Example:\n    ceremony plan {verb[0]} plan.toml" in out


def test_nothing_is_left_behind(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "new", file)
    run(capsys, "check", file)
    run(capsys, "show", file)
    assert [path.name for path in file.parent.iterdir()] == ["plan.toml"]
