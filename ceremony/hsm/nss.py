"""NSS's software token (DOOR): a module that must be told its directory when it starts, and that gives every token one and the same serial.

So `config` in the plan is the directory of its databases, and the serial is one of our own, drawn when the token was made and kept in a
file beside them. It has no security officer: its user PIN is set once, when it is made. FACTS 3: P-256 import and ECDH work; it unwraps no
EC key and knows no secp256k1, so it can hold a shard that was put in, and cannot sign.
"""

import ctypes
import os
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11 import _pkcs11

from ceremony.disk import make_directory, named_faults, read_limited, write_new
from ceremony.errors import DirectoryError, ModuleError
from ceremony.hsm.cryptoki import Cryptoki

NAME = "softokn"
SERIAL_FILE = "ceremony-serial"
SERIAL_BYTES = 8
_FILE_LIMIT = 64
_DATABASES = 2
"""Slot of the databases; the other one offers mechanisms and keeps nothing."""
_USES_OS_LOCKS = 2
"""CKF_OS_LOCKING_OK."""


class _Arguments(ctypes.Structure):
    # SPEC PKCS#11 2.40 CK_C_INITIALIZE_ARGS; NSS reads its parameters from the reserved pointer's place before it.
    _fields_ = (
        ("create", ctypes.c_void_p),
        ("destroy", ctypes.c_void_p),
        ("lock", ctypes.c_void_p),
        ("unlock", ctypes.c_void_p),
        ("flags", ctypes.c_ulong),
        ("parameters", ctypes.c_char_p),
        ("reserved", ctypes.c_void_p),
    )


def is_nss(module: str) -> bool:
    """Whether this is NSS's module, by the name that every distribution gives it."""
    return NAME in Path(module).name


class NssLibrary:
    """The module, started for one directory; to the rest of this room what python-pkcs11's library is.

    ModuleError when the directory is none that `make_nss_directory` made, or the module refuses to start.
    """

    def __init__(self, module: str, directory: Path) -> None:
        self.own_serial = read_serial(directory)
        self._cryptoki = Cryptoki(module, f"the module {module}")
        arguments = _arguments(directory, self.own_serial)  # it must live as long as the call
        self._cryptoki.start(ctypes.addressof(arguments))
        # Its __init__ would start the module once more, without parameters, and fail.
        make: Any = _pkcs11.lib.__new__
        self._library = make(_pkcs11.lib, module)
        self.initialized = True

    def get_slots(self, *, token_present: bool = False) -> "list[pkcs11.Slot]":
        """The one slot that keeps anything."""
        return [slot for slot in self._library.get_slots(token_present=token_present) if slot.slot_id == _DATABASES]

    def finalize(self) -> None:
        """Let the module go."""
        self._cryptoki.stop()
        self.initialized = False


def make_nss_directory(directory: Path) -> str:
    """Make a new directory for one NSS token, for its owner only, with a serial of its own, which is returned.

    DirectoryError when it exists already, or when its path cannot be told to NSS.
    """
    place = directory.absolute()
    _require_tellable(place)
    make_directory(place.parent)
    with named_faults(place):
        place.mkdir(mode=0o700)
    serial = os.urandom(SERIAL_BYTES).hex()
    write_new(place / SERIAL_FILE, f"{serial}\n".encode())
    return serial


def read_serial(directory: Path) -> str:
    """The serial beside the databases; ModuleError when there is none."""
    data = read_limited(directory / SERIAL_FILE, _FILE_LIMIT) if directory.is_dir() else None
    serial = (data or b"").decode("ascii", "replace").strip()
    if len(serial) != 2 * SERIAL_BYTES or not serial.isalnum():
        message = f"{directory} is no directory of an NSS token that `ceremony token init --nss` made"
        raise ModuleError(message, culprits=(str(directory),))
    return serial


def set_first_pin(library: NssLibrary, user_pin: str) -> None:
    """The user PIN of a token that never had one: NSS's security officer has no PIN, and can do nothing else."""
    session = library.get_slots(token_present=True)[0].get_token().open(rw=True)
    try:
        cryptoki = library._cryptoki  # noqa: SLF001 - one file, one secret
        cryptoki.login(session.handle, "so", "")
        session.init_pin(user_pin)
    finally:
        session.close()


def _arguments(directory: Path, serial: str) -> _Arguments:
    _require_tellable(directory.absolute())
    place = f"sql:{directory.absolute()}"
    parameters = f"configdir='{place}' certPrefix='' keyPrefix='' secmod='' flags=noModDB dbTokenDescription='ceremony {serial}'"
    return _Arguments(None, None, None, None, _USES_OS_LOCKS, parameters.encode(), None)


def _require_tellable(place: Path) -> None:
    text = str(place)
    if not text.isprintable() or text != text.strip() or set(text) & set("'\"\\"):
        message = "NSS has no way to be told this path"
        raise DirectoryError(message, culprits=(text,), remedy="Choose a path without quotes, backslashes, line breaks and outer blanks.")
