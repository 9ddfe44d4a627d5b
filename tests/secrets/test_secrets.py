"""Rows 25 and 26 on a real ceremony, and the search itself: it finds what is there, in every form."""

import json
import os
import struct
import subprocess
import sys

import pytest

from tests.secrets import canaries, parents_memory
from tests.secrets.forms import hits, number, raw, text
from tests.secrets.memory import snapshot
from tests.secrets.played import watched


@pytest.mark.parametrize("row", [canaries, parents_memory], ids=["everywhere", "the parent's memory"])
def test_no_secret_is_found(row, capsys):
    swept = row.sweep(full=False)
    with capsys.disabled():
        print(f"\n{row.__name__}: {swept.tried} looked for, {swept.note}")  # noqa: T201 - the figures belong in CI's log
    assert swept.faults == ()
    assert swept.tried > 500


def test_what_is_claimed_for_nobody_is_said_as_it_is():
    """The README says that the conducting process sees PINs and the key of what it opens; if it no longer does, the README may say more."""
    seen = watched()
    found = {secret for place in seen.shots.iterdir() for secret, _ in parents_memory._searched(place, canaries.pins(seen)).hits}
    assert found == {canaries.PIN}


VALUE = int.from_bytes(bytes(range(7, 39)), "big")
DATA = VALUE.to_bytes(32, "big")
FORMS = {
    "bytes": DATA,
    "reversed bytes": DATA[::-1],
    "hex": DATA.hex().encode(),
    "HEX": DATA.hex().upper().encode(),
    "decimal": str(VALUE).encode(),
    "escaped": repr(DATA).encode(),
    "integer's digits": b"".join(struct.pack("<I", VALUE >> shift & (1 << 30) - 1) for shift in range(0, 256, 30)),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", ["whole", "first half", "second half"])
def test_each_form_is_found_whole_or_half(form, part, tmp_path):
    data = FORMS[form]
    kept = {"whole": data, "first half": data[: len(data) // 2 + 2], "second half": data[len(data) // 2 - 6 :]}[part]
    (tmp_path / "file").write_bytes(os.urandom(5000) + kept + os.urandom(5000))
    assert ("x", form) in hits(tmp_path, number("x", VALUE))


def test_nothing_is_found_where_nothing_is(tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(1 << 20))
    assert hits(tmp_path, [*number("x", VALUE), *raw("y", os.urandom(32)), *text("z", "a PIN of 16 chars")]) == {}


HOLDER = """
import sys
value = int(sys.stdin.readline(), 16) + 1  # what was read is another number, and is written over
kept = [value, value.to_bytes(32, "big"), value.to_bytes(32, "little"), f"{value:x}"]
print(flush=True)
sys.stdin.readline()
"""


def test_a_snapshot_holds_what_a_process_holds(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdin.write(f"{VALUE - 1:x}\n".encode())
        holder.stdin.flush()
        holder.stdout.readline()
        snapshot(holder.pid, tmp_path / "shot", set())
        holder.communicate(b"\n")
    forms = {form for _, form in hits(tmp_path, number("x", VALUE))}
    assert {"integer's digits", "bytes", "reversed bytes", "hex"} <= forms


def test_the_integers_digits_are_kept_as_they_are_looked_for():
    assert (sys.int_info.bits_per_digit, sys.int_info.sizeof_digit) == (30, 4)


def test_what_the_dealer_knew_is_what_was_dealt():
    """The canaries are the real secrets: their public points stand in the transcript."""
    from ceremony.quorum.dealings import parse_points  # noqa: PLC0415 - beside what it belongs to
    from ceremony.shards.field import base_multiply  # noqa: PLC0415 - likewise

    seen = watched()
    bodies = [json.loads(line)["body"] for line in (seen.directory / "transcript").open()]
    (dealt,) = [body for body in bodies if body["kind"] == "dealt"]
    (known,) = [note for note in seen.known if "shares" in note]
    points = tuple(base_multiply(int(one, 16)) for one in known["coefficients"])
    assert points == parse_points(dealt["commitments"])


def test_a_custodian_finds_their_dice_in_a_real_dealing():
    """`ceremony dice check` ran in that ceremony, on real tokens, and ended well."""
    (said,) = list((watched().out / "said").glob("*-dice"))
    assert "your rolls and words give exactly these 5 points" in said.read_text()
    assert "With the points of 8 other sources they add up" in said.read_text()
