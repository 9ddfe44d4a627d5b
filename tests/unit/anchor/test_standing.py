"""What stands on chain, judged: code and numbers read back, and a receipt of exactly this act; each fact changed once is refused."""

from dataclasses import replace

import pytest

from ceremony.acts.digest import digest, members
from ceremony.acts.roster import roster_digest
from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.artifacts.deployment import runtime_code
from ceremony.anchor.chain import Log
from ceremony.anchor.contract import VIEWS
from ceremony.anchor.events import TOPICS, ActEvent, next_head
from ceremony.anchor.reading import code_digest, read_contract
from ceremony.anchor.standing import effects_of, head_after, require_receipt, require_runtime, require_standing, says_of
from ceremony.errors import CallReverted, ChainLied, ChainMismatch
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import Rotate
from tests.adversary.quorum_bypasses import honest_scene
from tests.simulators.chain import SimulatedChain
from tests.simulators.stages import Stage, ceremony_at
from tests.unit.anchor.sample_acts import ACTS

SCENE = honest_scene()
STATE = SCENE.state
ARTIFACT = load_artifact()
SEEN = STATE.anchored.seen
ONES = "0x" + "11" * 32
CONTRACT = STATE.deployed.contract
ACT, VALUE = SCENE.act.struct, digest(SCENE.act)


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    return ceremony_at(Stage.CLOSED, tmp_path_factory.mktemp("standing")).chain


# --- the contract ---


def test_the_contract_stands_as_it_was_planned():
    require_standing(SEEN, ARTIFACT, STATE.terms)


@pytest.mark.parametrize(
    ("name", "lie"), [("runtime_digest", ONES), ("roster_digest", ONES), ("ceremony", ONES), ("n", 6), ("k", 4), ("halting", 2)]
)
def test_each_number_read_back_otherwise_is_named(name, lie):
    with pytest.raises(ChainMismatch) as refusal:
        require_standing(SEEN.model_copy(update={name: lie}), ARTIFACT, STATE.terms)
    assert [culprit.split()[0] for culprit in refusal.value.culprits] == [name]


def test_a_later_roster_may_be_in_charge():
    later = [f"0x{number:040x}" for number in range(1, 8)]
    rotated = SEEN.model_copy(update={"roster_digest": to_hex(roster_digest(later))})
    require_standing(rotated, ARTIFACT, STATE.terms, later)
    for seen, roster in ((rotated, None), (SEEN, later)):
        with pytest.raises(ChainMismatch, match="not the one"):
            require_standing(seen, ARTIFACT, STATE.terms, roster)


def test_a_rotation_raises_the_epoch_and_leaves_genesis_and_halt_as_they_are():
    place = {"transcript_root": ONES, "transcript_size": 4, "epoch": 1, "sequence": 1, "deadline": 9, "head": ONES}
    act = Rotate(roster=tuple(f"0x{number:040x}" for number in range(1, 8)), **place)
    for halted in (False, True):
        found = effects_of(act, VALUE, genesis_root=ONES, halted=halted)
        assert (found.epoch, found.sequence, found.halted, found.genesis_root) == (2, 2, halted, ONES)
        assert found.head == head_after(act, VALUE)
    assert effects_of(ACT, VALUE, halted=True).halted is False


def test_everything_wrong_is_named_at_once():
    with pytest.raises(ChainMismatch) as refusal:
        require_standing(SEEN.model_copy(update={"n": 6, "k": 4}), ARTIFACT, STATE.terms)
    assert len(refusal.value.culprits) == 2


def test_the_code_on_chain_is_the_local_rebuild():
    require_runtime(runtime_code(ARTIFACT, **STATE.terms), ARTIFACT, STATE.terms)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "ceremony"},
        {"ceremony_id": b"\x11" * 32},
        {"roster": ("0x" + "00" * 19 + "01", *STATE.terms["roster"][1:])},
        {"k": 4, "halting": 4},
        {"roster": STATE.terms["roster"][:6], "k": 4},
    ],
    ids=str,
)
def test_code_of_other_terms_is_refused_with_both_digests(change):
    code = runtime_code(ARTIFACT, **{**STATE.terms, **change})
    with pytest.raises(ChainMismatch, match="not the one this ceremony deploys") as refusal:
        require_runtime(code, ARTIFACT, STATE.terms)
    right = code_digest(runtime_code(ARTIFACT, **STATE.terms))
    assert refusal.value.culprits == (f"its SHA-256 is {code_digest(code)}, must be {right}",)


@pytest.mark.parametrize("place", [0, 4000, -1])
def test_one_byte_of_the_code_is_enough(place):
    code = bytearray(runtime_code(ARTIFACT, **STATE.terms))
    code[place] ^= 1
    with pytest.raises(ChainMismatch):
        require_runtime(bytes(code), ARTIFACT, STATE.terms)
    with pytest.raises(ChainMismatch):
        require_runtime(bytes(code[:-1]), ARTIFACT, STATE.terms)


def test_the_head_after_an_act_is_the_hash_chains():
    assert head_after(ACT, VALUE) == "0x" + next_head(from_hex(ACT.head), VALUE).hex() == SEEN.head


# --- the reading ---


def test_the_contract_is_read_at_a_block(chain):
    final = chain.finalized()
    seen = read_contract(chain, CONTRACT, final)
    assert seen.runtime_digest == code_digest(runtime_code(ARTIFACT, **STATE.terms))
    assert seen.model_copy(update={"block": SEEN.block}) == SEEN
    before = chain.block(STATE.deployed.seen.block.number)
    assert (read_contract(chain, CONTRACT, before).sequence, read_contract(chain, CONTRACT, before).genesis_root) == (0, "0x" + "00" * 32)


def test_where_no_contract_stands_nothing_is_read(chain):
    with pytest.raises(ChainMismatch, match="no contract stands") as refusal:
        read_contract(chain, "0x" + "11" * 20, chain.finalized())
    assert refusal.value.culprits == (chain.name, "0x" + "11" * 20)


@pytest.mark.parametrize("view", ["rosterDigest", "ceremonyId", "n", "k", "halting", "epoch", "sequence", "head", "genesisRoot"])
@pytest.mark.parametrize("answer", ["reverts", "short", "long"])
def test_what_answers_otherwise_than_the_contract_is_refused(view, answer, chain):
    class Odd(SimulatedChain):
        def call(self, address, data, number):
            true = super().call(address, data, number)
            if data != VIEWS[view]:
                return true
            if answer == "reverts":
                raise CallReverted("no such function")
            return true[:-1] if answer == "short" else true + b"\0"

    odd = Odd(chain._path)
    with pytest.raises((ChainMismatch, ChainLied)):
        read_contract(odd, CONTRACT, odd.finalized())


# --- the receipt ---


@pytest.fixture(scope="module")
def receipt(chain):
    return chain.receipt(STATE.anchored.transaction)


def require(receipt, **changes):
    given = {"contract": CONTRACT, "act": ACT, "digest": VALUE, "block": STATE.anchored.block, **changes}
    return require_receipt(receipt, *(given[name] for name in ("contract", "act", "digest", "block")))


def test_the_receipt_shows_this_act(receipt):
    event = require(receipt)
    assert (event.act, event.sequence, event.digest) == ("Genesis", ACT.sequence, VALUE)
    assert event.fields == {"root": from_hex(ACT.root), "size": ACT.size, "planDigest": from_hex(ACT.plan_digest)}


@pytest.mark.parametrize(
    "change",
    [
        {"succeeded": False},
        {"block_number": 7},
        {"block_hash": ONES},
        {"logs": ()},
    ],
    ids=str,
)
def test_a_receipt_of_another_block_or_without_the_event_is_a_lie(change, receipt):
    with pytest.raises(ChainLied) as refusal:
        require(replace(receipt, **change))
    assert refusal.value.culprits == (receipt.transaction,)


def test_the_event_stands_once_and_is_the_contracts_own(receipt):
    (log,) = receipt.logs
    stray = Log("0x" + "11" * 20, log.topics, log.data)
    require(replace(receipt, logs=(stray, log, Log(CONTRACT, (), b""), Log(CONTRACT, (b"\x01" * 32,), b""))))
    for logs in ((stray,), (log, log)):
        with pytest.raises(ChainLied, match="not one"):
            require(replace(receipt, logs=logs))


@pytest.mark.parametrize("place", range(5))
def test_an_event_of_another_act_is_a_lie(place, receipt):
    (log,) = receipt.logs
    topics, words = list(log.topics), [log.data[at : at + 32] for at in (0, 32, 64)]
    if place < 2:
        topics[place + 1] = b"\x00" * 31 + b"\x07"
    else:
        words[place - 2] = b"\x00" * 31 + b"\x07"
    with pytest.raises(ChainLied, match="of another act"):
        require(replace(receipt, logs=(Log(log.address, tuple(topics), b"".join(words)),)))
    assert log.topics[0] == TOPICS["Genesis"]


@pytest.mark.parametrize("change", [{"root": ONES}, {"size": 1}, {"plan_digest": ONES}, {"sequence": 1}], ids=str)
def test_a_receipt_is_not_of_another_act(change, receipt):
    with pytest.raises(ChainLied, match="of another act"):
        require(receipt, act=ACT.model_copy(update=change))
    with pytest.raises(ChainLied, match="of another act"):
        require(receipt, digest=b"\x07" * 32)


# --- what an event says of its act ---

MARK = b"\x5e" * 32


def event_of(act):
    """The event that the contract logs of this act."""
    said = members(act)
    names = {
        "Genesis": ("root", "size", "planDigest"),
        "Anchor": ("root", "kind", "size", "metadata"),
        "Release": ("artifact", "manifest", "predecessor"),
        "Rotate": ("roster",),
        "Halt": ("reason",),
        "Resume": ("reason",),
    }
    fields = {name: said[name] for name in names[act.type]}
    if act.type == "Rotate":
        fields |= {"rosterDigest": roster_digest(act.roster), "epoch": act.epoch + 1}
    return ActEvent(act.type, 3, MARK, fields)


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_an_event_says_of_its_act_what_the_act_says(act):
    event = event_of(act)
    assert says_of(event, act, MARK)
    assert not says_of(event, act, bytes(32))
    assert not says_of(replace(event, act="Nothing"), act, MARK)
    for name in event.fields:
        assert not says_of(replace(event, fields={**event.fields, name: b"\x5f" * 32}), act, MARK), name
    assert not says_of(replace(event, fields={**event.fields, "more": 1}), act, MARK)
