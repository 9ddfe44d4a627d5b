"""The judges of the crash sweep can fail: each fault that they look for, made by hand, is seen and named."""

import json
import os
import shutil

import pytest

from ceremony.custody.blobs import BLOBS
from ceremony.transcript import journal
from ceremony.transcript.journal import TRANSCRIPT
from tests.crash.driven import MIRROR, SIGNED, Books, DrivenCeremony
from tests.crash.judge import judge_closed, judge_crashed
from tests.crash.sweep import SEED, Case, Variant, crash, in_child, play, points, resume, uncrashed_shape

CHECKPOINT = "checkpoint"


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    base = tmp_path_factory.mktemp("closed") / "base"
    DrivenCeremony(base, SEED, mirrored=True).play()
    return base


@pytest.fixture
def base(closed, tmp_path):
    return shutil.copytree(closed, tmp_path / "base")


def faults_of(base, *, remade=False):
    return judge_closed(DrivenCeremony(base, SEED, mirrored=True), uncrashed_shape(), remade=remade)


def memory(base, index, change):
    path = base / "parts" / f"sim{index}.json"
    data = json.loads(path.read_text())
    change(data["keys"])
    path.write_text(json.dumps(data))


def name_of(keys, role):
    return next(name for name in keys if name.startswith(f"{role}/"))


def note_signature(base, **changed):
    lines = [json.loads(line) for line in Books(base).lines(SIGNED)]
    genesis = next(line for line in lines if line["type"] == "Genesis")
    Books(base).add(SIGNED, json.dumps({**genesis, **changed}))


def drop_entry(base):
    for place in ("ceremony", MIRROR):
        path = base / place / TRANSCRIPT
        path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def lose_shard(base):
    memory(base, 3, lambda keys: keys.pop(name_of(keys, "shard")))


def swap_shard(base):
    memory(base, 3, lambda keys: keys.update({name_of(keys, "shard"): ["01" * 32]}))


def double_shard(base):
    memory(base, 3, lambda keys: keys[name_of(keys, "shard")].append("01" * 32))


def keep_transport(base):
    memory(base, 3, lambda keys: keys.update({"transport/00": ["1"]}))


def leave_blob(base):
    (base / "ceremony" / BLOBS / "dealing-1-shard-1.wrapped").write_bytes(b"left")


def sign_another_act(base):
    note_signature(base, digest="0x" + "ab" * 32)


def sign_unannounced(base):
    note_signature(base, size=3)


def lose_mark(base):
    next((base / "parts" / "marks").glob("sim2-*")).unlink()


def change_mark(base):
    path = next((base / "parts" / "marks").glob("sim2-*"))
    mark = json.loads(path.read_text())
    path.write_text(json.dumps({**mark, "root": "0x" + "00" * 32}, sort_keys=True, separators=(",", ":")))


def unsign_mark(base):
    path = next((base / "parts" / "marks").glob("sim2-*"))
    mark = json.loads(path.read_text())
    path.write_text(json.dumps({**mark, "digest": None}, sort_keys=True, separators=(",", ":")))


def lose_checkpoint(base):
    (base / "ceremony" / CHECKPOINT).unlink()


def lose_signer(base):
    path = base / "ceremony" / CHECKPOINT
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def begin_second_checkpoint(base):
    shutil.copy(base / "ceremony" / CHECKPOINT, base / "ceremony" / f"{CHECKPOINT}-99")


def replace_genesis(base):
    path = base / "parts" / "chain.json"
    data = json.loads(path.read_text())
    data["genesis"]["transaction"] = "0x" + "00" * 32
    path.write_text(json.dumps(data))


def spoil_mirror(base):
    path = base / MIRROR / TRANSCRIPT
    path.write_bytes(path.read_bytes()[:-1])


SPOILS = (
    (drop_entry, "was acknowledged and is lost"),
    (drop_entry, "entries: missing"),
    (lose_shard, "token 3 holds"),
    (swap_shard, "token 3: "),
    (double_shard, "token 3 holds"),
    (keep_transport, "token 3 holds"),
    (leave_blob, "blobs left"),
    (sign_another_act, "signatures over Genesis"),
    (sign_unannounced, "unannounced"),
    (lose_mark, "token 2 has no mark"),
    (change_mark, "token 2: its mark is not of this transcript"),
    (unsign_mark, "token 2: its mark does not name the act"),
    (lose_checkpoint, "there is no checkpoint"),
    (lose_signer, "signers are not those named"),
    (begin_second_checkpoint, "more than one checkpoint"),
    (replace_genesis, "the chain's genesis is not the one"),
    (spoil_mirror, "the mirror differs"),
)


def test_an_untouched_ceremony_has_no_faults(base):
    assert faults_of(base) == []
    assert judge_crashed(DrivenCeremony(base, SEED, mirrored=True)) == []


@pytest.mark.parametrize(("spoil", "words"), SPOILS, ids=[f"{spoil.__name__}-{words[:20]}" for spoil, words in SPOILS])
def test_each_fault_is_seen(base, spoil, words):
    spoil(base)
    assert any(words in fault for fault in faults_of(base)), faults_of(base)


@pytest.mark.parametrize(("spoil", "words"), [(drop_entry, "is lost or changed"), (unsign_mark, "their mark does not say so")])
def test_right_after_a_crash_too(base, spoil, words):
    spoil(base)
    assert any(words in fault for fault in judge_crashed(DrivenCeremony(base, SEED)))


def test_a_dealing_thrown_away_for_nothing_is_seen(tmp_path):
    begun = next(point.number for point in points() if "contribution_committed" in point.label)
    base = tmp_path / "base"
    assert crash(base, SEED, begun, Variant.AFTER, mirrored=False) == []
    found = in_child(lambda: resume(base, remade=False, mirrored=False))
    assert found == ["a dealing was thrown away though its seven wrapped shards were durable"]


def test_a_journal_that_does_not_sync_loses_entries_in_a_power_cut(monkeypatch):
    last = points()[-1].number
    monkeypatch.setattr(journal, "os", Unsynced())
    faults = play(Case(last // 2, Variant.LOST)).faults
    assert any("was acknowledged and is lost" in fault for fault in faults), faults


def test_a_token_that_signs_before_its_mark_is_durable_is_seen(monkeypatch):
    monkeypatch.setattr("ceremony.hsm.marks.replace_whole", lambda path, data: path.write_bytes(data))
    signing = next(point.number for point in points() if "approval_begun" in point.label)
    later = [play(Case(number, Variant.LOST)).faults for number in range(signing, signing + 4)]
    assert any("their mark does not say so" in fault for faults in later for fault in faults), later


class Unsynced:
    """`os`, whose fsync does nothing."""

    def __getattr__(self, name):
        return (lambda _handle: None) if name == "fsync" else getattr(os, name)
