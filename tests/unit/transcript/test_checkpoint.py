"""Checkpoints and signed notes: C2SP's own examples read back, ours round-trip, every other spelling is refused."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.errors import RecordError
from ceremony.transcript.checkpoint import (
    NOTE_LIMIT,
    SIGNATURE_LIMIT,
    Checkpoint,
    NoteSignature,
    encode_body,
    encode_note,
    key_id,
    parse_body,
    parse_note,
)

# The example of https://c2sp.org/tlog-checkpoint.
C2SP_ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="
C2SP_SIGNATURE = "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8="
C2SP_NOTE = (
    f"example.com/behind-the-sofa\n20852163\n{C2SP_ROOT}\n\n\u2014 example.com/behind-the-sofa {C2SP_SIGNATURE}\n"
).encode()

ROOT = hashlib.sha256(b"root").digest()
CHECKPOINT = Checkpoint("ceremony/" + "ab" * 32, 57, ROOT)
ADDRESS = bytes(range(20))
ADA = NoteSignature("custodian-1", key_id("custodian-1", ADDRESS), b"\x01" * 65)
BO = NoteSignature("custodian-2", key_id("custodian-2", ADDRESS), b"\x02" * 65)
NOTE = encode_note(CHECKPOINT, [ADA, BO])
BODY = encode_body(CHECKPOINT)


def test_c2sps_example_reads_and_writes_the_same_bytes() -> None:
    checkpoint, signatures = parse_note(C2SP_NOTE)
    assert checkpoint == Checkpoint("example.com/behind-the-sofa", 20852163, base64.b64decode(C2SP_ROOT))
    (signature,) = signatures
    assert signature.name == "example.com/behind-the-sofa"
    assert (signature.key_id.hex(), len(signature.signature)) == ("033de0ae", 64)
    assert encode_note(checkpoint, signatures) == C2SP_NOTE


def test_ours_in_bytes() -> None:
    root = base64.b64encode(ROOT).decode()
    line = base64.b64encode(ADA.key_id + ADA.signature).decode()
    assert BODY.decode() == f"ceremony/{'ab' * 32}\n57\n{root}\n"
    assert encode_note(CHECKPOINT, [ADA]).decode() == f"{BODY.decode()}\n\u2014 custodian-1 {line}\n"


@given(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20).map(lambda text: f"o {text}"),
    st.integers(0, 2**53 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(
        st.tuples(st.from_regex(r"[a-z./-]{1,9}", fullmatch=True), st.binary(min_size=1, max_size=512)),
        min_size=1,
        max_size=5,
        unique_by=lambda pair: pair[0],
    ),
)
def test_any_checkpoint_reads_back(origin: str, size: int, root: bytes, signed: list[tuple[str, bytes]]) -> None:
    signatures = tuple(NoteSignature(name, key_id(name, ADDRESS), signature) for name, signature in signed)
    try:
        checkpoint = Checkpoint(origin, size, root)
    except RecordError:  # not in NFC
        return
    assert parse_body(encode_body(checkpoint)) == checkpoint
    assert parse_note(encode_note(checkpoint, signatures)) == (checkpoint, signatures)


def test_a_key_id_is_c2sps_formula_with_a_type_of_its_own() -> None:
    preimage = b"custodian-1\n\xffceremony EIP-712 Checkpoint v1" + ADDRESS
    assert key_id("custodian-1", ADDRESS) == hashlib.sha256(preimage).digest()[:4]
    assert key_id("custodian-2", ADDRESS) != key_id("custodian-1", ADDRESS)
    for size in (0, 19, 21, 32):
        with pytest.raises(RecordError, match="20 bytes"):
            key_id("custodian-1", bytes(size))


@pytest.mark.parametrize("origin", ["", " ", "\t", "a\nb", "a\x00", " a", "a ", "\u00a0a", "a\u0308", "x" * 201, "\u200b"])
def test_an_origin_that_is_blank_or_not_plain_is_refused(origin: str) -> None:
    with pytest.raises(RecordError, match="origin"):
        Checkpoint(origin, 1, ROOT)


@pytest.mark.parametrize(("size", "root"), [(-1, ROOT), (2**53, ROOT), (1, ROOT[:31]), (1, ROOT + b"\0")])
def test_a_size_or_root_out_of_range_is_refused(size: int, root: bytes) -> None:
    with pytest.raises(RecordError, match=r"size|root"):
        Checkpoint("origin", size, root)


def test_the_limits_themselves_are_allowed() -> None:
    for checkpoint in (Checkpoint("x" * 200, 2**53 - 1, ROOT), Checkpoint("x", 0, ROOT)):
        assert parse_body(encode_body(checkpoint)) == checkpoint


def test_names_and_signatures_that_cannot_stand_in_a_note_are_refused() -> None:
    for name in ("", "Ada L", "a+b", "a\u00a0b", "a\u2003b", "a\n", "x" * 201, "a\u0308"):
        with pytest.raises(RecordError, match="name"):
            NoteSignature(name, b"1234", b"x")
        with pytest.raises(RecordError, match="name"):
            key_id(name, ADDRESS)
    for key, signature in ((b"123", b"x"), (b"12345", b"x"), (b"1234", b""), (b"1234", bytes(513))):
        with pytest.raises(RecordError, match="wrong length"):
            NoteSignature("a", key, signature)


LINES = BODY.decode().split("\n")
ROOT64 = LINES[2]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "\n",
        "\n\n\n",
        "\n".join(LINES[:3]),
        "\n".join(LINES[:2]) + "\n",
        "\n".join([*LINES[:3], "extension", ""]),
        "\n".join([*LINES[:3], "", ""]),
        f"\n57\n{ROOT64}\n",
        f" \n57\n{ROOT64}\n",
        f"o\n057\n{ROOT64}\n",
        f"o\n00\n{ROOT64}\n",
        f"o\n+57\n{ROOT64}\n",
        f"o\n-1\n{ROOT64}\n",
        f"o\n 57\n{ROOT64}\n",
        f"o\n5_7\n{ROOT64}\n",
        f"o\n\u0665\n{ROOT64}\n",
        f"o\n\n{ROOT64}\n",
        f"o\n0x39\n{ROOT64}\n",
        f"o\n9007199254740992\n{ROOT64}\n",
        f"o\n{'9' * 17}\n{ROOT64}\n",
        f"o\n57\n{ROOT64[:-1]}\n",
        f"o\n57\n{ROOT64} \n",
        f"o\n57\n{ROOT64}=\n",
        f"o\n57\n{ROOT64[:-2]}{chr(ord(ROOT64[-2]) + 1)}=\n",
        f"o\n57\n{ROOT64.replace(ROOT64[0], '-', 1)}\n",
        "o\n57\n\u00e4\n",
        f"o\n57\n{base64.b64encode(ROOT[:31]).decode()}\n",
        f"o\r\n57\r\n{ROOT64}\r\n",
    ],
)
def test_every_other_spelling_of_a_body_is_refused(body: str) -> None:
    with pytest.raises(RecordError):
        parse_body(body.encode())


def test_a_body_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(RecordError, match="UTF-8"):
        parse_body(b"\xff" + BODY)


LINE = NOTE.split(b"\n")[4]


@pytest.mark.parametrize(
    "note",
    [
        b"",
        BODY,
        BODY + b"\n",
        BODY + b"\n\n",
        NOTE[:-1],
        NOTE + b"\n",
        NOTE + NOTE,
        b"\n" + NOTE,
        NOTE.replace(b"\n\n", b"\n"),
        NOTE.replace(b"\n\n", b"\n\n\n"),
        NOTE.replace("\u2014 ".encode(), b"-- "),
        NOTE.replace("\u2014 ".encode(), "\u2014".encode()),
        NOTE.replace("\u2014 ".encode(), "\u2014  ".encode()),
        NOTE.replace(b"custodian-1 ", b"custodian-1  "),
        NOTE.replace(b"custodian-1 ", b"custodian-1\t"),
        NOTE.replace(b"custodian-1 ", b"custo dian-1 "),
        NOTE.replace(b"custodian-1 ", b""),
        NOTE.replace(b"custodian-1", b"custodian+1"),
        NOTE + LINE + b"\n",
        NOTE + "\u2014 custodian-3 \n".encode(),
        NOTE + "\u2014 custodian-3 AAAA\n".encode(),
        NOTE + "\u2014 custodian-3 AAAAAA==\n".encode(),
        NOTE + "\u2014 custodian-3 AAAAAAB=\n".encode(),
        NOTE + "\u2014 custodian-3 AAAAAAA\n".encode(),
        NOTE + "\u2014 custodian-3 \u00c4AAAAAA=\n".encode(),
        NOTE + b"\xff\n",
        NOTE.replace(b"\n", b"\r\n"),
        BODY + b"\n" + (LINE + b"\n") * (SIGNATURE_LIMIT + 1),
        NOTE + b"x" * NOTE_LIMIT,
    ],
)
def test_every_other_spelling_of_a_note_is_refused(note: bytes) -> None:
    assert parse_note(NOTE) == (CHECKPOINT, (ADA, BO))
    with pytest.raises(RecordError):
        parse_note(note)


def test_too_many_too_few_or_doubled_signatures_are_not_written() -> None:
    many = [NoteSignature(f"custodian-{index}", b"1234", b"x") for index in range(SIGNATURE_LIMIT + 1)]
    assert parse_note(encode_note(CHECKPOINT, many[:-1]))[1] == tuple(many[:-1])
    for signatures, why in ((many, "1 to 64 signatures, not 65"), ([], "not 0"), ([ADA, BO, ADA], "stands twice")):
        with pytest.raises(RecordError, match=why):
            encode_note(CHECKPOINT, signatures)
    same_name = NoteSignature(ADA.name, BO.key_id, b"x")
    assert parse_note(encode_note(CHECKPOINT, [ADA, same_name]))[1] == (ADA, same_name)


def test_too_many_signatures_are_refused_before_they_are_read() -> None:
    with pytest.raises(RecordError, match="65 signatures are more than the 64"):
        parse_note(BODY + b"\n" + b"x\n" * (SIGNATURE_LIMIT + 1))
    with pytest.raises(RecordError, match="longer than the 65536"):
        parse_note(b"x" * (NOTE_LIMIT + 1))


def test_a_flipped_bit_never_reads_as_the_same_note() -> None:
    for bit in range(8 * len(NOTE)):
        flipped = bytearray(NOTE)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            assert parse_note(bytes(flipped)) != (CHECKPOINT, (ADA, BO))
        except RecordError:
            continue


@given(st.binary(max_size=60))
def test_nothing_but_a_record_error_leaves_the_parser(data: bytes) -> None:
    for parse in (parse_body, parse_note):
        for text in (data, BODY + data, BODY + b"\n" + data):
            try:
                parse(text)
            except RecordError:
                continue
