"""The contract comes to stand: by the factory, the payer's nonce, or others before; a crash sends nothing twice (DESIGN 4.10)."""

import pytest

from ceremony.anchor.artifacts.deployment import create_address
from ceremony.anchor.chain import FACTORY
from ceremony.conductor.opening import require_chain_ready
from ceremony.errors import CallReverted, ChainLied, ChainMismatch, NotFinal, PlanError
from ceremony.protocol.steps import StepKind
from ceremony.records.base import from_hex, to_hex
from ceremony.records.plan_text import parse_plan
from ceremony.transcript.journal import TRANSCRIPT, read_book
from ceremony.verify.act_checks import contract_follows_from_the_roster
from ceremony.verify.state import Subject, Trust
from tests.simulators import ceremony_directory
from tests.simulators.ceremony_directory import SimulatedCeremony, plan_text
from tests.simulators.chain import PAYER, SimulatedChain
from tests.simulators.stages import Stage, ceremony_at, pass_time, run_until

OTHERS = "0x" + "ab" * 20


class Bare(SimulatedChain):
    """A chain without the factory; its payer has sent `used` transactions."""

    used = 3
    sent = 0

    def code(self, address, number):
        return b"" if address == FACTORY else super().code(address, number)

    def nonce(self):
        return self.used

    def send(self, to, data, **terms):
        if to is not None:
            return super().send(to, data, **terms)
        self.sent += 1
        words = data[-15 * 32 :]  # five of the head, two of the name, eight of the roster
        self._deploy(words[32:64] + data)
        self._data["contract"]["address"] = to_hex(create_address(from_hex(PAYER), self.used))
        type(self).used += 1
        self._save()
        return "0x" + "77" * 32


class Dying(SimulatedChain):
    """The power fails right after the deployment was sent."""

    def send(self, to, data, **terms):
        super().send(to, data, **terms)
        raise KeyboardInterrupt


def bodies(ceremony, kind):
    return [entry.body for entry in read_book(ceremony.directory / TRANSCRIPT) if entry.body.kind == kind]


def deployed(ceremony, chain):
    ceremony.chain = chain(ceremony.directory.parent / "parts" / "chain.json")
    return ceremony.run()


def follows(ceremony, state):
    """An auditor recomputes the address."""
    return contract_follows_from_the_roster(Subject(read_book(ceremony.directory / TRANSCRIPT), state, None, Trust()))


def test_the_operator_sees_address_code_and_roster_before_anything_is_sent(tmp_path):
    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    told: list[str] = []
    ceremony.people._tell = told.append
    state = ceremony.run()
    text = "\n".join(told)
    begun = state.deploying
    for fact in (begun.contract, begun.creation_code_digest, begun.roster_digest, state.deployed.seen.runtime_digest):
        assert fact in text
    assert ("the operator", "Deploy this contract?") in ceremony.people.asked
    assert begun.by == f"factory {FACTORY}"


def test_without_the_factory_the_payers_next_nonce_says_where(tmp_path):
    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    chain = type("Once", (Bare,), {})
    state = deployed(ceremony, chain)
    assert state.deployed.contract == to_hex(create_address(from_hex(PAYER), 3))
    assert state.deploying.by == f"payer {PAYER} nonce 3"
    assert follows(ceremony, state).evidence.endswith(f"by payer {PAYER} nonce 3")


@pytest.mark.parametrize("bare", [False, True])
def test_a_run_that_died_after_sending_sends_nothing_again(bare, tmp_path):
    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    honest = type("Kind", (Bare,), {}) if bare else SimulatedChain
    dying = type("DyingKind", (Dying, honest), {})
    with pytest.raises(KeyboardInterrupt):
        deployed(ceremony, dying)
    assert len(bodies(ceremony, "deploy_begun")) == 1
    if bare:
        honest.used = dying.used
    state = deployed(ceremony, honest)
    assert state.deployed
    assert len(bodies(ceremony, "deploy_begun")) == 1
    assert state.deployed.transaction is None
    assert getattr(ceremony.chain, "sent", 0) == 0


def test_a_factory_that_refuses_because_the_contract_is_on_its_way_is_waited_for(tmp_path):
    class Slow(SimulatedChain):
        """Shows the contract only once somebody has tried to deploy it again."""

        tried = False

        def code(self, address, number):
            return b"" if address != FACTORY and not self.tried else super().code(address, number)

        def send(self, to, data, **terms):
            self.tried = True
            raise CallReverted("the factory refuses a second deployment")

    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        deployed(ceremony, Dying)
    assert deployed(ceremony, Slow).deployed.transaction is None


def planned(tmp_path, monkeypatch, address):
    """A ceremony whose plan names a contract deployed before."""
    monkeypatch.setattr(ceremony_directory, "plan_text", lambda: plan_text().replace('contract = "deploy"', f'contract = "{address}"'))
    ceremony = SimulatedCeremony(tmp_path, 3)
    ceremony.start()
    run_until(ceremony, StepKind.DEPLOY)
    return ceremony


def test_a_contract_named_in_the_plan_must_stand(tmp_path, monkeypatch):
    ceremony = planned(tmp_path, monkeypatch, OTHERS)
    with pytest.raises(ChainMismatch, match="no contract stands"):
        ceremony.run()
    assert ("the operator", "Use this contract?") in ceremony.people.asked
    assert bodies(ceremony, "deploy_begun")[0].by == "others, before"


def test_a_contract_named_in_the_plan_is_read_back_and_used(tmp_path, monkeypatch):
    ceremony = planned(tmp_path, monkeypatch, OTHERS)
    state = ceremony.conduct(lambda _c: None)
    fixed = {**state.terms, "ceremony_id": state.terms["ceremony_id"].hex()}
    ceremony.chain._data |= {"contract": {"address": OTHERS, "block": 0}, "terms": fixed}
    assert ceremony.run().deployed.contract == OTHERS


OTHERS_ROSTER = {"roster": ["0x" + f"{n:02x}" * 20 for n in range(1, 8)]}
SIX = {"roster": ["0x" + f"{n:02x}" * 20 for n in range(1, 7)], "halting": 2}


@pytest.mark.parametrize("change", [{"k": 4, "halting": 4}, SIX, OTHERS_ROSTER, {"name": "ceremony"}])
def test_a_contract_of_other_terms_is_refused(change, tmp_path, monkeypatch):
    ceremony = planned(tmp_path, monkeypatch, OTHERS)
    state = ceremony.conduct(lambda _c: None)
    fixed = {**state.terms, "ceremony_id": state.terms["ceremony_id"].hex(), **change}
    ceremony.chain._data |= {"contract": {"address": OTHERS, "block": 0}, "terms": fixed}
    with pytest.raises(ChainMismatch) as refusal:
        ceremony.run()
    assert refusal.value.culprits
    assert bodies(ceremony, "deployed") == []


# --- before anything ---


def test_a_plan_is_held_against_the_chain_before_a_token_is_touched(tmp_path):
    ceremony = ceremony_at(Stage.OPENED, tmp_path)
    plan = parse_plan(plan_text())
    require_chain_ready(plan, (ceremony.chain,))
    pass_time(ceremony, 5 * 366 * 24 * 3600)
    with pytest.raises(PlanError):
        require_chain_ready(plan, (ceremony.chain,))
    with pytest.raises(ChainMismatch):
        require_chain_ready(plan.model_copy(update={"chain": plan.chain.model_copy(update={"id": 1})}), (ceremony.chain,))


# --- the receipt ---


class Hiding(SimulatedChain):
    """Takes the act, and hides one thing about it."""

    hides = "events"

    def transactions_with(self, address, topic, first, last):
        found = super().transactions_with(address, topic, first, last)
        return {"events": (), "doubles": found * 2}.get(self.hides, found)

    def receipt(self, transaction):
        return None if self.hides == "receipt" else super().receipt(transaction)


@pytest.mark.parametrize(("hides", "why"), [("events", "0 Genesis events"), ("doubles", "2 Genesis events"), ("receipt", "no receipt")])
def test_an_act_without_its_event_or_receipt_is_not_called_anchored(hides, why, tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    ceremony.chain = type("Hides", (Hiding,), {"hides": hides})(tmp_path / "parts" / "chain.json")
    with pytest.raises((ChainLied, NotFinal), match=why):
        ceremony.anchor()
    assert bodies(ceremony, "anchored") == []
    ceremony.chain = SimulatedChain(tmp_path / "parts" / "chain.json")
    assert ceremony.anchor().anchored


def test_a_creation_that_the_chain_refuses_is_told_at_once_and_not_waited_for(tmp_path):
    class Refusing(Bare):
        def send(self, to, data, **terms):
            raise CallReverted("the contract would refuse this")

    ceremony = ceremony_at(Stage.BURNT, tmp_path)
    ceremony.chain = Refusing(tmp_path / "parts" / "chain.json")
    with pytest.raises(CallReverted):
        run_until(ceremony, StepKind.PROPOSE)
