"""Opening over several places at the command line: files, words that a person keeps, and what is refused by name."""

import io
import json
import os
import sys
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

from ceremony.acts.words import encode_words
from ceremony.cli import run_command
from ceremony.cli.people import Terminal
from ceremony.cli.sealing import read_header
from ceremony.conductor.requests import answer as answer_in
from ceremony.errors import AnswerError, DirectoryError, OpeningError, OutOfTurn, Owed, RecordError, RequestRefused
from ceremony.records.unseal_files import UnsealRequest
from ceremony.shards.reply import SECRET_BYTES
from tests.simulators.custody import custody
from tests.simulators.stages import Stage, ceremony_at

WORDS = encode_words(bytes(range(40, 40 + SECRET_BYTES)))
PLAIN = b"a line\n" * 20_000


def answers(**given):
    """An inherited pipe with a rehearsal's answers."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps({"yes": True, **given}).encode())
    os.close(writing)
    return ["--answers-fd", str(reading)]


@pytest.fixture
def closed(tmp_path):
    return str(ceremony_at(Stage.CLOSED, tmp_path / "here").directory)


@pytest.fixture
def sealed(closed, tmp_path):
    (tmp_path / "list.txt").write_bytes(PLAIN)
    assert run_command(["seal", "--master", closed, str(tmp_path / "list.txt"), "-o", str(tmp_path / "sealed")]) == 0
    return str(tmp_path / "sealed")


@pytest.fixture
def asked(closed, sealed, tmp_path, capsys):
    """A request, made with these words."""
    made = str(tmp_path / "request")
    arguments = ["unseal", "request", sealed, closed, "-o", made, "--reason", "audit", "--requester", "Ada"]
    capsys.readouterr()
    assert run_command([*arguments, *answers(words=WORDS)]) == 0
    return made


@pytest.fixture
def came_back(asked, tmp_path):
    """Six answers, each from a place of its own (simulated tokens are behind no module, so not by the command)."""
    request, paths = UnsealRequest.parse(Path(asked).read_bytes().removesuffix(b"\n")), []
    for index in (1, 2, 3, 5, 6, 7):
        with custody(tmp_path / f"place {index}") as there:
            paths.append(tmp_path / f"{index}.answer")
            paths[-1].write_bytes(answer_in(there, request, index).encode() + b"\n")
    return [str(path) for path in paths]


def test_words_and_answers_open_it(closed, sealed, asked, came_back, tmp_path, capsys):
    command = ["unseal", "combine", asked, sealed, closed, *came_back[1:], "-o", str(tmp_path / "out")]
    capsys.readouterr()
    assert run_command([*command, "--dry-run"]) == 0
    assert capsys.readouterr().out.endswith("custodian 7 Gus: has answered\n5 of 5 needed answers\n")
    assert run_command([*command, *answers(words=WORDS), "--json"]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["custodians"][0] == "custodian 2 Ben"
    assert outcome["wrong"] == []
    assert (tmp_path / "out").read_bytes() == PLAIN
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    assert run_command(command) == DirectoryError.exit_code  # nothing is overwritten
    assert (Path(closed) / "custody" / "transcript").read_text().count('"kind":"answers_combined"') == 1


def test_what_the_requester_and_the_custodian_read(closed, sealed, asked, tmp_path, capsys):
    said = capsys.readouterr().out
    assert said.startswith("Request:   0x")
    assert f"Send {asked} to custodian 1 Ada, " in said
    assert WORDS not in said
    assert run_command(["unseal", "answer", asked, closed, "--custodian", "Cleo", "-o", str(tmp_path / "a"), "--dry-run"]) == 0
    read = capsys.readouterr().out
    assert said.splitlines()[1] in read
    assert "Asked by:  Ada" in read
    assert "Reason:    audit" in read
    assert run_command(["unseal", "request", sealed, closed, "-o", "x", "--reason", "audit", "--requester", "Ada", "--dry-run"]) == 0
    assert "Asked by:  Ada" in capsys.readouterr().out
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (" ".join(WORDS.split()[:15]), "gave 15 words; 16 were shown"),
        (WORDS.replace(WORDS.split()[2], "bleubird", 1), "word 3 cannot be right"),
        (" ".join(WORDS.split()[1:]), "word 1 cannot be right"),
        ("aardvark " * 2000, "the words cannot be right"),
        (encode_words(bytes(SECRET_BYTES)), "not the words that were shown"),
    ],
)
def test_wrong_words_are_named_and_never_repeated(closed, sealed, asked, came_back, tmp_path, capsys, words, said):
    command = ["unseal", "combine", asked, sealed, closed, *came_back, "-o", str(tmp_path / "out")]
    capsys.readouterr()
    assert run_command([*command, *answers(words=words)]) == AnswerError.exit_code
    shown = capsys.readouterr()
    assert said in shown.err
    assert ("type the words as they were shown" in shown.err) == ("words that were shown" not in said)
    assert not [word for word in words.split() if f" {word} " in f"{shown.out}{shown.err}"]
    assert not (tmp_path / "out").exists()
    assert run_command([*command, *answers()]) == AnswerError.exit_code
    assert "the answers hold no words of Ada" in capsys.readouterr().err


def test_files_that_do_not_belong_here_are_named(closed, sealed, asked, came_back, tmp_path, capsys):
    out = ["-o", str(tmp_path / "out")]
    other = str(tmp_path / "other")
    making = ["unseal", "request", sealed, closed, "--reason", "audit", "--requester", "Ada", "-o"]
    assert run_command([*making, other, *answers(words=WORDS)]) == 0
    assert run_command([*making, other, *answers(words=WORDS)]) == DirectoryError.exit_code
    for request, files, kind, named in (
        (other, came_back, RequestRefused, came_back[0]),
        (asked, [*came_back, came_back[2]], RequestRefused, "custodian 3 answered twice"),
        (asked, [came_back[0], asked], RecordError, asked),
        (came_back[0], came_back, RecordError, came_back[0]),
        (asked, [str(tmp_path / "none")], DirectoryError, "none"),
    ):
        capsys.readouterr()
        assert run_command(["unseal", "combine", request, sealed, closed, *files, *out]) == kind.exit_code
        assert named in capsys.readouterr().err


def test_four_answers_leave_it_closed_and_the_journal_says_so(closed, sealed, asked, came_back, tmp_path, capsys):
    command = ["unseal", "combine", asked, sealed, closed, *came_back[:4], "-o", str(tmp_path / "out"), *answers(words=WORDS)]
    assert run_command(command) == OpeningError.exit_code
    assert "Wait for more answers" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert '"kind":"combine_failed"' in (Path(closed) / "custody" / "transcript").read_text()


def test_what_is_refused_before_anybody_is_asked(closed, sealed, asked, tmp_path):
    out = ["-o", str(tmp_path / "out")]
    request = ["unseal", "request", sealed, closed, "--reason", "audit", "--requester", "Ada", *out]
    assert run_command(request) == Owed.exit_code  # nobody sits at a terminal here
    assert run_command([*request, "--custodian", "Ben"]) == OpeningError.exit_code
    assert run_command([*request[:5], "", *request[6:]]) == AnswerError.exit_code
    early = str(ceremony_at(Stage.APPROVED, tmp_path / "early").directory)
    assert run_command(["unseal", "answer", asked, early, "--custodian", "Cleo", *out]) == OutOfTurn.exit_code
    assert run_command(["unseal", "answer", sealed, closed, "--custodian", "Cleo", *out]) == RecordError.exit_code
    assert run_command(["unseal", "answer", asked, closed, "--custodian", "Cleo", *out]) == Owed.exit_code
    assert not (tmp_path / "out").exists()


def test_a_sealer_who_is_not_trusted_is_announced(closed, sealed, capsys):
    command = ["unseal", sealed, closed, "-o", "out", "--reason", "audit", "--untrusted-sealer", "--dry-run"]
    capsys.readouterr()
    assert run_command(command) == 0
    assert capsys.readouterr().out.endswith("Sealer:    not trusted; 5 of them approve the header first\n")
    assert run_command([one for one in command if one != "--dry-run"]) == Owed.exit_code


def test_a_file_called_like_a_verb_is_opened_by_its_path(closed, sealed, tmp_path, monkeypatch, capsys):
    Path(sealed).rename(tmp_path / "request")
    monkeypatch.chdir(tmp_path)
    command = ["./request", closed, "-o", "out", "--reason", "audit", "--dry-run"]
    assert run_command(["unseal", *command]) == 0
    assert "Reason:    audit" in capsys.readouterr().out
    assert run_command(["unseal", *command[2:], *command[:2]]) == 0  # options first, as ever


# --- the terminal ---


@contextmanager
def terminal(monkeypatch, typed, *, stderr=True):
    """Standard input that is a terminal with these lines to come; standard error is one too, or is not."""

    class Tty(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Tty("".join(f"{line}\n" for line in typed)))
    shown = Tty() if stderr else io.StringIO()
    monkeypatch.setattr("sys.stderr", shown)
    yield Terminal(rehearsal=False), shown


def test_a_secret_is_shown_once_as_numbered_words(monkeypatch):
    secret = bytes(range(SECRET_BYTES))
    with terminal(monkeypatch, ["Yes"]) as (people, shown):
        assert people.keep_secret("Ada", secret) == secret
    words = encode_words(secret).split()
    assert [f"{place:2}  {word}" in shown.getvalue() for place, word in enumerate(words, 1)] == [True] * SECRET_BYTES


def test_the_words_are_typed_without_echo():
    program = "from ceremony.cli.people import Terminal; print(Terminal(rehearsal=False).secret('Ada', 16).hex())"
    child = pexpect.spawn(sys.executable, ["-P", "-c", program], timeout=60, encoding="utf-8")
    child.logfile_read = io.StringIO()
    child.expect("Ada: the 16 words that were shown with the request .not shown.: ")
    assert child.waitnoecho(10)
    child.sendline(WORDS.lower())
    child.expect(bytes(range(40, 40 + SECRET_BYTES)).hex())
    child.expect(pexpect.EOF)
    child.close()
    said = child.logfile_read.getvalue().lower().split()
    assert not [word for word in WORDS.lower().split() if word in said]


def test_a_secret_goes_to_no_file_or_pipe(monkeypatch):
    with terminal(monkeypatch, ["Yes"], stderr=False) as (people, shown), pytest.raises(Owed, match="must be shown at a terminal"):
        people.keep_secret("Ada", bytes(SECRET_BYTES))
    assert "aardvark" not in shown.getvalue()


def test_the_header_in_a_request_is_the_files(asked, sealed):
    request = UnsealRequest.parse(Path(asked).read_bytes().removesuffix(b"\n"))
    assert request.header == read_header(sealed).envelope
