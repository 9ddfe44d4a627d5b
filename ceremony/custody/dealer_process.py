"""The dealer in a process of its own (DOOR): `python -m ceremony.custody.dealer_process`. It answers three questions and ends."""

import os
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from ceremony.custody import messages as m
from ceremony.custody.dealer import Dealer
from ceremony.errors import DealingError
from ceremony.isolation.hardening import explain_refusal, harden, leave, own_pipes, read_frame, write_frame
from ceremony.records.base import Record

Q = TypeVar("Q", m.OpenDealing, m.Deal)


def main() -> None:
    """Open the dealing, reveal, deal; end after the first refusal or the last answer, taking the secret along."""
    source, sink = own_pipes()
    memory_locked = harden()
    dealer = Dealer(os.urandom)
    steps: tuple[Callable[[m.DealerRequest], Record], ...] = (
        lambda request: dealer.open_dealing(_expect(request, m.OpenDealing), memory_locked=memory_locked),
        lambda _request: dealer.reveal_system(),
        lambda request: dealer.deal(_expect(request, m.Deal)),
    )
    for step in steps:
        if not _answer(source, sink, step):
            break
    leave()


def _answer(source: BinaryIO, sink: BinaryIO, step: Callable[[m.DealerRequest], Record]) -> bool:
    try:
        write_frame(sink, step(m.parse_dealer_request(read_frame(source))).encode())
    except Exception as error:  # noqa: BLE001 - nothing of what went wrong here may be printed
        write_frame(sink, explain_refusal(error))
        return False
    return True


def _expect(request: m.DealerRequest, kind: type[Q]) -> Q:
    if not isinstance(request, kind):
        message = "the dealer was asked out of turn"
        raise DealingError(message)
    return request


if __name__ == "__main__":
    main()
