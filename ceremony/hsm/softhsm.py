"""SoftHSM's own token directory, looked at before its module is loaded (DOOR).

When two tokens in it have one serial, SoftHSM ends the whole process by an assertion instead of listing both, so nobody could say why.
What cannot be read here is left for SoftHSM to refuse.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from ceremony.disk import named_faults, read_limited
from ceremony.errors import DirectoryError, TokenAmbiguous

FILE_LIMIT = 1 << 16
"""Bytes of a configuration (it has four lines) and of a token's own object (it has 400)."""
STORE_LIMIT = 256
"""Tokens looked at in one directory, as many as slots."""
_DIRECTORY = re.compile(rb"^\s*directories\.tokendir\s*=\s*(\S.*?)\s*$", re.MULTILINE)
# SPEC SoftHSM 2 object file: attribute 0x8000534A (the serial), kind 3 (bytes), their number, the bytes.
_SERIAL = re.compile(rb"\x00{4}\x80\x00SJ\x00{7}\x03\x00{7}\x10(.{16})", re.DOTALL)


def require_distinct_serials(config: Path) -> None:
    """Raise TokenAmbiguous when two tokens of this SoftHSM configuration have one serial."""
    with suppress(DirectoryError):
        for serial, number in Counter(_serials(config)).items():
            if number > 1:
                message = f"{number} tokens say that their serial is {serial}"
                raise TokenAmbiguous(message, culprits=(f"token {serial}", str(config)))


def _serials(config: Path) -> Iterator[str]:
    found = _DIRECTORY.search(read_limited(config, FILE_LIMIT) or b"")
    directory = Path(found[1].decode(errors="surrogateescape")) if found else None
    if directory is None or not directory.is_dir():
        return
    with named_faults(directory):
        stores = list(islice(directory.iterdir(), STORE_LIMIT))
    for store in stores:
        serial = _SERIAL.search(read_limited(store / "token.object", FILE_LIMIT) or b"")
        if serial:
            yield serial[1].decode("ascii", "backslashreplace").strip()
