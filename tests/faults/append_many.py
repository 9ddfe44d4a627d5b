"""Appends entries to a transcript until it is told to stop or cannot; says which were acknowledged. Run by `real_disk` as a process."""

import sys
from pathlib import Path

from ceremony.errors import CeremonyError
from ceremony.records.roster_entries import RunStarted
from ceremony.transcript.journal import TRANSCRIPT, Journal

NOTE = RunStarted(tool="0x" + "00" * 32, self_tests=("padding",))


def main(directory: Path, entries: int) -> int:
    """The exit code of whatever stopped it; 0 when nothing did."""
    try:
        with Journal(directory, lambda: "2026-01-01T00:00:00Z", create=not (directory / TRANSCRIPT).exists()) as journal:
            for _ in range(entries):
                print(journal.append(NOTE, lambda _entry: None).index, flush=True)  # noqa: T201 - what the parent reads
    except CeremonyError as error:
        print(error.name, file=sys.stderr)  # noqa: T201 - likewise
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
