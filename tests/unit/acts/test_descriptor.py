"""The clear-signing descriptor shows every field of every act, of the types that are signed, for this contract only (ERC-7730)."""

import json
import re

import pytest

from ceremony.acts.descriptor import INTENTS, clear_signing
from ceremony.acts.digest import FIELDS
from ceremony.acts.document import typed_document
from ceremony.errors import RecordError
from ceremony.records.structs import Domain, TypedAct
from tests.unit.anchor.sample_acts import ACTS

CONTRACT = "0x" + "ab" * 20
DOMAIN = Domain(name="ceremony rehearsal", chain_id=31337, contract=CONTRACT, salt=None)
FORMATS = clear_signing(DOMAIN)["display"]["formats"]


def test_it_is_bound_to_one_contract_on_one_chain():
    context = clear_signing(DOMAIN)["context"]["eip712"]
    assert context["deployments"] == [{"chainId": 31337, "address": CONTRACT}]
    assert context["domain"] == {"name": "ceremony rehearsal", "version": "1", "chainId": 31337, "verifyingContract": CONTRACT}
    with pytest.raises(RecordError):
        clear_signing(Domain(name="ceremony", chain_id=1, contract=None, salt="0x" + "00" * 32))


def test_every_act_on_chain_has_a_format_and_every_field_is_shown_once_and_required():
    assert set(FORMATS) == set(INTENTS) == set(ACTS)
    for act, shown in FORMATS.items():
        paths = [field["path"].removesuffix(".[]") for field in shown["fields"]]
        assert paths == [name for name, _ in FIELDS[act]]
        assert shown["required"] == [field["path"] for field in shown["fields"]]
        assert len({field["label"] for field in shown["fields"]}) == len(paths)
        assert len(shown["intent"]) <= 30


@pytest.mark.parametrize("name", ACTS)
def test_its_types_are_those_of_the_document_that_is_signed(name):
    document = typed_document(TypedAct(domain=DOMAIN, struct=ACTS[name]))
    schemas = {one["primaryType"]: one["types"] for one in clear_signing(DOMAIN)["context"]["eip712"]["schemas"]}
    assert schemas[name] == document["types"]


def test_what_has_a_meaning_is_shown_by_it():
    shown = {field["path"]: field for field in FORMATS["Anchor"]["fields"]}
    assert shown["deadline"]["params"] == {"encoding": "timestamp"}
    names = clear_signing(DOMAIN)["metadata"]["enums"]["kind"]
    assert names == {"0": "void", "1": "a snapshot root", "2": "a model hash", "3": "rollout evidence"}
    assert re.fullmatch(r"\$\.metadata\.enums\.kind", shown["kind"]["params"]["$ref"])
    assert FORMATS["Rotate"]["fields"][0]["path"] == "roster.[]"
    assert json.loads(json.dumps(FORMATS)) == FORMATS
