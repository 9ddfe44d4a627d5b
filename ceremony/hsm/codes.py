"""What each PKCS#11 return code means to the ceremony: one table, one place (pure).

python-pkcs11's exceptions are mostly empty: their class name is the code's name. Its words for codes it does not know, "Unmapped error code
0x..", are read back to the code (FACTS 2).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import IntEnum
from types import MappingProxyType

from ceremony.errors import (
    CeremonyError,
    PinLocked,
    PinRefused,
    PinWrong,
    TokenError,
    TokenFault,
    TokenIncapable,
    TokenMissing,
)


class Ckr(IntEnum):
    """Return codes by name."""

    # SPEC PKCS#11 2.40, 3.0: pkcs11t.h.
    CANCEL = 0x01
    HOST_MEMORY = 0x02
    SLOT_ID_INVALID = 0x03
    GENERAL_ERROR = 0x05
    FUNCTION_FAILED = 0x06
    ARGUMENTS_BAD = 0x07
    NO_EVENT = 0x08
    NEED_TO_CREATE_THREADS = 0x09
    CANT_LOCK = 0x0A
    ATTRIBUTE_READ_ONLY = 0x10
    ATTRIBUTE_SENSITIVE = 0x11
    ATTRIBUTE_TYPE_INVALID = 0x12
    ATTRIBUTE_VALUE_INVALID = 0x13
    ACTION_PROHIBITED = 0x1B
    DATA_INVALID = 0x20
    DATA_LEN_RANGE = 0x21
    DEVICE_ERROR = 0x30
    DEVICE_MEMORY = 0x31
    DEVICE_REMOVED = 0x32
    ENCRYPTED_DATA_INVALID = 0x40
    ENCRYPTED_DATA_LEN_RANGE = 0x41
    FUNCTION_CANCELED = 0x50
    FUNCTION_NOT_PARALLEL = 0x51
    FUNCTION_NOT_SUPPORTED = 0x54
    KEY_HANDLE_INVALID = 0x60
    KEY_SIZE_RANGE = 0x62
    KEY_TYPE_INCONSISTENT = 0x63
    KEY_NOT_NEEDED = 0x64
    KEY_CHANGED = 0x65
    KEY_NEEDED = 0x66
    KEY_INDIGESTIBLE = 0x67
    KEY_FUNCTION_NOT_PERMITTED = 0x68
    KEY_NOT_WRAPPABLE = 0x69
    KEY_UNEXTRACTABLE = 0x6A
    MECHANISM_INVALID = 0x70
    MECHANISM_PARAM_INVALID = 0x71
    OBJECT_HANDLE_INVALID = 0x82
    OPERATION_ACTIVE = 0x90
    OPERATION_NOT_INITIALIZED = 0x91
    PIN_INCORRECT = 0xA0
    PIN_INVALID = 0xA1
    PIN_LEN_RANGE = 0xA2
    PIN_EXPIRED = 0xA3
    PIN_LOCKED = 0xA4
    SESSION_CLOSED = 0xB0
    SESSION_COUNT = 0xB1
    SESSION_HANDLE_INVALID = 0xB3
    SESSION_PARALLEL_NOT_SUPPORTED = 0xB4
    SESSION_READ_ONLY = 0xB5
    SESSION_EXISTS = 0xB6
    SESSION_READ_ONLY_EXISTS = 0xB7
    SESSION_READ_WRITE_SO_EXISTS = 0xB8
    SIGNATURE_INVALID = 0xC0
    SIGNATURE_LEN_RANGE = 0xC1
    TEMPLATE_INCOMPLETE = 0xD0
    TEMPLATE_INCONSISTENT = 0xD1
    TOKEN_NOT_PRESENT = 0xE0
    TOKEN_NOT_RECOGNIZED = 0xE1
    TOKEN_WRITE_PROTECTED = 0xE2
    UNWRAPPING_KEY_HANDLE_INVALID = 0xF0
    UNWRAPPING_KEY_SIZE_RANGE = 0xF1
    UNWRAPPING_KEY_TYPE_INCONSISTENT = 0xF2
    USER_ALREADY_LOGGED_IN = 0x100
    USER_NOT_LOGGED_IN = 0x101
    USER_PIN_NOT_INITIALIZED = 0x102
    USER_TYPE_INVALID = 0x103
    USER_ANOTHER_ALREADY_LOGGED_IN = 0x104
    USER_TOO_MANY_TYPES = 0x105
    WRAPPED_KEY_INVALID = 0x110
    WRAPPED_KEY_LEN_RANGE = 0x112
    WRAPPING_KEY_HANDLE_INVALID = 0x113
    WRAPPING_KEY_SIZE_RANGE = 0x114
    WRAPPING_KEY_TYPE_INCONSISTENT = 0x115
    RANDOM_SEED_NOT_SUPPORTED = 0x120
    RANDOM_NO_RNG = 0x121
    DOMAIN_PARAMS_INVALID = 0x130
    CURVE_NOT_SUPPORTED = 0x140
    BUFFER_TOO_SMALL = 0x150
    SAVED_STATE_INVALID = 0x160
    INFORMATION_SENSITIVE = 0x170
    STATE_UNSAVEABLE = 0x180
    CRYPTOKI_NOT_INITIALIZED = 0x190
    CRYPTOKI_ALREADY_INITIALIZED = 0x191
    MUTEX_BAD = 0x1A0
    MUTEX_NOT_LOCKED = 0x1A1
    NEW_PIN_MODE = 0x1B0
    NEXT_OTP = 0x1B1
    EXCEEDED_MAX_ITERATIONS = 0x1B5
    FIPS_SELF_TEST_FAILED = 0x1B6
    LIBRARY_LOAD_FAILED = 0x1B7
    PIN_TOO_WEAK = 0x1B8
    PUBLIC_KEY_INVALID = 0x1B9
    FUNCTION_REJECTED = 0x200


_OFFICER = "Have the security officer set a new user PIN with `ceremony pin --so`, then run the same command again."
_OTHER_PIN = "Choose another PIN: its length or its characters are not what this token takes."

# Whatever is not here is a TokenFault.
MEANING: Mapping[Ckr, tuple[type[TokenError], str]] = MappingProxyType(
    {
        Ckr.PIN_INCORRECT: (PinWrong, ""),
        Ckr.PIN_LOCKED: (PinLocked, ""),
        Ckr.PIN_INVALID: (PinRefused, _OTHER_PIN),
        Ckr.PIN_LEN_RANGE: (PinRefused, _OTHER_PIN),
        Ckr.PIN_TOO_WEAK: (PinRefused, _OTHER_PIN),
        Ckr.PIN_EXPIRED: (PinRefused, _OFFICER),
        Ckr.USER_PIN_NOT_INITIALIZED: (PinRefused, _OFFICER),
        Ckr.TOKEN_NOT_PRESENT: (TokenMissing, ""),
        Ckr.TOKEN_NOT_RECOGNIZED: (TokenMissing, ""),
        Ckr.DEVICE_REMOVED: (TokenMissing, ""),
        Ckr.SLOT_ID_INVALID: (TokenMissing, ""),
        Ckr.MECHANISM_INVALID: (TokenIncapable, ""),
        Ckr.MECHANISM_PARAM_INVALID: (TokenIncapable, ""),
        Ckr.ATTRIBUTE_TYPE_INVALID: (TokenIncapable, ""),
        Ckr.ATTRIBUTE_VALUE_INVALID: (TokenIncapable, ""),
        Ckr.ATTRIBUTE_READ_ONLY: (TokenIncapable, ""),
        Ckr.TEMPLATE_INCOMPLETE: (TokenIncapable, ""),
        Ckr.TEMPLATE_INCONSISTENT: (TokenIncapable, ""),
        Ckr.CURVE_NOT_SUPPORTED: (TokenIncapable, ""),
        Ckr.DOMAIN_PARAMS_INVALID: (TokenIncapable, ""),
        Ckr.FUNCTION_NOT_SUPPORTED: (TokenIncapable, ""),
        Ckr.KEY_SIZE_RANGE: (TokenIncapable, ""),
        Ckr.RANDOM_NO_RNG: (TokenIncapable, ""),
        Ckr.TOKEN_WRITE_PROTECTED: (TokenIncapable, ""),
    },
)

_SPELT_OTHERWISE = MappingProxyType(
    {
        "FunctionCancelled": Ckr.FUNCTION_CANCELED,
        "TokenNotRecognised": Ckr.TOKEN_NOT_RECOGNIZED,
        "AnotherUserAlreadyLoggedIn": Ckr.USER_ANOTHER_ALREADY_LOGGED_IN,
    },
)
_BY_VALUE = MappingProxyType({int(code): code for code in Ckr})
_BY_NAME = MappingProxyType({code.name.replace("_", "").lower(): code for code in Ckr})
_UNMAPPED = re.compile(r"Unmapped error code (0x[0-9a-f]{1,16})")


def explain_code(value: int, doing: str, who: str) -> TokenError:
    """The named error for a return code other than CKR_OK.

    Args:
        value: the CK_RV.
        doing: what was tried, as in "cannot sign".
        who: the token, as errors name it ("token 5e1c...").
    """
    code = _BY_VALUE.get(value)
    if code is None:
        return TokenFault(f"{who} cannot {doing} (code 0x{value:x})", culprits=(who,))
    kind, remedy = MEANING.get(code, (TokenFault, ""))
    return kind(f"{who} cannot {doing} (CKR_{code.name})", culprits=(who,), remedy=remedy)


def code_of(error: Exception) -> int | None:
    """The return code that a python-pkcs11 exception stands for; None when it stands for none."""
    name = type(error).__name__
    known = _SPELT_OTHERWISE.get(name) or _BY_NAME.get(name.lower())
    if known is not None:
        return int(known)
    unmapped = _UNMAPPED.search(str(error))
    return int(unmapped[1], 16) if unmapped else None


@contextmanager
def named_codes(doing: str, who: str) -> Iterator[None]:
    """Turn everything a PKCS#11 library throws into a named error; errors that have a name already pass."""
    try:
        yield
    except CeremonyError:
        raise
    except Exception as error:  # noqa: BLE001 - the wall: python-pkcs11 also raises AttributeError, KeyError, ValueError when a token misbehaves
        code = code_of(error)
        if code is not None:
            raise explain_code(code, doing, who) from None
        # The text is not shown: it might hold what was passed in.
        message = f"{who} cannot {doing} ({type(error).__name__})"
        raise TokenFault(message, culprits=(who,)) from None
