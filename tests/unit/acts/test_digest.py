"""Every act's digest, recomputed by an independent tool (T11), and what is signed nowhere."""

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.acts.digest import FIELDS, ON_CONTRACT, digest, separator
from ceremony.acts.typed import keccak256
from ceremony.errors import RecordError
from ceremony.records.structs import Attestation, Domain, Enrolment, Genesis, Transport
from tests.unit.acts.drawn_acts import ACTS, IN_CEREMONY, ON_CHAIN

TYPES = {
    "Enrolment": "bytes32 ceremony,bytes32 planDigest,uint64 epoch,uint8 custodian,string serial,address governanceKey",
    "Transport": "bytes32 ceremony,uint64 dealing,uint8 custodian,string serial,bytes32 keyDigest",
    "Attestation": "string subject,bytes32 ceremony,uint64 dealing,uint8 custodian,bytes32 evidence",
    "Genesis": "bytes32 root,uint64 size,bytes32 planDigest,uint64 epoch,uint64 seq,uint64 deadline,bytes32 head",
    "Checkpoint": "string origin,uint64 size,bytes32 root",
}
"""As they stand in the contract and in every wallet that shows them; written out here once more on purpose."""


def members(name):
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
    for (kind, member), value in zip(members(name), dumped.values(), strict=True):
        values[member] = bytes.fromhex(value[2:]) if kind == "bytes32" else value
    message = encode_typed_data(
        full_message={
            "types": {
                "EIP712Domain": [{"name": member, "type": kind} for member, (kind, _) in fields.items()],
                name: [{"name": member, "type": kind} for kind, member in members(name)],
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
    for name, struct in {"Enrolment": Enrolment, "Transport": Transport, "Attestation": Attestation, "Genesis": Genesis}.items():
        assert len(struct.model_fields) == len(FIELDS[name]) + 1


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
