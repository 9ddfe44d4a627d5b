"""Every kind of entry: read as it was written, each field needed, of its type, none added; and what a transcript line may not be."""

import json

import pytest

from ceremony.errors import RecordError
from ceremony.records.canonical import encode_canonical
from ceremony.records.entries import Entry, parse_entry
from ceremony.records.structs import Domain, TypedAct
from tests.simulators.eventful import all_kinds, eventful_book, eventful_succession

BOOK = eventful_book()
BOOKS = (eventful_succession(), BOOK)
FIRST = {entry.body.kind: line for book in BOOKS for entry, line in reversed(list(zip(book.entries, book.lines, strict=True)))}
OPTIONAL = {("ceremony_opened", "v"), ("approval_begun", "acknowledged"), ("anchor_begun", "payment"), ("consent_begun", "acknowledged")}
OTHER_TYPES = (None, True, 7, -1, 1.5, "x", [], {}, "0x")


def rewritten(line, change):
    value = json.loads(line)
    change(value)
    return encode_canonical(value)


def test_there_is_an_example_of_every_kind():
    assert set(FIRST) == all_kinds()


def test_every_line_is_read_as_it_was_written():
    for book in BOOKS:
        for entry, line in zip(book.entries, book.lines, strict=True):
            assert parse_entry(line) == entry
            assert entry.encode() == line


@pytest.mark.parametrize("kind", sorted(all_kinds()))
def test_every_field_of_a_body_is_needed_and_none_may_be_added(kind):
    line = FIRST[kind]
    for name in json.loads(line)["body"]:
        with pytest.raises(RecordError) as refusal:
            parse_entry(rewritten(line, lambda value, name=name: value["body"].pop(name)))
        assert name in refusal.value.message or name == "kind"
    with pytest.raises(RecordError, match="more"):
        parse_entry(rewritten(line, lambda value: value["body"].update(more=1)))


@pytest.mark.parametrize("kind", sorted(all_kinds()))
def test_every_field_of_a_body_has_its_type(kind):
    """A value of another JSON type is never taken; what is taken reads back the same."""
    line = FIRST[kind]
    for name, true in json.loads(line)["body"].items():
        for value in OTHER_TYPES:
            if isinstance(value, float):
                with pytest.raises(RecordError):
                    rewritten(line, lambda entry, name=name, value=value: entry["body"].update({name: value}))
                continue
            changed = rewritten(line, lambda entry, name=name, value=value: entry["body"].update({name: value}))
            try:
                read = parse_entry(changed)
            except RecordError:
                continue
            assert type(value) is type(true) or (kind, name) in OPTIONAL or (value is None and name == "transaction")
            assert read.encode() == changed


@pytest.mark.parametrize("name", ["v", "index", "previous", "at", "body"])
def test_every_part_of_a_line_is_needed(name):
    line = FIRST["enrolled"]
    with pytest.raises(RecordError):
        parse_entry(rewritten(line, lambda value: value.pop(name)))


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": "1"},
        {"index": -1},
        {"index": "0"},
        {"previous": "0x"},
        {"at": "yesterday"},
        {"body": []},
        {"body": {"kind": "other"}},
        {"w": 1},
    ],
    ids=str,
)
def test_other_lines_are_refused(change):
    with pytest.raises(RecordError):
        parse_entry(rewritten(FIRST["enrolled"], lambda value: value.update(change)))


SPOILS = (lambda d: d + b"\n", lambda d: b" " + d, lambda d: d[:-1], lambda d: d.replace(b'":', b'": ', 1), lambda _: b"")


@pytest.mark.parametrize("spoil", SPOILS)
def test_a_line_has_one_spelling(spoil):
    with pytest.raises(RecordError):
        parse_entry(spoil(FIRST["enrolled"]))


def test_an_entry_does_not_change():
    entry = BOOK.entries[1]
    with pytest.raises(Exception, match="frozen"):
        entry.index = 7
    with pytest.raises(Exception, match="frozen"):
        entry.body.kind = "other"
    assert isinstance(entry, Entry)


@pytest.mark.parametrize(
    ("kind", "path"),
    [("enrolled", ("enrolment", "type")), ("proposed", ("act", "type")), ("holding_attested", ("attestation", "type"))],
)
def test_no_field_inside_is_filled_in_for_whoever_left_it_out(kind, path):
    """Else two different lines, and so two roots, would mean one fact."""
    outer, inner = path
    with pytest.raises(RecordError, match=f"{inner} left out|discriminator '{inner}'"):
        parse_entry(rewritten(FIRST[kind], lambda value: value["body"][outer].pop(inner)))


# --- structs ---


@pytest.mark.parametrize("kind", ["enrolled", "transport_made", "holding_attested", "proposed"])
def test_a_typed_act_is_read_as_it_was_written(kind):
    body = parse_entry(FIRST[kind]).body
    struct = next(getattr(body, name) for name in ("enrolment", "transport", "attestation", "act") if hasattr(body, name))
    act = TypedAct(domain=Domain(name="ceremony", chain_id=1, contract=None, salt="0x" + "11" * 32), struct=struct)
    assert TypedAct.parse(act.encode()) == act


@pytest.mark.parametrize(
    "change", [{"type": "Transfer"}, {"type": "Enrolment"}, {"root": "0x00"}, {"more": 1}, {"deadline": 2**53}], ids=str
)
def test_a_struct_is_of_a_known_type_with_that_types_fields(change):
    struct = json.loads(FIRST["proposed"])["body"]["act"]
    domain = {"name": "ceremony", "chain_id": 1, "contract": None, "salt": "0x" + "11" * 32}
    TypedAct.parse(encode_canonical({"domain": domain, "struct": struct}))
    with pytest.raises(RecordError):
        TypedAct.parse(json.dumps({"domain": domain, "struct": {**struct, **change}}, sort_keys=True, separators=(",", ":")).encode())


@pytest.mark.parametrize("name", ["Ceremony", "ceremony ", "", "rehearsal"])
def test_a_signing_domain_has_one_of_two_names(name):
    line = encode_canonical({"name": name, "chain_id": 1, "contract": None, "salt": "0x" + "11" * 32})
    with pytest.raises(RecordError):
        Domain.parse(line)
