"""What the contract logs: each event as an independent encoder makes it, every other log a lie, and what all of them add up to."""

import json
from dataclasses import replace
from importlib import resources
from itertools import permutations
from types import MappingProxyType

import pytest
from eth_abi import encode
from eth_utils import keccak
from eth_utils.abi import event_abi_to_log_topic
from hypothesis import given, settings
from hypothesis import strategies as st

from ceremony.acts.typed import keccak256
from ceremony.anchor.artifacts.words import encode_word
from ceremony.anchor.events import TOPICS, ActEvent, History, next_head, parse_event, replay
from ceremony.errors import ChainLied, RecordError

ROOT, DIGEST, ONE, TWO = (bytes([0xA0 + number]) * 32 for number in range(4))
PEOPLE = tuple(bytes(19) + bytes([number]) for number in range(1, 8))
OTHERS = tuple(bytes(18) + bytes([number, 0]) for number in range(1, 8))
FIRST_ROSTER = keccak256(b"".join(bytes(12) + one for one in PEOPLE))
OTHER_ROSTER = keccak256(b"".join(bytes(12) + one for one in OTHERS))
EVENTS = {
    "Genesis": ("GenesisAnchored", "root", {"size": ("uint64", 60), "planDigest": ("bytes32", ONE)}),
    "Anchor": ("Anchored", "root", {"kind": ("uint8", 255), "size": ("uint64", 2**64 - 1), "metadata": ("bytes32", TWO)}),
    "Release": ("Released", "artifact", {"manifest": ("bytes32", ONE), "predecessor": ("bytes32", TWO)}),
    "Rotate": ("Rotated", "rosterDigest", {"epoch": ("uint64", 2), "roster": ("address[]", OTHERS)}),
    "Halt": ("Halted", "reason", {}),
    "Resume": ("Resumed", "reason", {}),
}
"""Of each act: its event in the contract, what is indexed beside the sequence number, and what else it says, with samples."""


def log_of(act, sequence=4):
    """An event's topics and data, made by an independent encoder."""
    name, _, data = EVENTS[act]
    kinds = [kind for kind, _ in data.values()]
    topic = keccak(text=f"{name}({','.join(['uint64', 'bytes32', *kinds, 'bytes32'])})")
    values = [["0x" + one.hex() for one in value] if kind == "address[]" else value for kind, value in data.values()]
    return [topic, encode(["uint64"], [sequence]), ROOT], encode([*kinds, "bytes32"], [*values, DIGEST])


# --- reading


def test_transfer_is_named_as_every_token_names_it():
    """Keccak-256 of an event's signature is its first topic, in the independent tool too."""
    assert keccak(text="Transfer(address,address,uint256)").hex().startswith("ddf252ad1be2c89b69c2b068fc378daa")


@pytest.mark.parametrize("act", EVENTS)
def test_the_compiled_contract_has_that_very_event(act):
    abi = json.loads(resources.files("ceremony.anchor.artifacts").joinpath("ceremony-1.json").read_text())["abi"]
    (event,) = [item for item in abi if item["type"] == "event" and item["name"] == EVENTS[act][0]]
    assert TOPICS[act] == event_abi_to_log_topic(event)
    assert [given["name"] for given in event["inputs"]] == ["seq", EVENTS[act][1], *EVENTS[act][2], "digest"]
    assert [given["indexed"] for given in event["inputs"][:3]] == [True, True, False]


def test_there_is_one_event_for_each_act():
    assert list(TOPICS) == list(EVENTS)
    assert len(set(TOPICS.values())) == 6


@pytest.mark.parametrize("sequence", [0, 4, 2**64 - 1])
@pytest.mark.parametrize("act", EVENTS)
def test_each_event_is_read(act, sequence):
    fields = {EVENTS[act][1]: ROOT, **{name: value for name, (_, value) in EVENTS[act][2].items()}}
    assert parse_event(*log_of(act, sequence)) == ActEvent(act, sequence, DIGEST, fields)


@settings(max_examples=50)
@given(st.lists(st.binary(min_size=20, max_size=20), min_size=1, max_size=40))
def test_a_roster_of_any_length_is_read(roster):
    data = encode(["uint64", "address[]", "bytes32"], [9, ["0x" + one.hex() for one in roster], DIGEST])
    assert parse_event(log_of("Rotate")[0], data).fields["roster"] == tuple(roster)


def words(data):
    return [data[at : at + 32] for at in range(0, len(data), 32)]


def put(data, at, word):
    """The data with its word `at` replaced."""
    changed = words(data)
    changed[at] = word
    return b"".join(changed)


WRONG_TOPICS = {
    "no topic": lambda topics: topics[:0],
    "the event alone": lambda topics: topics[:1],
    "no subject": lambda topics: topics[:2],
    "a fourth topic": lambda topics: [*topics, bytes(32)],
    "an event of somebody else": lambda topics: [keccak(text="Transfer(address,address,uint256)"), *topics[1:]],
    "an event of no bytes": lambda topics: [b"", *topics[1:]],
    "an event of 31 bytes": lambda topics: [topics[0][:31], *topics[1:]],
    "a sequence of 65 bits": lambda topics: [topics[0], encode_word(2**64), topics[2]],
    "a sequence of all ones": lambda topics: [topics[0], b"\xff" * 32, topics[2]],
    "a sequence of 31 bytes": lambda topics: [topics[0], topics[1][1:], topics[2]],
    "a sequence of 33 bytes": lambda topics: [topics[0], b"\0" + topics[1], topics[2]],
    "a subject of 31 bytes": lambda topics: [*topics[:2], bytes(31)],
    "a subject of 33 bytes": lambda topics: [*topics[:2], bytes(33)],
    "a subject of no bytes": lambda topics: [*topics[:2], b""],
}


@pytest.mark.parametrize("wrong", WRONG_TOPICS.values(), ids=WRONG_TOPICS)
@pytest.mark.parametrize("act", EVENTS)
def test_impossible_topics_are_a_lie(act, wrong):
    topics, data = log_of(act)
    with pytest.raises(ChainLied, match="cannot have written"):
        parse_event(wrong(topics), data)


@pytest.mark.parametrize("act", EVENTS)
def test_data_of_another_length_is_a_lie(act):
    topics, data = log_of(act)
    for wrong in (b"", data[:-1], data[:-32], data[1:], data[32:], data + b"\0", data + bytes(32), data * 2):
        with pytest.raises(ChainLied, match="cannot have written"):
            parse_event(topics, wrong)


@pytest.mark.parametrize("act", EVENTS)
def test_data_of_another_event_is_a_lie(act):
    topics, data = log_of(act)
    for other in EVENTS:
        if len(log_of(other)[1]) != len(data):
            with pytest.raises(ChainLied):
                parse_event(topics, log_of(other)[1])


NUMBERS = [(act, at, int(kind[4:])) for act in EVENTS for at, (kind, _) in enumerate(EVENTS[act][2].values()) if kind.startswith("uint")]


@pytest.mark.parametrize(("act", "at", "bits"), NUMBERS)
def test_a_number_too_large_for_its_type_is_a_lie(act, at, bits):
    topics, data = log_of(act)
    name = list(EVENTS[act][2])[at]
    assert parse_event(topics, put(data, at, encode_word((1 << bits) - 1))).fields[name] == (1 << bits) - 1
    for number in (1 << bits, 1 << 255):
        with pytest.raises(ChainLied, match="cannot have written"):
            parse_event(topics, put(data, at, encode_word(number)))


# a Rotated's data: epoch, where the roster stands, digest; then how many there are, and each of the seven
WRONG_ROSTERS = {
    "it stands earlier": lambda data: put(data, 1, encode_word(64)),
    "it stands later": lambda data: put(data, 1, encode_word(128)),
    "it stands nowhere": lambda data: put(data, 1, b"\xff" * 32),
    "it stands at the right place, and 2^64 further": lambda data: put(data, 1, encode_word(96 + 2**64)),
    "fewer than it says": lambda data: put(data, 3, encode_word(8)),
    "more than it says": lambda data: put(data, 3, encode_word(6)),
    "as many as it says, and 2^64 more": lambda data: put(data, 3, encode_word(7 + 2**64)),
    "nobody, it says": lambda data: put(data, 3, encode_word(0)),
    "nobody": lambda data: put(data[: 4 * 32], 3, encode_word(0)),
    "no length": lambda data: data[: 3 * 32],
    "no length, and the words before it": lambda data: data[: 2 * 32],
    "the first is more than an address": lambda data: put(data, 4, encode_word(1 << 160)),
    "the last is more than an address": lambda data: put(data, 10, b"\x01" + bytes(31)),
    "half a word behind it": lambda data: put(data, 3, encode_word(8)) + bytes(16),
}


@pytest.mark.parametrize("wrong", WRONG_ROSTERS.values(), ids=WRONG_ROSTERS)
def test_a_roster_that_does_not_stand_where_it_says_is_a_lie(wrong):
    topics, data = log_of("Rotate")
    with pytest.raises(ChainLied, match="cannot have written"):
        parse_event(topics, wrong(data))


def read_or_refuse(topics, data):
    try:
        event = parse_event(topics, data)
    except ChainLied:
        return
    again, encoded = [TOPICS[event.act], encode_word(event.sequence), event.fields[EVENTS[event.act][1]]], []
    kinds = [kind for kind, _ in EVENTS[event.act][2].values()]
    for name, kind in zip(EVENTS[event.act][2], kinds, strict=True):
        value = event.fields[name]
        encoded.append(["0x" + one.hex() for one in value] if kind == "address[]" else value)
    assert (list(topics), data) == (again, encode([*kinds, "bytes32"], [*encoded, event.digest]))


SOME_WORD = st.binary(min_size=32, max_size=32) | st.integers(0, 200).map(encode_word)


@settings(max_examples=300)
@given(st.lists(st.sampled_from(list(TOPICS.values())) | st.binary(max_size=34), max_size=5), st.binary(max_size=400))
def test_random_logs_are_read_exactly_or_a_lie(topics, data):
    read_or_refuse(topics, data)


@settings(max_examples=300)
@given(st.sampled_from(list(TOPICS)), SOME_WORD, SOME_WORD, st.lists(SOME_WORD, max_size=8), st.binary(max_size=2))
def test_random_words_under_a_right_topic_are_read_exactly_or_a_lie(act, sequence, subject, data, rest):
    read_or_refuse([TOPICS[act], sequence, subject], b"".join(data) + rest)


@pytest.mark.parametrize("act", EVENTS)
@settings(max_examples=100)
@given(data=st.data())
def test_a_log_with_one_byte_changed_is_read_exactly_or_a_lie(act, data):
    topics, body = log_of(act)
    whole = bytearray(b"".join(topics) + body)
    whole[data.draw(st.integers(32, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    read_or_refuse([bytes(whole[at : at + 32]) for at in (0, 32, 64)], bytes(whole[96:]))


def test_what_was_read_cannot_be_changed():
    with pytest.raises(TypeError):
        parse_event(*log_of("Halt")).fields["reason"] = bytes(32)


# --- the head


def test_the_head_is_a_hash_chain():
    assert next_head(ONE, TWO) == keccak(ONE + TWO) != next_head(TWO, ONE)
    for head, digest in ((b"", bytes(32)), (bytes(32), bytes(31)), (bytes(33), bytes(31)), (bytes(31), bytes(33))):
        with pytest.raises(RecordError):
            next_head(head, digest)


# --- replaying


def event(act, sequence, **fields):
    return ActEvent(act, sequence, keccak(bytes([sequence, len(act)])), MappingProxyType(fields))


def rotate(sequence, epoch, people=OTHERS):
    return event("Rotate", sequence, rosterDigest=keccak256(b"".join(bytes(12) + one for one in people)), epoch=epoch, roster=people)


COURSE = [
    event("Genesis", 0), event("Anchor", 1), event("Halt", 2), rotate(3, 2), event("Resume", 4), event("Release", 5), rotate(6, 3, PEOPLE),
]  # fmt: skip
"""Everything that a contract can live through."""
STATES = [(1, False, FIRST_ROSTER)] * 3 + [(1, True, FIRST_ROSTER), (2, True, OTHER_ROSTER)] + [(2, False, OTHER_ROSTER)] * 2
STATES.append((3, False, FIRST_ROSTER))


@pytest.mark.parametrize("count", range(len(COURSE) + 1))
def test_the_events_add_up_to_the_state(count):
    head = bytes(32)
    for one in COURSE[:count]:
        head = keccak(head + one.digest)
    epoch, halted, roster = STATES[count]
    assert replay(COURSE[:count], FIRST_ROSTER) == History(head, count, epoch, halted=halted, roster_digest=roster)


def test_the_order_in_which_they_are_shown_does_not_matter():
    expected = replay(COURSE[:5], FIRST_ROSTER)
    for shown in permutations(COURSE[:5]):
        assert replay(iter(shown), FIRST_ROSTER) == expected


@pytest.mark.parametrize("gone", range(len(COURSE) - 1))
def test_a_missing_event_is_a_lie(gone):
    with pytest.raises(ChainLied, match=f"out of place: act {gone} is due, the events go on with {gone + 1}"):
        replay(COURSE[:gone] + COURSE[gone + 1 :], FIRST_ROSTER)


@pytest.mark.parametrize("twice", range(len(COURSE)))
def test_a_doubled_event_is_a_lie(twice):
    with pytest.raises(ChainLied, match=f"out of place: act {twice + 1} is due, the events go on with {twice}"):
        replay([*COURSE, COURSE[twice]], FIRST_ROSTER)


def test_the_first_act_is_the_genesis_and_no_other_is():
    for act in ("Anchor", "Release", "Halt", "Resume"):
        with pytest.raises(ChainLied, match="out of place"):
            replay([event(act, 0)], FIRST_ROSTER)
    with pytest.raises(ChainLied, match="out of place"):
        replay([rotate(0, 2)], FIRST_ROSTER)
    with pytest.raises(ChainLied, match="out of place"):
        replay([event("Genesis", 0), event("Genesis", 1)], FIRST_ROSTER)


@pytest.mark.parametrize("act", ["Anchor", "Release", "Halt"])
def test_while_halted_only_a_rotation_or_a_resumption_is_taken(act):
    with pytest.raises(ChainLied, match=rf"act 2 \({act}\) cannot have been taken while halted"):
        replay([event("Genesis", 0), event("Halt", 1), event(act, 2)], FIRST_ROSTER)
    with pytest.raises(ChainLied, match=rf"act 3 \({act}\) cannot have been taken while halted"):
        replay([event("Genesis", 0), event("Halt", 1), rotate(2, 2), event(act, 3)], FIRST_ROSTER)
    assert not replay([event("Genesis", 0), event("Halt", 1), event("Resume", 2), event("Anchor", 3)], FIRST_ROSTER).halted


def test_what_is_not_halted_is_not_resumed():
    with pytest.raises(ChainLied, match=r"act 1 \(Resume\) cannot have been taken unless halted"):
        replay([event("Genesis", 0), event("Resume", 1)], FIRST_ROSTER)
    with pytest.raises(ChainLied, match=r"act 3 \(Resume\) cannot have been taken unless halted"):
        replay([event("Genesis", 0), event("Halt", 1), event("Resume", 2), event("Resume", 3)], FIRST_ROSTER)


@pytest.mark.parametrize("epoch", [0, 1, 3, 2**64 - 1])
def test_a_rotation_begins_the_next_epoch(epoch):
    with pytest.raises(ChainLied, match="act 1 hands over to a roster or an epoch that does not follow"):
        replay([event("Genesis", 0), rotate(1, epoch)], FIRST_ROSTER)
    with pytest.raises(ChainLied, match="act 2 hands over"):
        replay([event("Genesis", 0), rotate(1, 2), rotate(2, 2)], FIRST_ROSTER)


def test_a_rotation_hands_over_to_the_very_roster_that_its_digest_says():
    right = rotate(1, 2)
    changes = [
        {"rosterDigest": FIRST_ROSTER},
        {"rosterDigest": b""},
        {"rosterDigest": 7},
        {"roster": OTHERS[:-1]},
        {"roster": OTHERS[::-1]},
        {"roster": PEOPLE},
        {"roster": ()},
        {"roster": b"".join(OTHERS)},
    ]
    assert replay([event("Genesis", 0), right], FIRST_ROSTER).roster_digest == OTHER_ROSTER
    for change in changes:
        with pytest.raises(ChainLied, match="act 1 hands over"):
            replay([event("Genesis", 0), replace(right, fields={**right.fields, **change})], FIRST_ROSTER)


@settings(max_examples=200)
@given(st.lists(st.sampled_from(["Genesis", "Anchor", "Release", "Rotate", "Halt", "Resume"]), max_size=8))
def test_any_course_is_taken_exactly_when_the_contract_would(acts):
    halted, epoch, possible, shown = False, 1, True, []
    for sequence, act in enumerate(acts):
        possible &= (act == "Genesis") == (sequence == 0) and (act in {"Rotate", "Resume"} if halted else act != "Resume")
        halted, epoch = act == "Halt" or (halted and act != "Resume"), epoch + (act == "Rotate")
        shown.append(rotate(sequence, epoch) if act == "Rotate" else event(act, sequence))
    if possible:
        history = replay(shown, FIRST_ROSTER)
        assert (history.sequence, history.epoch, history.halted) == (len(acts), epoch, halted)
    else:
        with pytest.raises(ChainLied):
            replay(shown, FIRST_ROSTER)
