"""Every act's digest, recomputed by an independent tool (T11), and what is signed nowhere."""

from typing import get_args

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.acts.digest import FIELDS, ON_CONTRACT, digest, members, separator
from ceremony.acts.typed import keccak256
from ceremony.errors import RecordError
from ceremony.records import structs
from ceremony.records.structs import Domain
from tests.unit.acts.drawn_acts import ACTS, IN_CEREMONY, ON_CHAIN, STRUCTS

_PLACE = "bytes32 transcriptRoot,uint64 transcriptSize,uint64 epoch,uint64 seq,uint64 deadline,bytes32 head"
TYPES = {
    "Enrolment": "bytes32 ceremony,bytes32 planDigest,uint64 epoch,uint8 custodian,string serial,address governanceKey",
    "Transport": "bytes32 ceremony,uint64 dealing,uint8 custodian,string serial,bytes32 keyDigest",
    "Attestation": "string subject,bytes32 ceremony,uint64 dealing,uint8 custodian,bytes32 evidence",
    "EnvelopeApproval": "bytes32 ceremony,uint64 dealing,bytes32 header,string description,string reason,bytes32 opening",
    "Genesis": "bytes32 root,uint64 size,bytes32 planDigest,uint64 epoch,uint64 seq,uint64 deadline,bytes32 head",
    "Anchor": f"uint8 kind,bytes32 root,uint64 size,bytes32 metadata,{_PLACE}",
    "Release": f"bytes32 artifact,bytes32 manifest,bytes32 predecessor,{_PLACE}",
    "Rotate": f"address[] roster,{_PLACE}",
    "Halt": f"bytes32 reason,{_PLACE}",
    "Resume": f"bytes32 reason,{_PLACE}",
    "Succession": "bytes32 predecessor,bytes32 ceremony,uint64 dealing,uint64 envelopes,bytes32 listDigest,uint64 cutoff,uint64 size,"
    "bytes32 root",
    "Checkpoint": "string origin,uint64 size,bytes32 root",
}
"""As they stand in the contract and in every wallet that shows them; written out here once more on purpose."""


def typed_members(name):
    return [tuple(member.split()) for member in TYPES[name].split(",")]


def by_eth_account(act):
    """The digest as eth_account computes it, from names and values alone."""
    fields = {"name": ("string", act.domain.name), "version": ("string", "1"), "chainId": ("uint256", act.domain.chain_id)}
    if act.domain.contract:
        fields["verifyingContract"] = ("address", act.domain.contract)
    if act.domain.salt:
        fields["salt"] = ("bytes32", bytes.fromhex(act.domain.salt[2:]))
    dumped = act.struct.model_dump()
    name = dumped.pop("type")
    values = {}
    for kind, member in typed_members(name):
        value = dumped.pop(_snake(member))
        values[member] = bytes.fromhex(value[2:]) if kind == "bytes32" else list(value) if kind == "address[]" else value
    assert not dumped, "every field of the record is signed"
    message = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [{"name": member, "type": kind} for member, (kind, _) in fields.items()],
                name: [{"name": member, "type": kind} for kind, member in typed_members(name)],
            },
            "primaryType": name,
            "domain": {member: value for member, (_, value) in fields.items()},
            "message": values,
        }
    )
    return keccak256(b"\x19" + message.version + message.header + message.body)


@pytest.mark.parametrize("name", ACTS)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_an_independent_tool_recomputes_the_digest(name, data):
    act = data.draw(ACTS[name])
    assert digest(act) == by_eth_account(act)


def test_the_structs_are_the_ones_written_here():
    assert {name: ",".join(f"{kind} {member}" for member, kind in fields) for name, fields in FIELDS.items()} == TYPES
    for name, fields in FIELDS.items():
        struct = getattr(structs, name)
        assert struct.model_fields["type"].default == name
        assert {_snake(member) for member, _ in fields} == {member for member in struct.model_fields if member != "type"}


def _snake(member):
    return "sequence" if member == "seq" else "".join("_" + letter.lower() if letter.isupper() else letter for letter in member)


def test_every_struct_that_can_be_signed_is_drawn_here():
    assert set(ACTS) == set(FIELDS) == set(TYPES)
    (union, _) = get_args(structs.Struct)
    assert {each.model_fields["type"].default for each in get_args(union)} == set(FIELDS)
    assert {each.model_fields["type"].default for each in get_args(structs.OnChain)} | {"Checkpoint"} == ON_CONTRACT


@pytest.mark.parametrize("name", ACTS)
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_the_members_are_what_an_encoder_takes(name, data):
    struct = data.draw(STRUCTS[name])
    dumped = struct.model_dump()
    found = members(struct)
    assert list(found) == [member for member, _ in FIELDS[name]]
    for (member, kind), value in zip(FIELDS[name], found.values(), strict=True):
        written = dumped[_snake(member)]
        if kind == "address[]":
            assert tuple("0x" + one.hex() for one in value) == written
        elif kind in {"bytes32", "address"}:
            assert "0x" + value.hex() == written
        else:
            assert value == written


@settings(max_examples=25, deadline=None)
@given(ACTS["Rotate"], st.randoms(use_true_random=False))
def test_each_of_a_roster_and_their_order_are_in_the_digest(act, random):
    def with_roster(roster):
        return act.model_copy(update={"struct": act.struct.model_copy(update={"roster": roster})})

    roster = act.struct.roster
    shuffled = tuple(random.sample(roster, len(roster)))
    assert (digest(with_roster(shuffled)) == digest(act)) == (shuffled == roster)
    assert digest(with_roster(roster[:-1])) != digest(act) != digest(with_roster((*roster, roster[0])))
    assert digest(with_roster(roster[:-1])) == by_eth_account(with_roster(roster[:-1]))


@pytest.mark.parametrize("name", ACTS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_field_is_in_the_digest(name, data):
    act, other = data.draw(ACTS[name]), data.draw(ACTS[name])
    for member in type(act.struct).model_fields:
        value = getattr(other.struct, member)
        changed = act.model_copy(update={"struct": act.struct.model_copy(update={member: value})})
        assert (digest(changed) == digest(act)) == (value == getattr(act.struct, member))
    for member in ("name", "chain_id", "contract", "salt"):
        value = getattr(other.domain, member)
        changed = act.model_copy(update={"domain": act.domain.model_copy(update={member: value})})
        assert (digest(changed) == digest(act)) == (value == getattr(act.domain, member))


@pytest.mark.parametrize("name", ACTS)
@settings(max_examples=3)
@given(data=st.data())
def test_an_act_is_signed_in_its_own_kind_of_domain(name, data):
    act = data.draw(ACTS[name])
    wrong = data.draw(IN_CEREMONY if name in ON_CONTRACT else ON_CHAIN)
    with pytest.raises(RecordError, match=f"{name} is signed in the wrong domain"):
        digest(act.model_copy(update={"domain": wrong}))


@pytest.mark.parametrize("places", [{"contract": None, "salt": None}, {"contract": "0x" + "11" * 20, "salt": "0x" + "22" * 32}])
def test_a_domain_has_one_place(places):
    with pytest.raises(RecordError, match="never both or none"):
        separator(Domain(name="ceremony", chain_id=1, **places))


def test_a_rehearsals_domain_is_none_of_the_real_one():
    places = {"chain_id": 1, "contract": "0x" + "11" * 20, "salt": None}
    assert separator(Domain(name="ceremony", **places)) != separator(Domain(name="ceremony rehearsal", **places))
