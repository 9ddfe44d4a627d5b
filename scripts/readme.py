"""Fills the README's help blocks from the program itself: `python -m scripts.readme`. A test fails when they differ."""

import re
import sys
from pathlib import Path

from click.testing import CliRunner

from ceremony.cli import root

README = Path(__file__).parent.parent / "README.md"
WIDTH = 100
_BLOCK = re.compile(r"<!-- help: ([a-z ]+) -->\n(?:<details>.*?</details>\n|```text\n.*?```\n)?", re.DOTALL)
_FOLDED = """<!-- help: {verb} -->
<details><summary><code>ceremony {verb} --help</code></summary>

```text
{text}```

</details>
"""


def help_of(verb: str) -> str:
    """What `ceremony VERB --help` prints."""
    result = CliRunner().invoke(root, [*verb.split(), "--help"], prog_name="ceremony", terminal_width=WIDTH, max_content_width=WIDTH)
    if result.exit_code:
        message = f"`ceremony {verb} --help` ended with {result.exit_code}"
        raise RuntimeError(message)
    return result.output


def filled(text: str) -> str:
    """The README with every help block as the program prints it now."""
    return _BLOCK.sub(lambda match: _FOLDED.format(verb=match[1], text=help_of(match[1])), text)


def main() -> int:
    """Write the README; 1 when it had to change."""
    before = README.read_text()
    after = filled(before)
    README.write_text(after)
    return int(before != after)


if __name__ == "__main__":
    sys.exit(main())
