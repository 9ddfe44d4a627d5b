"""Sealing at the command line: public data only, streams, files that are never overwritten, and what is said about them."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from ceremony.cli import run_command
from ceremony.cli.sealing import open_source, write_stream
from ceremony.cli.unsealing import standing
from ceremony.cli.wiring import CUSTODY
from ceremony.custody.sealed import parse_header
from ceremony.errors import AnswerError, DirectoryError, DiskError, OpeningError, OutOfTurn, Owed, RecordError, TranscriptError
from ceremony.records.custody_entries import CustodyEntry, CustodyOpened, HoldingFailed, HoldingProven
from ceremony.transcript.journal import TRANSCRIPT, Journal, read_book
from tests.simulators.stages import Stage, ceremony_at

POINT, ONES = "0x04" + "11" * 64, "0x" + "11" * 32


@pytest.fixture
def closed(tmp_path):
    return str(ceremony_at(Stage.CLOSED, tmp_path).directory)


@pytest.fixture
def plain(tmp_path):
    path = tmp_path / "list.txt"
    path.write_bytes(b"a line\n" * 20_000)
    return str(path)


def test_the_master_key_as_a_file_and_the_directory_seal_alike(closed, plain, tmp_path, capsys):
    assert run_command(["master", closed, "-o", str(tmp_path / "master.pub"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["n"], shown["k"], len(shown["commitments"])) == (7, 5, 5)
    headers = []
    for place in (closed, str(tmp_path / "master.pub")):
        sealed = str(tmp_path / f"sealed{len(headers)}")
        assert run_command(["seal", "--master", place, plain, "-o", sealed, "--json"]) == 0
        headers.append(json.loads(capsys.readouterr().out))
        assert run_command(["envelope", "show", sealed, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == headers[-1]
    assert headers[0]["ceremony"] == headers[1]["ceremony"] == shown["ceremony"]
    assert headers[0]["point"] != headers[1]["point"]


def test_what_a_sealed_file_says_of_itself(closed, plain, tmp_path, capsys):
    sealed = str(tmp_path / "sealed")
    assert run_command(["seal", "--master", closed, plain, "-o", sealed, "--description", "the payroll"]) == 0
    said = capsys.readouterr().out
    assert "Envelope:  the payroll (140000 bytes, sealed 20" in said
    assert run_command(["envelope", "show", sealed]) == 0
    assert capsys.readouterr().out == said
    assert run_command(["unseal", sealed, closed, "-o", str(tmp_path / "out"), "--reason", "audit", "--dry-run"]) == 0
    preview = capsys.readouterr().out
    assert preview.startswith(said.rstrip("\n"))
    assert "Reason:    audit" in preview
    assert "custodian 7 Gus, until 5 have answered rightly" in preview
    named = ["--dry-run", "--custodian", "Finn", "--custodian", "Ada"]
    assert run_command(["unseal", sealed, closed, "-o", str(tmp_path / "out"), "--reason", "audit", *named]) == 0
    assert capsys.readouterr().out.endswith("Asked:     custodian 1 Ada, custodian 6 Finn\n")


def test_standard_input_and_output_are_streams(closed, tmp_path):
    command = [sys.executable, "-P", "-m", "ceremony", "seal", "--master", closed, "-", "-o", "-"]
    ended = subprocess.run(command, input=b"x" * 300_000, capture_output=True, check=False)
    assert ended.returncode == 0
    assert b"standard input (of unknown size" in ended.stderr
    source = io.BytesIO(ended.stdout)
    assert parse_header(source).envelope.dealing == 1
    assert len(source.read()) == 16 + 300_000 + 5 * 16


def test_a_reader_that_goes_away_is_named_and_no_fault_of_the_tool(closed, tmp_path):
    (tmp_path / "large").write_bytes(bytes(1 << 20))
    command = f"{sys.executable} -P -m ceremony seal --master {closed} {tmp_path / 'large'} -o - | head -c 1; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert ended.returncode in {DirectoryError.exit_code, DiskError.exit_code}
    assert "standard output" in ended.stderr
    assert "unforeseen" not in ended.stderr


def test_a_pipe_has_no_size_yet(closed, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    Thread(target=lambda: (tmp_path / "pipe").write_bytes(b"secret")).start()
    assert run_command(["seal", "--master", closed, str(tmp_path / "pipe"), "-o", str(tmp_path / "sealed")]) == 0
    assert "pipe (of unknown size, sealed" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["master", "seal", "unseal"])
def test_nothing_is_overwritten(closed, plain, tmp_path, verb):
    sealed = str(tmp_path / "sealed")
    run_command(["seal", "--master", closed, plain, "-o", sealed])
    there = tmp_path / "there"
    there.write_bytes(b"mine")
    arguments = {
        "master": ["master", closed],
        "seal": ["seal", "--master", closed, plain],
        "unseal": ["unseal", sealed, closed, "--reason", "audit"],
    }[verb]
    assert run_command([*arguments, "-o", str(there)]) == DirectoryError.exit_code
    assert there.read_bytes() == b"mine"
    assert run_command([*arguments, "-o", str(tmp_path / "nowhere" / "file")]) == DirectoryError.exit_code


@pytest.mark.parametrize("verb", ["master", "seal", "unseal"])
def test_no_file_beside_the_new_one_is_touched(closed, plain, tmp_path, verb):
    out = tmp_path / "keep"
    (tmp_path / "keep.new").write_bytes(b"mine")
    (tmp_path / "keep.part").symlink_to(tmp_path / "nowhere")
    before = set(tmp_path.iterdir())
    if verb == "unseal":  # the last step of it: the rest needs five people
        write_stream(str(out), iter((b"plain", b"text")))
    else:
        assert run_command([verb, *([closed] if verb == "master" else ["--master", closed, plain]), "-o", str(out)]) == 0
    assert set(tmp_path.iterdir()) == {*before, out}
    assert (tmp_path / "keep.new").read_bytes() == b"mine"
    assert (tmp_path / "keep.part").is_symlink()


def test_what_does_not_become_whole_is_gone_and_what_a_kill_leaves_is_for_its_owner_alone(tmp_path):
    out = tmp_path / ("o" * 250)

    def broken(end):
        yield b"half a plaintext"
        end()

    def refuse():
        raise RecordError("changed")

    with pytest.raises(RecordError):
        write_stream(str(out), broken(refuse))
    assert list(tmp_path.iterdir()) == []
    child = os.fork()
    if not child:
        write_stream(str(out), broken(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(r"\.o{200}\.[0-9a-f]{16}\.part", left.name)
    assert (left.stat().st_mode & 0o777, left.read_bytes()) == (0o600, b"half a plaintext")


@pytest.mark.parametrize("text", ["a\nb", "x" * 300, "gnp.\u202etxt", "\udcff", " "])
@pytest.mark.parametrize("verb", ["seal", "adopt"])
def test_what_nobody_could_read_is_no_description(closed, plain, tmp_path, capsys, verb, text):
    out = tmp_path / "out"
    assert run_command([verb, "--master", closed, plain, "-o", str(out), "--description", text]) == AnswerError.exit_code
    said = capsys.readouterr().err
    assert "the description must be one line of at most 150 printable characters" in said
    assert "--description" in said
    assert not out.exists()


@pytest.mark.parametrize("name", [b"a\nb", b"\xff\xfe", b"x" * 200, "\u202e".encode()])
@pytest.mark.parametrize("verb", ["seal", "adopt"])
def test_a_file_whose_name_says_nothing_needs_a_description(closed, tmp_path, capsys, verb, name):
    source, out = os.fsdecode(os.fsencode(tmp_path) + b"/" + name), tmp_path / "out"
    Path(source).write_bytes(b"a secret")
    command = [verb, "--master", closed, source, "-o", str(out)]
    assert run_command(command) == AnswerError.exit_code
    assert "next: Say what it holds with --description TEXT." in capsys.readouterr().err
    assert run_command([*command, "--description", "a  key"]) == 0
    assert "a key (8 bytes, sealed" in capsys.readouterr().out


def test_a_name_from_another_system_is_written_as_ours(closed, tmp_path, capsys):
    (tmp_path / "cle\u0301").write_bytes(b"a secret")
    assert run_command(["seal", "--master", closed, str(tmp_path / "cle\u0301"), "-o", str(tmp_path / "out")]) == 0
    assert "Envelope:  cl\u00e9 (8 bytes" in capsys.readouterr().out


def test_what_is_refused_has_a_name(closed, plain, tmp_path):
    sealed = str(tmp_path / "sealed")
    run_command(["seal", "--master", closed, plain, "-o", sealed])
    out = ["-o", str(tmp_path / "out")]
    early = str(ceremony_at(Stage.APPROVED, tmp_path / "early").directory)
    assert run_command(["seal", "--master", early, plain, *out]) == OutOfTurn.exit_code
    assert run_command(["seal", "--master", plain, plain, *out]) == RecordError.exit_code
    assert run_command(["seal", "--master", str(tmp_path / "none"), plain, *out]) == DirectoryError.exit_code
    assert run_command(["seal", "--master", closed, str(tmp_path / "none"), *out]) == DirectoryError.exit_code
    assert run_command(["seal", "--master", closed, str(tmp_path), *out]) == DirectoryError.exit_code
    assert run_command(["envelope", "show", plain]) == RecordError.exit_code
    assert run_command(["unseal", plain, closed, *out, "--reason", "audit"]) == RecordError.exit_code
    assert run_command(["unseal", sealed, closed, *out, "--reason", "\t"]) == AnswerError.exit_code
    assert run_command(["unseal", sealed, closed, *out, "--reason", "audit"]) == Owed.exit_code  # nobody sits at a terminal here
    assert not (tmp_path / "out").exists()


def test_whatever_file_is_wrong_is_named(closed, plain, tmp_path, capsys):
    out, some = ["-o", str(tmp_path / "out")], tmp_path / "some directory"
    some.mkdir()
    capsys.readouterr()
    assert run_command(["seal", "--master", closed, str(some), *out]) == DirectoryError.exit_code
    assert capsys.readouterr().err.startswith(f"DirectoryError: {some}: Is a directory\n")
    for command in (
        ["seal", "--master", plain, plain, *out],
        ["envelope", "show", plain],
        ["envelope", "register", closed, plain],
        ["unseal", plain, closed, *out, "--reason", "audit"],
        ["unseal", plain, closed, *out, "--reason", "audit", "--dry-run"],
        ["unseal", "request", plain, closed, *out, "--reason", "audit", "--requester", "Ada"],
    ):
        assert run_command(command) == RecordError.exit_code
        said = capsys.readouterr().err
        assert said.startswith(f"RecordError: {plain}: ")
        assert "next: Name a " in said
    assert not (tmp_path / "out").exists()


def test_a_file_of_another_ceremony_is_refused_before_anybody_is_asked(closed, plain, tmp_path, capsys):
    sealed = tmp_path / "sealed"
    run_command(["seal", "--master", closed, plain, "-o", str(sealed)])
    run_command(["master", closed, "-o", str(tmp_path / "master.pub")])
    master = json.loads((tmp_path / "master.pub").read_text())
    (tmp_path / "foreign.pub").write_text(json.dumps({**master, "ceremony": ONES}, sort_keys=True, separators=(",", ":")))
    foreign = str(tmp_path / "foreign")
    assert run_command(["seal", "--master", str(tmp_path / "foreign.pub"), plain, "-o", foreign]) == 0
    arguments = ["unseal", foreign, closed, "-o", str(tmp_path / "out"), "--reason", "audit"]
    assert run_command([*arguments, "--dry-run"]) == OpeningError.exit_code
    assert "not to this one" in capsys.readouterr().err


def test_a_sealed_file_is_registered_once(closed, plain, tmp_path, capsys):
    sealed = str(tmp_path / "sealed")
    run_command(["seal", "--master", closed, plain, "-o", sealed])
    capsys.readouterr()
    assert run_command(["envelope", "register", closed, sealed, "--dry-run"]) == 0
    assert not (Path(closed) / CUSTODY).exists()
    capsys.readouterr()
    for new in (True, False):
        assert run_command(["envelope", "register", closed, sealed, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"registered": new}
    book = read_book(Path(closed) / CUSTODY / TRANSCRIPT, CustodyEntry)
    with open_source(sealed) as source:
        assert book.entries[-1].body.sealed == parse_header(source).sealed
    assert len(book) == 2


# --- who proved when ---


def noted(closed, at, *bodies):
    """A custody journal with these entries, all written at one time."""
    place, book = Path(closed) / CUSTODY, read_book(Path(closed) / TRANSCRIPT)
    if not place.exists():
        opened = CustodyOpened(ceremony=book.entries[0].body.ceremony, size=len(book), root="0x" + book.root().hex())
        bodies = (opened, *bodies)
    with Journal(place, lambda: at, create=not place.exists(), kind=CustodyEntry) as journal:
        for body in bodies:
            journal.append(body, lambda _entry: None)


def test_a_journal_of_another_transcript_is_refused(closed, capsys):
    place = Path(closed) / CUSTODY
    with Journal(place, lambda: "2020-01-01T00:00:00Z", create=True, kind=CustodyEntry) as journal:
        journal.append(CustodyOpened(ceremony=ONES, size=1, root=ONES), lambda _entry: None)
    assert run_command(["prove", closed, "--dry-run"]) == TranscriptError.exit_code
    assert "custody entry 0" in capsys.readouterr().err


def proof(index):
    return HoldingProven(custodian=index, point=POINT, nonce=ONES, answer=ONES)


def test_proofs_age_and_a_failure_takes_the_last_one_back(closed):
    directory = Path(closed)
    assert standing(directory, None).fresh == 7  # each proved it to every other in the ceremony
    noted(closed, "2020-01-01T00:00:00Z", *(proof(index) for index in range(1, 8)))
    assert (standing(directory, None).fresh, standing(directory, 365).fresh) == (7, 0)
    assert standing(directory, 365).exit_code == Owed.exit_code
    noted(closed, "2999-01-01T00:00:00Z", *(proof(index) for index in (1, 2, 3, 4, 5)))
    assert (standing(directory, 1).fresh, standing(directory, 1).exit_code) == (5, 0)
    noted(closed, "2999-01-02T00:00:00Z", HoldingFailed(custodian=4, error="PinWrong"))
    assert standing(directory, 1).fresh == 5
    noted(closed, "2999-01-02T00:00:00Z", HoldingFailed(custodian=3, error="TokenLied"))
    after = standing(directory, 1)
    assert (after.fresh, after.exit_code, after.as_json()["margin"]) == (4, Owed.exit_code, -1)
    assert after.lines()[-1] == "4 hold their shards by proof in the last 1 days; 5 are needed, margin -1"
    assert after.lines()[2] == "custodian 3 Cleo: FAILED to prove it, 2999-01-02T00:00:00Z: TokenLied"
    assert standing(directory, None).exit_code == 0
