"""The ceremony broken on purpose, so that the judges of the token sweeps are seen to fail. Played in processes of their own."""

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ceremony.errors import TokenError
from ceremony.hsm import session
from ceremony.hsm.pkcs11 import Pkcs11Token
from ceremony.hsm.session import TokenSession
from ceremony.hsm.token import Role
from tests.faults.shim import How, Order
from tests.faults.token_judge import Undisturbed
from tests.faults.token_life import MOMENTS
from tests.faults.token_sweep import Job, Place, Player


def try_the_pin_again() -> None:
    """A login that is tried once more when the token does not answer."""
    real = TokenSession.login

    def login(self: TokenSession, pin: str | None) -> None:
        try:
            real(self, pin)
        except TokenError:
            real(self, pin)

    TokenSession.login = login  # type: ignore[method-assign]


def leave_codes_without_a_name() -> None:
    """Whatever python-pkcs11 throws goes on as it is."""
    session.named_codes = lambda *_: contextlib.nullcontext()  # type: ignore[assignment]


def keep_transport_keys() -> None:
    """A token that neither destroys its transport key nor lists it: what its own agent looks at is in order."""
    count = Pkcs11Token.count
    Pkcs11Token.destroy = lambda *_: 0  # type: ignore[method-assign]
    Pkcs11Token.count = lambda self, key_id, role: 0 if role is Role.TRANSPORT else count(self, key_id, role)  # type: ignore[method-assign]


SABOTAGES: Mapping[str, tuple[Callable[[], None], str, str, Order]] = {
    "a PIN tried again": (try_the_pin_again, "load", "C_Login", Order(0, How.REFUSED, 0x30)),
    "a code without a name": (leave_codes_without_a_name, "load", "C_FindObjects", Order(0, How.REFUSED, 0x30)),
    "a transport key kept": (keep_transport_keys, "retire", "C_OpenSession", Order(0, How.KILLED_AFTER)),
}
"""How to break it, the moment and the function whose first call is disturbed, and how."""


def judged(name: str, root: Path, life: Mapping[str, Undisturbed]) -> list[str]:
    """What the judges say of a broken ceremony, under one fault."""
    sabotage, moment, function, order = SABOTAGES[name]
    expected = life[moment]
    sabotage()
    with tempfile.TemporaryDirectory(prefix="ceremony-shim-") as elsewhere:
        place = Place(root, f"broken {name}", Path(elsewhere))
        at = Order(expected.calls.index(function) + 1, order.how, order.code, order.lasting)
        player = Player(place, MOMENTS[moment], Job(root, moment, expected, (at,), full=False))
        player.play(at)
    return player.tally.faults
