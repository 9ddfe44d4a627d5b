"""The custody journal's own closed union: every kind reads back, and neither journal takes an entry of the other."""

import pytest

from ceremony.errors import RecordError
from ceremony.records import custody_entries as custody
from ceremony.records.entries import Entry
from ceremony.records.evidence import EnvelopeHeader, SealedHeader
from ceremony.records.roster_entries import RunStarted
from ceremony.records.unseal_files import SignedAnswer, UnsealAnswer, UnsealRequest

ONES, POINT = "0x" + "11" * 32, "0x02" + "11" * 32
HEADER = EnvelopeHeader(ceremony=ONES, dealing=1, description="a list", point=POINT, key_commitment=ONES, tags=(ONES,) * 7)
REQUEST = UnsealRequest(
    header=HEADER, reason="audit", requester="Ada", custodians=(1, 2), nonce=ONES, reply_key=ONES, at="2026-11-25T12:00:00Z"
)
SIGNED = SignedAnswer(
    answer=UnsealAnswer(request=ONES, custodian=2, sealed="0x" + "11" * 80), signature="0x" + "11" * 64 + "1b"
)
WRONG = (custody.Wrong(custodian=2, error="TokenLied"),)
BODIES = (
    custody.CustodyOpened(ceremony=ONES, size=90, root=ONES),
    custody.EnvelopeRegistered(header_digest=ONES, sealed=SealedHeader(header=HEADER, wrapped=ONES)),
    custody.UnsealBegun(header_digest=ONES, description="a list", reason="audit", custodians=(1, 2)),
    custody.Unsealed(header_digest=ONES, custodians=(1, 3, 4, 5, 6), wrong=WRONG),
    custody.Unsealed(header_digest=ONES, custodians=(1, 3, 4, 5, 6), wrong=(), memory_locked=False),
    custody.UnsealFailed(header_digest=ONES, custodians=(1,), wrong=WRONG),
    custody.HoldingProven(custodian=7, point="0x04" + "11" * 64, nonce=ONES, answer=ONES),
    custody.HoldingFailed(custodian=7, error="TokenMissing"),
    custody.EnvelopeApproved(header_digest=ONES, reason="audit", opening=ONES, custodian=2, signature="0x" + "11" * 64 + "1b"),
    custody.RequestMade(
        request=ONES, header_digest=ONES, description="a list", reason="audit", requester="Ada", custodians=(1, 2)
    ),
    custody.AnswerBegun(
        request=ONES, nonce=ONES, header_digest=ONES, description="a list", reason="audit", requester="Ada", custodian=2
    ),
    custody.AnswerGiven(signed=SIGNED),
    custody.AnswerFailed(request=ONES, custodian=2, error="PinWrong"),
    custody.CombineBegun(request=ONES, header_digest=ONES, custodians=(1, 2)),
    custody.AnswersCombined(request=ONES, header_digest=ONES, custodians=(1, 3, 4, 5, 6), wrong=WRONG),
    custody.CombineFailed(request=ONES, header_digest=ONES, custodians=(1,), wrong=WRONG),
)
PLACE = {"index": 0, "previous": ONES, "at": "2026-11-25T12:00:00Z"}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.kind)
def test_every_kind_reads_back_and_is_none_of_the_transcripts(body):
    entry = custody.CustodyEntry(**PLACE, body=body)
    assert custody.CustodyEntry.parse(entry.encode()) == entry
    with pytest.raises(RecordError, match="body"):
        Entry.parse(entry.encode())


def test_an_opening_of_an_older_version_reads_back_and_no_line_says_the_same_otherwise():
    line = custody.CustodyEntry(**PLACE, body=BODIES[3]).encode()
    assert b"memory_locked" not in line
    assert custody.CustodyEntry.parse(line).body.memory_locked is None
    said = line.replace(b'"kind":"unsealed",', b'"kind":"unsealed","memory_locked":null,')
    with pytest.raises(RecordError, match="memory_locked must be left out"):
        custody.CustodyEntry.parse(said)
    assert custody.CustodyEntry.parse(said.replace(b"null", b"true")).body.memory_locked is True
    with pytest.raises(RecordError, match="wrong: Field required"):
        custody.CustodyEntry.parse(line.replace(b',"wrong":[{"custodian":2,"error":"TokenLied"}]', b""))


def test_the_journal_takes_no_entry_of_the_transcript():
    entry = Entry(**PLACE, body=RunStarted(tool=ONES, self_tests=()))
    with pytest.raises(RecordError, match="body"):
        custody.CustodyEntry.parse(entry.encode())


def test_a_master_key_reads_back_and_has_commitments():
    key = custody.MasterKey(ceremony=ONES, dealing=1, n=7, k=5, commitments=(POINT,) * 5)
    assert custody.MasterKey.parse(key.encode()) == key
    with pytest.raises(RecordError, match="commitments"):
        custody.MasterKey.parse(key.encode().replace(f'["{POINT}"'.encode() + f',"{POINT}"'.encode() * 4 + b"]", b"[]"))


def test_a_request_and_an_answer_read_back_and_never_as_each_other():
    for record, other in ((REQUEST, UnsealAnswer), (SIGNED.answer, UnsealRequest), (SIGNED, UnsealAnswer)):
        assert type(record).parse(record.encode()) == record
        with pytest.raises(RecordError):
            other.parse(record.encode())
    with pytest.raises(RecordError, match="custodians"):
        UnsealRequest.parse(REQUEST.model_copy(update={"custodians": ()}).encode())
