"""Row 8: every vector that others have published for what is computed here, all of them, each saying what it says."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import combinations
from pathlib import Path

import pytest
from coincurve import PublicKey
from cryptography.hazmat.primitives.asymmetric import ec

from ceremony.acts.signature import ORDER as SECP256K1_ORDER
from ceremony.acts.signature import address_of, normalise_signature, require_signature
from ceremony.custody.secretsharing import OldShares
from ceremony.custody.slip39 import Mnemonics
from ceremony.errors import AdoptionError, ApprovalError, CeremonyError, ShareError
from ceremony.shards.field import ORDER as P256_ORDER
from ceremony.shards.field import base_multiply, encode_point, encode_x, multiply, parse_point
from ceremony.shards.shamir import Polynomial, combine
from tests.sweeps import Swept

VECTORS = Path(__file__).parents[1] / "vectors"

# SPEC RFC 9591 Appendix E.4 and E.5: group secret key, coefficient, shares of participants 1 to 3, group public key; 2 of 3.
RFC_9591 = {
    "E.4 P-256": (
        P256_ORDER,
        0x8BA9BBA2E0FD8C4767154D35A0B7562244A4AAF6F36C8FB8735FA48B301BD8DE,
        0x80F25E6C0709353E46BFBE882A11BDBB1F8097E46340EB8673B7E14556E6C3A4,
        (
            0x0C9C1A0FE806C184ADD50BBDCAC913DDA73E482DAF95DCB9F35DBB0D8A9F7731,
            0x8D8E787BEF0FF6C2F494CA45F4DAD198C6BEE01212D6C84067159C52E1863AD5,
            0x0E80D6E8F6192C003B5488CE1EEC8F5429587D48CF001541E713B2D53C09D928,
        ),
        "023a309ad94e9fe8a7ba45dfc58f38bf091959d3c99cfbd02b4dc00585ec45ab70",
    ),
    "E.5 secp256k1": (
        SECP256K1_ORDER,
        0x0D004150D27C3BF2A42F312683D35FAC7394B1E9E318249C1BFE7F0795A83114,
        0xFBF85EADAE3058EA14F19148BB72B45E4399C0B16028ACAF0395C9B03C823579,
        (
            0x08F89FFE80AC94DCB920C26F3F46140BFC7F95B493F8310F5FC1EA2B01F4254C,
            0x04F0FEAC2EDCEDC6CE1253B7FAB8C86B856A797F44D83D82A385554E6E401984,
            0x00E95D59DD0D46B0E303E500B62B7CCB0E555D49F5B849F5E748C071DA8C0DBC,
        ),
        "02f37c34b66ced1fb51c34a90bdae006901f10625cc06c4f64663b0eae87d87b4f",
    ),
}
# SPEC RFC 5903 8.1: the two private keys, their public points, and the x that both compute.
RFC_5903 = (
    0xC88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433,
    0xC6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53,
    "04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3",
    "04d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf6356fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab",
    "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de",
)
# The README of `secretsharing` 0.2.6: 2 of 3.
OLD_SECRET, OLD_SHARES = "c4bbcb1fbec99d65bf59d85c8cb62ee2db963f0fe106f483d9afa73bd4e39a8a", (
    "1-58cbd30524507e7a198bdfeb69c8d87fd7d2c10e8d5408851404f7d258cbcea7",
    "2-ecdbdaea89d75f8e73bde77a46db821cd40f430d39a11c864e5a4868dcb403ed",
    "3-80ebe2cfef5e40a2cdefef0923ee2bb9d04bc50be5ee308788af98ff609c380a",
)  # fmt: skip
UNSAYABLE = frozenset({115, 247})
"""Valid ECDSA vectors that the EVM has no v for: r is an x above the order, less the order (recovery id 2 or 3). They are refused."""


def rfc_9591() -> Iterator[tuple[str, bool]]:
    """Each share, each pair of shares, and the public key; commitments are P-256's alone, so secp256k1's key is checked with OpenSSL."""
    for name, (order, secret, coefficient, shares, public) in RFC_9591.items():
        made = Polynomial((secret, coefficient)).split(3, modulus=order)
        for share, value in zip(made, shares, strict=True):
            yield f"{name} share {share.index}", share.value == value
        for pair in combinations(made, 2):
            yield f"{name} shares {[share.index for share in pair]}", combine(pair, 2, modulus=order) == secret
        yield f"{name} public key", _public_key(order, secret) == public


def _public_key(order: int, secret: int) -> str:
    if order == P256_ORDER:
        return encode_point(Polynomial((secret,)).commit()[0], compressed=True).hex()
    numbers = ec.derive_private_key(secret, ec.SECP256K1()).public_key().public_numbers()
    return f"{2 + numbers.y % 2:02x}{numbers.x:064x}"


def rfc_5903() -> Iterator[tuple[str, bool]]:
    """Two public keys, and what each side computes."""
    one, two, first, second, shared = RFC_5903
    yield "public i", encode_point(base_multiply(one)).hex() == first
    yield "public r", encode_point(base_multiply(two)).hex() == second
    yield "i computes", encode_x(multiply(parse_point(bytes.fromhex(second)), one)).hex() == shared
    yield "r computes", encode_x(multiply(parse_point(bytes.fromhex(first)), two)).hex() == shared


def wycheproof_ecdh() -> Iterator[tuple[str, bool]]:
    """P-256 with raw points: edge cases multiply rightly; what is invalid is refused as a point."""
    for number, result, flags, public, private, shared in _load("shards/ecdh_p256.json"):
        try:
            computed = encode_x(multiply(parse_point(bytes.fromhex(public)), int(private, 16))).hex()
        except ShareError:
            computed = ""
        yield f"{number} {flags}", computed == ("" if result == "invalid" else shared)


def wycheproof_ecdsa() -> Iterator[tuple[str, bool]]:
    """secp256k1 over SHA-256: what is valid is taken once s is in the lower half, and only then; what is invalid never is."""
    for number, result, flags, public, message, signature in _load("acts/ecdsa_secp256k1.json"):
        vector = bytes.fromhex(public), hashlib.sha256(bytes.fromhex(message)).digest(), bytes.fromhex(signature)
        if number in UNSAYABLE:
            yield f"{number} {flags}", _needs_another_v(*vector) and not _taken(*vector)
        else:
            yield f"{number} {flags}", _taken(*vector) == (result == "valid")


def _needs_another_v(public: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether the key comes back with recovery id 2 or 3 alone."""
    recovered = []
    for recovery in range(4):
        with suppress(ValueError):
            key = PublicKey.from_signature_and_message(signature + bytes([recovery]), digest, hasher=None)
            recovered += [recovery] if key.format(compressed=False) == public else []
    return bool(recovered) and set(recovered) <= {2, 3}


def _taken(public: bytes, digest: bytes, signature: bytes) -> bool:
    try:
        normal = normalise_signature(signature, digest, public)
    except ApprovalError:
        return False
    require_signature(normal, digest, address_of(public))
    high = normal[:32] + (SECP256K1_ORDER - int.from_bytes(normal[32:64], "big")).to_bytes(32, "big") + bytes([55 - normal[64]])
    with pytest.raises(ApprovalError, match="upper half"):
        require_signature(high, digest, address_of(public))
    return True


def slip_39() -> Iterator[tuple[str, bool]]:
    """The 45 official ones: 15 combine, 30 are refused by name."""
    for vector in json.loads((VECTORS / "custody/slip39.json").read_text())["vectors"]:
        taken = Mnemonics()
        try:
            for number, text in enumerate(vector["mnemonics"], 1):
                taken.add(number, text)
            secret = taken.secret("TREZOR").hex()
        except AdoptionError:
            secret = ""
        yield f"{vector['number']} {vector['what']}", secret == vector["secret"]


def secretsharing() -> Iterator[tuple[str, bool]]:
    """Each two of the three strings, and all three."""
    for size in (2, 3):
        for chosen in combinations(OLD_SHARES, size):
            taken = OldShares(2, 32)
            for number, text in enumerate(chosen, 1):
                taken.add(number, text)
            yield " ".join(text[0] for text in chosen), taken.secret().hex() == OLD_SECRET


SETS: dict[str, tuple[int, Callable[[], Iterator[tuple[str, bool]]]]] = {
    "RFC 9591": (14, rfc_9591),
    "RFC 5903": (4, rfc_5903),
    "Wycheproof ECDH P-256": (355, wycheproof_ecdh),
    "Wycheproof ECDSA secp256k1": (252, wycheproof_ecdsa),
    "SLIP-39": (45, slip_39),
    "secretsharing README": (4, secretsharing),
}
"""How many each has, and what says of each whether it is so."""


def sweep(full: bool) -> Swept:
    """All of them, in CI too: they take two seconds."""
    faults, notes, tried = [], [], 0
    for name, (count, vectors) in SETS.items():
        found = list(_named(vectors))
        faults += [f"{name}: {what}" for what, right in found if not right]
        faults += [f"{name}: {len(found)} of {count} vectors are here"] if len(found) != count else []
        notes.append(f"{name} {len(found)}")
        tried += len(found)
    return Swept(tried, tuple(faults), ", ".join(notes))


def _named(vectors: Callable[[], Iterator[tuple[str, bool]]]) -> Iterator[tuple[str, bool]]:
    try:
        yield from vectors()
    except CeremonyError as error:
        yield f"ended in {error.name}: {error.message}", False


def _load(path: str) -> list[list[str]]:
    found: list[list[str]] = json.loads((VECTORS / path).read_text())["vectors"]
    return found


def test_every_published_vector_says_what_it_says() -> None:
    assert sweep(full=True).faults == ()
