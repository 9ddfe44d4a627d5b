"""The protocol's text, its vectors, the toolkit and a second implementation say one thing."""

import ast
import hashlib
import io
import json
import random
import re
from itertools import combinations
from pathlib import Path

import pytest

from ceremony.custody.combiner import combine
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.messages import Combine
from ceremony.custody.sealed import encode_header, parse_header, unwrap_key, wrap_key
from ceremony.custody.stream import open_stream, seal_stream
from ceremony.errors import CeremonyError
from ceremony.quorum.dealings import parse_points
from ceremony.records.base import from_hex, to_hex
from ceremony.records.custody_entries import MasterKey
from ceremony.records.evidence import SealedHeader
from ceremony.shards.field import encode_point, encode_x, multiply, parse_point
from ceremony.shards.reply import open_answer, seal_answer
from ceremony.shards.shamir import Polynomial
from tests.protocol import second
from tests.protocol.vectors import EXPECTED, PLAINTEXTS, make

CEREMONY = Path(__file__).parents[2] / "ceremony"
TEXT = (CEREMONY / "custody" / "PROTOCOL.md").read_text()
VECTORS = json.loads(EXPECTED.read_text())
SIZES = (0, 1, 65_535, 65_536, 65_537, 131_072)


def test_the_toolkit_makes_the_vectors():
    assert make() == VECTORS


# --- the second implementation, against the vectors ---


def test_it_shares_nothing_with_the_toolkit():
    tree = ast.parse(Path(second.__file__).read_text())
    names = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.partition(".")[0] for name in names} == {"base64", "hashlib", "hmac", "json", "unicodedata", "cryptography"}


def test_its_dealing_and_envelope_are_those_of_the_vectors():
    dealing, envelope = VECTORS["dealing"], VECTORS["envelope"]
    master = second.parse(dealing["master"].encode())
    coefficients = [int(one, 16) for one in dealing["coefficients"]]
    assert [second.hexed(second.write(second.times(one, second.G))) for one in coefficients] == master["commitments"]
    for index, shard in dealing["shards"].items():
        assert sum(one * int(index) ** m for m, one in enumerate(coefficients)) % second.N == int(shard, 16)
    e = second.scalar_of(bytes.fromhex(envelope["entropy"]))
    assert e == int(envelope["e"], 16)
    commitments = [second.read(second.raw(one)) for one in master["commitments"]]
    assert second.write(second.times(e, second.G)).hex() == envelope["P"]
    assert second.write(second.times(e, commitments[0])).hex() == envelope["S"]
    for index, point in envelope["e*Y_i"].items():
        assert second.write(second.times(e, second.share_point(commitments, int(index)))).hex() == point
    header, key = second.make_envelope(master, "a vector \u2713", bytes.fromhex(envelope["entropy"]))
    assert second.canonical(header).decode() == envelope["header"]
    assert (key.hex(), second.key_commitment(key).hex()) == (envelope["file key"], envelope["key commitment"])
    assert hashlib.sha256(envelope["core binding"].encode()).hexdigest() == envelope["core digest"] == second.core_digest(header).hex()
    assert hashlib.sha256(envelope["header binding"].encode()).hexdigest() == envelope["header digest"]
    assert second.header_digest(header).hex() == envelope["header digest"]


@pytest.mark.parametrize("what", PLAINTEXTS)
def test_its_files_are_those_of_the_vectors_and_open(what):
    found, master = VECTORS["files"][what], second.parse(VECTORS["dealing"]["master"].encode())
    entropy, key, nonce = (bytes.fromhex(one) for one in (VECTORS["envelope"]["entropy"], found["payload's key"], found["nonce"]))
    file = second.seal(master, PLAINTEXTS[what], "a vector \u2713", entropy, key, nonce)
    assert hashlib.sha256(file).hexdigest() == found["file's SHA-256"]
    assert found["file"] in {file.hex(), ""}
    body, _, _, _ = second.split(file)
    assert (second.canonical(body).decode(), body["wrapped"]) == (found["body"], "0x" + found["wrapped"])
    assert second.hkdf(key, nonce, b"payload").hex() == found["stream key"]
    answers = {index: bytes.fromhex(VECTORS["opening"]["answers"][str(index)]) for index in VECTORS["opening"]["custodians"]}
    plain = second.open_file(file, answers)
    assert plain == PLAINTEXTS[what]
    assert hashlib.sha256(plain).hexdigest() == found["plaintext's SHA-256"]


def test_its_answers_weights_and_proofs_are_those_of_the_vectors():
    header, shards = json.loads(VECTORS["envelope"]["header"]), VECTORS["dealing"]["shards"]
    for index, x in VECTORS["opening"]["answers"].items():
        assert second.answer(int(shards[index], 16), header).hex() == x
    weights = second.weights(VECTORS["opening"]["custodians"])
    assert [f"{weight:064x}" for weight in weights] == VECTORS["opening"]["weights"]
    found, dealing = VECTORS["holding"], second.parse(VECTORS["dealing"]["master"].encode())
    ceremony, nonce, point = second.raw(dealing["ceremony"]), bytes.fromhex(found["nonce"]), bytes.fromhex(found["R"])
    assert second.write_long(second.times(int(found["r"], 16), second.G)) == point
    x = second.times(int(shards[str(found["custodian"])], 16), second.read(point))[0].to_bytes(32, "big")
    assert x.hex() == found["x"]
    public = second.share_point([second.read(second.raw(one)) for one in dealing["commitments"]], found["custodian"])
    assert second.times(int(found["r"], 16), public)[0].to_bytes(32, "big") == x
    proof = second.holding_answer(ceremony, dealing["dealing"], found["custodian"], point, nonce, x)
    assert proof.hex() == found["holding answer"]
    origin, key = bytes.fromhex(VECTORS["envelope"]["header digest"]), bytes.fromhex(VECTORS["files"]["short"]["payload's key"])
    assert second.payload_commitment(origin, key).hex() == VECTORS["carried"]["payload commitment"]


def test_its_travelling_answer_is_that_of_the_vectors():
    found = VECTORS["travelling"]
    request, digest = second.parse(found["request"].encode()), bytes.fromhex(found["request digest"])
    private = second.reply_key(bytes.fromhex(found["secret"]), second.raw(request["nonce"]))
    assert private.hex() == found["reply private key"]
    assert second.hexed(second.public(private)) == request["reply_key"]
    assert hashlib.sha256(found["request"].encode()).digest() == digest
    sealed, x = bytes.fromhex(found["sealed answer"]), bytes.fromhex(VECTORS["opening"]["answers"]["5"])
    assert second.seal_answer(x, second.public(private), bytes.fromhex(found["fresh key"]), digest, 5) == sealed
    assert second.open_answer(sealed, private, digest, 5) == x
    answer = {"custodian": 5, "kind": "unseal_answer", "request": second.hexed(digest), "sealed": second.hexed(sealed), "v": 1}
    assert second.canonical(answer).decode() == found["answer"]


def test_its_two_questions_are_those_of_the_vectors_and_its_judgement_is_the_toolkits():
    found, header = VECTORS["two questions"], json.loads(VECTORS["envelope"]["header"])
    a, b, index = int(found["a"], 16), int(found["b"], 16), found["custodian"]
    salt, to_point, to_query = (bytes.fromhex(found[name]) for name in ("salt", "x for P", "x for Q"))
    asked = second.query(second.read(second.raw(header["point"])), a, b)
    assert second.write(asked).hex() == found["Q"]
    shard = int(VECTORS["dealing"]["shards"][str(index)], 16)
    assert second.times(shard, asked)[0].to_bytes(32, "big") == to_query
    assert second.query_commitment(header, index, asked, salt, to_point, to_query).hex() == found["query commitment"]
    commitments = [second.read(second.raw(one)) for one in json.loads(VECTORS["dealing"]["master"])["commitments"]]
    public = second.share_point(commitments, index)
    assert second.write(second.judge(a, b, public, to_point, to_query)).hex() == found["A_i"]
    for wrong in ((a, b, public, to_query, to_point), (b, a, public, to_point, to_query), (a, b, commitments[0], to_point, to_query)):
        with pytest.raises(ValueError, match="do not fit together"):
            second.judge(*wrong)


# --- either opens what the other sealed ---


def drawn(seed):
    """A dealing, entropy for one file, and its plaintext: all from one number."""
    chance = random.Random(seed)  # noqa: S311 - of a test
    n = chance.randint(1, 9)
    k = chance.randint(1, min(n, 6))
    polynomial = Polynomial(tuple(chance.randrange(1, second.N) for _ in range(k)))
    master = MasterKey(
        ceremony=to_hex(chance.randbytes(32)),
        dealing=chance.choice([0, 1, 2**53 - 1]),
        n=n,
        k=k,
        commitments=tuple(to_hex(encode_point(point, compressed=True)) for point in polynomial.commit()),
    )
    description = "".join(chance.choice('ab"\\/é✓𐍈 <') for _ in range(chance.randint(1, 120))).strip() or "x"
    entropy, key, nonce = chance.randbytes(48), chance.randbytes(16), chance.randbytes(16)
    return polynomial, master, description, entropy, key, nonce, chance.randbytes(SIZES[seed % len(SIZES)]), chance


def by_the_toolkit(master, description, entropy, key, nonce, plain):
    facts = {"ceremony": master.ceremony, "dealing": master.dealing, "n": master.n, "commitments": parse_points(master.commitments)}
    header, file_key = seal_envelope(description=description, entropy=entropy, **facts)
    sealed = SealedHeader(header=header, wrapped=wrap_key(file_key, key))
    return encode_header(sealed, key) + b"".join(seal_stream(key, nonce, io.BytesIO(plain)))


def opened_by_the_toolkit(file, polynomial, custodians):
    source = io.BytesIO(file)
    parsed = parse_header(source)
    point = parse_point(from_hex(parsed.envelope.point))
    shares = {share.index: share.value for share in polynomial.split(max(custodians))} if max(custodians) >= polynomial.k else {}
    answers = tuple((index, to_hex(encode_x(multiply(point, shares[index])))) for index in custodians)
    combined = combine(Combine(header=parsed.envelope, k=polynomial.k, answers=answers))
    key = unwrap_key(from_hex(combined.file_key), parsed.sealed)
    parsed.require_authentic(key)
    return b"".join(open_stream(key, source))


@pytest.mark.parametrize("seed", range(12))
def test_either_opens_what_the_other_sealed(seed):
    polynomial, master, description, entropy, key, nonce, plain, chance = drawn(seed)
    ours = by_the_toolkit(master, description, entropy, key, nonce, plain)
    theirs = second.seal(second.parse(master.encode()), plain, description, entropy, key, nonce)
    assert ours == theirs
    custodians = chance.sample(range(1, master.n + 1), master.k)
    assert opened_by_the_toolkit(theirs, polynomial, custodians) == plain
    header = second.split(ours)[0]["header"]
    shards = {share.index: share.value for share in polynomial.split(master.n)}
    assert second.open_file(ours, {index: second.answer(shards[index], header) for index in custodians}) == plain


def test_each_of_the_21_sets_of_five_opens_by_the_second_too():
    header = second.parse(VECTORS["envelope"]["header"].encode())
    answers = {int(index): bytes.fromhex(x) for index, x in VECTORS["opening"]["answers"].items()}
    for five in list(combinations(answers, 5))[::4]:
        assert second.join(header, {index: answers[index] for index in five}).hex() == VECTORS["envelope"]["file key"]
    with pytest.raises(ValueError, match="another key"):
        second.join(header, {index: answers[index] for index in (1, 2, 3, 4)})
    with pytest.raises(ValueError, match="custodian 2 answered wrongly"):
        second.join(header, {**{index: answers[index] for index in (1, 3, 4, 5)}, 2: answers[3]})


def test_either_reads_the_others_travelling_answer():
    chance = random.Random(1)  # noqa: S311 - of a test
    private, fresh, request, x = (chance.randbytes(32) for _ in range(4))
    receiver = second.public(private)
    assert second.open_answer(seal_answer(x, receiver, fresh, request=request, index=7), private, request, 7) == x
    assert open_answer(second.seal_answer(x, receiver, fresh, request, 7), private, request=request, index=7) == x


SHORT = bytes.fromhex(VECTORS["files"]["short"]["file"])


@pytest.mark.parametrize("place", range(0, len(SHORT), 97))
def test_both_refuse_one_file_with_one_bit_changed(place):
    changed = SHORT[:place] + bytes([SHORT[place] ^ 1]) + SHORT[place + 1 :]
    polynomial = Polynomial(tuple(int(one, 16) for one in VECTORS["dealing"]["coefficients"]))
    with pytest.raises(CeremonyError):
        opened_by_the_toolkit(changed, polynomial, (1, 3, 4, 6, 7))
    answers = {index: bytes.fromhex(VECTORS["opening"]["answers"][str(index)]) for index in (1, 3, 4, 6, 7)}
    with pytest.raises(ValueError):  # noqa: PT011 - it has no better
        second.open_file(changed, answers)


# --- the text ---


def test_the_text_names_every_label_that_the_toolkit_uses():
    label = re.compile(r"ceremony/[a-z-]+/v1")
    rooms = [path.read_text() for room in ("shards", "custody", "hsm") for path in (CEREMONY / room).glob("*.py")]
    used = set(label.findall("".join(rooms)))
    assert used - set(label.findall(TEXT)) == set()
    assert set(label.findall(TEXT)) - used == set()


def test_the_text_has_a_vector_for_what_it_names():
    for name in ("core digest", "file key", "key commitment", "header digest"):
        assert name in VECTORS["envelope"]
        assert name in TEXT
    assert set(VECTORS["files"]) == set(PLAINTEXTS)
