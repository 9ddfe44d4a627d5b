"""One compiled contract as data. Pure but for `load_artifact`, which reads the packaged JSON.

`contracts/build` writes an artifact, and a test rebuilds it and compares.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any

from ceremony.errors import RecordError
from ceremony.records.canonical import require_shallow
from ceremony.records.evidence import FileDigest

LATEST = 1
"""The artifact that new ceremonies deploy."""
ARTIFACT_LIMIT = 1 << 18
"""Characters of one artifact: code may be 24 KiB twice (EIP-170), in hex, with its ABI; more is not ours."""

NAME = "contract artifact "
"""How entry 0 names the artifact that took part, followed by its version."""
_WORD = 32
_IMMUTABLES = frozenset({"nameHash", "ceremonyId", "firstRosterDigest", "n", "k", "halting"})


@dataclass(frozen=True)
class Artifact:
    """One compiled contract.

    Attributes:
        version: the number in its file name.
        compiler: the compiler's full version.
        digest: SHA-256 of the artifact's JSON text, 32 bytes; entry 0 holds it.
        source_digest: SHA-256 of the Solidity source, 32 bytes.
        creation: creation code without constructor arguments.
        runtime_template: runtime code with zeros where the immutables go.
        immutables: for each immutable, the offsets of its 32-byte words in the runtime code.
        slots: for each storage variable, the number of its slot.
        errors: the name of each error that the contract may revert with.
    """

    version: int
    compiler: str
    digest: bytes
    source_digest: bytes
    creation: bytes
    runtime_template: bytes
    immutables: Mapping[str, tuple[int, ...]]
    slots: Mapping[str, int]
    errors: frozenset[str]


def load_artifact(version: int = LATEST) -> Artifact:
    """The packaged artifact of this version; RecordError if this installation carries no such version."""
    source = resources.files(__package__ or "").joinpath(f"ceremony-{version:d}.json")
    try:
        text = source.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        message = f"contract artifact {version} is not part of this installation"
        raise RecordError(message, remedy="Install the release of this tool that carries it.") from error
    return parse_artifact(text)


def name_artifact(artifact: Artifact) -> FileDigest:
    """The artifact as entry 0 names it."""
    return FileDigest(name=f"{NAME}{artifact.version}", sha256=f"0x{artifact.digest.hex()}")


def find_artifact(files: Sequence[FileDigest]) -> Artifact:
    """The one artifact among entry 0's files; RecordError when none is named, or this installation carries another of that number."""
    named = [file for file in files if file.name.startswith(NAME)]
    version = named[0].name.removeprefix(NAME) if len(named) == 1 else ""
    if not (version.isascii() and version.isdecimal()):
        message = "entry 0 does not name one contract artifact"
        raise RecordError(message, culprits=("entry 0",))
    artifact = load_artifact(int(version))
    if name_artifact(artifact) != named[0]:
        message = f"the contract artifact {version} that entry 0 names is not the one of this installation"
        raise RecordError(message, culprits=("entry 0",))
    return artifact


def parse_artifact(text: str) -> Artifact:
    """Read an artifact's JSON; RecordError if it is not one that `contracts/build` writes."""
    if len(text) > ARTIFACT_LIMIT:
        message = f"a contract artifact has at most {ARTIFACT_LIMIT} characters"
        raise RecordError(message)
    try:
        require_shallow(text.encode())
        artifact = _artifact(json.loads(text), hashlib.sha256(text.encode()).digest())
    except (RecordError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = "this is no contract artifact"
        raise RecordError(message) from error
    _require_places(artifact)
    return artifact


def _artifact(fields: Any, digest: bytes) -> Artifact:  # noqa: ANN401 - JSON of any shape; misfits raise
    return Artifact(
        version=int(fields["version"]),
        compiler=str(fields["compiler"]),
        digest=digest,
        source_digest=bytes.fromhex(fields["sourceSha256"]),
        creation=bytes.fromhex(fields["creationCode"].removeprefix("0x")),
        runtime_template=bytes.fromhex(fields["runtimeCode"].removeprefix("0x")),
        immutables=MappingProxyType(
            {name: tuple(_offset(place) for place in places) for name, places in fields["immutables"].items()},
        ),
        slots=MappingProxyType({name: int(slot) for name, slot in fields["slots"].items()}),
        errors=frozenset(item["name"] for item in fields["abi"] if item["type"] == "error"),
    )


def _offset(place: Mapping[str, int]) -> int:
    if place["length"] != _WORD:
        message = "an immutable fills one word"
        raise ValueError(message)
    return int(place["start"])


def _require_places(artifact: Artifact) -> None:
    """Raise RecordError unless the immutables are the known ones, each a zero word within the runtime code."""
    if set(artifact.immutables) != _IMMUTABLES:
        message = f"artifact {artifact.version} fixes other terms than {', '.join(sorted(_IMMUTABLES))}"
        raise RecordError(message)
    for name, starts in artifact.immutables.items():
        if any(start < 0 or artifact.runtime_template[start : start + _WORD] != bytes(_WORD) for start in starts):
            message = f"artifact {artifact.version} has no room for {name} where it says"
            raise RecordError(message)
