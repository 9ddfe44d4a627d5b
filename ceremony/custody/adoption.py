"""What the command asks of the adopter, and what it answers. Everything secret goes one way only: in."""

from typing import Annotated, Literal, cast

from pydantic import Field

from ceremony.records.base import Count, HexBytes, Index, Instant, Plain, Record, kinds_of, parse_tagged
from ceremony.records.custody_entries import MasterKey
from ceremony.records.evidence import EnvelopeHeader

SECRET_LIMIT = 1 << 14
"""Bytes of an adopted secret; `ceremony seal` takes files of any size."""
TEXT_LIMIT = 1 << 13
"""Characters of one share or passphrase: the longest mnemonic taken has 512 words of 8 letters."""
Secret = Annotated[str, Field(max_length=TEXT_LIMIT, repr=False)]


class FromFile(Record):
    """The secret is what an inherited file descriptor holds, to its end."""

    source: Literal["file"] = "file"
    descriptor: Count


class FromMnemonics(Record):
    """The secret is split into SLIP-39 mnemonics."""

    source: Literal["slip39"] = "slip39"


class FromOldShares(Record):
    """The secret is split into share strings of the old library `secretsharing`: k give it back, and it has `size` bytes."""

    source: Literal["secretsharing"] = "secretsharing"
    k: Annotated[Index, Field(ge=2)]
    size: Annotated[Count, Field(ge=8, le=159)]


class OpenAdoption(Record):
    """To whom the secret will be sealed, what its envelope will say, and where it comes from."""

    ask: Literal["open_adoption"] = "open_adoption"
    master: MasterKey
    description: Plain
    at: Instant
    require_locked_memory: bool = False
    origin: Annotated[FromFile | FromMnemonics | FromOldShares, Field(discriminator="source")]


class AddShare(Record):
    """One mnemonic or share string, the `number`th."""

    ask: Literal["add_share"] = "add_share"
    number: Count
    text: Secret


class SealSecret(Record):
    """Combine, seal, forget. The passphrase is SLIP-39's, empty where there is none."""

    ask: Literal["seal_secret"] = "seal_secret"
    passphrase: Secret = ""


class AdoptionOpened(Record):
    """It listens; whether memory could be locked."""

    reply: Literal["adoption_opened"] = "adoption_opened"
    memory_locked: bool


class ShareAdded(Record):
    """Where the share belongs; whether there are enough now, whether more are of no use, and whether a wrong one among them would show."""

    reply: Literal["share_added"] = "share_added"
    place: Plain
    enough: bool
    complete: bool
    checked: bool


class SecretSealed(Record):
    """The whole sealed file, and the header in it."""

    reply: Literal["secret_sealed"] = "secret_sealed"
    header: EnvelopeHeader
    file: HexBytes


AdopterRequest = Annotated[OpenAdoption | AddShare | SealSecret, Field(discriminator="ask")]
_KINDS = kinds_of(AdopterRequest, "ask")


def parse_adopter_request(line: bytes) -> AdopterRequest:
    """Read one request to the adopter; RecordError when it is not one."""
    return cast("AdopterRequest", parse_tagged(line, "ask", _KINDS))
