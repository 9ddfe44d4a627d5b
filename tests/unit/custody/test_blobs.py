"""Wrapped shards on disk: durable before the first unwrap, never overwritten, destroyed with read-back."""

import os
import stat
from pathlib import Path

import pytest

from ceremony.custody.blobs import BLOB_LIMIT, BLOBS, BlobDirectory
from ceremony.errors import DirectoryError, DiskError

WRAPPED = {(index, 1): bytes([index]) * 256 for index in range(1, 8)}
"""By custodian and number of the token."""


def test_what_was_stored_is_loaded(tmp_path):
    blobs = BlobDirectory(tmp_path)
    twins = {**WRAPPED, (3, 2): b"twin"}
    assert blobs.load(1, 1, 1) is None
    blobs.store(1, twins)
    assert {whose: BlobDirectory(tmp_path).load(1, *whose) for whose in twins} == twins
    assert blobs.load(2, 1, 1) is None
    assert blobs.load(1, 8, 1) is None
    assert blobs.load(1, 1, 2) is None
    blobs.destroy(1)
    assert blobs.load(1, 3, 2) is None


def test_every_blob_and_its_name_are_synced_before_store_returns(tmp_path, monkeypatch):
    synced, real = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(str(Path(f"/proc/self/fd/{handle}").readlink())), real(handle))[1])
    BlobDirectory(tmp_path).store(1, WRAPPED)
    directory = str(tmp_path / BLOBS)
    for index, _ in WRAPPED:
        written = next(place for place, name in enumerate(synced) if f"shard-{index}.wrapped" in name)
        assert directory in synced[written:]


def test_nobody_else_reads_them(tmp_path):
    BlobDirectory(tmp_path).store(1, WRAPPED)
    assert stat.S_IMODE((tmp_path / BLOBS).stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / BLOBS).iterdir()} == {0o600}


def test_a_blob_is_never_overwritten(tmp_path):
    blobs = BlobDirectory(tmp_path)
    blobs.store(1, WRAPPED)
    with pytest.raises(DirectoryError) as refusal:
        blobs.store(1, {(3, 1): b"another"})
    assert any("dealing-1-shard-3" in culprit for culprit in refusal.value.culprits)
    assert blobs.load(1, 3, 1) == WRAPPED[3, 1]


def test_what_a_crash_left_half_written_is_no_blob_and_goes_too(tmp_path):
    blobs = BlobDirectory(tmp_path)
    blobs.store(1, {(1, 1): WRAPPED[1, 1]})
    (tmp_path / BLOBS / ".dealing-1-shard-2.wrapped.0123456789abcdef.part").write_bytes(b"half")
    assert blobs.load(1, 2, 1) is None
    blobs.destroy(1)
    assert list((tmp_path / BLOBS).iterdir()) == []


def test_only_the_dealing_named_is_destroyed(tmp_path):
    blobs = BlobDirectory(tmp_path)
    for dealing in (1, 2, 10):
        blobs.store(dealing, {(1, 1): WRAPPED[1, 1]})
    blobs.destroy(1)
    assert sorted(path.name for path in (tmp_path / BLOBS).iterdir()) == ["dealing-10-shard-1.wrapped", "dealing-2-shard-1.wrapped"]


def test_destroying_nothing_is_no_fault(tmp_path):
    BlobDirectory(tmp_path).destroy(1)
    assert not (tmp_path / BLOBS).exists()


def test_a_blob_that_is_still_there_afterwards_is_named(tmp_path, monkeypatch):
    blobs = BlobDirectory(tmp_path)
    blobs.store(1, {(1, 1): WRAPPED[1, 1]})
    monkeypatch.setattr("pathlib.Path.unlink", lambda _path: None)
    with pytest.raises(DiskError) as refusal:
        blobs.destroy(1)
    assert refusal.value.culprits == ("dealing-1-shard-1.wrapped",)


def test_a_file_that_is_too_long_for_a_blob_is_not_read_whole(tmp_path):
    blobs = BlobDirectory(tmp_path)
    blobs.store(1, {(1, 1): bytes(BLOB_LIMIT * 4)})
    assert len(blobs.load(1, 1, 1)) == BLOB_LIMIT + 1
