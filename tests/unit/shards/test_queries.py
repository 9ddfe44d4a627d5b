"""Two questions to one token: a right pair is believed whoever sealed, a wrong one never, and each step has its one order."""

import hashlib

import pytest

from ceremony.errors import CombinerLied, OpeningError, ShareError
from ceremony.shards.feldman import share_point
from ceremony.shards.field import ORDER, base_multiply, encode_point, encode_x, multiply, weighted_sum
from ceremony.shards.queries import QUERY_BYTES, Pair, Query, commit_pair, draw_query, judge_pair, query_point, require_query
from ceremony.shards.shamir import Polynomial
from tests.simulators.randomness import Stream

POLYNOMIAL = Polynomial((11, 22, 33, 44, 55))
SHARES = {share.index: share.value for share in POLYNOMIAL.split(7)}
PUBLIC = {index: share_point(POLYNOMIAL.commit(), index) for index in SHARES}
POINT = base_multiply(2**250 + 12345)
HEADER = b"\x0b" * 32
SALT = b"\x0c" * 32
QUERY = draw_query(POINT, Stream(1, "query")(QUERY_BYTES))


def add(*points):
    return weighted_sum(points, [1] * len(points))


def pair(index=3, query=QUERY, point=POINT, share=None):
    """What an honest token with this shard answers."""
    scalar = SHARES[index] if share is None else share
    return Pair(SALT, encode_x(multiply(point, scalar)), encode_x(multiply(query.point, scalar)))


def judged(answers, index=3, query=QUERY, shown=None):
    commitment = commit_pair(shown or answers, header=HEADER, index=index, query=query.point)
    return judge_pair(answers, commitment, header=HEADER, index=index, query=query, public=PUBLIC[index])


@pytest.mark.parametrize("index", SHARES)
def test_an_honest_answer_is_believed_and_its_sign_decided(index):
    for seed in range(8):
        query = draw_query(POINT, Stream(seed, "sign")(QUERY_BYTES))
        assert judged(pair(index, query), index, query) == multiply(POINT, SHARES[index])


def test_both_signs_come_out():
    points = [base_multiply(scalar) for scalar in range(2, 20)]
    found = []
    for at, point in enumerate(points):
        query = draw_query(point, Stream(at, "both")(QUERY_BYTES))
        found.append(judged(pair(3, query, point), 3, query).y & 1)
        assert judged(pair(3, query, point), 3, query) == multiply(point, SHARES[3])
    assert set(found) == {0, 1}


def test_the_query_is_made_of_the_point():
    assert QUERY.point == add(multiply(POINT, QUERY.a), base_multiply(QUERY.b))
    require_query(POINT, QUERY.point, QUERY.a, QUERY.b)
    other = draw_query(POINT, Stream(2, "query")(QUERY_BYTES))
    assert len({QUERY.a, QUERY.b, other.a, other.b}) == 4
    with pytest.raises(ShareError, match="must have 96"):
        draw_query(POINT, bytes(95))


@pytest.mark.parametrize(
    ("query", "a", "b"),
    [
        (base_multiply(77), QUERY.a, QUERY.b),
        (QUERY.point, QUERY.a + 1, QUERY.b),
        (QUERY.point, QUERY.a, QUERY.b - 1),
        (QUERY.point, QUERY.b, QUERY.a),
        (POINT, 1, 0),
        (base_multiply(5), 0, 5),
        (QUERY.point, QUERY.a + ORDER, QUERY.b),
        (POINT, ORDER - 1, ORDER),
    ],
)
def test_an_agent_opens_for_no_other_point(query, a, b):
    with pytest.raises(CombinerLied, match="not made of this envelope's") as refusal:
        require_query(POINT, query, a, b)
    assert refusal.value.culprits == ("the combiner",)


def test_a_query_that_cancels_out_is_none():
    with pytest.raises(ShareError, match="infinity"):
        query_point(base_multiply(1), 5, ORDER - 5)
    with pytest.raises(CombinerLied):
        require_query(base_multiply(1), POINT, 5, ORDER - 5)


# --- lies ---


def constant(added):
    """Answers of a token that adds a point to each: FACTS 3(c), what asking for P and P + G would let through."""
    return Pair(SALT, *(encode_x(add(multiply(one, SHARES[3]), added)) for one in (POINT, QUERY.point)))


LIES = {
    "a constant added": constant(base_multiply(9)),
    "a public constant added": constant(PUBLIC[3]),
    "another shard": pair(4),
    "another shard, made up": pair(share=7),
    "another shard for one of them": Pair(SALT, pair().to_point, pair(4).to_query),
    "the answers swapped": Pair(SALT, pair().to_query, pair().to_point),
    "one answer twice": Pair(SALT, pair().to_point, pair().to_point),
    "an answer off by one bit": Pair(SALT, pair().to_point, pair().to_query[:-1] + bytes([pair().to_query[-1] ^ 1])),
    "no x of any point": Pair(SALT, b"\xff" * 32, pair().to_query),
    "nothing": Pair(SALT, bytes(32), bytes(32)),
}


@pytest.mark.parametrize("name", LIES)
def test_a_lie_names_its_custodian(name):
    with pytest.raises(OpeningError, match="do not fit together") as refusal:
        judged(LIES[name])
    assert refusal.value.culprits == ("custodian 3",)


def test_a_lie_without_a_and_b_never_passes():
    """A liar that knows P, Q and its shard, and makes the second answer fit guesses of a and b."""
    passed = 0
    for seed in range(100):
        query = draw_query(POINT, Stream(seed, "true")(QUERY_BYTES))
        passed += forged(query, draw_query(POINT, Stream(seed, "guess")(QUERY_BYTES)))
    assert passed == 0


def test_a_lie_with_a_and_b_always_passes():
    """Why the agent commits before they are shown."""
    passed = 0
    for seed in range(20):
        query = draw_query(POINT, Stream(seed, "true")(QUERY_BYTES))
        passed += forged(query, query)
    assert passed == 20


def forged(query, guess):
    """Whether a wrong answer, with a second one made to fit `guess`, is believed."""
    wrong = base_multiply(4242)
    fitting = add(multiply(wrong, guess.a), multiply(PUBLIC[3], guess.b))
    try:
        return judged(Pair(SALT, encode_x(wrong), encode_x(fitting)), 3, query) == wrong
    except OpeningError:
        return False


def test_an_answer_whose_check_cancels_out_is_refused():
    """a*S' = -b*Y: the sum has no x."""
    inverse = pow(QUERY.a, -1, ORDER)
    point = multiply(PUBLIC[3], (-QUERY.b * inverse) % ORDER)
    with pytest.raises(OpeningError, match="do not fit together"):
        judged(Pair(SALT, encode_x(point), bytes(32)))


def test_an_envelope_made_of_another_one_opens_that_one_too():
    """No lie of any token, and no check finds it: why five approve the exact header first, and must know where it is from."""
    secret, r = POLYNOMIAL.coefficients[0], 777
    made = add(POINT, base_multiply(r))
    opened = multiply(made, secret)
    assert add(opened, -multiply(base_multiply(secret), r)) == multiply(POINT, secret)


# --- the commitment ---


def test_answers_other_than_those_committed_to_name_their_custodian():
    honest = pair()
    changed = (honest._replace(salt=bytes(32)), pair(4), honest._replace(to_query=b""), honest._replace(salt=SALT + b"\0"))
    for other in changed:
        with pytest.raises(OpeningError, match="other answers than it committed to") as refusal:
            judged(other, shown=honest)
        assert refusal.value.culprits == ("custodian 3",)


def test_the_commitment_is_what_a_second_implementation_computes():
    honest = pair()
    point = encode_point(QUERY.point, compressed=True).hex()
    fields = f'{{"header":"0x{HEADER.hex()}","index":3,"query":"0x{point}"}}'
    tail = SALT + honest.to_point + honest.to_query
    expected = hashlib.sha256(f"ceremony/query-commitment/v1\n{fields}\n".encode() + tail).digest()
    assert commit_pair(honest, header=HEADER, index=3, query=QUERY.point) == expected


def test_the_commitment_binds_where_it_belongs():
    honest, facts = pair(), {"header": HEADER, "index": 3, "query": QUERY.point}
    changes = ({}, {"header": bytes(32)}, {"index": 4}, {"query": POINT})
    assert len({commit_pair(honest, **{**facts, **change}) for change in changes}) == len(changes)
    for wrong in ({"header": bytes(31)}, {"index": 0}):
        with pytest.raises(ShareError):
            commit_pair(honest, **{**facts, **wrong})


def test_what_is_secret_is_not_shown():
    assert repr(QUERY) == "Query(...)"
    assert repr(pair()) == "Pair(...)"
    assert str(QUERY.a) not in str(Query(QUERY.a, QUERY.b, QUERY.point))
