"""Dice at a real terminal: the agent's own process asks and shows the salt; the process that conducts sees neither (DESIGN 4.3)."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from ceremony.acts.words import parse_words
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.hsm.dice_terminal import TRIES
from ceremony.quorum.dice import recompute_dice
from ceremony.records.base import to_hex
from tests import dealt as d
from tests.secrets.forms import hits, raw, text
from tests.simulators.ports import rolls_of
from tests.unit.hsm.dicing import SOURCE

HOUSE = Path(__file__).parent.parent.parent.parent
SECONDS = 60
ROLLS = rolls_of("custodian 1 Ada")
DEALER = to_hex(X25519PrivateKey.generate().public_key().public_bytes_raw())
OTHER, FIRST = "\x1b[?1049h", "\x1b[?1049l"


class Typist:
    """A person at a terminal of their own, on which `tests.unit.hsm.dicing` runs."""

    def __init__(self, token, place: Path) -> None:
        self.told, self.shot = place / "told", place / "memory"
        asked = {"token": token.request().encode().decode(), "place": d.PLACE.encode().decode(), "dealer": DEALER}
        asked |= {"told": str(self.told), "shot": str(self.shot)}
        self.shown = ""
        self._pid, self._terminal = pty.fork()
        if not self._pid:
            os.chdir(HOUSE)
            os.execv(sys.executable, [sys.executable, "-m", "tests.unit.hsm.dicing", json.dumps(asked)])  # noqa: S606 - ours

    def wait_for(self, words: str, times: int = 1) -> None:
        """Until this is on the screen so many times, in all."""
        end = time.monotonic() + SECONDS
        while self.shown.count(words) < times and time.monotonic() < end and self._more():
            pass
        assert self.shown.count(words) >= times, self.shown

    def type(self, line: str) -> None:
        os.write(self._terminal, line.encode() + b"\n")

    def leave(self) -> dict:
        """What the conducting process was told, once it has ended."""
        while self._more():
            pass
        os.waitpid(self._pid, 0)
        os.close(self._terminal)
        return json.loads(self.told.read_text())

    def _more(self) -> bool:
        try:
            data = os.read(self._terminal, 1 << 16) if select.select([self._terminal], [], [], SECONDS)[0] else b""
        except OSError:  # nobody is at the other end any more
            return False
        self.shown += data.decode()
        return bool(data)


def test_rolls_and_salt_are_between_the_person_and_the_agent_alone(fresh, tmp_path):
    person = Typist(fresh, tmp_path)
    person.wait_for("an empty line ends")
    person.type(ROLLS[:40] + "7")
    person.type(ROLLS[40:])
    person.type("")
    person.wait_for("something else is among them.")
    for at in range(0, len(ROLLS), 10):
        person.type(" ".join(ROLLS[at : at + 10]))
    person.type("")
    person.wait_for("the screen is wiped then.")
    words = " ".join(re.search(r"see either:\s+(.*?)\s+They are shown", person.shown, re.DOTALL)[1].split())
    person.type("")
    told = person.leave()
    assert told["salt"] is None
    expected = recompute_dice(ROLLS, words, ceremony=d.PLACE.ceremony, dealing=1, source=SOURCE, k=5)
    assert tuple(told["points"]) == expected
    before, _, rest = person.shown.partition(OTHER)
    on_it, _, after = rest.partition(FIRST)
    assert on_it.endswith("\x1b[2J\x1b[H")
    for shown in (ROLLS[:10], words.split()[0] + " " + words.split()[1]):
        assert shown not in before + after
    known = [*text("rolls", ROLLS), *text("typed", " ".join(ROLLS[:10])), *raw("salt", parse_words(words)), *text("words", words)]
    assert hits(person.shot, known) == {}
    assert hits(person.shot, text("digest", told["digest"])) != {}


def test_after_three_tries_it_is_refused_by_name(fresh, tmp_path):
    person = Typist(fresh, tmp_path)
    for number in range(1, TRIES + 1):
        person.wait_for("ends." if number == 1 else "Type all of them again.", max(1, number - 1))
        person.type("123456" * 20)
        person.type("")
    told = person.leave()
    assert told["error"] == "DiceRefused"
    assert "repeat one pattern" in told["message"]


def test_without_a_terminal_it_is_refused_by_name(fresh, tmp_path):
    asked = {"token": fresh.request().encode().decode(), "place": d.PLACE.encode().decode(), "dealer": DEALER}
    asked |= {"told": str(tmp_path / "told"), "shot": str(tmp_path / "shot")}
    command = [sys.executable, "-m", "tests.unit.hsm.dicing", json.dumps(asked)]
    subprocess.run(command, cwd=HOUSE, check=True, timeout=SECONDS, start_new_session=True, stdin=subprocess.DEVNULL)
    told = json.loads((tmp_path / "told").read_text())
    assert told["error"] == "AnswerError"
    assert "there is none" in told["message"]


def test_an_agent_keeps_the_tokens_and_the_dices_contribution_apart(shared):
    rolled = ask(shared, m.ContributeDice(place=d.PLACE, source=SOURCE, k=5, rolls=ROLLS), m.DiceCommitted)
    drawn = ask(shared, m.Contribute(place=d.PLACE, source="custodian 1", k=5), m.Committed)
    own = ask(shared, m.Reveal(dealer_key=DEALER), m.Revealed)
    diced = ask(shared, m.Reveal(dealer_key=DEALER, dice=True), m.Revealed)
    expected = recompute_dice(ROLLS, rolled.salt, ceremony=d.PLACE.ceremony, dealing=1, source=SOURCE, k=5)
    assert diced.points == expected != own.points
    assert rolled.digest != drawn.digest
    with pytest.raises(Exception, match="revealed already"):
        ask(shared, m.Reveal(dealer_key=DEALER, dice=True), m.Revealed)
