"""The adopter: the only place where an existing secret is whole, for a moment, before it is sealed to the committee (pure).

Shares come one by one, so that a wrong one is named while its paper is at hand; the secret leaves sealed or not at all. The process around
it is `ceremony.custody.adopter_process`.
"""

from collections.abc import Callable

from ceremony.custody import adoption as m
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.memory import require_memory
from ceremony.custody.sealed import encode_header, wrap_key
from ceremony.custody.secretsharing import OldShares
from ceremony.custody.slip39 import Mnemonics
from ceremony.custody.stream import KEY, NONCE, seal_stream
from ceremony.errors import AdoptionError
from ceremony.quorum.dealings import parse_points
from ceremony.records.base import to_hex
from ceremony.records.custody_entries import MasterKey
from ceremony.records.evidence import SealedHeader
from ceremony.shards.field import WIDE_BYTES

Entropy = Callable[[int], bytes]
Read = Callable[[int], bytes]
"""Everything from a file descriptor, but at most one byte more than `SECRET_LIMIT`."""


class Adopter:
    """One adoption: opened once, shares while they are needed, sealed once."""

    def __init__(self, entropy: Entropy, read: Read) -> None:
        self._entropy, self._read = entropy, read
        self._opened: m.OpenAdoption | None = None
        self._shares: Mnemonics | OldShares | None = None

    def open_adoption(self, request: m.OpenAdoption, *, memory_locked: bool) -> m.AdoptionOpened:
        """Learn to whom it is sealed and where it comes from; MemoryNotLocked."""
        require_memory(required=request.require_locked_memory, locked=memory_locked)
        self._opened = request
        if isinstance(request.origin, m.FromMnemonics):
            self._shares = Mnemonics()
        elif isinstance(request.origin, m.FromOldShares):
            self._shares = OldShares(request.origin.k, request.origin.size)
        return m.AdoptionOpened(memory_locked=memory_locked)

    def add_share(self, request: m.AddShare) -> m.ShareAdded:
        """Take one share; AdoptionError says what is wrong with it, and it may be given again."""
        shares = self._shares
        if shares is None:
            message = "shares are given where none are asked for"
            raise AdoptionError(message)
        place = shares.add(request.number, request.text)
        if isinstance(shares, Mnemonics):
            return m.ShareAdded(place=place, enough=shares.complete, complete=shares.complete, checked=True)
        return m.ShareAdded(place=place, enough=shares.enough, complete=False, checked=shares.checked)

    def seal_secret(self, request: m.SealSecret) -> m.SecretSealed:
        """Combine, and seal what comes out; AdoptionError when nothing whole does."""
        if self._opened is None:
            message = "a secret is to be sealed before it is said to whom"
            raise AdoptionError(message)
        secret = self._secret(self._opened.origin, request.passphrase)
        description = f"{self._opened.description} ({len(secret)} bytes, sealed {self._opened.at})"
        return seal_secret(self._opened.master, secret, description, self._entropy)

    def _secret(self, origin: m.FromFile | m.FromMnemonics | m.FromOldShares, passphrase: str) -> bytes:
        if isinstance(self._shares, Mnemonics):
            return self._shares.secret(passphrase)
        if isinstance(self._shares, OldShares):
            return self._shares.secret()
        secret = self._read(origin.descriptor) if isinstance(origin, m.FromFile) else b""
        if not 1 <= len(secret) <= m.SECRET_LIMIT:
            what = f"it has more than {m.SECRET_LIMIT} bytes" if secret else "it is empty"
            message = f"the secret cannot be adopted: {what}"
            raise AdoptionError(message, remedy="Seal a large file with `ceremony seal`." if secret else "Name the file that holds it.")
        return secret


def seal_secret(master: MasterKey, secret: bytes, description: str, entropy: Entropy) -> m.SecretSealed:
    """The sealed file of a secret, as `ceremony seal` makes it of a file."""
    header, file_key = seal_envelope(
        ceremony=master.ceremony,
        dealing=master.dealing,
        n=master.n,
        commitments=parse_points(master.commitments),
        description=description,
        entropy=entropy(WIDE_BYTES),
    )
    key = entropy(KEY)
    head = encode_header(SealedHeader(header=header, wrapped=wrap_key(file_key, key)), key)
    payload = b"".join(seal_stream(key, entropy(NONCE), _Whole(secret)))
    return m.SecretSealed(header=header, file=to_hex(head + payload))


class _Whole:
    """Bytes that are all there, as a source of a stream."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""
        part, self._data = self._data[:size], self._data[size:]
        return part
