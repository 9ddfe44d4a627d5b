"""The artifact, and the code and addresses that follow from it: known answers and every refusal."""

import json
from collections.abc import Callable
from importlib import resources
from typing import Any, cast

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.typed import keccak256
from ceremony.anchor import contract
from ceremony.anchor.artifacts.artifact import ARTIFACT_LIMIT
from ceremony.errors import CeremonyError, PlanError, RecordError

ROSTER = [f"0x{number:040x}" for number in (0x11, 0x1200, 2**64, 2**96, 2**128, 2**159, 2**160 - 1)]
TERMS: contract.Terms = {"name": "ceremony", "ceremony_id": b"\xc1" * 32, "roster": ROSTER, "k": 5, "halting": 3}
MANY = [f"0x{number:040x}" for number in range(1, 34)]
"""One more than a bitmap has bits."""


def artifact_fields() -> dict[str, Any]:
    """A small artifact of the right shape."""
    places = {"nameHash": 0, "ceremonyId": 32, "firstRosterDigest": 64, "n": 96, "k": 128, "halting": 160}
    return {
        "version": 9,
        "compiler": "none",
        "sourceSha256": "11" * 32,
        "creationCode": "0xc0de",
        "runtimeCode": "0x" + "00" * 193,
        "immutables": {name: [{"start": start, "length": 32}] for name, start in places.items()},
        "slots": {"head": 0, "sequence": 1, "genesisRoot": 2, "anchored": 3},
        "abi": [{"type": "error", "name": "WrongHead"}, {"type": "function", "name": "head"}],
    }


# --- the artifact


def test_the_packaged_artifact_knows_every_view_and_error() -> None:
    artifact = contract.load_artifact()
    assert artifact.version == 1
    assert artifact.errors == {
        "BadLength", "BadNumbers", "BadSignature", "DeadlinePassed", "EmptyRoot", "GenesisTwice", "HighS", "IsHalted",
        "NotAscending", "NotCanonical", "NotHalted", "NotYetGenesis", "RosterMismatch", "TooFewApprovals", "UnknownName",
        "UnknownRosterBit", "WrongEpoch", "WrongHead", "WrongPredecessor", "WrongRosterSize", "WrongSequence",
    }  # fmt: skip
    assert len(artifact.runtime_template) < 24_576  # SPEC EIP-170


def test_a_missing_artifact_is_named() -> None:
    with pytest.raises(RecordError, match="artifact 999"):
        contract.load_artifact(999)


def test_an_artifact_is_read() -> None:
    artifact = contract.parse_artifact(json.dumps(artifact_fields()))
    assert (artifact.version, artifact.creation, len(artifact.runtime_template)) == (9, b"\xc0\xde", 193)
    assert artifact.errors == {"WrongHead"}


def test_each_artifact_field_is_needed() -> None:
    for name in artifact_fields():
        fields = artifact_fields()
        del fields[name]
        with pytest.raises(RecordError):
            contract.parse_artifact(json.dumps(fields))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("immutables", {"n": [{"start": 0, "length": 32}]}),
        ("immutables", artifact_fields()["immutables"] | {"n": [{"start": 96, "length": 1}]}),
        ("immutables", artifact_fields()["immutables"] | {"n": [{"start": 162, "length": 32}]}),
        ("immutables", artifact_fields()["immutables"] | {"n": [{"start": -64, "length": 32}]}),
        ("immutables", artifact_fields()["immutables"] | {"other": []}),
        ("runtimeCode", "0x" + "01" * 193),
        ("runtimeCode", "0xzz"),
        ("abi", [{"type": "error"}]),
    ],
)
def test_a_wrong_artifact_is_refused(field: str, value: object) -> None:
    with pytest.raises(RecordError):
        contract.parse_artifact(json.dumps(artifact_fields() | {field: value}))


@pytest.mark.parametrize("text", ["", "[]", "null", "[" * 100_000])
def test_what_is_no_artifact_is_refused(text: str) -> None:
    with pytest.raises(RecordError):
        contract.parse_artifact(text)


def test_an_artifact_has_a_size_limit() -> None:
    text = json.dumps(artifact_fields())
    assert contract.parse_artifact(text.ljust(ARTIFACT_LIMIT)).version == 9
    with pytest.raises(RecordError, match="at most"):
        contract.parse_artifact(text.ljust(ARTIFACT_LIMIT + 1))


@given(st.text())
def test_only_our_errors_leave_the_artifact_parser(text: str) -> None:
    with pytest.raises(CeremonyError):
        contract.parse_artifact(text)


# --- code and addresses


def test_creation_code_ends_with_the_encoded_terms() -> None:
    artifact = contract.parse_artifact(json.dumps(artifact_fields()))
    head = [bytes(31) + b"\xa0", TERMS["ceremony_id"], bytes(31) + b"\xe0", bytes(31) + b"\x05", bytes(31) + b"\x03"]
    name = bytes(31) + b"\x08" + b"ceremony" + bytes(24)
    roster = bytes(31) + b"\x07" + b"".join(int(address, 16).to_bytes(32, "big") for address in ROSTER)
    assert contract.creation_code(artifact, **TERMS) == b"\xc0\xde" + b"".join(head) + name + roster


@pytest.mark.parametrize("name", ["ceremony", "ceremony rehearsal"])
@given(
    st.binary(min_size=32, max_size=32), st.sets(st.integers(1, 2**160 - 1), min_size=1, max_size=32), st.integers(0, 31)
)
def test_an_independent_encoder_agrees_on_the_terms(name: str, ceremony: bytes, people: set[int], k: int) -> None:
    roster, k = [f"0x{one:040x}" for one in sorted(people)], k % len(people) + 1
    artifact, halting = contract.load_artifact(), len(people) - k + 1
    code = contract.creation_code(artifact, name=name, ceremony_id=ceremony, roster=roster, k=k, halting=halting)
    kinds = ["string", "bytes32", "address[]", "uint8", "uint8"]
    assert code == artifact.creation + encode(kinds, [name, ceremony, roster, k, halting])


def test_the_compiled_constructor_takes_those_very_terms() -> None:
    abi = json.loads(resources.files("ceremony.anchor.artifacts").joinpath("ceremony-1.json").read_text())["abi"]
    (constructor,) = [item for item in abi if item["type"] == "constructor"]
    assert [given["type"] for given in constructor["inputs"]] == ["string", "bytes32", "address[]", "uint8", "uint8"]
    assert [given["name"].rstrip("_") for given in constructor["inputs"]] == ["name", "ceremonyId", "roster", "k", "halting"]


def test_runtime_code_holds_every_immutable_and_nothing_else() -> None:
    artifact = contract.parse_artifact(json.dumps(artifact_fields()))
    numbers = b"".join(bytes(31) + bytes([number]) for number in (7, 5, 3))
    digest = keccak256(b"".join(int(address, 16).to_bytes(32, "big") for address in ROSTER))
    expected = keccak256(b"ceremony") + TERMS["ceremony_id"] + digest + numbers + b"\0"
    assert contract.runtime_code(artifact, **TERMS) == expected


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"k": 0, "halting": 8}, PlanError),
        ({"k": 8, "halting": 0}, PlanError),
        ({"roster": MANY, "halting": 29}, PlanError),
        ({"roster": [], "k": 0, "halting": 1}, PlanError),
        ({"roster": [], "k": 1, "halting": 0}, PlanError),
        ({"roster": ROSTER[:6]}, PlanError),
        ({"halting": 2}, PlanError),
        ({"halting": 4}, PlanError),
        ({"k": 6}, PlanError),
        ({"name": "Ceremony"}, PlanError),
        ({"name": ""}, PlanError),
        ({"ceremony_id": bytes(31)}, RecordError),
        ({"ceremony_id": bytes(33)}, RecordError),
        ({"roster": ROSTER[::-1]}, RecordError),
        ({"roster": [*ROSTER[:5], ROSTER[6], ROSTER[5]]}, RecordError),
        ({"roster": [ROSTER[0], *ROSTER[:6]]}, RecordError),
        ({"roster": [*ROSTER[:6], ROSTER[5]]}, RecordError),
        ({"roster": ["0x" + "00" * 20, *ROSTER[1:]]}, RecordError),
        ({"roster": [*ROSTER[:6], "0x" + "ff" * 19]}, RecordError),
        ({"roster": [*ROSTER[:6], "0x" + "ff" * 21]}, RecordError),
        ({"roster": [*ROSTER[:6], "0x" + "ff" * 32]}, RecordError),
    ],
)
@pytest.mark.parametrize("code", [contract.creation_code, contract.runtime_code])
def test_impossible_terms_are_refused(code: Callable[..., bytes], change: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        code(contract.load_artifact(), **{**TERMS, **change})


@pytest.mark.parametrize(("n", "k", "halting"), [(1, 1, 1), (32, 32, 1), (32, 1, 32)])
def test_terms_at_the_limits_are_taken(n: int, k: int, halting: int) -> None:
    terms = cast("contract.Terms", {**TERMS, "roster": MANY[:n], "k": k, "halting": halting})
    assert contract.creation_code(contract.load_artifact(), **terms)
    assert contract.runtime_code(contract.load_artifact(), **terms)


# The examples of EIP-1014.
@pytest.mark.parametrize(
    ("factory", "salt", "creation", "address"),
    [
        ("00" * 20, "00" * 32, "00", "4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"),
        ("deadbeef" + "00" * 16, "00" * 32, "00", "b928f69bb1d91cd65274e3c79d8986362984fda3"),
        ("deadbeef" + "00" * 16, "00" * 12 + "feed" + "00" * 18, "00", "d04116cdd17bebe565eb2422f2497e06cc1c9833"),
        ("00" * 20, "00" * 32, "deadbeef", "70f2b2914a2a4b783faefb75f459a580616fcb5e"),
        ("00" * 16 + "deadbeef", "00" * 28 + "cafebabe", "deadbeef", "60f3f640a8508fc6a86d45df051962668e1e8ac7"),
        ("00" * 16 + "deadbeef", "00" * 28 + "cafebabe", "deadbeef" * 11, "1d8bfdc5d46dc4f61d6b6115972536ebe6a8854c"),
        ("00" * 20, "00" * 32, "", "e33c0c7f7df4809055c3eba6c09cfe4baf1bd9e0"),
    ],
)
def test_create2_addresses_are_those_of_the_standard(factory: str, salt: str, creation: str, address: str) -> None:
    parts = map(bytes.fromhex, (factory, salt, creation))
    assert contract.create2_address(*parts).hex() == address


# The sender and addresses are an example that client test suites share (nonces 0 to 3).
@pytest.mark.parametrize(
    ("nonce", "address"),
    [
        (0, "cd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"),
        (1, "343c43a37d37dff08ae8c4a11544c718abb4fcf8"),
        (2, "f778b86fa74e846c4f0a1fbd1335fe81c00a0c91"),
        (3, "fffd933a0bc612844eaf0c6fe3e5b8e9b6c1d19c"),
    ],
)
def test_create_addresses_are_known(nonce: int, address: str) -> None:
    sender = bytes.fromhex("6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert contract.create_address(sender, nonce).hex() == address


@pytest.mark.parametrize(
    ("nonce", "tail"), [(0, "80"), (1, "01"), (127, "7f"), (128, "8180"), (2**64 - 1, "88" + "ff" * 8)]
)
def test_create_addresses_hash_the_shortest_nonce(nonce: int, tail: str) -> None:
    items = b"\x94" + bytes(20) + bytes.fromhex(tail)
    assert contract.create_address(bytes(20), nonce) == keccak256(bytes([0xC0 + len(items)]) + items)[12:]


def test_addresses_refuse_parts_of_another_size() -> None:
    attempts: list[Callable[[], bytes]] = [
        lambda: contract.create2_address(bytes(19), bytes(32), b""),
        lambda: contract.create2_address(bytes(20), bytes(31), b""),
        lambda: contract.create_address(bytes(21), 0),
        lambda: contract.create_address(bytes(20), -1),
        lambda: contract.create_address(bytes(20), 2**64),
        lambda: contract.encode_factory_call(bytes(31), b"code"),
    ]
    for attempt in attempts:
        with pytest.raises(RecordError):
            attempt()


def test_the_factory_call_is_salt_then_code() -> None:
    assert contract.encode_factory_call(b"\x05" * 32, b"code") == b"\x05" * 32 + b"code"
