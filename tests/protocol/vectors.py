"""The values of `ceremony/custody/vectors.json`, by the toolkit from fixed entropy. `python -m tests.protocol.vectors` writes them anew."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

from ceremony.custody.combiner import combine
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.messages import Combine
from ceremony.custody.sealed import encode_header, wrap_key
from ceremony.custody.stream import payload_key, seal_stream
from ceremony.quorum.answers import request_digest
from ceremony.records.base import from_hex, to_hex
from ceremony.records.custody_entries import MasterKey
from ceremony.records.evidence import SealedHeader
from ceremony.records.unseal_files import UnsealAnswer, UnsealRequest
from ceremony.shards import threshold
from ceremony.shards.binding import encode_binding, hash_bound
from ceremony.shards.feldman import share_point
from ceremony.shards.field import encode_point, encode_scalar, encode_x, multiply, parse_point, reduce_scalar
from ceremony.shards.queries import Pair, commit_pair, draw_query, judge_pair
from ceremony.shards.reply import derive_reply_key, reply_public, seal_answer
from ceremony.shards.shamir import Polynomial, lagrange_at_zero

EXPECTED = Path(__file__).parents[2] / "ceremony" / "custody" / "vectors.json"
CEREMONY, DEALING, N, K = hashlib.sha256(b"ceremony").digest(), 3, 7, 5
QUORUM = (1, 3, 4, 6, 7)
PLAINTEXTS = {"short": b"attack at dawn\n", "empty": b"", "two chunks": bytes(range(256)) * 256 + b"!"}


def drawn(what: str, size: int) -> bytes:
    """Entropy that anybody can draw again: SHAKE-256 of a name."""
    return hashlib.shake_256(what.encode()).digest(size)


def make() -> dict[str, Any]:
    """All of them."""
    polynomial = Polynomial(tuple(reduce_scalar(drawn(f"coefficient {m}", 48)) for m in range(K)))
    points = polynomial.commit()
    master = MasterKey(
        ceremony=to_hex(CEREMONY),
        dealing=DEALING,
        n=N,
        k=K,
        commitments=tuple(to_hex(encode_point(point, compressed=True)) for point in points),
    )
    shares = {share.index: share.value for share in polynomial.split(N)}
    envelope, header, file_key = _envelope(points)
    files = {what: _file(what, plain, header, file_key) for what, plain in PLAINTEXTS.items()}
    return {
        "dealing": {
            "coefficients": [encode_scalar(one).hex() for one in polynomial.coefficients],
            "master": master.encode().decode(),
            "shards": {str(index): encode_scalar(value).hex() for index, value in shares.items()},
        },
        "envelope": envelope,
        "files": files,
        "opening": _opening(header, shares, file_key),
        "travelling": _travelling(header, shares),
        "holding": _holding(shares),
        "carried": _carried(header),
        "two questions": _questions(header, points, shares),
    }


def _envelope(points: Any) -> tuple[dict[str, Any], Any, bytes]:
    entropy = drawn("e", 48)
    facts = {"ceremony": to_hex(CEREMONY), "dealing": DEALING, "n": N, "commitments": points, "entropy": entropy}
    header, file_key = seal_envelope(description="a vector \u2713", **facts)
    made = threshold.encapsulate(points, N, reduce_scalar(entropy))
    core, digest = threshold.core_digest(header), threshold.header_digest(header)
    core_fields = {"ceremony": CEREMONY, "dealing": DEALING, "description": header.description, "point": from_hex(header.point)}
    header_fields = {"core": core, "key_commitment": from_hex(header.key_commitment)}
    return (
        {
            "entropy": entropy.hex(),
            "e": encode_scalar(reduce_scalar(entropy)).hex(),
            "P": encode_point(made.point, compressed=True).hex(),
            "S": encode_point(made.secret_point, compressed=True).hex(),
            "core binding": encode_binding("ceremony/envelope-core/v1", **core_fields).decode(),
            "core digest": core.hex(),
            "file key": file_key.hex(),
            "key commitment": threshold.key_commitment(file_key).hex(),
            "header binding": encode_binding("ceremony/envelope-header/v1", **header_fields).decode(),
            "header digest": digest.hex(),
            "e*Y_i": {str(index): encode_point(point, compressed=True).hex() for index, point in made.answers.items()},
            "header": header.encode().decode(),
        },
        header,
        file_key,
    )


def _file(what: str, plain: bytes, header: Any, file_key: bytes) -> dict[str, Any]:
    key, nonce = drawn(f"key of {what}", 16), drawn(f"nonce of {what}", 16)
    body = SealedHeader(header=header, wrapped=wrap_key(file_key, key))
    whole = encode_header(body, key) + b"".join(seal_stream(key, nonce, io.BytesIO(plain)))
    return {
        "payload's key": key.hex(),
        "wrapped": body.wrapped.removeprefix("0x"),
        "body": body.encode().decode(),
        "nonce": nonce.hex(),
        "stream key": payload_key(key, nonce).hex(),
        "plaintext's SHA-256": hashlib.sha256(plain).hexdigest(),
        "file's SHA-256": hashlib.sha256(whole).hexdigest(),
        "file": whole.hex() if len(plain) < 1000 else "",
    }


def _opening(header: Any, shares: dict[int, int], file_key: bytes) -> dict[str, Any]:
    point = parse_point(from_hex(header.point))
    answers = {index: encode_x(multiply(point, value)) for index, value in shares.items()}
    request = Combine(header=header, k=K, answers=tuple((index, to_hex(answers[index])) for index in QUORUM))
    assert from_hex(combine(request).file_key) == file_key
    return {
        "answers": {str(index): x.hex() for index, x in answers.items()},
        "custodians": list(QUORUM),
        "weights": [encode_scalar(weight).hex() for weight in lagrange_at_zero(QUORUM)],
    }


def _travelling(header: Any, shares: dict[int, int]) -> dict[str, Any]:
    secret, nonce, ephemeral = drawn("sixteen words", 16), drawn("request", 32), drawn("travelling", 32)
    private = derive_reply_key(secret, nonce)
    request = UnsealRequest(
        header=header,
        reason="a test",
        requester="Ada Lovelace",
        custodians=(2, 5),
        nonce=to_hex(nonce),
        reply_key=to_hex(reply_public(private)),
        at="2026-11-25T12:00:00Z",
    )
    x = encode_x(multiply(parse_point(from_hex(header.point)), shares[5]))
    digest = request_digest(request)
    sealed = seal_answer(x, reply_public(private), ephemeral, request=from_hex(digest), index=5)
    return {
        "secret": secret.hex(),
        "reply private key": private.hex(),
        "request": request.encode().decode(),
        "request digest": digest.removeprefix("0x"),
        "custodian": 5,
        "fresh key": ephemeral.hex(),
        "sealed answer": sealed.hex(),
        "answer": UnsealAnswer(request=digest, custodian=5, sealed=to_hex(sealed)).encode().decode(),
    }


def _holding(shares: dict[int, int]) -> dict[str, Any]:
    secret, nonce = reduce_scalar(drawn("challenge", 48)), drawn("nonce of challenge", 32)
    point = encode_point(multiply(parse_point(from_hex(_G)), secret))
    x = encode_x(multiply(parse_point(point), shares[2]))
    return {
        "r": encode_scalar(secret).hex(),
        "R": point.hex(),
        "nonce": nonce.hex(),
        "custodian": 2,
        "x": x.hex(),
        "holding answer": threshold.holding_answer(CEREMONY, DEALING, 2, point, nonce, x).hex(),
    }


def _carried(header: Any) -> dict[str, Any]:
    origin, key = threshold.header_digest(header), drawn("key of short", 16)
    return {"payload commitment": hash_bound(encode_binding("ceremony/payload-key/v1", origin=origin), key).hex()}


def _questions(header: Any, points: Any, shares: dict[int, int]) -> dict[str, Any]:
    point, index, digest = parse_point(from_hex(header.point)), 4, threshold.header_digest(header)
    query = draw_query(point, drawn("a", 48) + drawn("b", 48))
    pair = Pair(drawn("salt", 32), *(encode_x(multiply(one, shares[index])) for one in (point, query.point)))
    commitment = commit_pair(pair, header=digest, index=index, query=query.point)
    found = judge_pair(pair, commitment, header=digest, index=index, query=query, public=share_point(points, index))
    return {
        "custodian": index,
        "a": encode_scalar(query.a).hex(),
        "b": encode_scalar(query.b).hex(),
        "Q": encode_point(query.point, compressed=True).hex(),
        "salt": pair.salt.hex(),
        "x for P": pair.to_point.hex(),
        "x for Q": pair.to_query.hex(),
        "query commitment": commitment.hex(),
        "A_i": encode_point(found, compressed=True).hex(),
    }


_G = "0x036b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"


def main() -> None:
    """Write the file; read the difference before it is committed."""
    EXPECTED.write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
