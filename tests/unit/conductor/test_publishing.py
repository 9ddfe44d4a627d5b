"""An act on its way to the chain: simulated, paid once, sent again only when it must be, and proven after (T24)."""

from contextlib import suppress
from dataclasses import replace

import pytest

from ceremony.acts.digest import digest
from ceremony.anchor.standing import effects_of
from ceremony.conductor.ports import Finality
from ceremony.errors import AnswerLost, CallReverted, ChainMismatch, ChainUnreachable, EndpointsDisagree, NonceUsed, NotFinal
from ceremony.records.evidence import Payment
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.simulators.chain import PAYER, SimulatedChain
from tests.simulators.played_on import kinds, verified
from tests.simulators.stages import Stage, ceremony_at


class Paid(SimulatedChain):
    """Keeps what each sending was told. `script` says, in order, what becomes of it: sent, lost (sent, no answer), swallowed, used.

    While `held`, what is sent waits for a block; it gets into one when the price was raised `held` times.
    """

    script = ()
    held = 0
    present = 7

    def __init__(self, path):
        super().__init__(path)
        self.sendings = []
        self.waiting = None

    def nonce(self):
        return self.present

    def send(self, to, data, *, nonce, raised=0):
        self.sendings.append((nonce, raised))
        fate = dict(enumerate(self.script)).get(len(self.sendings) - 1, "sent")
        if fate == "used":
            raise NonceUsed("nonce too low")
        if fate == "swallowed":
            raise AnswerLost("handed over, and then nothing")
        transaction = "0x" + "22" * 32 if raised < self.held else super().send(to, data, nonce=nonce)
        self.waiting = transaction
        if fate == "lost":
            raise AnswerLost("handed over, and then nothing")
        return transaction

    def knows(self, transaction):
        return transaction == self.waiting


class ForgedEffect(SimulatedChain):
    """The act is taken, and the contract is halted afterwards all the same."""

    def _slots(self, number):
        slots = super()._slots(number)
        taken = self._genesis_at(number) is not None
        return {key: value | (1 << 128 if taken and value >> 64 == 1 else 0) for key, value in slots.items()}


def published(tmp_path, kind=Paid, *, others=(), patience=180.0, **settings):
    """A ceremony anchored on such a chain; it and the chain."""
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    ceremony.chain = chain = kind(tmp_path / "parts" / "chain.json")
    for name, value in settings.items():
        setattr(chain, name, value)
    ports = ceremony.ports
    readers = (chain, *(kind(tmp_path / "parts" / "chain.json") for kind in others))
    for number, reader in enumerate(readers, 1):
        reader.name, reader._data = f"endpoint {number}", chain._data
    ceremony.ports = lambda: replace(ports(), readers=readers, finality=Finality(seconds=20, pause=0.0, margin=0, patience=patience))
    return ceremony, chain


def begun(ceremony):
    return next(entry.body for entry in read_book(ceremony.directory / TRANSCRIPT) if entry.body.kind == "anchor_begun")


def test_payer_nonce_and_effects_stand_in_the_transcript_before_anything_is_sent(tmp_path):
    ceremony, chain = published(tmp_path)
    state = ceremony.anchor()
    act = state.proposed.act
    assert begun(ceremony).payment == Payment(payer=PAYER, nonce=7)
    assert begun(ceremony).effects == effects_of(act, digest(state.contract_act(act)))
    assert begun(ceremony).effects.model_dump() == {
        "head": state.anchored.seen.head, "sequence": 1, "epoch": 1, "halted": False, "genesis_root": act.root
    }  # fmt: skip
    assert chain.sendings == [(7, 0)]
    verified(ceremony)


def test_an_answer_that_was_lost_is_looked_for_on_chain_and_nothing_is_sent_twice(tmp_path):
    ceremony, chain = published(tmp_path, script=("lost",))
    assert ceremony.anchor().anchored
    assert chain.sendings == [(7, 0)]


def test_what_was_swallowed_is_sent_again_at_the_same_nonce(tmp_path):
    ceremony, chain = published(tmp_path, script=("swallowed", "swallowed"))
    assert ceremony.anchor().anchored
    assert chain.sendings == [(7, 0)] * 3


def test_what_waits_too_long_is_offered_more_for_at_the_same_nonce(tmp_path):
    ceremony, chain = published(tmp_path, held=3, patience=0.0)
    assert ceremony.anchor().anchored
    assert chain.sendings == [(7, 0), (7, 1), (7, 2), (7, 3)]


def test_what_waits_within_patience_is_left_alone(tmp_path):
    ceremony, chain = published(tmp_path, held=1, patience=1e9)
    ceremony.ports = lambda ports=ceremony.ports: replace(ports(), finality=Finality(seconds=0.3, pause=0.0, margin=0, patience=1e9))
    with pytest.raises(NotFinal):
        ceremony.anchor()
    assert chain.sendings == [(7, 0)]


def test_a_nonce_that_something_else_used_up_is_replaced_by_the_present_one(tmp_path):
    ceremony, chain = published(tmp_path, script=("swallowed", "used"))
    dies_after_sending(ceremony)
    chain.present = 9
    assert ceremony.anchor().anchored
    assert chain.sendings == [(7, 0), (7, 0), (9, 0)]


def test_a_gap_before_the_promised_nonce_is_not_waited_for(tmp_path):
    ceremony, chain = published(tmp_path, script=("swallowed",))
    dies_after_sending(ceremony)
    chain.present = 3
    assert ceremony.anchor().anchored
    assert chain.sendings == [(7, 0), (3, 0)]


def test_another_payer_pays_at_a_nonce_of_its_own(tmp_path):
    ceremony, chain = published(tmp_path, script=("swallowed",))
    dies_after_sending(ceremony)
    chain.payer = lambda: "0x" + "fb" * 20
    chain.present = 8
    assert ceremony.anchor().anchored
    assert chain.sendings == [(7, 0), (8, 0)]


def test_a_nonce_used_up_for_good_is_told(tmp_path):
    ceremony, _ = published(tmp_path, script=("used",) * 9)
    with pytest.raises(NonceUsed):
        ceremony.anchor()
    assert kinds(ceremony)[-1] == "anchor_begun"


def test_an_effect_that_was_not_foretold_is_no_receipt(tmp_path):
    ceremony, _ = published(tmp_path, ForgedEffect)
    with pytest.raises(ChainMismatch, match="another effect") as refusal:
        ceremony.anchor()
    assert refusal.value.culprits == ("halted is True, was to be False",)
    assert kinds(ceremony)[-1] == "anchor_begun"


class Unwilling(Paid):
    """Refuses in the simulation."""

    def call(self, address, data, number):
        if len(data) > 100:
            raise CallReverted("the contract refused")
        return super().call(address, data, number)


def test_an_act_that_would_be_refused_is_not_begun(tmp_path):
    ceremony, chain = published(tmp_path, Unwilling)
    with pytest.raises(CallReverted, match="would refuse this: refused without a reason; nothing was sent"):
        ceremony.anchor()
    assert chain.sendings == []
    assert "anchor_begun" not in kinds(ceremony)


def test_endpoints_that_differ_on_the_simulation_stop_it(tmp_path):
    ceremony, chain = published(tmp_path, others=(Unwilling,))
    with pytest.raises(EndpointsDisagree, match="what the act would do"):
        ceremony.anchor()
    assert chain.sendings == []


class Silent(SimulatedChain):
    """Does not answer."""

    def chain_id(self):
        raise ChainUnreachable(f"{self.name} is down", culprits=(self.name,))

    finalized = header = block = code = call = receipt = knows = logs = proof = transactions_with = lambda self, *_: self.chain_id()


@pytest.mark.parametrize("others", [(SimulatedChain, Silent), (Silent, SimulatedChain)])
def test_one_of_three_endpoints_may_be_cut_off(tmp_path, others):
    ceremony, _ = published(tmp_path, others=others)
    lines = []
    ceremony.people.tell = lines.append
    assert ceremony.anchor().anchored
    told = [line for line in lines if "no answer from" in line]
    assert told
    assert all("going on with 2 of 3 endpoints" in line for line in told)


@pytest.mark.parametrize("others", [(Silent,), (Silent, Silent)])
def test_half_of_them_may_not(tmp_path, others):
    ceremony, chain = published(tmp_path, others=others)
    with pytest.raises(ChainUnreachable, match="endpoints answer, 2 must"):
        ceremony.anchor()
    assert chain.sendings == []


def dies_after_sending(ceremony):
    """The command ends right after it handed the transaction over."""
    ports = ceremony.ports

    class Fatal:
        def __getattr__(self, name):
            return getattr(ceremony.chain, name)

        def send(self, *arguments, **terms):
            with suppress(AnswerLost):
                ceremony.chain.send(*arguments, **terms)
            raise KeyboardInterrupt

    ceremony.ports = lambda: replace(ports(), open_writer=Fatal)
    with pytest.raises(KeyboardInterrupt):
        ceremony.anchor()
    ceremony.ports = ports
