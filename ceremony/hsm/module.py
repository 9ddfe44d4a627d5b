"""Loads a PKCS#11 module and finds one token by its serial (DOOR). One process loads one module, for one token (DESIGN 4.8)."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

import pkcs11
from pkcs11.constants import TokenFlag

from ceremony.errors import CeremonyError, ModuleError, TokenAmbiguous, TokenMissing
from ceremony.hsm.codes import code_of, explain_code, named_codes
from ceremony.hsm.nss import NssLibrary, is_nss
from ceremony.hsm.softhsm import require_distinct_serials
from ceremony.hsm.token import TokenDescription

_BLANKS = " \t\r\n\0"
SLOT_LIMIT = 256
"""Slots looked at; a network HSM with a partition for each of its customers shows about a hundred."""

_VARIABLES: Mapping[str, str] = MappingProxyType({"yubihsm_pkcs11": "YUBIHSM_PKCS11_CONF"})
_SOFTHSM_VARIABLE = "SOFTHSM2_CONF"


Library: TypeAlias = "pkcs11.lib | NssLibrary"


def load_module(module: str, config: str | None) -> Library:
    """The module, initialised.

    Args:
        module: path of the vendor's library.
        config: path of its configuration; told to the library through the environment variable that it reads: YUBIHSM_PKCS11_CONF for
            YubiHSM 2's module, SOFTHSM2_CONF for every other one (other vendors' modules have fixed places and do not look at it).
            NSS's module is told the directory of its databases when it starts.

    Raises:
        ModuleError: no such files, files that everybody may change, not a PKCS#11 module, or it refuses to start.
        TokenAmbiguous: two of SoftHSM's tokens have one serial, which it would not survive.
    """
    for path in (module, None if is_nss(module) else config):
        if path is not None and not Path(path).is_file():
            message = f"there is no file {path}"
            raise ModuleError(message, culprits=(path,))
        if path is not None and Path(path).stat().st_mode & stat.S_IWOTH:
            message = f"everybody may change {path}, and what it says decides where the PIN goes"
            raise ModuleError(message, culprits=(path,), remedy=f"Compare it with the vendor's; then `chmod o-w {path}`.")
    if config is not None and "softhsm" in Path(module).name:
        require_distinct_serials(Path(config))
    if config is not None:
        named = (variable for name, variable in _VARIABLES.items() if name in Path(module).name)
        os.environ[next(named, _SOFTHSM_VARIABLE)] = str(Path(config).resolve())
    try:
        return NssLibrary(module, Path(config or "")) if is_nss(module) else pkcs11.lib(module)
    except CeremonyError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a vendor's library does while it loads
        code = code_of(error)
        reason = explain_code(code, "start", f"the module {module}").message if code is not None else str(error)
        raise ModuleError(reason, culprits=tuple(filter(None, (module, config)))) from None


def find_slot(library: Library, serial: str) -> pkcs11.Slot:
    """The slot of the one initialised token with this serial; TokenMissing or TokenAmbiguous otherwise."""
    who = f"token {serial}"
    with named_codes("be looked for", who):
        found = [slot for slot, token in present_tokens(library) if serial and serial_of(token, library) == serial]
    if not found:
        message = f"no token with serial {serial} is connected"
        raise TokenMissing(message, culprits=(who,))
    if len(found) > 1:
        message = f"{len(found)} tokens say that their serial is {serial}"
        raise TokenAmbiguous(message, culprits=(who,))
    return found[0]


def present_tokens(library: Library) -> Iterator[tuple[pkcs11.Slot, pkcs11.Token]]:
    """Every token in its slot, initialised or not; a token pulled out meanwhile is passed over."""
    for slot in library.get_slots(token_present=True)[:SLOT_LIMIT]:
        try:
            yield slot, slot.get_token()
        except (pkcs11.TokenNotPresent, pkcs11.TokenNotRecognised):
            continue


def serial_of(token: pkcs11.Token, library: Library) -> str:
    """The serial without its padding; bytes that are no ASCII shown as escapes. NSS's tokens have none that tells them apart."""
    if isinstance(library, NssLibrary):
        return library.own_serial
    return bytes(token.serial).decode("ascii", "backslashreplace").strip(_BLANKS)


def describe_token(token: pkcs11.Token, library: Library) -> TokenDescription:
    """CK_TOKEN_INFO, trimmed."""
    major, minor = token.firmware_version
    return TokenDescription(
        serial=serial_of(token, library),
        label=token.label.strip(_BLANKS),
        manufacturer=token.manufacturer_id.strip(_BLANKS),
        model=token.model.strip(_BLANKS),
        firmware=f"{major}.{minor}",
        protected_pin=bool(token.flags & TokenFlag.PROTECTED_AUTHENTICATION_PATH),
        pin_set=bool(token.flags & TokenFlag.USER_PIN_INITIALIZED),
        pin_tries=_pin_tries(token.flags),
    )


def _pin_tries(flags: int) -> str:
    if flags & TokenFlag.USER_PIN_LOCKED:
        return "locked"
    if flags & TokenFlag.USER_PIN_FINAL_TRY:
        return "final"
    return "low" if flags & TokenFlag.USER_PIN_COUNT_LOW else "ok"
