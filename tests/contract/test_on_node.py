"""The contract on a real node: all six acts, their events, storage and digests as this package reads them, and every way past a quorum."""

import time
from dataclasses import replace
from itertools import combinations, count

import pytest
from coincurve import PrivateKey

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.acts.signature import ORDER
from ceremony.acts.typed import keccak256
from ceremony.anchor import contract
from ceremony.anchor.artifacts.words import encode_word
from ceremony.anchor.calls import encode_act, encode_approvals, encode_call
from ceremony.anchor.events import History, parse_event, replay
from ceremony.anchor.proven import prove_contract, require_history
from ceremony.anchor.rpc import JsonRpc
from ceremony.errors import CallReverted, ChainLied, ChainMismatch
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import Anchor, Domain, Genesis, Halt, Release, Resume, Rotate, TypedAct
from tests.node import running_node

RECEIPT_TRIES = 500
RECEIPT_PAUSE = 0.02
"""Seconds between two tries; together as long as an answer may take."""
GAS = hex(2_000_000)
LATER = 2**53 - 1
NAME = "ceremony rehearsal"
ARTIFACT = contract.load_artifact()
FIVE = (0, 2, 3, 5, 6)
ZERO = "0x" + "00" * 32
ROOT, PLAN, LATER_ROOT, ARTEFACT, REASON, DEAD, NOWHERE = (
    to_hex(keccak256(text.encode())) for text in ("genesis root", "plan", "later root", "artifact", "a reason", "a stopped act", "nowhere")
)
SALTS = count(1)


def people(first):
    """Seven keys by their addresses, ascending."""
    keys = [PrivateKey.from_int(number) for number in range(first, first + 7)]
    found = {keccak256(key.public_key.format(compressed=False)[1:])[12:]: key for key in keys}
    return dict(sorted(found.items()))


OLD, NEW = people(1), people(101)


class Deployed:
    """One contract on the node: sends it acts, and keeps the history that it should have."""

    def __init__(self, url):
        self.reader, self.keys, salt = JsonRpc(url), OLD, encode_word(next(SALTS))
        self.payer = self.reader.ask("eth_accounts")[0]
        self.terms = contract.Terms(
            name=NAME, ceremony_id=keccak256(salt), roster=[to_hex(one) for one in OLD], k=5, halting=3
        )
        creation = contract.creation_code(ARTIFACT, **self.terms)
        self.address = to_hex(contract.create2_address(contract.CREATE2_FACTORY, salt, creation))
        receipt = self.send(contract.encode_factory_call(salt, creation), to_hex(contract.CREATE2_FACTORY))
        assert receipt.succeeded
        self.first = receipt.block_number
        self.history = History(bytes(32), 0, 1, halted=False, roster_digest=roster_digest(self.terms["roster"]))
        self.events = []

    def send(self, data, to=None):
        sent = self.reader.ask_once("eth_sendTransaction", {"from": self.payer, "to": to or self.address, "data": to_hex(data), "gas": GAS})
        for _ in range(RECEIPT_TRIES):
            receipt = self.reader.receipt(sent)
            if receipt is not None:
                return receipt
            time.sleep(RECEIPT_PAUSE)
        return pytest.fail(f"no receipt of {sent}")

    def latest(self):
        return self.reader.block(int(self.reader.ask("eth_blockNumber"), 16))

    def view(self, name, words=b""):
        return self.reader.call(self.address, contract.encode_view_call(name, words), self.latest().number)

    def stored(self, key):
        return from_hex(self.reader.ask("eth_getStorageAt", self.address, to_hex(key), "latest"))

    # --- acts

    def place(self):
        place = {"epoch": self.history.epoch, "sequence": self.history.sequence, "deadline": LATER, "head": to_hex(self.history.head)}
        return {"transcript_root": to_hex(keccak256(b"transcript root")), "transcript_size": 80, **place}

    def genesis(self):
        place = {name: value for name, value in self.place().items() if not name.startswith("transcript")}
        return Genesis(root=ROOT, size=60, plan_digest=PLAN, **place)

    def anchor(self, kind=2, root=LATER_ROOT):
        return Anchor(kind=kind, root=root, size=90, metadata=to_hex(keccak256(b"metadata")), **self.place())

    def release(self, predecessor=ZERO, artifact=ARTEFACT):
        return Release(artifact=artifact, manifest=to_hex(keccak256(b"manifest")), predecessor=predecessor, **self.place())

    def rotate(self, keys=None):
        return Rotate(roster=tuple(to_hex(one) for one in keys or NEW), **self.place())

    def halt(self):
        return Halt(reason=REASON, **self.place())

    def resume(self):
        return Resume(reason=REASON, **self.place())

    def digest(self, act, **domain):
        place = {"name": NAME, "chain_id": self.reader.chain_id(), "contract": self.address, "salt": None, **domain}
        return digest(TypedAct(domain=Domain(**place), struct=act))

    def signed(self, value, positions):
        """What these of the roster in charge sign, each 65 bytes."""
        signatures = {}
        for address in (list(self.keys)[position] for position in positions):
            raw = self.keys[address].sign_recoverable(value, hasher=None)
            signatures[address] = raw[:64] + bytes([27 + raw[64]])
        return signatures

    def approvals(self, value, positions=FIVE):
        return encode_approvals(self.signed(value, positions), list(self.keys))

    def call(self, act, positions=FIVE):
        return encode_call(act, *self.approvals(self.digest(act), positions))

    def take(self, act, positions=FIVE):
        """Have an act taken; its event, read, after the state that it leads to was compared."""
        value = self.digest(act)
        assert self.view(f"digest{act.type}", argument(act)) == value
        receipt = self.send(self.call(act, positions))
        assert receipt.succeeded
        (log,) = receipt.logs
        assert log.address == self.address
        event = parse_event(log.topics, log.data)
        assert (event.act, event.sequence, event.digest) == (act.type, act.sequence, value)
        before = self.history
        halted, rotated = act.type == "Halt" or (before.halted and act.type != "Resume"), act.type == "Rotate"
        digest_then = roster_digest(act.roster) if rotated else before.roster_digest
        head = keccak256(before.head + value)
        self.history = History(head, before.sequence + 1, before.epoch + rotated, halted=halted, roster_digest=digest_then)
        self.keys = NEW if rotated and act.roster == tuple(map(to_hex, NEW)) else OLD if rotated else self.keys
        self.events.append(event)
        self.require_state()
        return event

    def require_state(self):
        """By the views, by storage, which proofs read, and by what the events add up to."""
        expected, first = self.history, roster_digest(self.terms["roster"])
        assert replay(self.events, first) == expected
        assert contract.parse_word(self.view("head")) == self.stored(contract.slot_key(ARTIFACT, "head")) == expected.head
        counters = contract.Counters(expected.sequence, expected.epoch, expected.halted)
        for name in ("sequence", "epoch", "halted"):
            assert contract.parse_counters(int.from_bytes(self.stored(contract.slot_key(ARTIFACT, name)), "big")) == counters
        assert (contract.parse_uint(self.view("sequence")), contract.parse_uint(self.view("epoch"))) == (counters.sequence, counters.epoch)
        assert contract.parse_flag(self.view("halted")) == counters.halted
        assert contract.parse_word(self.view("rosterDigest")) == expected.roster_digest
        rotated = self.stored(contract.slot_key(ARTIFACT, "rotatedRosterDigest"))
        assert rotated == (bytes(32) if expected.epoch == 1 else expected.roster_digest)

    def require_noted(self, index, name, noted):
        assert contract.parse_flag(self.view(index, from_hex(name))) is noted
        assert contract.parse_flag(self.stored(contract.index_key(ARTIFACT, index, from_hex(name)))) is noted

    def refusal(self, data):
        """The rule by which the contract refuses this, called and sent; nothing has changed then."""
        with pytest.raises(CallReverted) as refused:
            self.reader.call(self.address, data, self.latest().number)
        assert not self.send(data).succeeded
        self.require_state()
        return contract.parse_refusal(ARTIFACT, refused.value.data)

    def prove(self, reader=None, root=ROOT):
        return prove_contract(reader or self.reader, self.address, self.latest(), ARTIFACT, root)

    def require_history(self, seen, reader=None, first=None):
        start = self.first if first is None else first
        return require_history(reader or self.reader, self.address, start, seen, roster_digest(self.terms["roster"]))


def argument(act):
    """What digestX takes: the act; of one that holds an array the ABI says first where it stands."""
    return (encode_word(32) if act.type == "Rotate" else b"") + encode_act(act)


class Altering:
    """An endpoint that changes the logs, or one other answer, on the way."""

    name = "altering"

    def __init__(self, reader, **changes):
        self._reader, self._changes = reader, changes

    def __getattr__(self, method):
        found = getattr(self._reader, method)
        return (lambda *given: self._changes[method](found(*given))) if method in self._changes else found


@pytest.fixture(scope="module")
def node():
    with running_node("--hardfork", "osaka", "--slots-in-an-epoch", "1") as url:
        yield url


@pytest.fixture
def fresh(node):
    return Deployed(node)


@pytest.fixture
def begun(fresh):
    fresh.take(fresh.genesis())
    return fresh


def play_on(deployed):
    """Anchor, void, release, halt, rotate while halted, resume by the new roster, release once more."""
    deployed.take(deployed.anchor())
    deployed.take(deployed.anchor(kind=0, root=DEAD))
    deployed.take(deployed.release())
    deployed.take(deployed.halt(), (1, 4, 6))
    deployed.take(deployed.rotate())
    deployed.take(deployed.resume())
    deployed.take(deployed.release(predecessor=ARTEFACT, artifact=LATER_ROOT), (0, 1, 2, 3, 4, 5, 6))


@pytest.fixture(scope="module")
def played(node):
    """Everything that a contract can live through; tests of this one only read."""
    deployed = Deployed(node)
    deployed.take(deployed.genesis())
    play_on(deployed)
    return deployed


# --- deployment


def test_the_code_on_chain_is_the_code_rebuilt_here(fresh):
    assert fresh.reader.code(fresh.address, fresh.latest().number) == contract.runtime_code(ARTIFACT, **fresh.terms)


def test_an_ordinary_deployment_lands_where_predicted(fresh):
    creation = contract.creation_code(ARTIFACT, **fresh.terms)
    nonce = int(fresh.reader.ask("eth_getTransactionCount", fresh.payer, "latest"), 16)
    predicted = contract.create_address(from_hex(fresh.payer), nonce)
    sent = fresh.reader.ask("eth_sendTransaction", {"from": fresh.payer, "data": to_hex(creation)})
    for _ in range(RECEIPT_TRIES):
        receipt = fresh.reader.receipt(sent)
        if receipt:
            break
        time.sleep(RECEIPT_PAUSE)
    assert receipt.contract == to_hex(predicted)
    assert fresh.reader.code(receipt.contract, receipt.block_number) == contract.runtime_code(ARTIFACT, **fresh.terms)


def test_a_fresh_contract_reads_back_its_terms(fresh):
    numbers = {"epoch": 1, "sequence": 0, "n": 7, "k": 5, "halting": 3}
    assert {name: contract.parse_uint(fresh.view(name)) for name in numbers} == numbers
    words = {
        "ceremonyId": fresh.terms["ceremony_id"],
        "rosterDigest": keccak256(b"".join(bytes(12) + one for one in OLD)),
        "nameHash": keccak256(NAME.encode()),
    }
    assert {name: contract.parse_word(fresh.view(name)) for name in words} == words
    assert fresh.view("head") == fresh.view("genesisRoot") == fresh.view("latestRelease") == bytes(32)
    assert not contract.parse_flag(fresh.view("halted"))
    fresh.require_noted("anchored", ROOT, noted=False)
    fresh.require_state()


def test_the_signing_domain_is_the_one_computed_here(fresh):
    """EIP-712, written out here once more so that contract and package are compared with a third."""
    kind = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    words = b"".join(map(keccak256, (kind, NAME.encode(), b"1"))) + encode_word(fresh.reader.chain_id())
    assert fresh.view("domainSeparator") == keccak256(words + bytes(12) + from_hex(fresh.address))


@pytest.mark.parametrize("name", ["genesis", "anchor", "release", "rotate", "halt", "resume"])
def test_the_contract_computes_the_digest_that_is_signed_here(fresh, name):
    act = getattr(fresh, name)()
    assert fresh.view(f"digest{act.type}", argument(act)) == fresh.digest(act)
    other = act.model_copy(update={"deadline": act.deadline - 1})
    assert fresh.view(f"digest{act.type}", argument(other)) == fresh.digest(other) != fresh.digest(act)


# --- acts


def test_five_of_seven_take_every_act(fresh):
    genesis = fresh.take(fresh.genesis())
    assert genesis.fields == {"root": from_hex(ROOT), "size": 60, "planDigest": from_hex(PLAN)}
    fresh.require_noted("anchored", ROOT, noted=True)
    anchor = fresh.take(fresh.anchor())
    assert anchor.fields == {"root": from_hex(LATER_ROOT), "kind": 2, "size": 90, "metadata": keccak256(b"metadata")}
    fresh.require_noted("anchored", LATER_ROOT, noted=True)
    void = fresh.take(fresh.anchor(kind=0, root=DEAD))
    assert (void.fields["kind"], void.fields["root"]) == (0, from_hex(DEAD))
    fresh.require_noted("anchored", DEAD, noted=False)
    release = fresh.take(fresh.release())
    assert release.fields == {"artifact": from_hex(ARTEFACT), "manifest": keccak256(b"manifest"), "predecessor": bytes(32)}
    fresh.require_noted("released", ARTEFACT, noted=True)
    fresh.require_noted("anchored", ARTEFACT, noted=False)
    assert fresh.view("latestRelease") == fresh.stored(contract.slot_key(ARTIFACT, "latestRelease")) == from_hex(ARTEFACT)
    halt = fresh.take(fresh.halt(), (1, 4, 6))
    assert halt.fields == {"reason": from_hex(REASON)}
    rotate = fresh.take(fresh.rotate())
    assert rotate.fields == {"rosterDigest": roster_digest(map(to_hex, NEW)), "epoch": 2, "roster": tuple(NEW)}
    assert fresh.history.halted
    resume = fresh.take(fresh.resume())
    assert resume.fields == {"reason": from_hex(REASON)}
    assert not fresh.history.halted
    assert fresh.view("genesisRoot") == fresh.stored(contract.slot_key(ARTIFACT, "genesisRoot")) == from_hex(ROOT)


def test_a_second_rotation_may_hand_back(begun):
    begun.take(begun.rotate())
    begun.take(begun.rotate(OLD))
    assert (begun.history.epoch, begun.history.roster_digest) == (3, roster_digest(begun.terms["roster"]))
    begun.take(begun.anchor())


# --- proofs


def test_a_fresh_contract_is_proven(fresh):
    seen = fresh.prove()
    assert seen.code == contract.runtime_code(ARTIFACT, **fresh.terms)
    assert (seen.head, seen.genesis_root, seen.rotated_roster, seen.anchored) == (bytes(32), bytes(32), bytes(32), False)
    assert seen.counters == contract.Counters(0, 1, halted=False)
    assert fresh.require_history(seen) == ()


def test_after_every_act_the_state_is_proven_and_the_history_adds_up(fresh):
    for act, positions in (("genesis", FIVE), ("anchor", FIVE), ("halt", (0, 1, 2)), ("rotate", FIVE), ("resume", FIVE)):
        fresh.take(getattr(fresh, act)(), positions)
        seen = fresh.prove()
        assert seen.head == fresh.history.head
        assert seen.counters == contract.Counters(fresh.history.sequence, fresh.history.epoch, fresh.history.halted)
        assert seen.roster_digest(roster_digest(fresh.terms["roster"])) == fresh.history.roster_digest
        assert (seen.genesis_root, seen.anchored) == (from_hex(ROOT), True)
        assert fresh.require_history(seen) == tuple(fresh.events)


def test_after_a_rotation_the_roster_in_charge_is_the_proven_one(played):
    seen, first = played.prove(), roster_digest(played.terms["roster"])
    assert seen.rotated_roster == seen.roster_digest(first) == roster_digest(map(to_hex, NEW)) != first
    assert played.require_history(seen) == tuple(played.events)
    with pytest.raises(ChainLied, match="the events shown add up"):
        played.require_history(replace(seen, rotated_roster=first))


@pytest.mark.parametrize(("root", "noted"), [(ROOT, True), (LATER_ROOT, True), (DEAD, False), (ARTEFACT, False), (NOWHERE, False)])
def test_it_is_proven_whether_a_root_is_anchored(played, root, noted):
    assert played.prove(root=root).anchored is noted


def test_an_older_state_is_proven_at_an_older_block(begun):
    older, block = begun.history, begun.latest()
    begun.take(begun.anchor())
    seen = prove_contract(begun.reader, begun.address, block, ARTIFACT, LATER_ROOT)
    assert (seen.head, seen.anchored) == (older.head, False)
    assert begun.require_history(seen) == tuple(begun.events[:1])


def test_where_no_contract_stands_none_is_proven(fresh):
    with pytest.raises(ChainMismatch, match="no contract stands") as refusal:
        prove_contract(fresh.reader, "0x" + "11" * 20, fresh.latest(), ARTIFACT, ROOT)
    assert refusal.value.culprits == (fresh.reader.name, "0x" + "11" * 20)


def test_another_block_than_the_one_agreed_on_is_a_lie(played):
    block = played.latest()
    for change in ({"hash": "0x" + "11" * 32}, {"time": block.time + 1}):
        with pytest.raises(ChainLied, match="the header shown is") as refusal:
            prove_contract(played.reader, played.address, block.model_copy(update=change), ARTIFACT, ROOT)
        assert refusal.value.culprits == (played.reader.name,)


def test_other_code_and_other_values_than_the_proven_are_refused(played):
    def raised(proof, place):
        entry = proof["storageProof"][place]
        entry["value"] = hex(int(entry["value"], 16) + 1)
        return proof

    code = Altering(played.reader, code=lambda found: found[:-1] + b"\0")
    with pytest.raises(ChainMismatch) as refusal:
        played.prove(code)
    assert refusal.value.culprits[0] == "altering"
    for place in range(5):
        with pytest.raises(ChainLied, match="but proven to hold") as refusal:
            played.prove(Altering(played.reader, proof=lambda found, at=place: raised(found, at)))
        assert refusal.value.culprits == ("altering",)


def changed(logs, at, topic=None, word=None, value=None):
    """The logs with one topic, or one word of data, of one of them replaced."""
    log = logs[at]
    topics, data = list(log.topics), log.data
    if topic is not None:
        topics[topic] = value
    if word is not None:
        data = data[: word * 32] + value + data[word * 32 + 32 :]
    return (*logs[:at], replace(log, topics=tuple(topics), data=data), *logs[at + 1 :])


ACTS = range(8)  # genesis, anchor, void, release, halt, rotate, resume, release
ROTATION = 5
SHOWN = {
    "nothing": lambda logs: logs[:0],
    **{f"all but the {at}th": lambda logs, at=at: logs[:at] + logs[at + 1 :] for at in ACTS},
    **{f"the {at}th twice": lambda logs, at=at: (*logs, logs[at]) for at in ACTS},
    **{f"the {at}th with another sequence": lambda logs, at=at: changed(logs, at, topic=1, value=encode_word(at + 8)) for at in ACTS},
    **{f"the {at}th with another digest": lambda logs, at=at: (*logs[:at], with_digest(logs[at]), *logs[at + 1 :]) for at in ACTS},
    **{f"the {at}th with a byte more": lambda logs, at=at: (*logs[:at], longer(logs[at]), *logs[at + 1 :]) for at in ACTS},
    "halt and rotation changed places": lambda logs: swapped(logs, 4, 5),
    "two digests changed places": lambda logs: with_digests_swapped(logs, 4, 6),
    "another roster": lambda logs: changed(logs, ROTATION, word=4, value=encode_word(1)),
    "another roster digest": lambda logs: changed(logs, ROTATION, topic=2, value=bytes(32)),
    "another epoch": lambda logs: changed(logs, ROTATION, word=0, value=encode_word(3)),
    "one more act": lambda logs: (*logs, changed(logs, 7, topic=1, value=encode_word(8))[7]),
}


def digest_at(log):
    return 2 if len(log.data) == 11 * 32 else len(log.data) // 32 - 1


def with_digest(log, value=b"\x11" * 32):
    return changed((log,), 0, word=digest_at(log), value=value)[0]


def longer(log):
    return replace(log, data=log.data + b"\0")


def swapped(logs, one, other):
    shown = list(logs)
    shown[one], shown[other] = logs[other], logs[one]
    return tuple(replace(log, topics=(log.topics[0], encode_word(at), log.topics[2])) for at, log in enumerate(shown))


def with_digests_swapped(logs, one, other):
    shown = list(logs)
    for at, of in ((one, other), (other, one)):
        place = digest_at(logs[of]) * 32
        shown[at] = with_digest(logs[at], logs[of].data[place : place + 32])
    return tuple(shown)


@pytest.mark.parametrize("change", SHOWN.values(), ids=SHOWN)
def test_events_left_out_doubled_or_altered_are_a_lie(played, change):
    with pytest.raises(ChainLied) as refusal:
        played.require_history(played.prove(), Altering(played.reader, logs=change))
    assert refusal.value.culprits == ("altering",)


def test_events_in_any_order_are_the_same_history(played):
    shown = Altering(played.reader, logs=lambda logs: logs[::-1])
    assert played.require_history(played.prove(), shown) == tuple(played.events[::-1])


def test_a_history_that_begins_too_late_is_refused(played):
    with pytest.raises(ChainLied):
        played.require_history(played.prove(), first=played.first + 2)


# --- refusals: no way past the rules, and past five of seven


def test_each_act_needs_its_quorum(begun):
    acts = [begun.anchor(), begun.anchor(kind=0, root=DEAD), begun.release(), begun.rotate()]
    for act in acts:
        for positions in ((), (0, 1, 2), (0, 2, 3, 5)):
            assert begun.refusal(begun.call(act, positions)) == "TooFewApprovals"
    for positions in ((), (3,), (3, 6)):
        assert begun.refusal(begun.call(begun.halt(), positions)) == "TooFewApprovals"
    begun.take(begun.halt(), (0, 3, 6))
    for positions in ((0, 1, 2), (0, 2, 3, 5)):
        assert begun.refusal(begun.call(begun.resume(), positions)) == "TooFewApprovals"
        assert begun.refusal(begun.call(begun.rotate(), positions)) == "TooFewApprovals"


def test_exactly_the_quorums_of_all_subsets_are_taken(fresh):
    """All 128, called: the contract counts as many as were packed, whoever they are."""
    act = fresh.genesis()
    number, value = fresh.latest().number, fresh.digest(act)
    for size in range(8):
        for positions in combinations(range(7), size):
            data = encode_call(act, *fresh.approvals(value, positions))
            if size >= 5:
                assert fresh.reader.call(fresh.address, data, number) == b""
            else:
                with pytest.raises(CallReverted) as refused:
                    fresh.reader.call(fresh.address, data, number)
                assert contract.parse_refusal(ARTIFACT, refused.value.data) == "TooFewApprovals"


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"epoch": 2}, "WrongEpoch"),
        ({"sequence": 1}, "WrongSequence"),
        ({"head": PLAN}, "WrongHead"),
        ({"deadline": 1}, "DeadlinePassed"),
        ({"root": ZERO}, "EmptyRoot"),
        ({"size": 0}, "EmptyRoot"),
    ],
)
def test_a_genesis_that_does_not_belong_here_is_refused_whoever_approves(fresh, change, rule):
    assert fresh.refusal(fresh.call(fresh.genesis().model_copy(update=change))) == rule


@pytest.mark.parametrize("name", ["anchor", "release", "rotate", "halt", "resume"])
def test_an_act_that_does_not_belong_here_is_refused_whoever_approves(begun, name):
    if name == "resume":
        begun.take(begun.halt())
    act = getattr(begun, name)()
    changes = {"epoch": "WrongEpoch", "sequence": "WrongSequence", "deadline": "DeadlinePassed", "transcript_size": "EmptyRoot"}
    for member, rule in changes.items():
        value = 0 if member in {"deadline", "transcript_size"} else getattr(act, member) + 1
        assert begun.refusal(begun.call(act.model_copy(update={member: value}))) == rule
    assert begun.refusal(begun.call(act.model_copy(update={"head": PLAN}))) == "WrongHead"
    begun.take(act)
    assert begun.refusal(begun.call(act)) in {"WrongSequence", "WrongEpoch", "WrongPredecessor", "IsHalted", "NotHalted"}


def test_acts_have_their_time(fresh):
    for act in (fresh.anchor(), fresh.release(), fresh.rotate(), fresh.halt()):
        assert fresh.refusal(fresh.call(act)) == "NotYetGenesis"
    assert fresh.refusal(fresh.call(fresh.resume())) == "NotHalted"
    fresh.take(fresh.genesis())
    assert fresh.refusal(fresh.call(fresh.genesis())) == "GenesisTwice"
    assert fresh.refusal(fresh.call(fresh.resume())) == "NotHalted"
    fresh.take(fresh.halt())
    for act in (fresh.anchor(), fresh.anchor(kind=0), fresh.release(), fresh.halt()):
        assert fresh.refusal(fresh.call(act)) == "IsHalted"


def test_a_release_follows_the_one_before_it(begun):
    assert begun.refusal(begun.call(begun.release(predecessor=NOWHERE))) == "WrongPredecessor"
    begun.take(begun.release())
    assert begun.refusal(begun.call(begun.release())) == "WrongPredecessor"
    assert begun.refusal(begun.call(begun.release(predecessor=ARTEFACT, artifact=ZERO))) == "EmptyRoot"


def test_a_roster_is_handed_over_whole_and_ascending(begun):
    roster = list(NEW)
    eighth = b"\xff" * 20
    for wrong in (roster[:6], [*roster, eighth]):
        assert begun.refusal(begun.call(begun.rotate(wrong))) == "WrongRosterSize"
    for wrong in ([roster[1], roster[0], *roster[2:]], [roster[0], *roster[:6]], [bytes(20), *roster[1:]]):
        act = begun.rotate(wrong)
        assert begun.refusal(encode_call(act, *begun.approvals(begun.digest(act)))) == "NotAscending"


def test_old_approvals_die_with_their_roster(begun):
    waiting = begun.anchor()
    begun.take(begun.rotate())
    assert begun.refusal(encode_call(waiting, *begun.approvals(begun.digest(waiting)))) == "WrongEpoch"
    begun.keys = OLD
    assert begun.refusal(begun.call(begun.anchor())) == "RosterMismatch"


def test_approvals_are_of_this_act_on_this_contract_and_chain(fresh, node):
    act = fresh.genesis()
    changes = {"root": PLAN, "size": 61, "plan_digest": ROOT, "deadline": 9}
    others = [act.model_copy(update={name: value}) for name, value in changes.items()]
    values = [fresh.digest(other) for other in others]
    values += [fresh.digest(act, name="ceremony"), fresh.digest(act, chain_id=1), Deployed(node).digest(act), keccak256(fresh.digest(act))]
    for value in values:
        assert fresh.refusal(encode_call(act, *fresh.approvals(value))) == "RosterMismatch"


def test_no_approval_stands_for_two(fresh):
    act = fresh.genesis()
    bitmap, parts = fresh.approvals(fresh.digest(act), (0, 1, 2, 3, 4))
    twice = [*parts[:8], *parts[6:8], *parts[10:]]  # the fourth's signature as the fifth's
    assert fresh.refusal(encode_call(act, bitmap, twice)) == "RosterMismatch"
    doubled = [*parts[:8], parts[6], *parts[7:8], *parts[10:]]
    assert fresh.refusal(encode_call(act, bitmap, doubled)) == "RosterMismatch"
    later = 0b11100011  # no such bit as the eighth
    assert fresh.refusal(encode_call(act, later, parts)) == "UnknownRosterBit"


def test_a_stranger_is_none_of_the_seven(fresh):
    act = fresh.genesis()
    bitmap, parts = fresh.approvals(fresh.digest(act), (0, 1, 2, 3, 4))
    stranger = next(iter(NEW.values())).sign_recoverable(fresh.digest(act), hasher=None)
    foreign = [stranger[:32], encode_word(int.from_bytes(stranger[32:64], "big") | stranger[64] << 255)]
    assert fresh.refusal(encode_call(act, bitmap, [*parts[:8], *foreign, *parts[10:]])) == "RosterMismatch"
    assert fresh.refusal(encode_call(act, bitmap, [*parts[:10], next(iter(NEW)).rjust(32, b"\0"), *parts[11:]])) == "RosterMismatch"


def test_the_bitmap_says_how_many_parts_there_are(fresh):
    act = fresh.genesis()
    bitmap, parts = fresh.approvals(fresh.digest(act))
    for wrong in ((), parts[:-1], (*parts, bytes(32)), parts[1:]):
        assert fresh.refusal(encode_call(act, bitmap, wrong)) == "BadLength"
    assert fresh.refusal(encode_call(act, bitmap | 1 << 1, parts)) == "BadLength"
    # read at other places, a word is now no signature, now one of nobody known
    assert fresh.refusal(encode_call(act, 0b0111110, parts)) in {"BadSignature", "RosterMismatch"}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda given: {"s": ORDER - given["s"], "parity": 1 - given["parity"]}, "RosterMismatch"),  # the word has no room for it
        (lambda _given: {"s": ORDER // 2 + 1}, "HighS"),
        (lambda given: {"parity": 1 - given["parity"]}, "RosterMismatch"),
        (lambda _given: {"r": 0}, "BadSignature"),
        (lambda _given: {"s": 0}, "BadSignature"),
        (lambda _given: {"r": ORDER}, "BadSignature"),
        (lambda _given: {"r": 5}, "BadSignature"),
        (lambda _given: {"r": 0, "s": 0, "parity": 0}, "BadSignature"),
    ],
    ids=["malleated", "just above half", "the other parity", "r zero", "s zero", "r the order", "r of no point", "nothing"],
)
def test_a_signature_has_one_form(fresh, change, rule):
    act = fresh.genesis()
    bitmap, parts = fresh.approvals(fresh.digest(act), (0, 1, 2, 3, 4))
    packed = int.from_bytes(parts[9], "big")
    given = {"r": int.from_bytes(parts[8], "big"), "s": packed & (1 << 255) - 1, "parity": packed >> 255}
    given |= change(given)
    forged = [*parts[:8], encode_word(given["r"]), encode_word(given["s"] | given["parity"] << 255), *parts[10:]]
    assert fresh.refusal(encode_call(act, bitmap, forged)) == rule


@pytest.mark.parametrize("name", ["genesis", "anchor", "release", "rotate", "halt", "resume"])
def test_an_act_has_one_calldata(fresh, name):
    if name != "genesis":
        fresh.take(fresh.genesis())
    if name == "resume":
        fresh.take(fresh.halt())
    act = getattr(fresh, name)()
    call = fresh.call(act)
    assert fresh.refusal(call + bytes(32)) == "NotCanonical"
    assert fresh.refusal(call + b"\0") == "NotCanonical"
    if name != "rotate":
        at = 4 + (len(encode_act(act)) // 32 + 1) * 32
        moved = call[:at] + encode_word(int.from_bytes(call[at : at + 32], "big") + 32) + bytes(32) + call[at + 32 :]
        assert fresh.refusal(moved) == "NotCanonical"
    fresh.take(act)
