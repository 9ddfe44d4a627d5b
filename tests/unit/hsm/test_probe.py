"""`probe`: what a token can do is found by doing it; what is broken fails its own row, says what to change, and leaves nothing behind."""

import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ceremony.errors import ShareError, TokenFault, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm import trials
from ceremony.hsm.agents import ask
from ceremony.hsm.probe import NAMES, probe
from ceremony.hsm.template import unwrapped_attributes
from ceremony.hsm.token import Role
from ceremony.shards.field import PRIME, points_at
from tests.simulators.ports import PIN
from tests.simulators.randomness import Stream
from tests.simulators.tokens import SimulatedToken
from tests.softhsm import module

OWN = b"a key of its own"
FORCED = {**unwrapped_attributes(), "value": False}
INFORMATIVE = {"PIN tries left", "protected PIN entry"}


class Bench(SimulatedToken):
    """An honest token whose door can also try what the ceremony never does."""

    def count_keys(self):
        self._require_login()
        return sum(len(keys) for keys in self.memory.keys.values())

    def attempt_unwrap(self, transport_id, wrapped, changes):
        self._one(transport_id, Role.TRANSPORT)
        return None if any(value is not None for value in changes.values()) else FORCED

    def attempt_leak(self, key_id):
        self._one(key_id, Role.SHARD)
        return ""


def open_bench(tmp_path, kind=Bench):
    token = kind(tmp_path / "token.json", Stream(1, "token"), serial="sim1", pin=PIN, number=1)
    token.login(PIN)
    token._add(OWN, Role.GOVERNANCE, "07" * 32)
    return token


def left(token):
    """What the token holds: its own key, and nothing of the probe."""
    return {name for name, keys in token.memory.keys.items() if keys}


def failed(token):
    """Names of the rows that fail; every row is there, and nothing of the probe is."""
    rows = probe(token, Stream(2, "probe"))
    assert tuple(row.name for row in rows) == NAMES
    assert all("What to change: " in row.detail for row in rows if not row.able)
    assert left(token) == {f"governance/{OWN.hex()}"}
    return {row.name for row in rows if not row.able}


def test_an_honest_token_is_able(tmp_path):
    assert failed(open_bench(tmp_path)) == set()


def test_signatures_of_both_kinds_are_tried(tmp_path):
    """High-s ones must be normalised, low-s ones left alone; half of a token's are of each kind."""

    class High(Bench):
        def sign(self, key_id, act):
            raw = super().sign(key_id, act)
            s = int.from_bytes(raw[32:], "big")
            return raw[:32] + (trials.SIGNING_ORDER - s).to_bytes(32, "big")

    (row,) = (row for row in probe(open_bench(tmp_path, High), Stream(2, "probe")) if row.name == "can sign")
    assert row.able
    assert "8 of them high-s" in row.detail


class WeakRandom(Bench):
    def random(self, size):
        return b"\1" * size


class RepeatedRandom(Bench):
    def random(self, size):
        return bytes(range(size))


class ReadableGovernance(Bench):
    def attributes(self, key_id, role):
        return {**super().attributes(key_id, role), **({"extractable": True} if role is Role.GOVERNANCE else {})}


class Foreign(Bench):
    def sign(self, key_id, act):
        return b"\1" * 64


class NoTemplate(Bench):
    def attributes(self, key_id, role):
        return {name: value for name, value in super().attributes(key_id, role).items() if not name.startswith("unwrap.")}


class NoRsa(Bench):
    def generate_transport_key(self, key_id):
        raise TokenFault("no")


class ZeroEater(Bench):
    """Drops leading zeros of an ECDH answer, as some do."""

    def derive(self, key_id, point):
        return super().derive(key_id, point).lstrip(b"\0")


class Obedient(Bench):
    """Lets the caller's template win."""

    def attempt_unwrap(self, transport_id, wrapped, changes):
        return {**FORCED, **{name: value for name, value in changes.items() if value is not None}}


class Open(Bench):
    """Says the right attributes, and shows the value."""

    def attempt_unwrap(self, transport_id, wrapped, changes):
        return {**FORCED, "value": True}


class Dumb(Bench):
    """Does not say whether the value could be read."""

    def attempt_unwrap(self, transport_id, wrapped, changes):
        return unwrapped_attributes()


class Stubborn(Bench):
    def attempt_unwrap(self, transport_id, wrapped, changes):
        return None


class Leaky(Bench):
    def attempt_leak(self, key_id):
        return "copy a shard into a readable key"


class Hoarder(Bench):
    """Lists one more key after the trials."""

    counted = 0

    def count_keys(self):
        self.counted += 1
        return super().count_keys() + self.counted


class Uncountable(Bench):
    counted = 0

    def count_keys(self):
        self.counted += 1
        if self.counted == 1:
            raise TokenFault("no")
        return super().count_keys()


ENFORCES, KEEPS, HOLDS, DESTROYS = "enforces the unwrap template", "keeps a shard inside", "can hold a shard", "destroys keys"
BROKEN = [
    (WeakRandom, {"random bytes"}),
    (RepeatedRandom, {"random bytes"}),
    (ReadableGovernance, {"can sign"}),
    (Foreign, {"can sign"}),
    (NoTemplate, {"makes a transport key"}),
    (NoRsa, {"makes a transport key", HOLDS, ENFORCES, KEEPS}),
    (ZeroEater, {HOLDS}),
    (Obedient, {ENFORCES}),
    (Open, {ENFORCES}),
    (Dumb, {ENFORCES}),
    (Stubborn, {ENFORCES}),
    (Leaky, {KEEPS}),
    (Hoarder, {DESTROYS}),
    (Uncountable, {DESTROYS}),
]


@pytest.mark.parametrize(("kind", "rows"), BROKEN, ids=[kind.__name__ for kind, _ in BROKEN])
def test_what_is_broken_fails_its_own_rows(tmp_path, kind, rows):
    assert failed(open_bench(tmp_path, kind)) == rows


@pytest.mark.parametrize("wish", [name for name, changes in trials.HOSTILE.items() if any(v is not None for v in changes.values())])
def test_one_hostile_template_obeyed_is_enough_to_fail(tmp_path, wish):
    class Once(Bench):
        def attempt_unwrap(self, transport_id, wrapped, changes):
            found = super().attempt_unwrap(transport_id, wrapped, changes)
            return {**FORCED, **changes} if changes == trials.HOSTILE[wish] else found

    assert failed(open_bench(tmp_path, Once)) == {ENFORCES}


METHODS = [
    "describe",
    "random",
    "generate_governance_key",
    "generate_transport_key",
    "unwrap_shard",
    "public_key",
    "attributes",
    "sign",
    "derive",
    "count",
    "count_keys",
    "attempt_unwrap",
    "attempt_leak",
]


def failing(method, error):
    """A token on which one method always fails."""

    def fail(*_arguments):
        raise error

    return type("Failing", (Bench,), {method: fail})


@pytest.mark.parametrize("method", METHODS)
def test_a_failing_call_fails_rows_and_stops_none(tmp_path, method):
    rows = failed(open_bench(tmp_path, failing(method, TokenFault("broken"))))
    assert rows
    assert rows < set(NAMES)


@pytest.mark.parametrize("method", [name for name in METHODS if name not in {"count", "count_keys"}])
def test_an_interrupted_probe_cleans_up(tmp_path, method):
    token = open_bench(tmp_path, failing(method, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        probe(token, Stream(2, "probe"))
    assert left(token) == {f"governance/{OWN.hex()}"}


def test_keys_that_cannot_be_destroyed_are_reported(tmp_path):
    class Keeper(Bench):
        def destroy(self, key_id, role):
            raise TokenLied("still there")

    rows = {row.name: row for row in probe(open_bench(tmp_path, Keeper), Stream(2, "probe"))}
    assert not rows[DESTROYS].able
    assert "3 throw-away keys are still listed" in rows[DESTROYS].detail
    assert rows["can sign"].able


def test_what_a_killed_probe_left_is_destroyed_by_the_next(tmp_path):
    token = open_bench(tmp_path)
    SimulatedToken.generate_governance_key(token, trials.KEY_IDS[Role.GOVERNANCE])
    assert failed(token) == set()


def test_a_token_that_cannot_be_attacked_is_not_called_safe(tmp_path):
    """A door without a workbench: unknown is stop (P7)."""
    token = open_bench(tmp_path, SimulatedToken)
    rows = {row.name: row for row in probe(token, Stream(2, "probe"))}
    assert {name for name, row in rows.items() if not row.able} == {ENFORCES, KEEPS, DESTROYS}
    assert all("nothing was tried" in rows[name].detail for name in (ENFORCES, KEEPS, DESTROYS))


@pytest.mark.parametrize(("tries", "able"), [("ok", True), ("low", True), ("final", False), ("locked", False)])
def test_pin_tries(tmp_path, tries, able):
    class Worn(Bench):
        def describe(self):
            return super().describe().__class__(**{**vars(super().describe()), "pin_tries": tries})

    assert failed(open_bench(tmp_path, Worn)) == (set() if able else {"PIN tries left"})


@pytest.mark.parametrize(("protected", "said"), [(True, "keypad"), (False, "this machine, which sees it")])
def test_pin_entry_is_told(tmp_path, protected, said):
    class Pad(Bench):
        def describe(self):
            return super().describe().__class__(**{**vars(super().describe()), "protected_pin": protected})

    (row,) = (row for row in probe(open_bench(tmp_path, Pad), Stream(2, "probe")) if row.name == "protected PIN entry")
    assert row.able
    assert said in row.detail


# --- its parts ---


def other_key():
    return ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("key", [b"", b"rubbish", other_key()], ids=["empty", "rubbish", "another kind"])
def test_a_transport_key_that_is_none(key):
    with pytest.raises(TokenLied, match="no RSA key"):
        trials.draw_shard(os.urandom).wrap(key)


def on_curve(tail):
    try:
        return bool(points_at(b"\0" + tail))
    except ShareError:
        return False


def test_a_machine_whose_random_bytes_never_change_is_noticed():
    missing = next(tail for number in range(99) if not on_curve(tail := number.to_bytes(31, "big")))
    with pytest.raises(ShareError, match="not random"):
        trials._point_to_short_x(trials.draw_shard(os.urandom), lambda size: missing[:size])


def test_a_throw_away_shard_shows_nothing():
    shard = trials.draw_shard(os.urandom)
    assert str(shard.scalar) not in repr(shard)
    assert 0 < shard.scalar < PRIME


# --- on a real token ---


def test_a_real_token_is_able(fresh):
    agent = fresh.login()
    try:
        found = ask(agent, m.Probe(), m.Probed).capabilities
    finally:
        agent.close()
    assert [(row.name, row.able) for row in found] == [(name, True) for name in NAMES]
    assert "it lists 0 keys, as before" in found[-1].detail
    assert [path.name for path in fresh.stores[0].glob("*.object")] == ["token.object"]


LEAVE_KEYS = """
import os, sys
from ceremony.hsm import trials
from ceremony.hsm.pkcs11 import open_token
from ceremony.hsm.token import Role
token = open_token(*sys.argv[1:4])
token.login("rehearsal-pin")
token.generate_governance_key(trials.KEY_IDS[Role.GOVERNANCE])
token.generate_transport_key(trials.KEY_IDS[Role.TRANSPORT])
os._exit(0)
"""


def test_what_a_killed_probe_left_in_a_real_token_is_destroyed(dealt):
    token = dealt.token
    command = [sys.executable, "-c", LEAVE_KEYS, module(), str(token.config), token.serial]
    before = len(list(token.stores[0].glob("*.object")))
    subprocess.run(command, check=True, timeout=60)
    assert len(list(token.stores[0].glob("*.object"))) == before + 4
    agent = token.login()
    try:
        rows = ask(agent, m.Probe(), m.Probed).capabilities
    finally:
        agent.close()
    assert all(row.able for row in rows)
    assert "it lists 5 keys, as before" in rows[-1].detail
    assert len(list(token.stores[0].glob("*.object"))) == before
