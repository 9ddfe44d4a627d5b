"""The people in the room, reached through a terminal or, in rehearsals only, through an inherited pipe (`--answers-fd N`)."""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from ceremony.acts.words import encode_words, parse_words
from ceremony.errors import AnswerError, Declined, Owed, PinRefused, RecordError

REHEARSAL_PIN = "rehearsal-pin"
REHEARSAL_SO_PIN = "rehearsal-so-pin"
"""Public constants: they open rehearsal tokens, and are refused everywhere else."""
ANSWERS_LIMIT = 1 << 16
"""Bytes of all answers: seven PINs and a sentence take 1,000."""
PIN_LIMIT = 255
STATEMENT_LIMIT = 200
_AGAIN = "Run the same command again, and type the words as they were shown, in order."


class Terminal:
    """Asks at the terminal. What is typed as a PIN is never shown, kept or repeated."""

    def __init__(self, *, rehearsal: bool, quiet: bool = False, command: str = "this command") -> None:
        self._rehearsal = rehearsal
        self._quiet = quiet
        self._command = command

    def tell(self, line: str) -> None:
        """Progress, on stderr, so that --json owns stdout."""
        if not self._quiet:
            click.echo(line, err=True)

    def confirm(self, who: str, lines: Sequence[str], question: str) -> None:
        """Show, ask, and take nothing but an exact "Yes"."""
        self._require_terminal(who)
        for line in lines:
            click.echo(line, err=True)
        answer = click.prompt(f"\n{who}: {question} Type Yes to go on", default="", show_default=False, err=True)
        if answer != "Yes":
            message = f"{who} did not answer Yes"
            raise Declined(message, culprits=(who,))

    def pin(self, who: str, serial: str) -> str:
        """Ask for one PIN, without echo, once."""
        self._require_terminal(who)
        pin = ask_hidden(f"{who}: PIN of token {serial}")
        return require_pin(pin, who, rehearsal=self._rehearsal)

    def dice(self, who: str) -> None:
        """Nothing: the custodian's own agent asks, and this process never sees the rolls."""
        self._require_terminal(who)

    def statement(self, who: str, question: str) -> str:
        """Ask for one sentence and show it back."""
        self._require_terminal(who)
        asked = f"{who}: {question}\n(no PIN here: everybody may read this)"
        text = " ".join(str(click.prompt(asked, default="", show_default=False, err=True)).split())
        self.confirm(who, (f"It will be written down as: {require_statement(text, who)}",), "Is this your statement?")
        return text

    def keep_secret(self, who: str, secret: bytes) -> bytes:
        """Show a fresh secret once, as words that a person writes down; never where a file or a pipe would keep it."""
        self._require_terminal(who)
        if not sys.stderr.isatty():
            message = f"the words of {who} must be shown at a terminal, and standard error goes elsewhere"
            raise Owed(message, culprits=(who,), remedy=f"Run {self._command} in a terminal without redirecting its standard error.")
        words = encode_words(secret).split()
        numbered = (f"  {place:2}  {word}" for place, word in enumerate(words, 1))
        lines = ("These words are shown once and are written nowhere. Whoever has them can read the answers.", *numbered)
        self.confirm(who, lines, "Have you written them down, in order?")
        return secret

    def secret(self, who: str, size: int) -> bytes:
        """The `size` bytes that were shown as words, typed without echo."""
        self._require_terminal(who)
        return parse_secret(ask_hidden(f"{who}: the {size} words that were shown with the request (not shown)"), size, who)

    def _require_terminal(self, who: str) -> None:
        if not sys.stdin.isatty():
            message = f"{who} must answer in person"
            raise Owed(message, culprits=(who,), remedy=f"Run {self._command} in a terminal, with {who} present.")


class Answers:
    """Answers from a pipe, for rehearsals: {"yes": true, "pins": {SERIAL: PIN}, "statement": "...", "words": "..."}."""

    def __init__(self, answers: dict[str, Any], *, quiet: bool = False) -> None:
        self._answers = answers
        self._quiet = quiet

    def tell(self, line: str) -> None:
        """Progress, on stderr."""
        if not self._quiet:
            click.echo(line, err=True)

    def confirm(self, who: str, lines: Sequence[str], question: str) -> None:
        """Show what a person would see; the pipe says yes or not."""
        for line in lines:
            self.tell(f"      {line}")
        if self._answers.get("yes") is not True:
            message = f"{who} did not answer Yes to: {question}"
            raise Declined(message, culprits=(who,))

    def pin(self, who: str, serial: str) -> str:
        """The PIN the pipe gives for this token."""
        pins = self._answers.get("pins")
        pin = pins.get(serial) if isinstance(pins, dict) else None
        if not isinstance(pin, str):
            message = f"the answers hold no PIN for token {serial}"
            raise AnswerError(message, culprits=(who,))
        return require_pin(pin, who, rehearsal=True)

    def dice(self, who: str) -> str:
        """The rolls the pipe gives for this custodian: {"dice": {"custodian 1 Ada": "4 1 6 ..."}}."""
        return self._of("dice", who)

    def salt(self, who: str) -> str:
        """The words the pipe gives: {"salts": {"custodian 1 Ada": "..."}}."""
        return self._of("salts", who)

    def _of(self, kind: str, who: str) -> str:
        given = self._answers.get(kind)
        found = given.get(who) if isinstance(given, dict) else None
        if not isinstance(found, str):
            message = f"the answers hold no {kind} of {who}"
            raise AnswerError(message, culprits=(who,))
        return found

    def statement(self, who: str, question: str) -> str:
        """The sentence the pipe gives."""
        text = self._answers.get("statement")
        if not isinstance(text, str):
            message = f"the answers hold no statement for: {question}"
            raise AnswerError(message, culprits=(who,))
        return require_statement(text, who)


    def given(self, name: str) -> Any:  # noqa: ANN401 - whatever the pipe gave
        """What the pipe gives under this name, or None."""
        return self._answers.get(name)

    def keep_secret(self, who: str, secret: bytes) -> bytes:
        """The pipe cannot be shown anything: its own words are taken instead of the fresh secret."""
        return self.secret(who, len(secret))

    def secret(self, who: str, size: int) -> bytes:
        """The bytes of the words the pipe gives."""
        text = self._answers.get("words")
        if not isinstance(text, str):
            message = f"the answers hold no words of {who}"
            raise AnswerError(message, culprits=(who,))
        return parse_secret(text, size, who)


class AskedBefore:
    """People whose PIN was asked before the directory was locked, so that the lock is held only while something is done."""

    def __init__(self, people: "Terminal | Answers") -> None:
        self._people = people
        self._pin: str | None = None
        self.tell = people.tell
        self.confirm = people.confirm
        self.statement = people.statement
        self.dice = people.dice

    def hand(self, pin: str) -> None:
        """Keep the PIN that was just asked for its one use."""
        self._pin = pin

    def pin(self, who: str, serial: str) -> str:
        """The PIN asked before, once."""
        pin, self._pin = self._pin, None
        return self._people.pin(who, serial) if pin is None else pin


def ask_hidden(what: str) -> str:
    """One secret, typed at the terminal without echo; Owed when there is no terminal, since a pipe or a file would keep it."""
    if not sys.stdin.isatty():
        message = f"{what}: must be typed by a person"
        raise Owed(message, remedy="Run this command in a terminal.")
    return str(click.prompt(what, hide_input=True, default="", show_default=False, err=True))


def parse_secret(text: str, size: int, who: str) -> bytes:
    """The bytes of words that were written down; AnswerError says which word cannot be right, and never what was typed."""
    try:
        found = parse_words(text)
    except RecordError as error:
        message = f"{who}: {', '.join(error.culprits) or 'the words'} cannot be right: misspelt, left out or at the wrong place"
        raise AnswerError(message, culprits=(who,), remedy=_AGAIN) from None
    if len(found) != size:
        message = f"{who} gave {len(found)} words; {size} were shown"
        raise AnswerError(message, culprits=(who,), remedy=_AGAIN)
    return found


def require_pin(pin: str, who: str, *, rehearsal: bool) -> str:
    """The PIN, unless it is empty, too long, or a public rehearsal PIN outside a rehearsal."""
    if not 1 <= len(pin) <= PIN_LIMIT:
        message = f"{who} gave no usable PIN"
        raise AnswerError(message, culprits=(who,))
    if not rehearsal and pin in {REHEARSAL_PIN, REHEARSAL_SO_PIN}:
        message = f"{who} gave a public rehearsal PIN in a real ceremony"
        raise PinRefused(message, culprits=(who,))
    return pin


def require_statement(text: str, who: str) -> str:
    """One printable sentence of at most 200 characters."""
    if not (0 < len(text) <= STATEMENT_LIMIT and text.isprintable()):
        message = f"{who}'s statement must be one printable sentence of at most {STATEMENT_LIMIT} characters"
        raise AnswerError(message, culprits=(who,))
    return text


def open_people(answers_fd: int | None, *, rehearsal: bool, command: str, quiet: bool = False) -> Terminal | Answers:
    """The terminal, or in a rehearsal the pipe that was inherited as file descriptor `answers_fd`."""
    if answers_fd is None:
        return Terminal(rehearsal=rehearsal, quiet=quiet, command=command)
    if not rehearsal:
        message = "answers from a pipe are for rehearsals only; this plan is not one"
        raise AnswerError(message, culprits=("--answers-fd",))
    try:
        with os.fdopen(answers_fd, "rb") as pipe:
            found = json.loads(pipe.read(ANSWERS_LIMIT))
    except (OSError, ValueError, RecursionError):
        message = f"file descriptor {answers_fd} gives no answers in JSON"
        raise AnswerError(message, culprits=("--answers-fd",)) from None
    if not isinstance(found, dict):
        message = "the answers must be one JSON object"
        raise AnswerError(message, culprits=("--answers-fd",))
    return Answers(found, quiet=quiet)
