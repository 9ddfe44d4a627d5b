"""What a transaction offers, and how a node's refusal is understood."""

import pytest

from ceremony.anchor.failover import Failover
from ceremony.anchor.offer import HIGHEST, named_refusal, offer_rising, prices, sent_before
from ceremony.errors import AnswerLost, BalanceTooLow, CallReverted, ChainUnreachable, NonceUsed

# As the nodes word them: geth core/txpool errors.go, anvil eth/error.rs, Nethermind AcceptTxResult, Besu TransactionInvalidReason
CHEAP = ("transaction underpriced", "replacement transaction underpriced", "max fee per gas less than block base fee: x", "FeeTooLow")
KNOWN = ("already known", "transaction already imported", "known transaction: 0x12", "AlreadyKnown")
USED = ("nonce too low: next nonce 5, tx nonce 3", "OldNonce", "Nonce is too low")
POOR = ("insufficient funds for gas * price + value: have 1 want 2", "Insufficient funds for gas * price + value")


def refusing(words):
    error = ChainUnreachable("refused", culprits=("node",))
    error.refusal = words
    return error


def test_prices_begin_at_twice_the_market_rise_by_a_quarter_and_end_at_ten_times():
    assert list(prices(100, 0)) == [200, 250, 312, 390, 488, 610, 762, 953, 1000]
    assert next(prices(100, 2)) == 312
    assert list(prices(100, 99)) == [100 * HIGHEST]


class Node:
    """Takes what offers at least `price`; otherwise it answers with `words`."""

    def __init__(self, price, words):
        self.price, self.words, self.offers = price, words, []

    def __call__(self, price):
        self.offers.append(price)
        if price < self.price:
            raise refusing(self.words)
        return "0xhash"


@pytest.mark.parametrize("words", CHEAP)
def test_an_offer_too_low_is_raised(words):
    node = Node(300, words)
    assert offer_rising(100, 0, node, "node") == "0xhash"
    assert node.offers == [200, 250, 312]


@pytest.mark.parametrize("words", CHEAP)
def test_more_than_ten_times_the_market_is_not_paid(words):
    node = Node(1001, words)
    with pytest.raises(ChainUnreachable, match="not take even 10 times the market's price of 100 wei"):
        offer_rising(100, 0, node, "node")
    assert max(node.offers) == 1000


@pytest.mark.parametrize("words", KNOWN)
def test_what_the_node_has_already_was_sent(words):
    assert sent_before(refusing(words))
    assert not any(sent_before(refusing(other)) for other in (*CHEAP, *USED, *POOR, ""))


@pytest.mark.parametrize(("kind", "words"), [(NonceUsed, one) for one in USED] + [(BalanceTooLow, one) for one in POOR])
def test_other_refusals_have_names_and_end_it(kind, words):
    node = Node(10**9, words)
    with pytest.raises(kind) as refusal:
        offer_rising(100, 0, node, "node")
    assert refusal.value.culprits == ("node",)
    assert len(node.offers) == 1


@pytest.mark.parametrize("error", [refusing("the pool is full"), refusing(""), AnswerLost("gone")])
def test_what_is_not_understood_stays_what_it_is(error):
    def send(_price):
        raise error

    with pytest.raises(ChainUnreachable) as refusal:
        offer_rising(100, 0, send, "node")
    assert refusal.value is named_refusal(error, "node") is error


class Writer:
    """Answers with what it was given, or raises it; counts."""

    def __init__(self, answer):
        self.answer, self.asked = answer, 0

    def payer(self):
        return self.send(None, b"", nonce=0)

    nonce = payer

    def send(self, _to, _data, *, nonce, raised=0):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer, nonce, raised


GONE, LOST, USED_UP, REVERTED = ChainUnreachable("gone"), AnswerLost("lost"), NonceUsed("used"), CallReverted("no")


@pytest.mark.parametrize("failures", [(), (GONE,), (LOST,), (REVERTED, GONE), (LOST, BalanceTooLow("poor"))])
def test_the_first_endpoint_that_does_it_does_it(failures):
    writers = [Writer(failure) for failure in failures] + [Writer("done"), Writer("never")]
    assert Failover(writers).send("0x", b"", nonce=4, raised=2) == ("done", 4, 2)
    assert [writer.asked for writer in writers] == [1] * (len(failures) + 1) + [0]
    assert Failover(writers).payer() == Failover(writers).nonce() == ("done", 0, 0)


@pytest.mark.parametrize(
    ("failures", "raised"),
    [((GONE,), GONE), ((REVERTED, GONE), REVERTED), ((GONE, LOST), LOST), ((LOST, REVERTED), LOST), ((LOST, USED_UP), LOST)],
)
def test_when_nobody_does_it_what_may_have_been_sent_is_not_forgotten(failures, raised):
    with pytest.raises(type(raised)) as refusal:
        Failover([Writer(failure) for failure in failures]).send("0x", b"", nonce=4)
    assert refusal.value is raised


def test_a_used_nonce_is_used_everywhere():
    writers = [Writer(USED_UP), Writer("done")]
    with pytest.raises(NonceUsed):
        Failover(writers).send("0x", b"", nonce=4)
    assert writers[1].asked == 0
