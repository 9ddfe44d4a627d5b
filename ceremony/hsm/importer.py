"""One-time keys of an agent, for shards of a token that cannot unwrap: in this process only, so they end with it (pure).

A share on disk that was sealed to such a key is worth nothing once the process has ended; the dealing is then thrown away.
"""

from collections.abc import Callable

from ceremony.errors import DealingError, ImportKeyLost
from ceremony.hsm.messages import Place
from ceremony.records.base import from_hex
from ceremony.shards.plain import bind_import, draw_import_key, encode_import_key, open_share

NEW_DEALING = "Find out what happened to it; then throw this dealing away with `ceremony run DIR --new-dealing`."


class Importer:
    """Makes, keeps and forgets them.

    Args:
        entropy: a source of random bytes of this machine.
        who: how errors name custodian and token.
    """

    def __init__(self, entropy: Callable[[int], bytes], who: str) -> None:
        self._entropy = entropy
        self._who = who
        self._keys: dict[Place, bytes] = {}

    def offer(self, place: Place) -> bytes:
        """The public half, DER, of the one key for this place."""
        if place not in self._keys:
            self._keys[place] = draw_import_key(self._entropy)
        return encode_import_key(self._keys[place])

    def keeps(self, place: Place) -> bool:
        """Whether there is one."""
        return place in self._keys

    def open(self, place: Place, serial: str, sealed: bytes) -> int:
        """The share sealed to it for the token with this serial; ImportKeyLost when there is no key, DealingError when it does not open."""
        if place not in self._keys:
            message = f"the one-time key that the shard of {self._who} is sealed to ended with the process that made it"
            raise ImportKeyLost(message, culprits=(self._who,))
        binding = bind_import(ceremony=from_hex(place.ceremony), dealing=place.dealing, custodian=place.custodian, serial=serial)
        try:
            return open_share(sealed, self._keys[place], binding)
        except DealingError as error:
            message = f"the shard of {self._who} does not open: {error.message}"
            raise DealingError(message, culprits=(self._who,), remedy=NEW_DEALING) from None

    def forget(self, place: Place) -> None:
        """Nothing that is on disk opens any more."""
        self._keys.pop(place, None)
