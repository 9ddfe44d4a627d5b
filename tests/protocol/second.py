"""A second implementation of `ceremony/custody/PROTOCOL.md`, from its text alone: plain integers, hashlib and hmac, nothing of the toolkit.

ChaCha20-Poly1305 and X25519 are `cryptography`'s. It is slow, in variable time, and says ValueError to everything; it is here to disagree.
"""

import base64
import hashlib
import hmac
import json
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

# --- 1: the group ---

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def add(one, two):
    if one is None or two is None:
        return two or one
    (x, y), (u, v) = one, two
    if x == u and (y + v) % P == 0:
        return None
    slope = (3 * x * x - 3) * pow(2 * y, -1, P) if one == two else (v - y) * pow(u - x, -1, P)
    across = (slope * slope - x - u) % P
    return across, (slope * (x - across) - y) % P


def times(scalar, point):
    total = None
    for bit in f"{scalar:b}":
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def on_curve(x, y):
    return 0 <= x < P and 0 <= y < P and (y * y - x**3 + 3 * x - B) % P == 0


def points_at(x):
    """The points with this x, even y first; none if there is none."""
    y = pow((x**3 - 3 * x + B) % P, (P + 1) // 4, P)
    even = y if y % 2 == 0 else P - y
    return [(x, even), (x, P - even)] if on_curve(x, even) else []


def write(point):
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


def write_long(point):
    return b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")


def read(data):
    if len(data) == 65 and data[0] == 4:
        point = int.from_bytes(data[1:33], "big"), int.from_bytes(data[33:], "big")
        if on_curve(*point):
            return point
    elif len(data) == 33 and data[0] in {2, 3}:
        found = points_at(int.from_bytes(data[1:], "big"))
        if found:
            return found[data[0] - 2]
    raise ValueError("no point")


def scalar_of(entropy):
    return int.from_bytes(entropy, "big") % (N - 1) + 1


def hkdf(ikm, salt, info, length=32):
    key = hmac.digest(salt or bytes(32), ikm, "sha256")
    return hmac.digest(key, info + b"\x01", "sha256")[:length]


def aead(key):
    return ChaCha20Poly1305(key)


def opened(key, nonce, sealed, associated):
    try:
        return ChaCha20Poly1305(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise ValueError("changed") from None


# --- 2: bindings and records ---


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def parse(data):
    """One object in its one spelling."""
    value = json.loads(data.decode())
    if not isinstance(value, dict) or canonical(value) != data:
        raise ValueError("another spelling")
    return value


def hexed(data):
    return "0x" + data.hex()


def raw(text, size=None):
    data = bytes.fromhex(text[2:])
    if hexed(data) != text or size not in {None, len(data)}:
        raise ValueError("not lower-case hex of this size")
    return data


def binding(label, **fields):
    plain = {name: hexed(value) if isinstance(value, bytes) else value for name, value in fields.items()}
    return label.encode() + b"\n" + canonical(plain) + b"\n"


def bound(label, tail=b"", **fields):
    return hashlib.sha256(binding(label, **fields) + tail).digest()


# --- 3: the envelope ---


def core_digest(header):
    fields = {"ceremony": raw(header["ceremony"], 32), "dealing": header["dealing"], "description": header["description"]}
    return bound("ceremony/envelope-core/v1", **fields, point=raw(header["point"], 33))


def header_digest(header):
    return bound("ceremony/envelope-header/v1", core=core_digest(header), key_commitment=raw(header["key_commitment"], 32))


def file_key(secret_point, core):
    return hkdf(write(secret_point), core, binding("ceremony/file-key/v1"))


def key_commitment(key):
    return bound("ceremony/key-commitment/v1", key)


def tag(digest, index, point):
    return bound("ceremony/tag/v1", write(point), header=digest, index=index)


def share_point(commitments, index):
    total = None
    for point in reversed(commitments):
        total = add(times(index, total) if total else None, point)
    return total


def make_envelope(master, description, entropy):
    """The header and the file key."""
    e, commitments = scalar_of(entropy), [read(raw(point, 33)) for point in master["commitments"]]
    assert unicodedata.is_normalized("NFC", description)
    header = {"ceremony": master["ceremony"], "dealing": master["dealing"], "description": description, "point": hexed(write(times(e, G)))}
    key = file_key(times(e, commitments[0]), core_digest(header))
    header["key_commitment"] = hexed(key_commitment(key))
    digest = header_digest(header)
    header["tags"] = [hexed(tag(digest, index, times(e, share_point(commitments, index)))) for index in range(1, master["n"] + 1)]
    return header, key


# --- 4: the file ---

ZEROS, CHUNK = bytes(12), 65536


def unpadded(data):
    return base64.b64encode(data).rstrip(b"=")


def padded(text):
    data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    if unpadded(data) != text:
        raise ValueError("another base64")
    return data


def mac(payload_key, text):
    return hmac.digest(hkdf(payload_key, b"", b"header"), text, "sha256")


def seal(master, plain, description, entropy, payload_key, nonce):
    """The whole sealed file."""
    header, key = make_envelope(master, description, entropy)
    wrapped = aead(key).encrypt(ZEROS, payload_key, b"ceremony/wrapped-key/v1")
    body = unpadded(canonical({"header": header, "v": 1, "wrapped": hexed(wrapped)}))
    lines = [body[at : at + 64] for at in range(0, len(body), 64)] + ([b""] if len(body) % 64 == 0 else [])
    text = b"\n".join([b"age-encryption.org/v1", b"-> ceremony/v1", *lines, b"---"])
    return text + b" " + unpadded(mac(payload_key, text)) + b"\n" + seal_payload(payload_key, nonce, plain)


def seal_payload(payload_key, nonce, plain):
    chunks = [plain[at : at + CHUNK] for at in range(0, len(plain), CHUNK)] or [b""]
    cipher = aead(hkdf(payload_key, nonce, b"payload"))
    last = len(chunks) - 1
    return nonce + b"".join(cipher.encrypt(at.to_bytes(11, "big") + bytes([at == last]), chunk, b"") for at, chunk in enumerate(chunks))


def split(file):
    """The body, the text under the MAC, the MAC, the payload."""
    head, _, rest = file.partition(b"\n--- ")
    first, stanza, *lines = head.split(b"\n")
    code, _, payload = rest.partition(b"\n")
    ends = lines and len(lines[-1]) < 64 and all(len(line) == 64 for line in lines[:-1])
    if (first, stanza) != (b"age-encryption.org/v1", b"-> ceremony/v1") or not ends:
        raise ValueError("no sealed file")
    body = parse(padded(b"".join(lines)))
    if set(body) != {"header", "v", "wrapped"} or body["v"] != 1:
        raise ValueError("another record")
    return body, head + b"\n---", padded(code), payload


def open_payload(payload_key, payload):
    nonce, rest = payload[:16], payload[16:]
    key, size = hkdf(payload_key, nonce, b"payload"), CHUNK + 16
    chunks = [rest[at : at + size] for at in range(0, len(rest), size)]
    plain = [opened(key, at.to_bytes(11, "big") + bytes([at == len(chunks) - 1]), chunk, b"") for at, chunk in enumerate(chunks)]
    if not plain or (len(plain) > 1 and not plain[-1]):
        raise ValueError("cut short")
    return b"".join(plain)


# --- 5: answers, and opening ---


def answer(shard, header):
    """What a token with this shard gives."""
    return times(shard, read(raw(header["point"], 33)))[0].to_bytes(32, "big")


def resolve(header, index, x):
    """The point, its sign by the tag."""
    for point in points_at(int.from_bytes(x, "big")):
        if tag(header_digest(header), index, point) == raw(header["tags"][index - 1], 32):
            return point
    raise ValueError(f"custodian {index} answered wrongly")


def weights(indices):
    found = []
    for i in indices:
        top = bottom = 1
        for j in indices:
            top, bottom = (top * j, bottom * (j - i)) if j != i else (top, bottom)
        found.append(top * pow(bottom, -1, N) % N)
    return found


def join(header, answers):
    """The file key, from k answers by index."""
    total = None
    for (index, x), weight in zip(answers.items(), weights(list(answers)), strict=True):
        total = add(total, times(weight, resolve(header, index, x)))
    key = file_key(total, core_digest(header))
    if key_commitment(key) != raw(header["key_commitment"], 32):
        raise ValueError("the sealer committed to another key")
    return key


def open_file(file, answers):
    """The plaintext, from k answers by index."""
    body, text, code, payload = split(file)
    payload_key = opened(join(body["header"], answers), ZEROS, raw(body["wrapped"], 32), b"ceremony/wrapped-key/v1")
    if mac(payload_key, text) != code:
        raise ValueError("the header was changed")
    return open_payload(payload_key, payload)


# --- 6: answers that travel ---


def reply_key(secret, nonce):
    return hkdf(secret, nonce, binding("ceremony/reply-key/v1"))


def public(private):
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _travelling(shared, shown, receiver, info):
    return hkdf(shared, shown + receiver, info)


def seal_answer(x, receiver, fresh, request, index):
    info = binding("ceremony/answer/v1", request=request, index=index)
    shared = X25519PrivateKey.from_private_bytes(fresh).exchange(X25519PublicKey.from_public_bytes(receiver))
    return public(fresh) + aead(_travelling(shared, public(fresh), receiver, info)).encrypt(ZEROS, x, info)


def open_answer(sealed, private, request, index):
    info = binding("ceremony/answer/v1", request=request, index=index)
    shared = X25519PrivateKey.from_private_bytes(private).exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
    return opened(_travelling(shared, sealed[:32], public(private), info), ZEROS, sealed[32:], info)


# --- 11: two questions ---


def query(point, a, b):
    """Q, by the combiner; and what the agent compares."""
    if not (1 <= a < N and 1 <= b < N):
        raise ValueError("no scalar")
    return add(times(a, point), times(b, G))


def query_commitment(header, index, asked, salt, to_point, to_query):
    return bound("ceremony/query-commitment/v1", salt + to_point + to_query, header=header_digest(header), index=index, query=write(asked))


def judge(a, b, public_share, to_point, to_query):
    """The point of a right answer; no tag is needed."""
    for candidate in points_at(int.from_bytes(to_point, "big")):
        total = add(times(a, candidate), times(b, public_share))
        if total is not None and total[0].to_bytes(32, "big") == to_query:
            return candidate
    raise ValueError("the answers do not fit together")


# --- 7, 8: holding proofs, envelopes carried over ---


def holding_answer(ceremony, dealing, index, point, nonce, x):
    return bound("ceremony/holding/v1", x, ceremony=ceremony, dealing=dealing, index=index, nonce=nonce, point=point)


def payload_commitment(origin, payload_key):
    return bound("ceremony/payload-key/v1", payload_key, origin=origin)
