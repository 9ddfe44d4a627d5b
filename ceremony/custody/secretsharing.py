"""Share strings of the old library `secretsharing` (0.2.6, 2014), `1-abcdef...`, read only to leave them behind (pure).

    share x-y: x and y in hex without leading zeros; y = f(x) mod p, the secret is f(0) as a number
    p        : the first of `PRIMES` that is not below the secret, so above every y; nothing in a share says which

The format has no integrity: no checksum, no threshold, no set. One mistyped, foreign or missing share gives another secret and no word
about it; leading zero bytes are lost, and a secret equal to p has become 0. So the threshold and the secret's size must be told, and only
shares beyond the threshold can show that anything is wrong.
"""

import re
from collections.abc import Sequence

from ceremony.errors import AdoptionError, ShareError
from ceremony.shards.shamir import INDEX_LIMIT, Share, combine

# Facts of the library: Mersenne primes, and the smallest primes of 257, 321 and 385 bits. Below 2^61 they are too close to be told apart.
PRIMES = tuple(sorted([*(2**e - 1 for e in (61, 89, 107, 127, 521, 607, 1279)), 2**256 + 297, 2**320 + 27, 2**384 + 231]))
_STRING = re.compile(r"([0-9a-fA-F]{1,2})-([0-9a-fA-F]{1,320})")
_AGAIN = "Read it again from where it is written and type it once more."
_SUSPECT = "Check the threshold and each share; nothing in this format says which is wrong."


class OldShares:
    """The shares of one secret so far.

    `k` is how many give it back, `size` how many bytes it has.
    """

    def __init__(self, k: int, size: int) -> None:
        self._k, self._size = k, size
        self._shares: dict[int, Share] = {}
        self._numbers: dict[int, int] = {}

    @property
    def enough(self) -> bool:
        """Whether these give something back, right or not."""
        return len(self._shares) >= self._k

    @property
    def checked(self) -> bool:
        """Whether there are more than needed, so that a wrong one shows."""
        return len(self._shares) > self._k

    def add(self, number: int, text: str) -> str:
        """Take share `number`; AdoptionError, and the set stays as it was, when it cannot be one."""
        match = _STRING.fullmatch(text.strip())
        if not match:
            raise _refusal(number, "it is not of the form 1-abcdef, a number and a value in hex", _AGAIN)
        index, value = int(match[1], 16), int(match[2], 16)
        if not 1 <= index <= INDEX_LIMIT:
            raise _refusal(number, f"its number is {index}; 1 to {INDEX_LIMIT} are taken", _AGAIN)
        if index in self._shares:
            raise _refusal(number, f"it has the same number, {index}, as share {self._numbers[index]} here", "Type another one.")
        if value >= PRIMES[-1]:
            raise _refusal(number, "its value is above everything that the old library could make", _AGAIN)
        self._shares[index], self._numbers[index] = Share(index, value), number
        return f"number {index}; {len(self._shares)} of {self._k} needed"

    def secret(self) -> bytes:
        """The secret in its full size.

        AdoptionError when there are too few, they contradict each other (it names the wrong one where that can be told), or the result is 0
        or larger than the secret was.
        """
        if not self.enough:
            message = f"too few shares: {len(self._shares)} given, {self._k} needed"
            raise AdoptionError(message, remedy="Give more shares.")
        shares = tuple(self._shares.values())
        prime = next(prime for prime in PRIMES if all(share.value < prime for share in shares))
        try:
            value = combine(shares, self._k, modulus=prime)
        except ShareError:
            raise self._contradiction(shares, prime) from None
        if value == 0 or value.bit_length() > 8 * self._size:
            what = "0, which the old library also makes of a secret that it cannot hold" if value == 0 else f"more than {self._size} bytes"
            message = f"the shares give {what}"
            raise AdoptionError(message, culprits=self._who(shares), remedy=_SUSPECT)
        return value.to_bytes(self._size, "big")

    def _contradiction(self, shares: Sequence[Share], prime: int) -> AdoptionError:
        """Names the share without which all others agree, if there is exactly one such: so if two more than needed were given."""
        suspects = [share for share in shares if _agree([one for one in shares if one != share], self._k, prime)]
        wrong = suspects if len(suspects) == 1 else shares
        message = "the shares do not lie on one polynomial of this threshold"
        remedy = "Leave it out, or read it again: all others agree." if wrong is suspects else _SUSPECT
        return AdoptionError(message, culprits=self._who(wrong), remedy=remedy)

    def _who(self, shares: Sequence[Share]) -> tuple[str, ...]:
        return tuple(f"share {self._numbers[share.index]}" for share in shares)


def _agree(shares: Sequence[Share], k: int, prime: int) -> bool:
    try:
        combine(shares, k, modulus=prime)
    except ShareError:
        return False
    return True


def _refusal(number: int, what: str, remedy: str) -> AdoptionError:
    return AdoptionError(f"share {number}: {what}", culprits=(f"share {number}",), remedy=remedy)
