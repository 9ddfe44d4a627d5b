"""An envelope is carried over to another dealing inside the combiner: the same payload's key comes out, and nobody else sees it."""

import pytest

from ceremony.custody import messages as m
from ceremony.custody.combiner import answer, combine, reopen, rewrap
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.sealed import unwrap_key, wrap_key
from ceremony.errors import MemoryNotLocked, OpeningError
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import SealedHeader
from ceremony.shards.field import ORDER, base_multiply, encode_point, encode_x, multiply, parse_point
from ceremony.shards.threshold import header_digest

KEY, K, N = bytes(range(16)), 2, 3
OLD, NEW = (7, 11), (1234567, 89)
"""Two polynomials of degree one: dealings of two of three."""
HERE, THERE = "0x" + "aa" * 32, "0x" + "bb" * 32
ENTROPY = bytes(range(48))


def commitments(polynomial):
    return tuple(base_multiply(coefficient) for coefficient in polynomial)


def sealed():
    header, key = seal_envelope(ceremony=HERE, dealing=1, n=N, commitments=commitments(OLD), description="payroll", entropy=ENTROPY)
    return SealedHeader(header=header, wrapped=wrap_key(key, KEY))


def answers(polynomial, envelope, who=(1, 3)):
    point = parse_point(from_hex(envelope.header.point))
    shares = {index: (polynomial[0] + polynomial[1] * index) % ORDER for index in who}
    return tuple((index, to_hex(encode_x(multiply(point, share)))) for index, share in shares.items())


def carried(envelope, given=None, **changes):
    origin = to_hex(header_digest(envelope.header))
    points = tuple(to_hex(encode_point(point, compressed=True)) for point in commitments(NEW))
    facts = {"sealed": envelope, "k": K, "answers": given or answers(OLD, envelope), "origin": origin}
    return m.Rewrap(**{**facts, "ceremony": THERE, "dealing": 4, "n": N, "commitments": points, **changes})


def test_what_was_sealed_to_the_old_dealing_opens_with_the_new_one_alone():
    before = sealed()
    after = rewrap(carried(before), ENTROPY[::-1])
    header = after.sealed.header
    assert (header.ceremony, header.dealing, header.description, len(header.tags)) == (THERE, 4, "payroll", N)
    opened = combine(m.Combine(header=header, k=K, answers=answers(NEW, after.sealed)))
    assert unwrap_key(from_hex(opened.file_key), after.sealed) == KEY
    with pytest.raises(OpeningError):
        combine(m.Combine(header=header, k=K, answers=answers(OLD, after.sealed)))


def test_the_new_five_see_the_same_key_without_showing_it():
    before = sealed()
    request = carried(before)
    after = rewrap(request, ENTROPY[::-1])
    asked = m.Reopen(sealed=after.sealed, k=K, answers=answers(NEW, after.sealed, (2, 3)), origin=request.origin)
    assert reopen(asked).payload == after.payload
    assert reopen(asked.model_copy(update={"origin": THERE})).payload != after.payload
    assert KEY.hex() not in str(after.model_dump()) + str(reopen(asked).model_dump())


def test_another_key_in_the_new_wrapping_is_seen():
    request = carried(sealed())
    after = rewrap(request, ENTROPY[::-1])
    opened = combine(m.Combine(header=after.sealed.header, k=K, answers=answers(NEW, after.sealed)))
    other = after.sealed.model_copy(update={"wrapped": wrap_key(from_hex(opened.file_key), KEY[::-1])})
    asked = m.Reopen(sealed=other, k=K, answers=answers(NEW, other), origin=request.origin)
    assert reopen(asked).payload != after.payload


def test_a_wrong_answer_or_a_changed_wrapping_carries_nothing_over():
    before = sealed()
    with pytest.raises(OpeningError):
        rewrap(carried(before, answers(NEW, before)), ENTROPY)
    spoilt = before.model_copy(update={"wrapped": "0x" + "00" * 32})
    with pytest.raises(OpeningError):
        rewrap(carried(spoilt), ENTROPY)


def test_each_question_gets_its_own_answer_and_memory_is_locked_where_it_must_be():
    before = sealed()
    after = answer(carried(before), ENTROPY[::-1], memory_locked=False)
    asked = m.Reopen(sealed=after.sealed, k=K, answers=answers(NEW, after.sealed), origin=carried(before).origin)
    assert answer(asked, ENTROPY, memory_locked=False).payload == after.payload
    assert answer(m.Combine(header=before.header, k=K, answers=answers(OLD, before)), ENTROPY, memory_locked=True).memory_locked
    for request in (carried(before), asked):
        with pytest.raises(MemoryNotLocked):
            answer(request.model_copy(update={"require_locked_memory": True}), ENTROPY, memory_locked=False)
    for request in (carried(before), asked, m.Combine(header=before.header, k=K, answers=answers(OLD, before))):
        assert m.parse_combiner_request(request.encode()) == request
