"""Accounts and slots of a real node: what is proven is believed, and nothing that was altered, dropped, added or is old."""

import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.typed import keccak256
from ceremony.anchor.header import parse_header
from ceremony.anchor.proof import SLOTS_LIMIT, Account, parse_proof, prove_account, prove_slots, require_code
from ceremony.anchor.rlp import encode_number, encode_rlp
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.trie import NODES_LIMIT
from ceremony.errors import CeremonyError, ChainLied, ChainMismatch, RecordError

SLOTS = 400
RUNTIME = bytes.fromhex("6020356000355500")
"""Stores the second word of what it is sent in the slot that is the first."""
CREATION = bytes.fromhex(f"61{SLOTS:04x}5b8080556001900380600357" + "67" + RUNTIME.hex() + "60005260086018f3")
"""Stores n in slot n for n from 400 down to 1, then deploys that."""
TWINS = (40364, 105566)
"""Slots whose paths share eight nibbles: below them, a leaf with a small value is embedded in its branch."""
EMPTIED, ABSENT = 5, 7777
WATCHED = (0, 1, EMPTIED, 77, SLOTS, ABSENT, *TWINS)
NOBODY = b"\x77" * 20


def word(number):
    return number.to_bytes(32)


def only_leaf(key, value):
    """The one node of a trie that holds nothing else."""
    return encode_rlp((bytes.fromhex("20") + keccak256(key), value))


class Chain:
    """A node with the contract, and what it says about a block."""

    def __init__(self, url):
        self.rpc = JsonRpc(url)
        self.payer = self.rpc.ask("eth_accounts")[0]
        self.contract = self.mined(self.send(None, CREATION)).contract
        for slot, value in [(TWINS[0], 7), (TWINS[1], 8), (EMPTIED, 0)]:
            self.store(slot, value)

    def send(self, to, data):
        return self.rpc.ask("eth_sendTransaction", {"from": self.payer, "to": to, "data": "0x" + data.hex(), "gas": hex(16_000_000)})

    def mined(self, transaction):
        for _ in range(500):
            receipt = self.rpc.receipt(transaction)
            if receipt is not None:
                assert receipt.succeeded
                return receipt
            time.sleep(0.02)
        return pytest.fail(f"no receipt of {transaction}")

    def store(self, slot, value):
        self.mined(self.send(self.contract, word(slot) + word(value)))

    def height(self):
        return int(self.rpc.ask("eth_blockNumber"), 16)

    def header(self, number):
        return parse_header(self.rpc.ask("eth_getBlockByNumber", hex(number), False))

    def answer(self, address, slots, number):
        return self.rpc.ask("eth_getProof", address, ["0x" + word(slot).hex() for slot in slots], hex(number))


@pytest.fixture(scope="module")
def chain(start_node):
    return Chain(start_node("--hardfork", "osaka"))


@pytest.fixture(scope="module")
def number(chain):
    return chain.height()


@pytest.fixture(scope="module")
def header(chain, number):
    return chain.header(number)


@pytest.fixture(scope="module")
def address(chain):
    return bytes.fromhex(chain.contract[2:])


@pytest.fixture(scope="module")
def answer(chain, number):
    return chain.answer(chain.contract, WATCHED, number)


@pytest.fixture(scope="module")
def parsed(answer, address):
    return parse_proof(answer, address, map(word, WATCHED))


@pytest.fixture(scope="module")
def account(header, address, parsed):
    return prove_account(header, address, parsed[0])


def tampered(nodes, *, embedded_last=False):
    """The proof with every single byte of it flipped, then with each node dropped, doubled and swapped with the next."""
    for place, node in enumerate(nodes):
        others = nodes[:place], nodes[place + 1 :]
        for at in range(len(node)):
            yield (*others[0], node[:at] + bytes([node[at] ^ 1]) + node[at + 1 :], *others[1])
        if not (embedded_last and place == len(nodes) - 1):  # which need not be listed
            yield (*others[0], *others[1])
        yield (*others[0], node, node, *others[1])
        yield (*others[0], node, b"", *others[1])
    for place, (first, second) in enumerate(pairwise(nodes)):
        yield (*nodes[:place], second, first, *nodes[place + 2 :])


# --- what is so is proven ---


def test_the_account_is_what_the_node_says(chain, number, account, answer):
    assert account.balance == int(chain.rpc.ask("eth_getBalance", chain.contract, hex(number)), 16) == 0
    assert account.nonce == int(answer["nonce"], 16) == 1
    assert account.code_hash == keccak256(RUNTIME)
    require_code(account, chain.rpc.code(chain.contract, number))


def test_an_account_with_a_balance(chain, number, header):
    nodes, slots = parse_proof(chain.answer(chain.payer, [], number), bytes.fromhex(chain.payer[2:]), [])
    payer = prove_account(header, bytes.fromhex(chain.payer[2:]), nodes)
    assert payer.balance == int(chain.rpc.ask("eth_getBalance", chain.payer, hex(number)), 16) > 2**64
    assert payer.nonce == number
    assert slots == {}
    require_code(payer, b"")


def test_every_slot_is_what_the_node_says(chain, number, address, header):
    slots = [*range(SLOTS + 60), *TWINS]
    nodes, answers = parse_proof(chain.answer(chain.contract, slots, number), address, map(word, slots))
    proven = prove_slots(prove_account(header, address, nodes), map(word, slots), answers)
    kinds = {len(proof) for _, proof in answers.values()}
    assert len(kinds) > 2, "a trie without depth shows little"
    stored = dict.fromkeys(slots, 0) | {slot: slot for slot in range(SLOTS + 1)} | {EMPTIED: 0, TWINS[0]: 7, TWINS[1]: 8}
    assert proven == {word(slot): value for slot, value in stored.items()}
    for slot in slots[::10]:
        said = chain.rpc.ask("eth_getStorageAt", chain.contract, "0x" + word(slot).hex(), hex(number))
        assert int(said, 16) == proven[word(slot)]


def test_the_twins_lie_embedded_below_an_extension(parsed):
    _, nodes = parsed[1][word(TWINS[0])]
    assert len(nodes[-1]) < 32
    assert nodes[-1] in nodes[-2]
    assert len(nodes[-3]) < 45, "an extension, not a branch"


def test_embedded_nodes_need_not_be_listed(account, parsed):
    slot = word(TWINS[0])
    value, nodes = parsed[1][slot]
    assert prove_slots(account, [slot], {slot: (value, nodes[:-1])}) == {slot: 7}


def test_an_absent_account_is_proven_absent(chain, number, header):
    nodes, answers = parse_proof(chain.answer("0x" + NOBODY.hex(), [0], number), NOBODY, [word(0)])
    assert prove_account(header, NOBODY, nodes) is None
    assert answers[word(0)][0] == 0


def test_an_account_without_storage(account):
    empty = Account(0, 0, keccak256(b"\x80"), account.code_hash)
    assert prove_slots(empty, [word(1)], {word(1): (0, [])}) == {word(1): 0}
    with pytest.raises(ChainLied, match="said to hold 0x1, but proven to hold 0x0"):
        prove_slots(empty, [word(1)], {word(1): (1, [])})


def test_shortened_keys_are_the_same_slots(answer, address, parsed):
    short = [entry | {"key": hex(int(entry["key"], 16))} for entry in answer["storageProof"]]
    assert parse_proof(answer | {"storageProof": short}, address, map(word, WATCHED)) == parsed


# --- what was tampered with is refused ---


def test_a_tampered_account_proof(header, address, parsed):
    assert len(parsed[0]) > 1
    for nodes in tampered(parsed[0]):
        with pytest.raises(ChainLied):
            prove_account(header, address, nodes)


def test_a_tampered_proof_of_absence(chain, number, header):
    nodes, _ = parse_proof(chain.answer("0x" + NOBODY.hex(), [], number), NOBODY, [])
    for altered in tampered(nodes):
        with pytest.raises(ChainLied):
            prove_account(header, NOBODY, altered)


@pytest.mark.parametrize("slot", [1, EMPTIED, 77, ABSENT, TWINS[0]])
def test_a_tampered_storage_proof(account, parsed, slot):
    value, nodes = parsed[1][word(slot)]
    for altered in tampered(nodes, embedded_last=slot in TWINS):
        with pytest.raises(ChainLied):
            prove_slots(account, [word(slot)], {word(slot): (value, altered)})


@pytest.mark.parametrize("slot", WATCHED)
def test_a_value_that_is_not_the_one_proven(account, parsed, slot):
    value, nodes = parsed[1][word(slot)]
    for claimed in {0, 1, value + 1, 2**256 - 1} - {value}:
        with pytest.raises(ChainLied, match="said to hold"):
            prove_slots(account, [word(slot)], {word(slot): (claimed, nodes)})


def test_the_proof_of_another_slot(account, parsed):
    for slot in (1, ABSENT):
        with pytest.raises(ChainLied):
            prove_slots(account, [word(slot)], {word(slot): parsed[1][word(77)]})


def test_the_proof_of_another_account(header, parsed):
    with pytest.raises(ChainLied):
        prove_account(header, NOBODY, parsed[0])


def test_a_slot_that_is_missing_or_was_not_asked_for(account, answer, address, parsed):
    wanted = [*map(word, WATCHED)]
    more = [*wanted, word(2)]
    for asked, why in [(more, "1 slots that were asked for are missing"), (wanted[1:], "1 were not asked for")]:
        with pytest.raises(ChainLied, match=why):
            prove_slots(account, asked, parsed[1])
        with pytest.raises(ChainLied, match=why):
            parse_proof(answer, address, asked)


def test_a_slot_that_is_answered_twice(answer, address):
    entries = answer["storageProof"]
    with pytest.raises(ChainLied, match="twice"):
        parse_proof(answer | {"storageProof": [*entries, entries[0]]}, address, map(word, WATCHED))


def test_proofs_of_an_older_block(chain, number, header, address, account, parsed):
    chain.store(77, 78)
    later = chain.header(chain.height())
    assert later.number == number + 1
    with pytest.raises(ChainLied, match="another block"):
        prove_account(later, address, parsed[0])
    nodes, answers = parse_proof(chain.answer(chain.contract, [77], later.number), address, [word(77)])
    now = prove_account(later, address, nodes)
    assert prove_slots(now, [word(77)], answers) == {word(77): 78}
    for known, stale in [(now, parsed[1][word(77)]), (account, answers[word(77)])]:
        with pytest.raises(ChainLied, match="another block"):
            prove_slots(known, [word(77)], {word(77): stale})
    with pytest.raises(ChainLied, match="another block"):
        prove_account(header, address, nodes)


@pytest.mark.parametrize("code", [b"", RUNTIME[:-1], RUNTIME + b"\0", b"\1" + RUNTIME[1:]])
def test_other_code(account, code):
    with pytest.raises(ChainMismatch, match="code"):
        require_code(account, code)


# --- values of a wrong shape, each in a node with the right hash ---


@pytest.mark.parametrize(
    "value",
    [
        b"account",
        (b"", b"", bytes(32)),
        (b"", b"", bytes(32), bytes(32), b""),
        (b"", b"", bytes(31), bytes(32)),
        (b"", b"", bytes(32), bytes(33)),
        (b"", b"", bytes(31), bytes(31)),
        (b"", b"", (b"",) * 32, bytes(32)),
        (b"", b"", bytes(32), (b"",) * 32),
        (b"\0", b"", bytes(32), bytes(32)),
        (b"", b"\0\1", bytes(32), bytes(32)),
        ((), b"", bytes(32), bytes(32)),
    ],
)
def test_an_account_of_a_wrong_shape(header, value):
    node = only_leaf(NOBODY, encode_rlp(value))
    with pytest.raises(ChainLied):
        prove_account(replace(header, state_root=keccak256(node)), NOBODY, [node])


def test_an_account_of_the_right_shape(header):
    value = (b"\5", encode_number(10**20), b"r" * 32, b"c" * 32)
    node = only_leaf(NOBODY, encode_rlp(value))
    found = prove_account(replace(header, state_root=keccak256(node)), NOBODY, [node])
    assert found == Account(5, 10**20, b"r" * 32, b"c" * 32)


@pytest.mark.parametrize("value", [encode_rlp(b"\0\1"), encode_rlp((b"\1",)), b"\1\1", encode_rlp(b"\1" + bytes(32))])
def test_a_stored_value_of_a_wrong_shape(account, value):
    node = only_leaf(word(1), value)
    with pytest.raises(ChainLied):
        prove_slots(replace(account, storage_root=keccak256(node)), [word(1)], {word(1): (1, [node])})


def test_a_zero_that_was_kept(account):
    node = only_leaf(word(1), encode_rlp(b""))
    assert prove_slots(replace(account, storage_root=keccak256(node)), [word(1)], {word(1): (0, [node])}) == {word(1): 0}


# --- answers of a wrong shape ---


def test_an_answer_about_another_account(answer):
    with pytest.raises(ChainLied, match="another account"):
        parse_proof(answer, NOBODY, map(word, WATCHED))


@pytest.mark.parametrize("change", [None, [], 7, "0x", {}])
@pytest.mark.parametrize("name", ["address", "accountProof", "storageProof"])
def test_an_answer_of_a_wrong_shape(answer, address, name, change):
    with pytest.raises(ChainLied):
        parse_proof(answer | {name: change}, address, [*map(word, WATCHED), word(2)])
    with pytest.raises(ChainLied):
        parse_proof(change, address, [])


WRONG = [("key", text) for text in (None, "0x", "0x" + 65 * "0", 1)]
WRONG += [("value", text) for text in (None, "0x", "1", 1)]
WRONG += [("proof", nodes) for nodes in (None, "0x", ["0x0"], [None], [["0x00"]], ["0x" + "00" * (1 << 15)], ["0x"] * (NODES_LIMIT + 1))]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=range(len(WRONG)))
def test_a_slots_answer_of_a_wrong_shape(answer, address, name, wrong):
    entry = answer["storageProof"][0]
    parse_proof(answer | {"storageProof": [entry]}, address, [word(0)])
    with pytest.raises(ChainLied):
        parse_proof(answer | {"storageProof": [entry | {name: wrong}]}, address, [word(0)])
    with pytest.raises(ChainLied):
        parse_proof(answer | {"storageProof": [wrong]}, address, [word(0)])


def test_an_answer_about_too_many_slots(answer, address):
    entry = answer["storageProof"][0]
    entries = [entry | {"key": hex(slot)} for slot in range(SLOTS_LIMIT + 1)]
    wanted = [word(slot) for slot in range(SLOTS_LIMIT + 1)]
    assert len(parse_proof(answer | {"storageProof": entries[:-1]}, address, wanted[:-1])[1]) == SLOTS_LIMIT
    with pytest.raises(ChainLied, match="at most"):
        parse_proof(answer | {"storageProof": entries}, address, wanted)


def test_questions_of_a_wrong_size(header, account, answer):
    with pytest.raises(RecordError):
        prove_account(header, NOBODY[1:], [])
    with pytest.raises(RecordError):
        parse_proof(answer, NOBODY[1:], [])
    with pytest.raises(RecordError):
        prove_slots(account, [b"\1"], {b"\1": (0, [])})


# --- whatever comes ---


@given(data=st.data())
def test_a_mutated_proof_is_refused(account, parsed, data):
    slot = data.draw(st.sampled_from([word(1), word(77), word(ABSENT)]))
    value, nodes = parsed[1][slot]
    place = data.draw(st.integers(0, len(nodes) - 1))
    start, end = sorted((data.draw(st.integers(0, len(nodes[place]))), data.draw(st.integers(0, len(nodes[place])))))
    node = nodes[place][:start] + data.draw(st.binary(max_size=40)) + nodes[place][end:]
    mutated = (*nodes[:place], node, *nodes[place + 1 :])
    if mutated == nodes:
        return
    with pytest.raises(ChainLied):
        prove_slots(account, [slot], {slot: (value, mutated)})


scraps = st.none() | st.integers() | st.text(max_size=5) | st.from_regex(r"0x[0-9a-f]{0,70}", fullmatch=True)
entries = st.fixed_dictionaries({}, optional={"key": scraps, "value": scraps, "proof": scraps | st.lists(scraps, max_size=3)})
members = {"address": scraps, "accountProof": scraps | st.lists(scraps, max_size=3), "storageProof": st.lists(scraps | entries, max_size=3)}
changes = st.fixed_dictionaries({}, optional=members)


@given(changes)
def test_nothing_but_a_named_error_comes_out(header, account, answer, address, change):
    try:
        nodes, slots = parse_proof(answer | change, address, map(word, WATCHED))
        prove_account(header, address, nodes)
        prove_slots(account, map(word, WATCHED), slots)
    except CeremonyError:
        return
    assert change.get("accountProof", answer["accountProof"]) == answer["accountProof"]


@given(st.lists(st.binary(max_size=60), max_size=4))
def test_random_nodes_prove_nothing(header, address, nodes):
    with pytest.raises(ChainLied):
        prove_account(header, address, nodes)
