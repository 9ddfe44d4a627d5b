"""The packaged artifact is what the pinned compiler makes of the source, byte for byte."""

import hashlib
import json
import subprocess
from pathlib import Path

from ceremony.anchor.contract import load_artifact

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
KEPT = ROOT / "ceremony" / "anchor" / "artifacts" / "ceremony-1.json"
DEADLINE = 120
"""Seconds for one compilation, which takes two: longer is a hang."""


def rebuild(script: Path, target: Path) -> bytes:
    subprocess.run([str(script), str(target)], check=True, timeout=DEADLINE, capture_output=True)
    return target.read_bytes()


def test_a_rebuild_gives_the_same_bytes(tmp_path: Path) -> None:
    assert rebuild(CONTRACTS / "build", tmp_path / "rebuilt.json") == KEPT.read_bytes()


def test_a_rebuild_sees_a_changed_rule(tmp_path: Path) -> None:
    copy = tmp_path / "contracts"
    (copy / "src").mkdir(parents=True)
    (copy / "node_modules").symlink_to(CONTRACTS / "node_modules")
    (copy / "build").write_bytes((CONTRACTS / "build").read_bytes())
    (copy / "build").chmod(0o755)
    source = (CONTRACTS / "src" / "Ceremony.sol").read_text()
    assert "present < needed" in source
    (copy / "src" / "Ceremony.sol").write_text(source.replace("present < needed", "present + 1 < needed"))
    rebuilt = json.loads(rebuild(copy / "build", tmp_path / "changed.json"))
    kept = json.loads(KEPT.read_bytes())
    assert rebuilt["runtimeCode"] != kept["runtimeCode"]
    assert rebuilt["sourceSha256"] != kept["sourceSha256"]


def test_the_artifact_names_its_source_and_compiler() -> None:
    artifact = load_artifact()
    assert artifact.source_digest == hashlib.sha256((CONTRACTS / "src" / "Ceremony.sol").read_bytes()).digest()
    assert artifact.digest == hashlib.sha256(KEPT.read_bytes()).digest()
    pinned = json.loads((CONTRACTS / "package.json").read_bytes())["devDependencies"]["solc"]
    assert artifact.compiler.startswith(f"{pinned}+")


def test_the_lock_file_names_hashes_and_no_host() -> None:
    lock = json.loads((CONTRACTS / "package-lock.json").read_bytes())
    packages = [package for path, package in lock["packages"].items() if path]
    assert packages
    assert all("integrity" in package and "resolved" not in package for package in packages)
