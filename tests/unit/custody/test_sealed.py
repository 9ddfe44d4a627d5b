"""A sealed file's bytes: what age v1 says of them, and that whatever is changed, cut, moved or added does not open."""

import base64
import io

import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from hypothesis import given
from hypothesis import strategies as st

from ceremony.custody.envelope import seal_envelope
from ceremony.custody.sealed import encode_header, parse_header, unwrap_key, wrap_key
from ceremony.custody.stream import CHUNK, TAG, open_stream, seal_stream
from ceremony.errors import CeremonyError, OpeningError, RecordError
from ceremony.records.evidence import SealedHeader
from ceremony.shards.field import base_multiply

KEY, NONCE, FILE_KEY = b"\x0a" * 16, b"\x0b" * 16, b"\x0c" * 32
SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5)
COMMITMENTS = [base_multiply(number) for number in range(2, 7)]


def header(description="a list"):
    envelope, key = seal_envelope(
        ceremony="0x" + "11" * 32, dealing=1, n=7, commitments=COMMITMENTS, description=description, entropy=b"\x33" * 48
    )
    return SealedHeader(header=envelope, wrapped=wrap_key(key, KEY)), key


def payload(data):
    return b"".join(seal_stream(KEY, NONCE, io.BytesIO(data)))


def opened(data):
    return b"".join(open_stream(KEY, io.BytesIO(data)))


def hkdf(key, salt, info):
    """RFC 5869, one block, written out once more."""
    def mac(key, data):
        found = HMAC(key, SHA256())
        found.update(data)
        return found.finalize()

    return mac(mac(salt or bytes(32), key), info + b"\x01")


@pytest.mark.parametrize("size", SIZES)
def test_what_was_sealed_opens(size):
    data = bytes(number % 251 for number in range(size))
    sealed = payload(data)
    assert opened(sealed) == data
    assert len(sealed) == len(NONCE) + size + TAG * max(1, -(-size // CHUNK))


def test_a_stream_is_what_age_says_it_is():
    data = b"\x5a" * (CHUNK + 3)
    cipher = ChaCha20Poly1305(hkdf(KEY, NONCE, b"payload"))
    first = cipher.encrypt(bytes(12), data[:CHUNK], None)
    last = cipher.encrypt(bytes(10) + b"\x01\x01", data[CHUNK:], None)
    assert payload(data) == NONCE + first + last


def test_a_reader_that_gets_few_bytes_at_a_time_gets_the_same():
    class Slow(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 1000))

    data = bytes(2 * CHUNK + 7)
    assert b"".join(open_stream(KEY, Slow(b"".join(seal_stream(KEY, NONCE, Slow(data)))))) == data


THREE = payload(b"a" * CHUNK + b"b" * CHUNK + b"c" * 10)
PARTS = THREE[:16], *(THREE[16 + at : 16 + at + CHUNK + TAG] for at in range(0, len(THREE) - 16, CHUNK + TAG))
CHANGED = {
    "cut by one byte": THREE[:-1],
    "the last chunk cut off": b"".join(PARTS[:3]),
    "all chunks cut off": THREE[:16],
    "cut in the nonce": THREE[:7],
    "empty": b"",
    "a byte added": THREE + b"\0",
    "a chunk doubled": b"".join((*PARTS[:2], *PARTS[1:])),
    "chunks moved": b"".join((PARTS[0], PARTS[2], PARTS[1], PARTS[3])),
    "a chunk dropped": b"".join((PARTS[0], PARTS[2], PARTS[3])),
    "another nonce": b"\x01" * 16 + THREE[16:],
    "the whole appended": THREE + THREE,
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_changed_stream_does_not_open(what):
    with pytest.raises(OpeningError, match="the sealed file does not open"):
        opened(CHANGED[what])


@given(st.integers(0, 8 * (len(THREE) - 1)))
def test_no_bit_can_be_changed(bit):
    changed = bytearray(THREE)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(OpeningError):
        opened(bytes(changed))


def test_nothing_of_a_chunk_is_released_before_it_is_authenticated():
    changed = bytearray(THREE)
    changed[16 + CHUNK + TAG + 5] ^= 1
    released = []
    with pytest.raises(OpeningError, match="chunk 1 "):
        released.extend(open_stream(KEY, io.BytesIO(bytes(changed))))
    assert released == [b"a" * CHUNK]


def test_an_empty_last_chunk_is_refused():
    cipher = ChaCha20Poly1305(hkdf(KEY, NONCE, b"payload"))
    data = NONCE + cipher.encrypt(bytes(12), b"a" * CHUNK, None) + cipher.encrypt(bytes(10) + b"\x01\x01", b"", None)
    with pytest.raises(OpeningError, match="empty chunk"):
        opened(data)


# --- the header ---


@pytest.mark.parametrize("padding", range(70))
def test_a_header_of_any_length_reads_back_and_nothing_of_the_payload_is_touched(padding):
    sealed, key = header("x" * (1 + padding))
    source = io.BytesIO(encode_header(sealed, KEY) + b"payload")
    found = parse_header(source)
    assert found.sealed == sealed
    assert source.read() == b"payload"
    assert unwrap_key(key, found.sealed) == KEY
    found.require_authentic(KEY)


def test_a_header_is_what_age_says_it_is():
    sealed, key = header()
    lines = encode_header(sealed, KEY).split(b"\n")
    assert lines[:2] == [b"age-encryption.org/v1", b"-> ceremony/v1"]
    assert {len(line) for line in lines[2:-3]} == {64}
    assert len(lines[-3]) < 64
    text = b"\n".join([*lines[:-2], b"---"])
    mac = HMAC(hkdf(KEY, b"", b"header"), SHA256())
    mac.update(text)
    assert lines[-2:] == [b"--- " + base64.b64encode(mac.finalize()).rstrip(b"="), b""]
    assert sealed.wrapped == "0x" + ChaCha20Poly1305(key).encrypt(bytes(12), KEY, b"ceremony/wrapped-key/v1").hex()


def read_back(data, sealed, key):
    """Read a header as `unseal` does; of another envelope, five tokens would not bring this key back."""
    found = parse_header(io.BytesIO(data))
    if found.sealed.header != sealed.header:
        message = "another envelope"
        raise OpeningError(message)
    found.require_authentic(unwrap_key(key, found.sealed))


def test_every_byte_of_a_header_counts():
    sealed, key = header()
    whole = encode_header(sealed, KEY)
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 1
        with pytest.raises(CeremonyError):
            read_back(bytes(changed), sealed, key)


@pytest.mark.parametrize("cut", [0, 5, 21, 22, 40, -1, -2, -20])
def test_a_header_cut_short_is_none(cut):
    with pytest.raises(RecordError):
        parse_header(io.BytesIO(encode_header(header()[0], KEY)[:cut]))


@pytest.mark.parametrize(
    "text",
    [
        b"age-encryption.org/v1\n-> X25519 abc\nAAAA\n--- AAAA\n",
        b"age-encryption.org/v1\n-> ceremony/v1\n--- AAAA\n",
        b"age-encryption.org/v1\n-> ceremony/v1\n" + b"A" * 64 + b"\n--- AAAA\n",
        b"age-encryption.org/v1\n-> ceremony/v1\nA\n--- AAAA\n",
        b"age-encryption.org/v1\n-> ceremony/v1\n@@@@\n--- AAAA\n",
        b"age-encryption.org/v1\n-> ceremony/v1\n" + b"A" * 65 + b"\n--- AAAA\n",
        b"age-encryption.org/v1\n-> ceremony/v1\n" + (b"A" * 64 + b"\n") * 2000,
        b"x" * 1000,
    ],
)
def test_what_is_no_sealed_file_is_refused(text):
    with pytest.raises(RecordError):
        parse_header(io.BytesIO(text))


def test_two_envelopes_have_two_keys():
    found = {seal_envelope(
        ceremony="0x" + "11" * 32, dealing=1, n=7, commitments=COMMITMENTS, description="a", entropy=bytes([number]) * 48
    )[1] for number in range(5)}  # fmt: skip
    assert len(found) == 5
