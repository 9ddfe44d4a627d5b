"""Standard output that is full, closed, or no longer read: a named error or none, never a traceback, and the command's own exit code."""

import shlex
import subprocess
import sys

import pytest

from ceremony.errors import DirectoryError, DiskError
from tests.simulators.stages import Stage, ceremony_at

CEREMONY = f"{sys.executable} -P -m ceremony"


def run(command):
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    return ceremony_at(Stage.CLOSED, tmp_path_factory.mktemp("closed")).directory


@pytest.mark.parametrize("arguments", ["status {}", "status {} --json", "--help", "verify --help"])
def test_a_full_disk_is_named(closed, arguments):
    ended = run(f"{CEREMONY} {arguments.format(closed)} >/dev/full")
    assert ended.returncode == DiskError.exit_code
    assert ended.stderr.startswith("DiskError: standard output: No space left on device\n")
    assert "Traceback" not in ended.stderr
    assert "Exception" not in ended.stderr


@pytest.mark.parametrize("size", [10, 1 << 20])
def test_a_sealed_file_that_does_not_fit_is_named_once(closed, tmp_path, size):
    (tmp_path / "plain").write_bytes(bytes(size))
    ended = run(f"{CEREMONY} seal --master {closed} {tmp_path}/plain -o - >/dev/full")
    assert ended.returncode == DiskError.exit_code
    assert ended.stderr.splitlines()[0] == "DiskError: standard output: No space left on device"
    assert ended.stderr.count("standard output") == 1
    assert "Exception" not in ended.stderr


def test_a_refusal_that_standard_output_does_not_take_is_said_on_standard_error(tmp_path):
    ended = run(f"{CEREMONY} status {tmp_path} --json >/dev/full")
    assert ended.returncode == run(f"{CEREMONY} status {tmp_path}").returncode == DirectoryError.exit_code
    assert ended.stderr.startswith("DirectoryError: ")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("redirection", ["2>/dev/full", ">&- 2>&-", "2>&-"])
def test_a_refusal_that_nothing_takes_is_an_exit_code(tmp_path, redirection):
    ended = run(f"{CEREMONY} status {tmp_path} {redirection}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (DirectoryError.exit_code, "", "")


@pytest.mark.parametrize(("arguments", "code"), [("status {}", 0), ("status {} --json", 0), ("prove {} --dry-run --max-age 1", 3)])
def test_a_reader_who_has_seen_enough_changes_no_exit_code(closed, arguments, code):
    """The reader is gone before the first line is written."""
    ended = run(f"{CEREMONY} {arguments.format(closed)} | true; exit ${{PIPESTATUS[0]}}")
    assert (ended.returncode, ended.stderr) == (code, "")


def test_a_monitor_that_nobody_reads_ends():
    """`watch` asks for this after each look."""
    program = "import os, sys; from ceremony.cli.output import guard_output, require_reader; guard_output(); require_reader()"
    program += "; print('a look', flush=True); require_reader()"
    ended = run(f"{sys.executable} -P -c {shlex.quote(program)} | true; exit ${{PIPESTATUS[0]}}")
    assert "nobody reads standard output any more" in ended.stderr


def test_a_verdict_stays_what_it_is_without_a_reader(closed):
    verdict = f"{CEREMONY} verify {closed} --offline --rehearsal"
    whole = run(verdict)
    assert whole.returncode not in {0, 1, 2}
    ended = run(f"{verdict} | true; exit ${{PIPESTATUS[0]}}")
    assert (ended.returncode, ended.stderr) == (whole.returncode, whole.stderr)
