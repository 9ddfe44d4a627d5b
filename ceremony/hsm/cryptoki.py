"""Raw Cryptoki (DOOR): the few calls that python-pkcs11 does not bind, or binds so that faults get lost.

C_Initialize with parameters; C_InitToken; C_Login, whose failure would leak a session there; C_GenerateKeyPair with a nested
UNWRAP_TEMPLATE; C_CreateObject and C_UnwrapKey with exactly the attributes given; C_GetAttributeValue one attribute at a time, with every
fault named. Session and object handles are python-pkcs11's: it is the same library in the same process, found by the same path.
"""

import ctypes
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from pkcs11.constants import Attribute

from ceremony.errors import ModuleError, TokenFault
from ceremony.hsm.codes import Ckr, explain_code

Value = bool | int | bytes | Mapping[Attribute, bool | int | bytes]
"""An attribute's value; a mapping is a nested template."""
Template = Mapping[Attribute, Value]

ATTRIBUTE_LIMIT = 4096
"""Bytes of one attribute: an RSA modulus has 256, a nested template of 40 attributes 960."""
NESTED_LIMIT = 64
"""Attributes in a nested template: ours has 11."""
_ULONG: Final = ctypes.c_ulong
_WORD = ctypes.sizeof(ctypes.c_ulong)
_UNAVAILABLE = ctypes.c_ulong(-1).value
_FUNCTIONS = 68
_USERS = MappingProxyType({"so": 0, "user": 1})
_LABEL_BYTES = 32
_WITHHELD = frozenset({Ckr.ATTRIBUTE_TYPE_INVALID, Ckr.ATTRIBUTE_SENSITIVE})


class _Attribute(ctypes.Structure):
    _fields_ = (("type", _ULONG), ("value", ctypes.c_void_p), ("size", _ULONG))


class _Mechanism(ctypes.Structure):
    _fields_ = (("mechanism", _ULONG), ("parameter", ctypes.c_void_p), ("size", _ULONG))


class _OaepParameters(ctypes.Structure):
    _fields_ = (("hash", _ULONG), ("mgf", _ULONG), ("source", _ULONG), ("data", ctypes.c_void_p), ("size", _ULONG))


class _SessionInfo(ctypes.Structure):
    _fields_ = (("slot", _ULONG), ("state", _ULONG), ("flags", _ULONG), ("device_error", _ULONG))


class _FunctionList(ctypes.Structure):
    _fields_ = (("version", ctypes.c_ubyte * 2), ("functions", ctypes.c_void_p * _FUNCTIONS))


# SPEC PKCS#11 2.40: CK_FUNCTION_LIST's order, and each function's parameters.
_NUMBER = _ULONG
_BYTES = ctypes.c_char_p
_POINTER = ctypes.c_void_p
_CALLS: Mapping[str, tuple[int, tuple[Any, ...]]] = MappingProxyType(
    {
        "C_Initialize": (0, (_POINTER,)),
        "C_Finalize": (1, (_POINTER,)),
        "C_InitToken": (9, (_NUMBER, _BYTES, _NUMBER, _BYTES)),
        "C_GetSessionInfo": (15, (_NUMBER, _POINTER)),
        "C_Login": (18, (_NUMBER, _NUMBER, _BYTES, _NUMBER)),
        "C_CreateObject": (20, (_NUMBER, _POINTER, _NUMBER, _POINTER)),
        "C_DestroyObject": (22, (_NUMBER, _NUMBER)),
        "C_GetAttributeValue": (24, (_NUMBER, _NUMBER, _POINTER, _NUMBER)),
        "C_GenerateKeyPair": (59, (_NUMBER, _POINTER, _POINTER, _NUMBER, _POINTER, _NUMBER, _POINTER, _POINTER)),
        "C_UnwrapKey": (61, (_NUMBER, _POINTER, _NUMBER, _BYTES, _NUMBER, _POINTER, _NUMBER, _POINTER)),
    },
)

# SPEC PKCS#11 2.40: CKM_RSA_PKCS_OAEP with CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED and no label.
_OAEP = 0x09
_SHA1 = (0x220, 0x01, 0x01, None, 0)


class Cryptoki:
    """Calls into one loaded module. Every method raises TokenError or a subclass, naming `who`.

    Args:
        path: of the module, as python-pkcs11 loaded it.
        who: how errors name the token.
    """

    def __init__(self, path: str, who: str) -> None:
        self._who = who
        pointer = ctypes.POINTER(_FunctionList)()
        try:
            refused = ctypes.CDLL(path).C_GetFunctionList(ctypes.byref(pointer))
        except (OSError, AttributeError):
            refused = True
        if refused or not pointer:
            message = f"{path} is not a PKCS#11 module"
            raise ModuleError(message, culprits=(path,))
        self._functions = pointer.contents.functions

    def start(self, arguments: int) -> None:
        """Initialise the module with CK_C_INITIALIZE_ARGS at this address, for one that python-pkcs11 cannot start."""
        self._call("start", "C_Initialize", arguments)

    def stop(self) -> None:
        """The end of what `start` began."""
        self._call("end", "C_Finalize", None)

    def init_token(self, slot: int, so_pin: str, label: str) -> None:
        """Initialise the token in a slot; whatever it held is gone, so the caller makes sure that it held nothing."""
        pin = so_pin.encode()
        # SPEC PKCS#11 2.40 C_InitToken: the label has 32 bytes, padded with blanks, not terminated.
        self._call("initialise", "C_InitToken", slot, pin, len(pin), label.encode().ljust(_LABEL_BYTES))

    def login(self, session: int, user: str, pin: str | None) -> None:
        """Log "user" or "so" in, once; None asks the token's own keypad."""
        data = None if pin is None else pin.encode()
        self._call(f"log the {user} in", "C_Login", session, _USERS[user], data, len(data or b""))

    def session_state(self, session: int) -> int:
        """CK_STATE of a session."""
        info = _SessionInfo()
        self._call("say whether it is logged in", "C_GetSessionInfo", session, ctypes.byref(info))
        return int(info.state)

    def generate_pair(self, session: int, mechanism: int, public: Template, private: Template) -> tuple[int, int]:
        """Handles of a new public and private key."""
        first, second, how = _ULONG(), _ULONG(), _Mechanism(mechanism, None, 0)
        publics, privates = _encode_template(public), _encode_template(private)
        self._call(
            "make a key pair",
            "C_GenerateKeyPair",
            session,
            ctypes.byref(how),
            publics,
            len(publics),
            privates,
            len(privates),
            ctypes.byref(first),
            ctypes.byref(second),
        )
        return first.value, second.value

    def unwrap(self, session: int, key: int, wrapped: bytes, template: Template) -> int:
        """Handle of the key that came out of an RSA-OAEP-SHA1 blob, with exactly these attributes asked for."""
        parameters, handle, attributes = _OaepParameters(*_SHA1), _ULONG(), _encode_template(template)
        how = _Mechanism(_OAEP, ctypes.cast(ctypes.byref(parameters), ctypes.c_void_p), ctypes.sizeof(parameters))
        self._call(
            "unwrap",
            "C_UnwrapKey",
            session,
            ctypes.byref(how),
            key,
            wrapped,
            len(wrapped),
            attributes,
            len(attributes),
            ctypes.byref(handle),
        )
        return handle.value

    def create(self, session: int, template: Template) -> int:
        """Handle of a new object that is exactly this."""
        handle, attributes = _ULONG(), _encode_template(template)
        self._call("take a key in", "C_CreateObject", session, attributes, len(attributes), ctypes.byref(handle))
        return handle.value

    def destroy(self, session: int, key: int) -> None:
        """Destroy one object."""
        self._call("destroy a key", "C_DestroyObject", session, key)

    def read(self, session: int, key: int, attribute: Attribute) -> bytes | None:
        """One attribute's bytes; None when the token does not have it or withholds it. Any other code is an error."""
        asked = (_Attribute * 1)(_Attribute(attribute, None, 0))
        if not self._read(session, key, asked) or asked[0].size in (0, _UNAVAILABLE):
            return None
        buffer = ctypes.create_string_buffer(self._require_size(asked[0].size, ATTRIBUTE_LIMIT))
        asked[0].value = ctypes.addressof(buffer)
        return buffer.raw[: self._require_size(asked[0].size, len(buffer))] if self._read(session, key, asked) else None

    def read_nested(self, session: int, key: int, attribute: Attribute) -> dict[int, bytes] | None:
        """A nested template's attributes, by their code; None when the token does not have it."""
        # SPEC PKCS#11 2.40 4.1.3: first the size of the array, then the size of each value, then the values.
        asked = (_Attribute * 1)(_Attribute(attribute, None, 0))
        if not self._read(session, key, asked) or asked[0].size in (0, _UNAVAILABLE):
            return None
        count = self._require_size(asked[0].size // ctypes.sizeof(_Attribute), NESTED_LIMIT)
        inner = (_Attribute * count)()
        asked[0].value = ctypes.addressof(inner)
        if not self._read(session, key, asked):
            return None
        buffers = [ctypes.create_string_buffer(self._require_size(found.size, ATTRIBUTE_LIMIT)) for found in inner]
        for found, buffer in zip(inner, buffers, strict=True):
            found.value = ctypes.addressof(buffer)
        if not self._read(session, key, asked):
            return None
        return {found.type: buffer.raw[: found.size] for found, buffer in zip(inner, buffers, strict=True)}

    def _read(self, session: int, key: int, asked: "ctypes.Array[_Attribute]") -> bool:
        """Whether C_GetAttributeValue gave what was asked."""
        code = self._invoke("C_GetAttributeValue", session, key, asked, len(asked))
        if code and code not in _WITHHELD:
            raise explain_code(code, "read an attribute back", self._who)
        return not code

    def _require_size(self, size: int, limit: int) -> int:
        if size > limit:
            message = f"{self._who} says that an attribute has {size} bytes or parts, more than {limit}"
            raise TokenFault(message, culprits=(self._who,))
        return size

    def _call(self, doing: str, name: str, *arguments: object) -> None:
        code = self._invoke(name, *arguments)
        if code:
            raise explain_code(code, doing, self._who)

    def _invoke(self, name: str, *arguments: object) -> int:
        index, parameters = _CALLS[name]
        return int(ctypes.CFUNCTYPE(_ULONG, *parameters)(self._functions[index])(*arguments))


def encode_number(value: int) -> bytes:
    """A CK_ULONG in memory."""
    return bytes(ctypes.c_ulong(value))


def parse_number(data: bytes) -> int | None:
    """A CK_ULONG from memory; None when it is none."""
    return int.from_bytes(data, "little" if encode_number(1)[0] else "big") if len(data) == _WORD else None


def _encode_template(template: Template) -> Any:  # noqa: ANN401 - a ctypes array that also keeps its buffers
    """A CK_ATTRIBUTE array; the buffers it points to live as long as it does."""
    array: Any = (_Attribute * len(template))()
    array.kept = []
    for place, (attribute, value) in zip(array, template.items(), strict=True):
        buffer: Any = _encode_template(value) if isinstance(value, Mapping) else ctypes.create_string_buffer(_encode_value(value))
        array.kept.append(buffer)
        place.type, place.value = attribute, ctypes.addressof(buffer)
        place.size = ctypes.sizeof(buffer) if isinstance(value, Mapping) else len(_encode_value(value))
    return array


def _encode_value(value: bool | int | bytes) -> bytes:
    if isinstance(value, bool):
        return bytes([value])
    return encode_number(value) if isinstance(value, int) else value
