"""Adopting at the command line: what people type is hidden and checked, what comes out only five tokens open, and the secret is nowhere."""

import base64
import contextlib
import fcntl
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest
from shamir_mnemonic import generate_mnemonics

from ceremony.cli import run_command
from ceremony.conductor.custody import unseal
from ceremony.custody.sealed import parse_header
from ceremony.custody.stream import open_stream
from ceremony.errors import AdoptionError, AnswerError, Declined, DirectoryError, Owed
from tests.simulators.custody import ALL, custody

SECRET = b"Tr0ub4dor&3 is a canary, not art"
PHRASE = "swordfish"
MNEMONICS = generate_mnemonics(1, [(3, 5)], SECRET, PHRASE.encode(), iteration_exponent=0)[0]
PRIME = 2**256 + 297
OLD = [f"{x}-{(int.from_bytes(SECRET, 'big') + 12345 * x + pow(7, 90) * x * x) % PRIME:x}" for x in range(1, 6)]
COMMAND = [sys.executable, "-P", "-m", "ceremony"]


@pytest.fixture
def here(tmp_path):
    """A closed simulated ceremony, to seal to and to open with."""
    with custody(tmp_path) as found:
        yield found


@pytest.fixture
def place(here, tmp_path):
    return str(tmp_path / "ceremony")


@contextlib.contextmanager
def answers(**given):
    """The number of a pipe that gives these answers."""
    reading, writing = os.pipe()
    os.write(writing, json.dumps(given).encode())
    os.close(writing)
    yield ["--answers-fd", str(reading)]


def opened(here, file):
    """What five tokens bring back."""
    source = io.BytesIO(Path(file).read_bytes())
    parsed = parse_header(source)
    key, _ = unseal(here, parsed.sealed, "audit", ALL)
    parsed.require_authentic(key)
    return b"".join(open_stream(key, source))


def shapes(secret):
    """How the secret could stand somewhere: as it is, backwards, in hex, in base64, as a number, as Python keeps a number."""
    number = int.from_bytes(secret, "big")
    limbs = b"".join((number >> 30 * at & (1 << 30) - 1).to_bytes(4, "little") for at in range(-(-number.bit_length() // 30)))
    text = secret.hex()
    return [secret, secret[::-1], text.encode(), text.upper().encode(), base64.b64encode(secret)[:-4], str(number).encode(), limbs]


def hits(data, secret=SECRET):
    return [shape for shape in shapes(secret) if shape in data]


def test_the_shapes_are_found_where_they_are():
    assert len(hits(b" ".join(shapes(SECRET)))) == len(shapes(SECRET))
    assert not hits(b"nothing of the kind")


# --- from a file or a pipe ---


def test_a_secret_in_a_file_is_adopted_as_it_is(here, place, tmp_path, capsys):
    file, out = tmp_path / "root.key", tmp_path / "out"
    file.write_bytes(SECRET)
    assert run_command(["adopt", "--master", place, str(file), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert "Envelope:  adopted from root.key (32 bytes, sealed 20" in said
    assert said.endswith("Before you destroy what it came from, open the sealed file once with five tokens, and compare.\n")
    assert out.stat().st_mode & 0o777 == 0o600
    assert opened(here, out) == SECRET


def test_standard_input_and_output(here, place, tmp_path):
    ended = subprocess.run([*COMMAND, "adopt", "--master", place, "-", "-o", "-", "--json"], input=SECRET, capture_output=True, check=False)
    assert ended.returncode == 0
    assert json.loads(ended.stderr)["description"].startswith("adopted from standard input (32 bytes")
    (tmp_path / "out").write_bytes(ended.stdout)
    assert opened(here, tmp_path / "out") == SECRET
    assert not hits(ended.stdout + ended.stderr)


@pytest.mark.parametrize(
    ("held", "code", "what"),
    [
        (None, DirectoryError, "No such file"),
        (b"", AdoptionError, "it is empty"),
        (bytes(1 << 15), AdoptionError, "more than 16384"),
        ("a directory", DirectoryError, "Is a directory"),
    ],
)
def test_a_file_that_is_none_or_of_no_usable_size(place, tmp_path, capsys, held, code, what):
    if held == "a directory":
        (tmp_path / "key").mkdir()
    elif held is not None:
        (tmp_path / "key").write_bytes(held)
    assert run_command(["adopt", "--master", place, str(tmp_path / "key"), "-o", str(tmp_path / "out")]) == code.exit_code
    assert what in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


# --- from shares, in a rehearsal's answers ---


def test_mnemonics_from_answers(here, place, tmp_path, capsys):
    out = str(tmp_path / "out")
    with answers(shares=[MNEMONICS[4], MNEMONICS[0], MNEMONICS[2]], passphrase=PHRASE) as pipe:
        assert run_command(["adopt", "--master", place, "--slip39", "-o", out, "--description", "the wallet", *pipe]) == 0
    said = capsys.readouterr()
    assert "mnemonic 3: group 1, 3 of 3 of it; 1 of 1 groups complete" in said.err
    assert "Envelope:  the wallet (32 bytes" in said.out
    assert "Nothing can tell a wrong passphrase from the right one" in said.out
    assert opened(here, out) == SECRET


@pytest.mark.parametrize(
    ("shares", "what"),
    [
        ([MNEMONICS[0], MNEMONICS[0]], "mnemonic 2: it is mnemonic 1 once more"),
        ([MNEMONICS[0].replace(MNEMONICS[0].split()[7], "abacus")], "mnemonic 1: word 8 is none of SLIP-39's"),
        (["\u00e4 b"], "mnemonic 1: it has characters that no mnemonic has"),
        (MNEMONICS[:2], "too few mnemonics: 2 given"),
        ([], "too few mnemonics: 0 given"),
    ],
)
def test_wrong_mnemonics_from_answers_end_it(place, tmp_path, capsys, shares, what):
    with answers(shares=shares, passphrase=PHRASE) as pipe:
        code = run_command(["adopt", "--master", place, "--slip39", "-o", str(tmp_path / "out"), *pipe])
    assert code == AdoptionError.exit_code
    said = capsys.readouterr().err
    assert what in said
    assert not {word for word in MNEMONICS[0].split() if len(word) > 7} & set(said.split())
    assert not (tmp_path / "out").exists()


def test_answers_without_shares_or_outside_a_rehearsal_are_refused(place, tmp_path, capsys):
    with answers(passphrase=PHRASE) as pipe:
        assert run_command(["adopt", "--master", place, "--slip39", "-o", str(tmp_path / "out"), *pipe]) == AnswerError.exit_code
    assert "no list of shares" in capsys.readouterr().err
    assert run_command(["master", place, "-o", str(tmp_path / "master.pub")]) == 0
    with answers(shares=MNEMONICS[:3]) as pipe:
        key = str(tmp_path / "master.pub")
        assert run_command(["adopt", "--master", key, "--slip39", "-o", str(tmp_path / "out"), *pipe]) == AnswerError.exit_code
    assert "for rehearsals only" in capsys.readouterr().err


def test_old_share_strings_agree_or_are_sealed_only_on_an_exact_yes(here, place, tmp_path, capsys):
    command = ["adopt", "--master", place, "--secretsharing", "3", "--size", "32", "-o"]
    with answers(shares=OLD[:4]) as pipe:
        assert run_command([*command, str(tmp_path / "agree"), *pipe]) == 0
    assert "All shares agree" in capsys.readouterr().out
    with answers(shares=OLD[2:]) as pipe:
        assert run_command([*command, str(tmp_path / "no"), *pipe]) == Declined.exit_code
    assert "their format has no checksum" in capsys.readouterr().err
    with answers(shares=OLD[2:], yes=True) as pipe:
        assert run_command([*command, str(tmp_path / "yes"), *pipe]) == 0
    assert "nothing will say so" in capsys.readouterr().out
    with answers(shares=[*OLD[:3], "4-abcdef", OLD[4]], yes=True) as pipe:
        assert run_command([*command, str(tmp_path / "wrong"), *pipe]) == AdoptionError.exit_code
    assert "who or what: share 4\n" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["agree", "yes"]
    assert opened(here, tmp_path / "agree") == opened(here, tmp_path / "yes") == SECRET


# --- at a terminal ---


def typed(place, out, *options):
    child = pexpect.spawn(COMMAND[0], [*COMMAND[1:], "adopt", "--master", place, "-o", out, *options], timeout=60, encoding="utf-8")
    child.logfile_read = io.StringIO()
    return child


def hidden(child, question, text):
    """Type it once the terminal does not echo."""
    child.expect(question)
    assert child.waitnoecho(10)
    child.sendline(text)


def test_mnemonics_typed_by_a_person_are_hidden_and_a_wrong_one_is_typed_again(here, place, tmp_path):
    child = typed(place, str(tmp_path / "out"), "--slip39", "--json")
    for number, text in ((1, MNEMONICS[1]), (2, MNEMONICS[1]), (2, ""), (2, MNEMONICS[3].replace(" ", "  ")), (3, MNEMONICS[0])):
        hidden(child, f"Mnemonic {number} \\(not shown\\): ", text)
    hidden(child, "Passphrase of the mnemonics[^:]*: ", "swordfsh")
    hidden(child, "The same once more: ", PHRASE)
    child.expect("two different ones")
    hidden(child, "Passphrase of the mnemonics[^:]*: ", PHRASE)
    hidden(child, "The same once more: ", PHRASE)
    child.expect(pexpect.EOF)
    child.close()
    said = child.logfile_read.getvalue()
    assert child.exitstatus == 0
    assert "mnemonic 2: it is mnemonic 1 once more. Type another one." in said
    assert "mnemonic 2: no mnemonic has 0 words" in said
    assert PHRASE not in said
    assert not any(word in said.split() for word in MNEMONICS[1].split() if len(word) > 7)
    assert not hits(said.encode())
    assert opened(here, tmp_path / "out") == SECRET


def test_old_strings_typed_by_a_person_end_with_an_empty_line(here, place, tmp_path):
    child = typed(place, str(tmp_path / "out"), "--secretsharing", "3", "--size", "32")
    for number, text in enumerate([*OLD[:3], ""], 1):
        rest = "" if number < 4 else "; empty if there is no more"
        hidden(child, f"Share {number} \\(not shown{rest}\\): ", text)
    child.expect("one that is mistyped or foreign gives a wrong secret")
    child.expect("Type Yes to go on")
    child.sendline("Yes")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert not hits(child.logfile_read.getvalue().encode())
    assert opened(here, tmp_path / "out") == SECRET


# --- before anything is typed ---


def test_nobody_types_where_there_is_no_terminal(place, tmp_path, capsys):
    assert run_command(["adopt", "--master", place, "--slip39", "-o", str(tmp_path / "out")]) == Owed.exit_code
    assert "must be typed by a person" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["file", "--slip39"],
        ["--slip39", "--secretsharing", "3", "--size", "32"],
        ["--secretsharing", "3"],
        ["--slip39", "--size", "32"],
        ["file", "--size", "32"],
    ],
    ids=" ".join,
)
def test_a_secret_comes_from_one_place(place, tmp_path, capsys, options):
    assert run_command(["adopt", "--master", place, "-o", str(tmp_path / "out"), *options]) == AnswerError.exit_code
    assert "a secret comes from one place" in capsys.readouterr().err


def test_nothing_is_overwritten_and_a_description_fits(place, tmp_path, capsys):
    (tmp_path / "out").write_bytes(b"there")
    assert run_command(["adopt", "--master", place, "--slip39", "-o", str(tmp_path / "out")]) == DirectoryError.exit_code
    for text in ("x" * 151, "\x07", " "):
        command = ["adopt", "--master", place, "--slip39", "-o", str(tmp_path / "new"), "--description", text]
        assert run_command(command) == AnswerError.exit_code
    assert "the description must be" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["key"], ("Secret:    key", "Says:      adopted from key")),
        (
            ["--slip39"],
            ("Secret:    SLIP-39 mnemonics, typed one by one, and their passphrase", "Says:      adopted from SLIP-39 mnemonics"),
        ),
        (
            ["--secretsharing", "3", "--size", "16", "--description", "old"],
            ("Secret:    3 share strings or more, typed one by one, of a secret of 16 bytes", "Says:      old"),
        ),
    ],
)
def test_a_dry_run_asks_for_nothing(place, tmp_path, capsys, options, said):
    assert run_command(["adopt", "--master", place, "-o", str(tmp_path / "out"), "--dry-run", *options]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert tuple(shown[:2]) == said
    assert shown[2].endswith("dealing 1, 5 of 7")
    assert not (tmp_path / "out").exists()


# --- the secret is nowhere but in the adopter ---


def memory(pid):
    """All of a process's memory that can be written to."""
    with open(f"/proc/{pid}/mem", "rb", 0) as mem:  # noqa: PTH123 - no file, a window
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            start, end = (int(number, 16) for number in span.split("-"))
            if rights.startswith("rw"):
                with contextlib.suppress(OSError, ValueError):
                    mem.seek(start)
                    yield mem.read(end - start)


@pytest.mark.parametrize("way", ["slip39", "secretsharing", "file"])
def test_the_command_never_holds_the_secret(place, tmp_path, way):
    """It is stopped where it writes the sealed file, into a full pipe; its memory holds what it should, and not the secret."""
    (tmp_path / "key").write_bytes(SECRET)
    given = {"slip39": MNEMONICS[:3], "secretsharing": OLD[:4], "file": []}[way]
    options = {"slip39": ["--slip39"], "secretsharing": ["--secretsharing", "3", "--size", "32"], "file": [str(tmp_path / "key")]}[way]
    reading, writing = os.pipe()
    size = fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writing, bytes(size))
    with answers(shares=given, passphrase=PHRASE, yes=True) as pipe:
        command = [*COMMAND, "adopt", "--master", place, "-o", "-", *options, *pipe]
        with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, pass_fds=[int(pipe[1])]) as process:
            os.close(writing)
            wait_until_sealed(process.pid)
            held = list(memory(process.pid))
            sealed = read_to_end(reading)
            said = process.stderr.read()
    os.close(reading)
    assert process.returncode == 0
    assert any(b"age-encryption.org/v1\n-> ceremony/v1" in part for part in held)  # it holds the sealed file: the scan sees what is there
    if way == "slip39":
        assert any(PHRASE.encode() in part for part in held)  # and, as the README says, what was typed
    assert [hit for part in held for hit in hits(part)] == []
    assert hits(sealed + said) == []


def wait_until_sealed(pid):
    """Until the adopter has come and gone: what is left to do is to write, into a full pipe."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for before in (True, False):
        end = time.monotonic() + 60
        while bool(children.read_text()) is not before:
            assert time.monotonic() < end
            time.sleep(0.01)
    time.sleep(0.5)


def read_to_end(reading):
    parts = []
    while part := os.read(reading, 1 << 16):
        parts.append(part)
    return b"".join(parts)
