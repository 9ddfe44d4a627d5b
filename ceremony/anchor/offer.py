"""What a transaction offers the chain for being taken, and what a node's refusal of an offer means (pure)."""

from collections.abc import Callable, Iterator

from ceremony.errors import BalanceTooLow, ChainUnreachable, NonceUsed

MARGIN = 2
"""Fees may double between two blocks of a busy chain and the payment still goes through."""
RAISE = 5 / 4
"""Nodes take a replacement that offers an eighth more (geth: 10 %); a quarter leaves no doubt."""
HIGHEST = 10
"""Times the market price: more is not paid without a person."""
_SENT_BEFORE = ("already known", "already imported", "known transaction", "alreadyknown")
_TOO_CHEAP = ("underpriced", "less than block base fee", "fee too low", "feetoolow")
_NONCE_USED = ("nonce too low", "nonce is too low", "oldnonce")
_POOR = ("insufficient funds",)


def prices(market: int, raised: int) -> Iterator[int]:
    """Offers in wei for each unit of gas, from `raised` raises above twice the market's price up to HIGHEST times that price."""
    offer = market * MARGIN * RAISE**raised
    while offer < market * HIGHEST:
        yield int(offer)
        offer *= RAISE
    yield market * HIGHEST


def offer_rising(market: int, raised: int, send: Callable[[int], str], endpoint: str) -> str:
    """Send at the lowest price that the endpoint takes; what `send` gave.

    Args:
        market: wei for each unit of gas that the chain asks now.
        raised: how often the offer was raised before.
        send: sends at a price; ChainUnreachable with a `refusal` says that nothing was done.
        endpoint: who is named.

    Raises:
        NonceUsed: the nonce is in a block.
        BalanceTooLow: the payer cannot pay.
        ChainUnreachable: it refuses for another reason, or even the highest price.
    """
    for price in prices(market, raised):
        try:
            return send(price)
        except ChainUnreachable as error:
            if not _speaks(error, _TOO_CHEAP):
                raise named_refusal(error, endpoint) from None
    message = f"endpoint {endpoint} does not take even {HIGHEST} times the market's price of {market} wei for each unit of gas"
    raise ChainUnreachable(message, culprits=(endpoint,))


def sent_before(error: ChainUnreachable) -> bool:
    """Whether the node refuses because it has this very transaction already."""
    return _speaks(error, _SENT_BEFORE)


def named_refusal(error: ChainUnreachable, endpoint: str) -> ChainUnreachable | BalanceTooLow | NonceUsed:
    """What a node's refusal is by its own words: an empty purse, a used nonce, or what it was."""
    if _speaks(error, _POOR):
        return BalanceTooLow(f"the payer cannot pay: {error.refusal}", culprits=(endpoint,))
    if _speaks(error, _NONCE_USED):
        return NonceUsed(f"endpoint {endpoint}: the payer's nonce is used up: {error.refusal}", culprits=(endpoint,))
    return error


def _speaks(error: ChainUnreachable, signs: tuple[str, ...]) -> bool:
    return any(sign in error.refusal.lower() for sign in signs)
