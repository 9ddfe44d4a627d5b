"""The interpreter of the processes under test: it runs what it is asked to, and tells the test, in a file, what dealer and combiner know.

The parent is not changed by this, and it is the parent that is searched. A leaky dealer is one that fails and says in its error what the
secret is, and writes it to a temporary file: it shows that the search finds what is there.
"""

import json
import stat
import sys
from pathlib import Path

_SPY = """#!{python} -I
import json, os, runpy, sys, tempfile
LEAKY, NOTES = {leaky!r}, {notes!r}
module = sys.argv[sys.argv.index("-m") + 1]

def note(**facts):
    with open(NOTES, "a") as notes:
        notes.write(json.dumps(facts) + "\\n")

def spy_on_dealer():
    from ceremony.custody import dealer
    from ceremony.errors import DealingError
    expand, add = dealer.Dealer._expand, dealer.sum_polynomials
    def expand_and_tell(self, seed, source):
        note(seed=seed.hex(), source=source)
        return expand(self, seed, source)
    def add_and_tell(polynomials):
        total = add(polynomials)
        note(coefficients=[f"{{one:064x}}" for one in total.coefficients], shares=[f"{{one.value:064x}}" for one in total.split(7)])
        if LEAKY:
            handle, _ = tempfile.mkstemp()
            os.write(handle, total.coefficients[0].to_bytes(32, "little"))
            raise DealingError(f"the secret is {{total.coefficients[0]:064x}}")
        return total
    dealer.Dealer._expand, dealer.sum_polynomials = expand_and_tell, add_and_tell

def spy_on_combiner():
    from ceremony.custody import combiner
    join = combiner.combine
    def join_and_tell(request, **named):
        found = join(request, **named)
        if request.header.description != "self-test":
            note(file_key=found.file_key[2:])
        return found
    combiner.combine = join_and_tell

if module == "ceremony.custody.dealer_process":
    spy_on_dealer()
if module == "ceremony.custody.combiner_process":
    spy_on_combiner()
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


def write_spy(path: Path, notes: Path, *, leaky: bool = False) -> Path:
    """The interpreter, as a file; what is known goes to `notes`."""
    path.write_text(_SPY.format(python=sys.executable, leaky=leaky, notes=str(notes)))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def read_notes(notes: Path) -> list[dict[str, object]]:
    """What was told, in order."""
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
