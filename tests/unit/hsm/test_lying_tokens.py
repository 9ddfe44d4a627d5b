"""Tokens that lie, behind the token port: each lie is caught as TokenLied, and the error names custodian and token (T9)."""

import pytest
from coincurve import PrivateKey

from ceremony.acts.signature import ORDER
from ceremony.errors import OpeningError, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.hsm.template import EXPECTED
from ceremony.hsm.token import Role
from ceremony.records.base import to_hex
from tests import dealt as d
from tests.simulators.ports import PIN, LocalAgent
from tests.simulators.randomness import Stream
from tests.simulators.tokens import SimulatedToken
from tests.softhsm import WHO

STRANGER = PrivateKey(b"\x07" * 32)


class Readable(SimulatedToken):
    """Makes keys that can leave."""

    role = Role.SHARD

    def attributes(self, key_id, role):
        return {**super().attributes(key_id, role), **({"extractable": True} if role is self.role else {})}


class ReadableGovernance(Readable):
    role = Role.GOVERNANCE


class ReadableTransport(Readable):
    role = Role.TRANSPORT


class Silent(SimulatedToken):
    """Leaves out what it does not want to say."""

    def attributes(self, key_id, role):
        return {name: value for name, value in super().attributes(key_id, role).items() if name != "never_extractable"}


class Untemplated(SimulatedToken):
    """Drops the unwrap template without a word."""

    def attributes(self, key_id, role):
        return {name: value for name, value in super().attributes(key_id, role).items() if not name.startswith("unwrap.")}


class WrongShard(SimulatedToken):
    """Loads another shard than the one it was given."""

    def _add(self, key_id, role, value):
        super()._add(key_id, role, f"{d.OTHER_SHARE:064x}" if role is Role.SHARD else value)


class TwoShards(SimulatedToken):
    """Keeps two keys under one id."""

    def unwrap_shard(self, key_id, transport_id, wrapped):
        super().unwrap_shard(key_id, transport_id, wrapped)
        super().unwrap_shard(key_id, transport_id, wrapped)


class NothingLoaded(SimulatedToken):
    """Says it loaded a shard, and holds nothing."""

    def unwrap_shard(self, key_id, transport_id, wrapped):
        pass


class NothingMade(SimulatedToken):
    """Says it made a key, and holds nothing."""

    def generate_governance_key(self, key_id):
        return STRANGER.public_key.format(compressed=False)


class NothingMadeForTransport(SimulatedToken):
    def generate_transport_key(self, key_id):
        return SimulatedToken.generate_transport_key(self, b"another" + key_id)


class TwoGovernanceKeys(SimulatedToken):
    def generate_governance_key(self, key_id):
        super().generate_governance_key(key_id)
        return super().generate_governance_key(key_id)


class NothingDestroyed(SimulatedToken):
    """Says it destroyed a key, and keeps it."""

    def destroy(self, key_id, role):
        return 0


class Constant(SimulatedToken):
    def random(self, size):
        return b"\xaa" * size


class Short(SimulatedToken):
    def random(self, size):
        return super().random(size - 1)


class Empty(SimulatedToken):
    def random(self, size):
        return b""


class Foreign(SimulatedToken):
    """Signs with a key that is not the one it showed."""

    def sign(self, key_id, act):
        return STRANGER.sign_recoverable(b"\1" * 32, hasher=None)[:64]


class OutOfRange(SimulatedToken):
    def sign(self, key_id, act):
        return bytes(32) + ORDER.to_bytes(32, "big")


class Truncated(SimulatedToken):
    def sign(self, key_id, act):
        return super().sign(key_id, act)[:-1]


class OtherDigest(SimulatedToken):
    """Signs something else than what it was shown."""

    def sign(self, key_id, act):
        return super().sign(key_id, act.model_copy(update={"domain": act.domain.model_copy(update={"chain_id": 1})}))


class NoPoint(SimulatedToken):
    """Shows a public key that is not on its curve."""

    def public_key(self, key_id, role):
        return b"\4" + b"\1" * 64 if role is Role.GOVERNANCE else super().public_key(key_id, role)


def agent_of(tmp_path, kind):
    token = kind(tmp_path / "token.json", Stream(1, "token"), serial="sim1", pin=PIN, number=1)
    agent = LocalAgent(token, tmp_path / "marks", Stream(1, "agent"), WHO)
    ask(agent, m.Login(pin=PIN), m.Done)
    return agent


def contribute(agent):
    ask(agent, m.Contribute(place=d.PLACE, source="token 1", k=d.K), m.Committed)


def retire(agent):
    d.enrol_and_load(agent)
    ask(agent, m.Retire(domain=d.DOMAIN, place=d.PLACE), m.RetirementReply)


def discard(agent):
    d.enrol_and_load(agent)
    ask(agent, m.Discard(place=d.PLACE), m.HoldingsReply)


LIES = {
    "an extractable shard": (Readable, d.enrol_and_load, "extractable is True"),
    "an extractable governance key": (ReadableGovernance, d.enrol_and_load, "extractable is True"),
    "an extractable transport key": (ReadableTransport, d.enrol_and_load, "extractable is True"),
    "an attribute kept back": (Silent, d.enrol_and_load, "never_extractable was not read back"),
    "a transport key without its template": (Untemplated, d.enrol_and_load, "unwrap.sensitive was not read back"),
    "another shard": (WrongShard, d.enrol_and_load, "not hold exactly the shard"),
    "two shards with one id": (TwoShards, d.enrol_and_load, "not hold exactly the shard"),
    "a shard loaded without effect": (NothingLoaded, d.enrol_and_load, "not hold exactly the shard"),
    "a governance key made without effect": (NothingMade, d.enrol_and_load, "does not list exactly one"),
    "a transport key made without effect": (NothingMadeForTransport, d.enrol_and_load, "does not list exactly one"),
    "two governance keys with one id": (TwoGovernanceKeys, d.enrol_and_load, "does not list exactly one"),
    "a transport key destroyed without effect": (NothingDestroyed, retire, "1 transport keys"),
    "a shard destroyed without effect": (NothingDestroyed, discard, "still lists keys"),
    "random bytes all alike": (Constant, contribute, "random bytes"),
    "too few random bytes": (Short, contribute, "random bytes"),
    "no random bytes": (Empty, contribute, "random bytes"),
    "a foreign signature": (Foreign, d.enrol_and_load, "signature is none"),
    "a signature out of range": (OutOfRange, d.enrol_and_load, "signature is none"),
    "a signature cut short": (Truncated, d.enrol_and_load, "signature is none"),
    "a signature over something else": (OtherDigest, d.enrol_and_load, "signature is none"),
    "a public key that is none": (NoPoint, d.enrol_and_load, "public half"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_caught_and_its_token_named(tmp_path, lie):
    kind, act, said = LIES[lie]
    agent = agent_of(tmp_path, kind)
    with pytest.raises(TokenLied) as caught:
        act(agent)
    assert said in caught.value.message
    assert WHO in caught.value.culprits
    assert caught.value.exit_code == 45


def test_an_honest_token_passes_every_one_of_these(tmp_path):
    """Else the lies above might be caught for what they share with honest tokens."""
    agent = agent_of(tmp_path, SimulatedToken)
    contribute(agent)
    retire(agent)
    ask(agent, m.Discard(place=d.PLACE), m.HoldingsReply)
    assert ask(agent, m.Holdings(place=d.PLACE), m.HoldingsReply).shard == 0


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in EXPECTED.items() for name in names])
def test_every_attribute_is_looked_at(tmp_path, role, name):
    """One attribute of one key wrong, whichever: the token is not believed."""

    class Wrong(SimulatedToken):
        def attributes(self, key_id, asked):
            found = super().attributes(key_id, asked)
            if asked is not role:
                return found
            return {**found, name: not found[name] if isinstance(found[name], bool) else "GENERIC_SECRET"}

    with pytest.raises(TokenLied, match=f"{name} is") as caught:
        d.enrol_and_load(agent_of(tmp_path, Wrong))
    assert WHO in caught.value.culprits


def test_a_shard_swapped_after_loading_is_named_by_the_challenger(tmp_path):
    agent = agent_of(tmp_path, SimulatedToken)
    d.enrol_and_load(agent)
    asked = ask(agent, m.Challenge(place=d.PLACE, holder=1), m.Challenged)
    keys = agent._agent._token.memory.keys
    (place,) = (name for name in keys if name.startswith(Role.SHARD))
    keys[place] = [f"{d.OTHER_SHARE:064x}"]
    answer = ask(agent, m.Hold(place=d.PLACE, point=asked.point, nonce=asked.nonce), m.Held).answer
    answers = (m.HoldingAnswer(holder=1, answer=answer),)
    request = m.AttestHolding(domain=d.DOMAIN, place=d.PLACE, answers=answers, commitments=d.commitments())
    with pytest.raises(TokenLied) as caught:
        ask(agent, request, m.HoldingReply)
    assert "custodian 1" in caught.value.culprits


@pytest.mark.parametrize("x", [bytes(32), b"\xff" * 32, STRANGER.secret], ids=["zero", "not below the prime", "another"])
def test_a_wrong_answer_to_an_envelope_is_not_released(tmp_path, x):
    class Wrong(SimulatedToken):
        asked = False

        def derive(self, key_id, point):
            return x if self.asked else super().derive(key_id, point)

    agent = agent_of(tmp_path, Wrong)
    d.enrol_and_load(agent)
    Wrong.asked = True
    with pytest.raises(OpeningError) as caught:
        ask(agent, m.AnswerEnvelope(place=d.PLACE, header=d.envelope()), m.Answered)
    assert "custodian 1" in caught.value.culprits
    assert to_hex(x) not in caught.value.message
