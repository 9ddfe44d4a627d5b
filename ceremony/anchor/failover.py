"""Several endpoints to send through: whoever does not do it is passed over (pure: the doors are given)."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from ceremony.anchor.chain import ChainWriter
from ceremony.errors import AnswerLost, ChainError, NonceUsed

T = TypeVar("T")


class Failover:
    """The same payer at several endpoints. Sending twice is harmless: one nonce goes into one block of a chain, once."""

    def __init__(self, writers: Sequence[ChainWriter]) -> None:
        self._writers = tuple(writers)

    def payer(self) -> str:
        """The paying address."""
        return self._first(lambda writer: writer.payer())

    def nonce(self) -> int:
        """The payer's next nonce."""
        return self._first(lambda writer: writer.nonce())

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        """Send through the first that does it (`ChainWriter.send`).

        AnswerLost when one of those passed over may have sent it and nobody else did; otherwise the first one's refusal.
        """
        return self._first(lambda writer: writer.send(to, data, nonce=nonce, raised=raised))

    def _first(self, ask: Callable[[ChainWriter], T]) -> T:
        failed: list[ChainError] = []
        for writer in self._writers:
            try:
                return ask(writer)
            except ChainError as error:
                failed.append(error)
                if isinstance(error, NonceUsed):
                    break
        raise next((error for error in failed if isinstance(error, AnswerLost)), failed[0])
