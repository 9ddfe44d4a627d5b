"""What the gas bench deploys, as creation code: our contract, patched copies of it, and its peers from their pinned packages."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ceremony.errors import CeremonyError

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / "contracts" / "peers"
SAFE = "@safe-global/safe-contracts/contracts"
SAFE_BUILT = "@safe-global/safe-contracts/build/artifacts/contracts"
OURS = "src/Ceremony.sol"
KEPT = ROOT / "ceremony" / "anchor" / "artifacts" / "ceremony-1.json"
COMPILE_SECONDS = 300
Source = tuple[str, str, Mapping[str, object]]
"""A file's name, its text, and the compiler settings it gets."""


class BenchBroken(CeremonyError):
    """The bench cannot measure what it says it measures."""

    remedy = "Bring the bench in line with the contract."


def install_peers() -> None:
    """Their sources, exactly as the lock file pins them; quick when they are there."""
    lock, mark = PEERS / "package-lock.json", PEERS / "node_modules" / ".installed"
    if mark.exists() and mark.read_bytes() == lock.read_bytes():
        return
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps", "--cache", str(ROOT / ".tools" / "npm")]
    subprocess.run(command, cwd=PEERS, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - a pinned set
    mark.write_bytes(lock.read_bytes())


def our_settings() -> dict[str, object]:
    """Those of the artifact; the peers get them too."""
    return dict(_kept()["settings"])


def our_source() -> str:
    """Our contract's source text."""
    return (ROOT / "contracts" / OURS).read_text()


def kept_creation() -> bytes:
    """The creation code that ceremonies deploy."""
    return bytes.fromhex(_kept()["creationCode"][2:])


def peer_source(name: str) -> str:
    """The text of a source file of ours in contracts/peers, or of a package."""
    folder = PEERS if name.startswith("src/") else PEERS / "node_modules"
    return (folder / name).read_text()


def published_safe(name: str) -> bytes:
    """Creation code of a Safe contract as its own package carries it, compiled with its own settings."""
    path = PEERS / "node_modules" / SAFE_BUILT / f"{name}.sol" / f"{Path(name).name}.json"
    return bytes.fromhex(json.loads(path.read_text())["bytecode"][2:])


def compile_all(sources: Sequence[Source]) -> list[dict[str, bytes]]:
    """For each source the creation code of each of its contracts; BenchBroken if one does not compile."""
    inputs = [_standard_json(*source) for source in sources]
    done = subprocess.run(  # noqa: S603 - our own program
        [str(PEERS / "compile")], input=json.dumps(inputs), capture_output=True, text=True, check=True, timeout=COMPILE_SECONDS
    )
    return [_creations(name, output) for (name, _, _), output in zip(sources, json.loads(done.stdout), strict=True)]


def _standard_json(name: str, text: str, settings: Mapping[str, object]) -> dict[str, object]:
    selection = {name: {"*": ["evm.bytecode.object"]}}
    return {"language": "Solidity", "sources": {name: {"content": text}}, "settings": {**settings, "outputSelection": selection}}


def _creations(name: str, output: Mapping[str, Any]) -> dict[str, bytes]:
    wrong = [each["formattedMessage"] for each in output.get("errors", ()) if each["severity"] == "error"]
    if wrong:
        message = f"{name} does not compile: {wrong[0]}"
        raise BenchBroken(message)
    return {contract: bytes.fromhex(made["evm"]["bytecode"]["object"]) for contract, made in output["contracts"][name].items()}


def _kept() -> dict[str, Any]:
    return dict(json.loads(KEPT.read_text()))
