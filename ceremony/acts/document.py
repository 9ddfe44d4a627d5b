"""An act as a file: JSON in, and out as the EIP-712 document that wallets and foreign tools take (pure)."""

from typing import Any

from ceremony.acts.digest import FIELDS, VERSION, digest, members, separator
from ceremony.acts.typed import Value, hash_struct
from ceremony.acts.words import encode_words
from ceremony.records.base import to_hex
from ceremony.records.structs import Domain, TypedAct

_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"), ("salt", "bytes32"))


def typed_document(act: TypedAct) -> dict[str, Any]:
    """The act as eth_signTypedData_v4 takes it: types, primaryType, domain, message (EIP-712)."""
    domain = _domain(act.domain)
    return {
        "types": {
            "EIP712Domain": [{"name": name, "type": kind} for name, kind in _DOMAIN if name in domain],
            act.struct.type: [{"name": name, "type": kind} for name, kind in FIELDS[act.struct.type]],
        },
        "primaryType": act.struct.type,
        "domain": domain,
        "message": {name: _plain(value) for name, value in members(act.struct).items()},
    }


def explain_digest(act: TypedAct) -> dict[str, str]:
    """Every step from the act to what is signed: domain separator, struct hash, digest, hex, and the digest in PGP words."""
    value = digest(act)
    return {
        "domain_separator": to_hex(separator(act.domain)),
        "struct_hash": to_hex(hash_struct(act.struct.type, FIELDS[act.struct.type], members(act.struct))),
        "digest": to_hex(value),
        "words": encode_words(value),
    }


def _domain(domain: Domain) -> dict[str, str | int]:
    found: dict[str, str | int | None] = {
        "name": domain.name,
        "version": VERSION,
        "chainId": domain.chain_id,
        "verifyingContract": domain.contract,
        "salt": domain.salt,
    }
    return {name: value for name, value in found.items() if value is not None}


def _plain(value: Value) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, tuple):
        return [to_hex(each) for each in value]
    return to_hex(value) if isinstance(value, bytes) else value
