"""Tokens made ready (DOOR): a SoftHSM directory of its own, a new token in it or in a vendor's slot, and PINs.

Nothing is ever overwritten: only a token that says it was never initialised is initialised.
"""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11.constants import TokenFlag

from ceremony.disk import make_directory, named_faults, write_new
from ceremony.errors import DirectoryError, PinRefused, TokenAmbiguous, TokenError, TokenFault, TokenMissing
from ceremony.hsm.codes import named_codes
from ceremony.hsm.cryptoki import Cryptoki
from ceremony.hsm.module import load_module, present_tokens, serial_of
from ceremony.hsm.nss import make_nss_directory, set_first_pin
from ceremony.hsm.session import TokenSession

LABEL_BYTES = 32
PIN_BYTES = range(4, 256)
"""SoftHSM's limits for both PINs; tokens with narrower ones refuse by themselves."""


def make_softhsm_directory(directory: Path) -> Path:
    """Make a new directory for one SoftHSM token, for its owner only; the path of its softhsm2.conf.

    DirectoryError when it exists already, or when its path cannot stand in SoftHSM's configuration.
    """
    place = directory.absolute()
    if not str(place).isprintable() or str(place) != str(place).strip():
        message = "SoftHSM's configuration has no way to write this path"
        raise DirectoryError(message, culprits=(str(directory),), remedy="Choose a path without line breaks and outer blanks.")
    make_directory(place.parent)
    with named_faults(place):
        place.mkdir(mode=0o700)
        (place / "tokens").mkdir(mode=0o700)
    config = place / "softhsm2.conf"
    lines = (f"directories.tokendir = {place}/tokens", "objectstore.backend = file", "log.level = ERROR", "slots.removable = false")
    write_new(config, "".join(f"{line}\n" for line in lines).encode())
    return config


def init_token(module: str, config: str | None, label: str, so_pin: str, user_pin: str) -> str:
    """Initialise the one token that was never initialised, set its user PIN, and return its serial.

    Args:
        module: path of the vendor's library.
        config: path of its configuration, see `load_module`.
        label: 1 to 32 bytes of UTF-8.
        so_pin: of the security officer, to be.
        user_pin: of the user, to be.

    Raises:
        PinRefused: a PIN has a length that no token takes; nothing was touched.
        TokenMissing: every connected token is initialised already, or there is none.
        TokenAmbiguous: more than one token is not.
        TokenError: whatever the token says.
    """
    require_initial(label, so_pin, user_pin)
    serial = _init_fresh(module, config, label, so_pin)
    try:
        set_user_pin(module, config, serial, so_pin, user_pin)
    except TokenError as error:
        error.next_step = f"Token {serial} is initialised but has no user PIN: set it with `ceremony pin --so`."
        raise
    return serial


def init_nss(module: str, directory: Path, user_pin: str) -> str:
    """Make one NSS token in a new directory, set its user PIN, and return its serial. NSS knows no other PIN."""
    _require_pin(user_pin, "user PIN")
    make_nss_directory(directory)
    library = load_module(module, str(directory))
    try:
        with named_codes("set the user PIN", "the new token"):
            set_first_pin(library, user_pin)
    finally:
        library.finalize()
    return str(library.own_serial)


def require_initial(label: str, so_pin: str, user_pin: str) -> None:
    """Raise TokenFault or PinRefused when no token takes this label, or one of these PINs."""
    if not 0 < len(label.encode()) <= LABEL_BYTES:
        message = f"a token's label has 1 to {LABEL_BYTES} bytes"
        raise TokenFault(message, remedy="Choose another label.")
    _require_pin(so_pin, "SO PIN")
    _require_pin(user_pin, "user PIN")


def set_user_pin(module: str, config: str | None, serial: str, so_pin: str, user_pin: str) -> None:
    """Have the security officer set the user PIN (the first one, or after it was locked). The SO PIN is tried once."""
    _require_pin(user_pin, "user PIN")
    token = TokenSession(module, config, serial)
    try:
        session = token.open_session()
        token.cryptoki.login(session.handle, "so", so_pin)
        with token.named("set the user PIN"):
            session.init_pin(user_pin)
    finally:
        token.close()


def change_user_pin(module: str, config: str | None, serial: str, old_pin: str, new_pin: str) -> None:
    """Change the user PIN. The old one is tried once."""
    _require_pin(new_pin, "new user PIN")
    token = TokenSession(module, config, serial)
    try:
        token.login(old_pin)
        with token.named("change the user PIN"):
            token.require_login().set_pin(old_pin, new_pin)
    finally:
        token.close()


def _init_fresh(module: str, config: str | None, label: str, so_pin: str) -> str:
    who = "the new token"
    library: Any = load_module(module, config)
    try:
        with named_codes("be initialised", who):
            before = _initialised(library)
            slot = _require_fresh(library)
            Cryptoki(module, who).init_token(slot.slot_id, so_pin, label)
            library.reinitialize()  # SoftHSM moves a new token to another slot and shows it only then
            return _require_one(_initialised(library) - before)
    finally:
        with suppress(pkcs11.PKCS11Error):
            library.finalize()


def _initialised(library: pkcs11.lib) -> set[str]:
    return {serial_of(token, library) for _, token in present_tokens(library) if token.flags & TokenFlag.TOKEN_INITIALIZED}


def _require_fresh(library: pkcs11.lib) -> pkcs11.Slot:
    fresh = [slot for slot, token in present_tokens(library) if not token.flags & TokenFlag.TOKEN_INITIALIZED]
    if not fresh:
        message = "no connected token is uninitialised, and a token in use is never initialised again"
        raise TokenMissing(message, remedy="Connect a new token (SoftHSM: choose a new directory), then run the same command again.")
    if len(fresh) > 1:
        message = f"{len(fresh)} connected tokens are uninitialised"
        raise TokenAmbiguous(message, remedy="Leave only the token to be initialised connected.")
    return fresh[0]


def _require_one(serials: set[str]) -> str:
    if len(serials) != 1:
        message = f"after initialising one token, {len(serials)} new ones are listed"
        raise TokenFault(message)
    return serials.pop()


def _require_pin(pin: str, what: str) -> None:
    if len(pin.encode()) not in PIN_BYTES:
        message = f"the {what} has {len(pin.encode())} bytes; tokens take {PIN_BYTES.start} to {PIN_BYTES.stop - 1}"
        raise PinRefused(message, remedy="Choose another PIN.")
