"""The acts for a clear-signing wallet: an ERC-7730 descriptor (version 1), which says how each field of each act is shown (pure).

A wallet takes a descriptor from its own registry, so this one helps only where the reader can load it, and a wallet that cannot shows
the same fields without labels. It describes; the digest stays what `acts.digest` computes.
"""

from typing import Any

from ceremony.acts.digest import FIELDS, VERSION
from ceremony.acts.render import KINDS, VOID
from ceremony.errors import RecordError
from ceremony.records.structs import Domain

SCHEMA = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"
INTENTS = {
    "Genesis": "Write the first root",
    "Anchor": "Anchor a root or a digest",
    "Release": "Release an artifact",
    "Rotate": "Replace all custodians",
    "Halt": "Halt the contract",
    "Resume": "Resume after a halt",
}
"""What each act on chain does, short enough for a device's screen."""
LABELS = {
    "root": "Root", "size": "Entries under the root", "planDigest": "Plan digest", "kind": "Kind", "metadata": "Metadata digest",
    "artifact": "Artifact digest", "manifest": "Manifest digest", "predecessor": "Release before it", "roster": "New custodian",
    "reason": "Reason digest", "transcriptRoot": "Transcript root", "transcriptSize": "Transcript entries", "epoch": "Epoch",
    "seq": "Sequence", "deadline": "Dies at", "head": "Contract head before",
}  # fmt: skip
_DOMAIN = (("name", "string"), ("version", "string"), ("chainId", "uint256"), ("verifyingContract", "address"))


def clear_signing(domain: Domain) -> dict[str, Any]:
    """The descriptor for one contract; RecordError when the domain is a ceremony's, before it has a contract."""
    # SPEC ERC-7730: context binds to a domain and its contracts; display has a format for each primary type, every field shown
    if domain.contract is None:
        message = "an act that no contract takes has no clear-signing descriptor"
        raise RecordError(message)
    return {
        "$schema": SCHEMA,
        "context": {
            "$id": f"{domain.name} {domain.contract}",
            "eip712": {
                "domain": {"name": domain.name, "version": VERSION, "chainId": domain.chain_id, "verifyingContract": domain.contract},
                "deployments": [{"chainId": domain.chain_id, "address": domain.contract}],
                "schemas": [_schema(act) for act in INTENTS],
            },
        },
        "metadata": {"owner": domain.name, "enums": {"kind": {str(VOID): "void", **{str(kind): text for kind, text in KINDS.items()}}}},
        "display": {"formats": {act: _format(act, intent) for act, intent in INTENTS.items()}},
    }


def _schema(act: str) -> dict[str, Any]:
    types = {"EIP712Domain": _DOMAIN, act: FIELDS[act]}
    return {"primaryType": act, "types": {name: [{"name": field, "type": kind} for field, kind in types[name]] for name in types}}


def _format(act: str, intent: str) -> dict[str, Any]:
    fields = [_field(name, kind) for name, kind in FIELDS[act]]
    return {"intent": intent, "fields": fields, "required": [field["path"] for field in fields]}


def _field(name: str, kind: str) -> dict[str, Any]:
    path = f"{name}.[]" if kind.endswith("[]") else name
    shown: dict[str, Any] = {"path": path, "label": LABELS[name], "format": "raw"}
    if name == "deadline":
        shown |= {"format": "date", "params": {"encoding": "timestamp"}}
    elif name == "kind":
        shown |= {"format": "enum", "params": {"$ref": "$.metadata.enums.kind"}}
    return shown
