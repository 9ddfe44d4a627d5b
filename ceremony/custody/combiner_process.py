"""The combiner in a process of its own (DOOR): `python -m ceremony.custody.combiner_process`. It never loads PKCS#11."""

from ceremony.custody.combiner import combine, require_able
from ceremony.custody.messages import Combine
from ceremony.isolation.hardening import explain_refusal, harden, leave, own_pipes, read_frame, write_frame


def main() -> None:
    """Make ready, answer one request and end."""
    source, sink = own_pipes()
    memory_locked = harden()
    try:
        require_able()
        write_frame(sink, combine(Combine.parse(read_frame(source)), memory_locked=memory_locked).encode())
    except Exception as error:  # noqa: BLE001 - nothing of what went wrong here may be printed
        write_frame(sink, explain_refusal(error))
    leave()


if __name__ == "__main__":
    main()
