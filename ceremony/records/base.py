"""The shape every fact has: frozen, strict, nothing extra, written as RFC 8785 bytes and read back the same way."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)

from ceremony.errors import RecordError
from ceremony.records.canonical import encode_canonical, parse_canonical

RECORD_LIMIT = 1 << 20
"""Bytes of one record: a plan of 64 KiB escaped, with room; more is somebody's mistake or attack."""

_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")


def _require_instant(text: str) -> str:
    if not _INSTANT.fullmatch(text):
        message = "not a UTC time like 2026-01-31T12:00:00Z"
        raise ValueError(message)
    datetime.fromisoformat(text)
    return text


def _require_plain(text: str) -> str:
    if unicodedata.normalize("NFC", text) != text or not text.isprintable() or text != text.strip():
        message = "must be printable NFC text without blanks at its ends"
        raise ValueError(message)
    return text



Hex32 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
"""32 bytes as lower-case hex: digests, roots, ids, x coordinates."""
Address = Annotated[str, Field(pattern=r"^0x[0-9a-f]{40}$")]
"""An EVM address, lower case: the last 20 bytes of the Keccak-256 of a public key."""
Point33 = Annotated[str, Field(pattern=r"^0x0[23][0-9a-f]{64}$")]
"""A P-256 point, SEC 1 compressed."""
Point65 = Annotated[str, Field(pattern=r"^0x04[0-9a-f]{128}$")]
"""A point, SEC 1 uncompressed."""
Signature65 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{128}1[bc]$")]
"""r, s and v (27 or 28) of an ECDSA signature, s in the lower half (EIP-2)."""
HexBytes = Annotated[str, Field(pattern=r"^0x(?:[0-9a-f]{2})+$", max_length=1 << 16)]
"""Bytes of no fixed length; the cap holds any RSA key or wrapped shard many times over."""
# SPEC RFC 3339: UTC, whole seconds, `Z`.
Instant = Annotated[str, AfterValidator(_require_instant)]
Plain = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_require_plain)]
"""Short text people read: names, reasons."""
Count = Annotated[int, Field(ge=0, le=2**53 - 1)]
"""A whole number that JSON carries exactly (RFC 8785)."""
Index = Annotated[int, Field(ge=1, le=32)]
"""A custodian's index; never 0 (T21). 32 is the most positions the contract's bitmap has."""
TOKENS = 4
FIRST_TOKEN = 1
TokenNumber = Annotated[int, Field(ge=FIRST_TOKEN, le=TOKENS)]
"""Which of a custodian's tokens, in the plan's order."""


class Record(BaseModel):
    """Base of every fact."""

    # A schema is built when its record is first met: an agent that signs one act meets ten of a hundred.
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", defer_build=True)
    ADDED: ClassVar[frozenset[str]] = frozenset()
    """Fields that bytes of older versions do not have, see `Grown`."""

    @model_validator(mode="after")
    def _require_all_fields(self, info: ValidationInfo) -> Self:
        """Defaults are for whoever writes a record; one that is read says everything itself, else two lines would mean one fact."""
        if info.mode == "json" and len(self.model_fields_set) < len(type(self).model_fields):
            missing = sorted(set(type(self).model_fields) - self.model_fields_set - self.ADDED)
            if missing:
                message = f"{', '.join(missing)} left out"
                raise ValueError(message)
        return self

    def encode(self) -> bytes:
        """The record's RFC 8785 bytes."""
        return encode_canonical(self.model_dump(mode="json"))

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read one record from its canonical bytes; RecordError says which field is wrong."""
        parse_canonical(data, limit=RECORD_LIMIT)
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise RecordError(explain(error)) from None


class Grown(Record):
    """A record with fields that came later: at its default such a field is left out, and a line that says it is refused.

    So the lines written before stay what they were, byte for byte, and each fact still has one spelling.
    """

    @model_validator(mode="after")
    def _require_short(self, info: ValidationInfo) -> Self:
        spelled = sorted(name for name in self.ADDED & self.model_fields_set if self._is_default(name))
        if info.mode == "json" and spelled:
            message = f"{', '.join(spelled)} must be left out where it says nothing new"
            raise ValueError(message)
        return self

    @model_serializer(mode="wrap")
    def _leave_out(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in write(self).items() if not (name in self.ADDED and self._is_default(name))}

    def _is_default(self, name: str) -> bool:
        return bool(getattr(self, name) == type(self).model_fields[name].default)


class OfToken(Grown):
    """A fact about one of a custodian's tokens; nothing is said of the number where it is the first."""

    ADDED: ClassVar[frozenset[str]] = frozenset({"token_number"})
    token_number: TokenNumber = FIRST_TOKEN


def kinds_of(union: Any, tag: str) -> Mapping[str, type[Record]]:  # noqa: ANN401 - a union has no type of its own
    """The records of an annotated union by the name each carries in its field `tag`."""
    return MappingProxyType({kind.model_fields[tag].default: kind for kind in get_args(get_args(union)[0])})


def parse_tagged(data: bytes, tag: str, kinds: Mapping[str, type[Record]]) -> Record:
    """Read the one of `kinds` that the field `tag` names; RecordError when it names none, or the record is wrong.

    Only that kind's schema is built: those of a whole union take longer to build than most messages take to answer.
    """
    name = parse_canonical(data, limit=RECORD_LIMIT).get(tag)
    kind = kinds.get(name) if isinstance(name, str) else None
    if kind is None:
        message = f"{tag}: {str(name)[:40]!r} is none of {', '.join(kinds)}"
        raise RecordError(message)
    return kind.parse(data)


def explain(error: ValidationError) -> str:
    """A pydantic error in one plain line, naming at most three fields and never their values."""
    faults = [f"{'.'.join(str(part) for part in fault['loc']) or 'record'}: {fault['msg']}" for fault in error.errors()[:3]]
    return "; ".join(faults)


def from_hex(text: str) -> bytes:
    """The bytes of a `0x` hex field."""
    return bytes.fromhex(text.removeprefix("0x"))


def to_hex(data: bytes) -> str:
    """Bytes as a `0x` hex field."""
    return "0x" + data.hex()
