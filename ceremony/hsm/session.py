"""One token and its session (DOOR): finding, logging in and out, listing. FACTS 2 tells what python-pkcs11 does to sessions."""

from contextlib import AbstractContextManager, closing, suppress
from itertools import islice
from types import MappingProxyType
from typing import Any, NoReturn

import pkcs11
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.mechanisms import KeyType

from ceremony.errors import PinLocked, PinWrong, TokenError, TokenFault
from ceremony.hsm.codes import named_codes
from ceremony.hsm.cryptoki import Cryptoki
from ceremony.hsm.module import describe_token, find_slot, load_module
from ceremony.hsm.token import TokenDescription

RANDOM_LIMIT = 1024
OBJECT_LIMIT = 1024
"""Objects of one kind that are looked at: a token with more is not one for a ceremony."""
_LOGGED_IN = 3
"""CKS_RW_USER_FUNCTIONS."""
_TRIES = MappingProxyType(
    {
        "ok": "",
        "low": "; the token says that few tries are left",
        "final": "; the token says that the next wrong PIN locks it",
        "locked": "; the token is locked now",
    },
)


class TokenSession:
    """The one token with this serial, and at most one session with it; no PIN yet.

    Args:
        module: path of the vendor's library.
        config: path of its configuration, see `load_module`.
        serial: as the token says it, without padding.

    Raises:
        ModuleError: the module cannot be loaded.
        TokenMissing: no token has this serial.
        TokenAmbiguous: more than one has.
    """

    def __init__(self, module: str, config: str | None, serial: str) -> None:
        self.who = f"token {serial}"
        self.library = load_module(module, config)
        self._session: pkcs11.Session | None = None
        try:
            self.cryptoki = Cryptoki(module, self.who)
            self._slot = find_slot(self.library, serial)
        except TokenError:
            with suppress(TokenError):
                self.close()
            raise

    def describe(self) -> TokenDescription:
        """What the token says about itself now."""
        with self.named("describe itself"):
            return describe_token(self._slot.get_token(), self.library)

    def login(self, pin: str | None) -> None:
        """Log the user in, trying the PIN once; None asks the token's own keypad. PinWrong, PinLocked, PinRefused."""
        self.logout()
        if self.describe().pin_tries == "locked":
            message = f"{self.who} locked itself after wrong PINs; this one was not tried"
            raise PinLocked(message, culprits=(self.who,))
        # python-pkcs11 would leak the session when the PIN is wrong, so it opens it and the login is raw.
        session = self.open_session()
        try:
            self.cryptoki.login(session.handle, "user", pin)
        except TokenError as error:
            self._forget(error)
            raise

    def logout(self) -> None:
        """Close the session; the application's last one takes the login with it (PKCS#11 2.40, C_CloseSession)."""
        session, self._session = self._session, None
        if session is not None:
            with self.named("close its session"):
                session.close()

    def close(self) -> None:
        """Log out and let the module go, so that another process, or the next `TokenSession`, starts afresh."""
        with suppress(TokenError):
            self.logout()
        if self.library.initialized:
            with self.named("let its module go"):
                self.library.finalize()

    def random(self, size: int) -> bytes:
        """`size` bytes, 1 to 1024."""
        if not 0 < size <= RANDOM_LIMIT:
            self.fault(f"1 to {RANDOM_LIMIT} random bytes can be asked for, not {size}")
        session = self._session or self.open_session()
        with self.named("make random bytes"):
            return self.sized(session.generate_random(size * 8), size, "random bytes")

    def open_session(self) -> pkcs11.Session:
        """A session that may write, nobody logged in."""
        with self.named("open a session"):
            self._session = self._slot.get_token().open(rw=True)
        return self._session

    def require_login(self) -> pkcs11.Session:
        """The session, if it is still logged in: else a token lists no private keys, which must not pass for holding none."""
        session = self._session
        if session is None or self.cryptoki.session_state(session.handle) != _LOGGED_IN:
            self.fault("the user is not logged in")
        return session

    def find(self, kind: ObjectClass, key_type: KeyType | None = None, key_id: bytes | None = None) -> list[Any]:
        """Every object of this class, type and CKA_ID."""
        wanted = {Attribute.CLASS: kind, Attribute.KEY_TYPE: key_type, Attribute.ID: key_id}
        session = self.require_login()
        with self.named("list its keys"), closing(_search(session, wanted)) as search:
            found = list(islice(search, OBJECT_LIMIT + 1))
        if len(found) > OBJECT_LIMIT:
            self.fault(f"it lists more than {OBJECT_LIMIT} objects of one kind")
        return found

    def named(self, doing: str) -> AbstractContextManager[None]:
        """Whatever goes wrong inside becomes a named error."""
        return named_codes(doing, self.who)

    def sized(self, data: bytes, size: int, what: str) -> bytes:
        """The bytes themselves, when they are as many as they must be."""
        if len(data) != size:
            self.fault(f"{len(data)} {what}, not {size}")
        return data

    def fault(self, message: str) -> NoReturn:
        """Raise a TokenFault that names the token."""
        said = f"{self.who}: {message}"
        raise TokenFault(said, culprits=(self.who,))

    def _forget(self, error: TokenError) -> None:
        """Close the session of a failed login; a wrong PIN's error says what the token says about the tries left."""
        with suppress(TokenError):
            self.logout()
        if isinstance(error, PinWrong):
            with suppress(TokenError):
                error.message += _TRIES[self.describe().pin_tries]
                error.args = (error.message,)


def _search(session: pkcs11.Session, wanted: dict[Attribute, Any]) -> Any:  # noqa: ANN401 - python-pkcs11's generator
    return session.get_objects({attribute: value for attribute, value in wanted.items() if value is not None})
