"""`python -m tests.secrets.parent JSON`: one `ceremony` command in a process that looks at its own memory at moments that are asked for.

The command is the product's own. What is asked: where the snapshots go (at the dealing, the
directory too); after which kinds of entries; and which interpreter starts the
processes below (the real one, or one that lets the test know what the dealer knows).
"""

import json
import shutil
import sys
from pathlib import Path

from ceremony.cli import run_command
from ceremony.transcript.journal import Journal
from tests.secrets.memory import snapshot

END = "end"


def main() -> int:
    """Run it; its exit code."""
    asked = json.loads(sys.argv[1])
    shots, seen, moments = Path(asked["shots"]), set[bytes](), list(asked["moments"])
    honest = Journal.append

    def look(moment: str) -> None:
        if moment in moments:
            moments.remove(moment)
            snapshot("self", shots / f"{len(moments)}-{moment}.mem", seen)
            if moment == "dealt":
                shutil.copytree(asked["directory"], shots / "directory")

    def append(self: Journal, body: object, *arguments: object) -> object:
        entry = honest(self, body, *arguments)  # type: ignore[arg-type] - as it was asked
        look(entry.body.kind)
        return entry

    Journal.append = append  # type: ignore[method-assign,assignment] - it only looks
    sys.executable = asked["interpreter"]
    code = run_command(asked["command"])
    look(END)
    return code


if __name__ == "__main__":
    sys.exit(main())
