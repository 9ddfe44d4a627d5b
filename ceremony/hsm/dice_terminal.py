"""Where a custodian types the rolls of a die and reads the salt: the terminal itself, asked by the agent's own process (DOOR).

The process that conducts the ceremony, the agent's parent, sees neither. Both stand on the terminal's other screen, which is wiped and of
which terminals keep no history. A terminal that records everything records this too.
"""

import os
from typing import Self

from ceremony.errors import AnswerError, CeremonyError, DiceRefused
from ceremony.shards.dice import LEAST, MOST, require_rolls

TERMINAL = "/dev/tty"
TRIES = 3
LINE_LIMIT = 4096
"""Bytes of one line: what a terminal takes at once."""
_OTHER_SCREEN, _FIRST_SCREEN = "\x1b[?1049h\x1b[2J\x1b[H", "\x1b[2J\x1b[H\x1b[?1049l"
# SPEC ECMA-48 and xterm: DECSET 1049 saves the screen and shows the other one, DECRST 1049 brings it back; ED 2 wipes.


class DiceTerminal:
    """The terminal's other screen, while the block lasts; AnswerError where there is no terminal."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._handle = -1

    def __enter__(self) -> Self:
        try:
            self._handle = os.open(TERMINAL, os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
        except OSError:
            message = f"{self._who} must type the rolls at a terminal, and there is none"
            raise AnswerError(message, culprits=(self._who,), remedy="Run the same command in a terminal.") from None
        self._show(_OTHER_SCREEN)
        return self

    def __exit__(self, *_: object) -> None:
        self._show(_FIRST_SCREEN)
        os.close(self._handle)

    def rolls(self) -> str:
        """The rolls, as `require_rolls` wants them; DiceRefused after three times that it does not."""
        how = "Blanks and lines as you like; an empty line ends."
        self._show(f"{self._who}: roll a die at least {LEAST} times, and type what comes up.\n{how}\n\n")
        for left in reversed(range(TRIES)):
            try:
                return require_rolls(self._read())
            except DiceRefused as error:
                if not left:
                    raise
                self._show(f"\n{error.message}.\nType all of them again.\n\n")
        raise AssertionError  # pragma: no cover - the last try returns or raises

    def salt(self, words: str) -> None:
        """Show the words until they are written down."""
        each = words.split()
        text = "\n  ".join(" ".join(each[at : at + 4]) for at in range(0, len(each), 4))
        self._show(f"\nWrite these {len(each)} words beside your rolls, and let nobody see either:\n\n  {text}\n\n")
        self._show("They are shown once. Press Enter when you have them: the screen is wiped then. ")
        self._line()

    def _read(self) -> str:
        typed: list[str] = []
        while (line := self._line()) and sum(map(len, typed)) <= MOST + LINE_LIMIT:
            typed.append(line)
        return " ".join(typed)

    def _line(self) -> str:
        try:
            return os.read(self._handle, LINE_LIMIT).decode("ascii", "replace").strip()
        except OSError:
            raise self._gone() from None

    def _show(self, text: str) -> None:
        os.write(self._handle, text.encode())

    def _gone(self) -> CeremonyError:
        return AnswerError(f"the terminal of {self._who} is gone", culprits=(self._who,))
