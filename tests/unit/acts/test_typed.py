"""EIP-712: the published example, an independent implementation, and everything that cannot be signed."""

from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.typed import domain_separator, encode_type, hash_struct, keccak256, typed_digest
from ceremony.errors import RecordError

FIELDS = (
    ("text", "string"),
    ("flag", "bool"),
    ("small", "uint8"),
    ("time", "uint64"),
    ("large", "uint256"),
    ("hash", "bytes32"),
    ("who", "address"),
    ("others", "address[]"),
)
VALUES = st.fixed_dictionaries(
    {
        "text": st.text(st.characters(exclude_categories=["Cs"])),
        "flag": st.booleans(),
        "small": st.integers(0, 2**8 - 1),
        "time": st.integers(0, 2**64 - 1),
        "large": st.integers(0, 2**256 - 1),
        "hash": st.binary(min_size=32, max_size=32),
        "who": st.binary(min_size=20, max_size=20),
        "others": st.lists(st.binary(min_size=20, max_size=20), max_size=9).map(tuple),
    }
)


def test_keccak_is_ethereums() -> None:
    # keccak256 of nothing and of "Transfer(address,address,uint256)", as every ERC-20 log shows it.
    assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    transfer = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert keccak256(b"Transfer(address,address,uint256)").hex() == transfer


# The "Ether Mail" example of EIP-712, https://eips.ethereum.org/EIPS/eip-712 and its assets/eip-712/Example.js; its Mail is
# nested, so Mail's hash is given, and its flat members Person and EIP712Domain are computed.
def test_the_eips_example() -> None:
    separator = domain_separator(
        name="Ether Mail", version="1", chain_id=1, verifying_contract=bytes.fromhex("cc" * 20)
    )
    assert separator.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    person = (("name", "string"), ("wallet", "address"))
    assert encode_type("Person", person) == "Person(string name,address wallet)"
    cow = {"name": "Cow", "wallet": bytes.fromhex("CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826")}
    assert hash_struct("Person", person, cow).hex() == "fc71e5fa27ff56c350aa531bc129ebdf613b772b6604664f5d8dbe21b85eb0c8"
    mail = bytes.fromhex("c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e")
    assert typed_digest(separator, mail).hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


@given(
    VALUES,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.integers(0, 2**64),
    st.none() | st.binary(min_size=20, max_size=20),
    st.none() | st.binary(min_size=32, max_size=32),
)
def test_an_independent_implementation_agrees(
    values: dict[str, Any], name: str, chain_id: int, contract: bytes | None, salt: bytes | None
) -> None:
    domain: dict[str, Any] = {"name": name, "version": "1", "chainId": chain_id}
    domain |= {} if contract is None else {"verifyingContract": "0x" + contract.hex()}
    domain |= {} if salt is None else {"salt": salt}
    message = {**values, "who": "0x" + values["who"].hex(), "others": ["0x" + one.hex() for one in values["others"]]}
    types = {"Act": [{"name": field, "type": kind} for field, kind in FIELDS]}
    signable = encode_typed_data(domain, types, message)
    separator = domain_separator(name=name, version="1", chain_id=chain_id, verifying_contract=contract, salt=salt)
    struct = hash_struct("Act", FIELDS, values)
    assert separator == signable.header
    assert struct == signable.body
    assert typed_digest(separator, struct) == keccak256(b"\x19\x01" + signable.header + signable.body)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", b"bytes"),
        ("string", "\ud800"),
        ("bool", 1),
        ("uint8", True),
        ("uint8", 256),
        ("uint8", -1),
        ("uint8", "1"),
        ("uint64", 2**64),
        ("uint256", 2**256),
        ("uint7", 1),
        ("uint0", 0),
        ("uint08", 1),
        ("uint264", 1),
        ("uint", 1),
        ("int8", 1),
        ("bytes32", bytes(31)),
        ("bytes32", bytes(33)),
        ("bytes32", "0x" + "00" * 32),
        ("bytes", b""),
        ("address", bytes(32)),
        ("address", "0x" + "00" * 20),
        ("address", (bytes(20),)),
        ("address[]", bytes(20)),
        ("address[]", [bytes(20)]),
        ("address[]", (bytes(20), bytes(19))),
        ("address[]", (bytes(32),)),
        ("address[]", (1,)),
        ("address[]", ("0x" + "00" * 20,)),
        ("address[2]", (bytes(20), bytes(20))),
        ("bytes32[]", (bytes(32),)),
        ("uint8[]", 1),
        ("Person", "Cow"),
    ],
)
def test_what_does_not_fit_its_type_is_refused(kind: str, value: Any) -> None:
    with pytest.raises(RecordError, match=r"member|Unicode"):
        hash_struct("Act", (("member", kind),), {"member": value})


@pytest.mark.parametrize(
    ("kind", "value"), [("uint8", 255), ("uint16", 65535), ("uint256", 2**256 - 1), ("uint8", 0), ("string", ""), ("address[]", ())]
)
def test_what_just_fits_is_taken(kind: str, value: Any) -> None:
    assert len(hash_struct("Act", (("member", kind),), {"member": value})) == 32


@pytest.mark.parametrize("values", [{}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, {"a": 1, "c": 2}])
def test_members_missing_or_unknown_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(RecordError, match="has the members a, b and no others"):
        hash_struct("Act", (("a", "uint8"), ("b", "uint8")), values)


def test_a_doubled_member_is_refused() -> None:
    with pytest.raises(RecordError, match="no others"):
        hash_struct("Act", (("a", "uint8"), ("a", "uint8")), {"a": 1})


@pytest.mark.parametrize(("separator", "struct"), [(bytes(31), bytes(32)), (bytes(32), bytes(33))])
def test_a_digest_needs_two_hashes(separator: bytes, struct: bytes) -> None:
    with pytest.raises(RecordError, match="32 bytes each"):
        typed_digest(separator, struct)
