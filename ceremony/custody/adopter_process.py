"""The adopter in a process of its own (DOOR): `python -m ceremony.custody.adopter_process`. It ends with the secret sealed, or without."""

import os
from pathlib import Path
from typing import BinaryIO

from ceremony.custody import adoption as m
from ceremony.custody.adopter import Adopter
from ceremony.disk import named_faults
from ceremony.errors import AdoptionError
from ceremony.isolation.hardening import explain_refusal, harden, leave, own_pipes, read_frame, write_frame
from ceremony.records.base import Record


def main() -> None:
    """Answer until the secret is sealed, the pipe is closed, or something other than a share is wrong."""
    source, sink = own_pipes()
    memory_locked = harden()
    adopter = Adopter(os.urandom, read_descriptor)
    while (line := read_frame(source)) and _answer(adopter, line, sink, memory_locked=memory_locked):
        pass
    leave()


def read_descriptor(descriptor: int) -> bytes:
    """All of an inherited file, but at most one byte more than a secret may have; a pipe gives fewer at a time."""
    found = b""
    with named_faults(Path("the file that holds the secret")):
        while len(found) <= m.SECRET_LIMIT and (part := os.read(descriptor, m.SECRET_LIMIT + 1 - len(found))):
            found += part
    return found


def _answer(adopter: Adopter, line: bytes, sink: BinaryIO, *, memory_locked: bool) -> bool:
    """Whether it goes on: after an opening and a share, also one that was refused."""
    going_on = False
    try:
        request = m.parse_adopter_request(line)
        going_on = isinstance(request, m.AddShare)
        reply: Record
        if isinstance(request, m.OpenAdoption):
            reply, going_on = adopter.open_adoption(request, memory_locked=memory_locked), True
        elif isinstance(request, m.AddShare):
            reply = adopter.add_share(request)
        else:
            reply = adopter.seal_secret(request)
        write_frame(sink, reply.encode())
    except Exception as error:  # noqa: BLE001 - nothing of what went wrong here may be printed
        write_frame(sink, explain_refusal(error))
        return going_on and isinstance(error, AdoptionError)
    return going_on


if __name__ == "__main__":
    main()
