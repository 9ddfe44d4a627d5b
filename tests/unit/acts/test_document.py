"""Acts as EIP-712 documents: two foreign implementations make the same digest of them."""

import json
import subprocess
from pathlib import Path

import pytest
from coincurve import PrivateKey
from eth_account.messages import _hash_eip191_message, encode_typed_data

from ceremony.acts.digest import digest
from ceremony.acts.document import explain_digest, typed_document
from ceremony.acts.render import render
from ceremony.acts.signature import address_of, require_signature
from ceremony.acts.typed import typed_digest
from ceremony.records.base import from_hex
from ceremony.records.structs import Anchor, Domain, Genesis, Halt, Release, Resume, Rotate, TypedAct

KEY = b"\x5a" * 32
"""A throw-away key: what matters is what was hashed, not who signed."""
CAST = Path(__file__).parents[3] / "contracts" / "node_modules" / ".bin" / "cast"
DOMAIN = Domain(name="ceremony rehearsal", chain_id=31337, contract="0x" + "c0" * 20, salt=None)
PLACE = {
    "transcript_root": "0x" + "a1" * 32,
    "transcript_size": 150,
    "epoch": 1,
    "sequence": 7,
    "deadline": 1_900_000_000,
    "head": "0x" + "a2" * 32,
}
ROSTER = tuple("0x" + f"{number:02x}" * 20 for number in range(1, 8))
ONE, TWO, NONE = "0x" + "b1" * 32, "0x" + "b2" * 32, "0x" + "00" * 32
STRUCTS = (
    Genesis(root=ONE, size=90, plan_digest=TWO, epoch=1, sequence=0, deadline=1_900_000_000, head=NONE),
    Anchor(kind=1, root=ONE, size=90, metadata=TWO, **PLACE),
    Anchor(kind=0, root=ONE, size=1, metadata=NONE, **PLACE),
    Anchor(kind=9, root=ONE, size=1, metadata=NONE, **PLACE),
    Release(artifact=ONE, manifest=TWO, predecessor=NONE, **PLACE),
    Release(artifact=ONE, manifest=TWO, predecessor=TWO, **PLACE),
    Rotate(roster=ROSTER, **PLACE),
    Halt(reason=ONE, **PLACE),
    Resume(reason=ONE, **PLACE),
)
ACTS = [TypedAct(domain=DOMAIN, struct=struct) for struct in STRUCTS]


def name(act):
    return f"{act.struct.type}{getattr(act.struct, 'kind', '')}"


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_eth_account_makes_the_same_digest_of_the_document(act):
    assert bytes(_hash_eip191_message(encode_typed_data(full_message=typed_document(act)))) == digest(act)


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_cast_signs_the_same_digest_from_the_document(act, tmp_path):
    file = tmp_path / "act.json"
    file.write_text(json.dumps(typed_document(act)))
    command = [CAST, "wallet", "sign", "--private-key", "0x" + KEY.hex(), "--data", "--from-file", file]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    address = address_of(PrivateKey(KEY).public_key.format(compressed=False))
    require_signature(bytes.fromhex(done.stdout.strip()[2:]), digest(act), address)


@pytest.mark.parametrize("act", ACTS, ids=name)
def test_the_steps_lead_to_the_digest_and_the_words_to_every_field(act):
    steps = explain_digest(act)
    assert typed_digest(from_hex(steps["domain_separator"]), from_hex(steps["struct_hash"])) == digest(act) == from_hex(steps["digest"])
    text = "\n".join(render(act))
    said = [value for value in act.struct.model_dump().values() if isinstance(value, str) and value not in {act.struct.type, NONE}]
    assert all(value in text or value == act.struct.model_dump().get("metadata") for value in said)
    assert steps["digest"] in text
    assert steps["words"] in text
    assert "It cannot:" in text


def test_a_rotation_shows_every_new_key():
    text = "\n".join(render(ACTS[6]))
    assert all(address in text for address in ROSTER)
    assert "epoch 2" in text


def test_kinds_of_anchors_are_named_and_an_unknown_one_says_so():
    first = [render(act)[0] for act in ACTS[1:4]]
    assert first[0].startswith("ANCHOR: write a root on chain: a snapshot root")
    assert first[1].startswith("VOID: ")
    assert "kind 9, which this version does not know" in first[2]


def test_a_first_release_follows_nothing():
    assert "Follows:   nothing: it is the first" in render(ACTS[4])
    assert f"Follows:   {TWO}" in render(ACTS[5])
