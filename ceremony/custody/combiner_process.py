"""The combiner in a process of its own (DOOR): `python -m ceremony.custody.combiner_process`. It never loads PKCS#11."""

import os

from ceremony.custody.combiner import answer, require_able
from ceremony.custody.messages import parse_combiner_request
from ceremony.isolation.hardening import explain_refusal, harden, leave, own_pipes, read_frame, write_frame

ENTROPY_BYTES = 48


def main() -> None:
    """Make ready, answer one request and end."""
    source, sink = own_pipes()
    memory_locked = harden()
    try:
        require_able()
        asked = parse_combiner_request(read_frame(source))
        write_frame(sink, answer(asked, os.urandom(ENTROPY_BYTES), memory_locked=memory_locked).encode())
    except Exception as error:  # noqa: BLE001 - nothing of what went wrong here may be printed
        write_frame(sink, explain_refusal(error))
    leave()


if __name__ == "__main__":
    main()
