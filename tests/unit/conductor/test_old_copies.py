"""An old copy of the transcript, or one cut short: refused before a token does anything, and nothing is written or cut off (P4)."""

import json
import shutil

import pytest

from ceremony.cli import run_command
from ceremony.errors import ChainMismatch, MarkError, TranscriptError
from ceremony.transcript.checkpoint_file import CHECKPOINT
from ceremony.transcript.journal import TRANSCRIPT
from tests.simulators.ceremony_directory import SimulatedCeremony
from tests.simulators.stages import Stage, ceremony_at

OLD = 60
"""Entries of the old copy: a dealing was opened, and nothing is dealt yet."""


@pytest.fixture
def closed(tmp_path):
    ceremony = ceremony_at(Stage.NAMED, tmp_path)
    ceremony.play()
    return ceremony


def cut(ceremony, size):
    path = ceremony.directory / TRANSCRIPT
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:size]))
    return path.read_bytes()


def keys(tmp_path):
    return {path.name: json.loads(path.read_text())["keys"] for path in (tmp_path / "parts").glob("sim*.json")}


def test_a_transcript_shorter_than_its_checkpoint_is_refused(closed, tmp_path):
    before, held = cut(closed, OLD), keys(tmp_path)
    with pytest.raises(TranscriptError, match="checkpoint beside the transcript"):
        closed.run()
    assert run_command(["status", str(closed.directory)]) == TranscriptError.exit_code
    assert ((closed.directory / TRANSCRIPT).read_bytes(), keys(tmp_path)) == (before, held)


def test_an_old_copy_is_refused_by_the_tokens_before_they_do_anything(closed, tmp_path):
    before, held = cut(closed, OLD), keys(tmp_path)
    (closed.directory / CHECKPOINT).unlink()
    with pytest.raises(MarkError, match="has seen"):
        closed.run()
    assert ((closed.directory / TRANSCRIPT).read_bytes(), keys(tmp_path)) == (before, held)


def test_a_token_remembers_the_transcript_of_every_sitting(tmp_path):
    """All in one run: the marks were founded while the first sitting lasted, before entry 60."""
    ceremony = SimulatedCeremony(tmp_path, 1)
    ceremony.start()
    ceremony.run()
    assert {json.loads(path.read_text())["size"] > OLD for path in (tmp_path / "parts" / "marks").iterdir()} == {True}
    cut(ceremony, OLD)
    with pytest.raises(MarkError, match="has seen"):
        ceremony.run()


def test_a_torn_tail_under_a_signed_checkpoint_is_not_cut_off(closed):
    path = closed.directory / TRANSCRIPT
    path.write_bytes(path.read_bytes()[:-20])
    before = path.read_bytes()
    with pytest.raises(TranscriptError):
        closed.run()
    assert path.read_bytes() == before


def test_no_genesis_is_proposed_to_a_contract_that_has_one(closed, tmp_path):
    lines = (closed.directory / TRANSCRIPT).read_bytes().splitlines()
    proposed = next(at for at, line in enumerate(lines) if json.loads(line)["body"]["kind"] == "proposed")
    cut(closed, proposed)
    (closed.directory / CHECKPOINT).unlink()
    shutil.rmtree(tmp_path / "parts" / "marks")
    with pytest.raises(ChainMismatch, match="is at sequence 1 already"):
        closed.run()
