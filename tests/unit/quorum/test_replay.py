"""The high-water mark: one act at one place, of one history; a successor only when the first is dead on chain (P3, DESIGN 4.14)."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ceremony.acts.digest import digest
from ceremony.errors import MarkError, RecordError
from ceremony.quorum.replay import Extension, Mark, ShownEntry, Voided, advance_mark, found_mark, require_void, sign_mark
from ceremony.records.act_entries import ActVoided
from ceremony.records.base import to_hex
from ceremony.records.dealing_entries import BlobsDestroyed
from ceremony.records.entries import Entry
from ceremony.records.evidence import BlockSeen, ContractSeen
from ceremony.records.structs import Checkpoint, Domain, Genesis, TypedAct
from ceremony.transcript.merkle import Tree, leaf_hash
from tests.adversary.quorum_bypasses import honest_scene

CEREMONY = "0x" + "c1" * 32
ZERO = "0x" + "00" * 32
DOMAIN = Domain(name="ceremony", chain_id=1, contract="0x" + "22" * 20, salt=None)
LEAVES = [hashlib.sha256(bytes([number])).digest() for number in range(40)]
TREE = Tree(LEAVES)
FORK = Tree([*LEAVES[:7], b"\x66" * 32, *LEAVES[8:]])


def genesis(**changes):
    fields = {"root": ZERO, "size": 1, "plan_digest": ZERO, "epoch": 1, "sequence": 0, "deadline": 1000, "head": ZERO}
    return TypedAct(domain=DOMAIN, struct=Genesis(**{**fields, **changes}))


def extension(old, new, tree=TREE):
    return Extension(size=new, root=to_hex(tree.root(new)), proof=tuple(map(to_hex, tree.consistency(old, new))))


def mark_at(size):
    return found_mark(CEREMONY, size, to_hex(TREE.root(size)))


@given(st.integers(0, 40).flatmap(lambda new: st.tuples(st.integers(0, new), st.just(new))))
def test_a_mark_follows_every_extension(sizes):
    old, new = sizes
    seen = advance_mark(mark_at(old), CEREMONY, extension(old, new))
    assert (seen.size, seen.root) == (new, to_hex(TREE.root(new)))
    assert seen == mark_at(new)


@given(st.integers(8, 40).flatmap(lambda new: st.tuples(st.integers(8, new), st.just(new))))
def test_a_mark_refuses_every_fork_of_what_it_has_seen(sizes):
    old, new = sizes
    with pytest.raises(MarkError):
        advance_mark(mark_at(old), CEREMONY, extension(old, new, FORK))


def test_a_mark_refuses_another_ceremony_and_the_past():
    with pytest.raises(MarkError, match="of ceremony"):
        advance_mark(mark_at(5), ZERO, extension(5, 9))
    with pytest.raises(MarkError, match="only 4"):
        advance_mark(mark_at(5), CEREMONY, extension(4, 4))


@pytest.mark.parametrize("proof", [(), (ZERO,), tuple([ZERO] * 65)])
def test_a_mark_refuses_a_proof_that_shows_nothing(proof):
    with pytest.raises(MarkError, match="does not extend"):
        advance_mark(mark_at(5), CEREMONY, extension(5, 9).model_copy(update={"proof": proof}))


def test_the_first_act_is_signed_and_the_same_one_again():
    """After a crash the token is asked for the same signature again; it must not refuse."""
    mark = sign_mark(mark_at(5), genesis(), None)
    assert (mark.epoch, mark.sequence, mark.deadline, mark.digest) == (1, 0, 1000, to_hex(digest(genesis())))
    assert sign_mark(mark, genesis(), None) == mark


DEAD = Voided(time=1001, head=ZERO, sequence=0)


@pytest.mark.parametrize(
    "voided",
    [
        None,
        DEAD.model_copy(update={"time": 1000}),
        DEAD.model_copy(update={"head": CEREMONY}),
        DEAD.model_copy(update={"sequence": 1}),
    ],
    ids=["nothing shows that it is dead", "its last second", "the head has moved", "the sequence has moved"],
)
def test_a_second_act_at_one_place_is_refused_while_the_first_may_live(voided):
    mark = sign_mark(mark_at(5), genesis(), None)
    with pytest.raises(MarkError, match="already signed at epoch 1, sequence 0"):
        sign_mark(mark, genesis(deadline=2000), voided)


def test_a_successor_is_signed_once_the_first_is_dead_and_then_it_is_the_one():
    first = sign_mark(mark_at(5), genesis(), None)
    second = sign_mark(first, genesis(deadline=2000), DEAD)
    assert (second.digest, second.deadline) == (to_hex(digest(genesis(deadline=2000))), 2000)
    with pytest.raises(MarkError):
        sign_mark(second, genesis(), DEAD)
    with pytest.raises(MarkError):
        sign_mark(second, genesis(deadline=3000), DEAD)


PLACES = st.tuples(st.integers(1, 3), st.integers(0, 3))


@given(PLACES, PLACES)
def test_places_only_rise(here, there):
    mark = sign_mark(mark_at(5), genesis(epoch=here[0], sequence=here[1]), None)
    act = genesis(epoch=there[0], sequence=there[1], deadline=2000)
    if there > here:
        assert sign_mark(mark, act, None).sequence == there[1]
        return
    with pytest.raises(MarkError):
        sign_mark(mark, act, None)


@given(PLACES, PLACES)
def test_no_dead_act_lets_a_token_go_back(here, there):
    mark = sign_mark(mark_at(5), genesis(epoch=here[0], sequence=here[1]), None)
    if there < here:
        with pytest.raises(MarkError):
            sign_mark(mark, genesis(epoch=there[0], sequence=there[1]), Voided(time=2**40, head=ZERO, sequence=there[1]))


def test_a_checkpoint_takes_no_place():
    mark = sign_mark(mark_at(5), genesis(), None)
    act = TypedAct(domain=DOMAIN, struct=Checkpoint(origin="x", size=1, root=ZERO))
    assert sign_mark(mark, act, None) == mark


def test_what_is_no_act_of_a_custodian_is_refused():
    state = honest_scene().state
    for struct in (state.enrolled[1].enrolment, state.transports[1, 1].transport):
        with pytest.raises(MarkError, match="no place"):
            sign_mark(mark_at(5), TypedAct(domain=state.domain, struct=struct), None)


def test_a_mark_is_read_as_it_was_written():
    mark = sign_mark(mark_at(5), genesis(), None)
    assert Mark.parse(mark.encode()) == mark
    with pytest.raises(RecordError):
        Mark.parse(mark.encode()[:-1])


def voiding(body):
    """A transcript of three entries whose last one is `body`, and what is shown of that one."""
    line = Entry(index=2, previous=ZERO, at="2026-01-01T00:00:00Z", body=body).encode()
    tree = Tree([leaf_hash(b"0"), leaf_hash(b"1"), leaf_hash(line)])
    shown = ShownEntry(index=2, line=line.decode(), proof=tuple(map(to_hex, tree.inclusion(2))))
    return shown, Extension(size=3, root=to_hex(tree.root()), proof=())


def test_the_end_of_an_act_is_what_its_entry_says():
    block = BlockSeen(number=9, hash=ZERO, time=1001)
    same = dict.fromkeys(("runtime_digest", "roster_digest", "ceremony", "genesis_root", "head"), ZERO)
    seen = ContractSeen(block=block, **same, n=7, k=5, halting=3, epoch=1, sequence=0)
    shown, extension = voiding(ActVoided(attempt=1, seen=seen))
    assert require_void(None, extension.size, extension.root) is None
    assert require_void(shown, extension.size, extension.root) == DEAD
    for other in (shown.model_copy(update={"index": 1}), shown.model_copy(update={"line": "{}"}), shown.model_copy(update={"proof": ()})):
        with pytest.raises(MarkError, match="not in the transcript shown"):
            require_void(other, extension.size, extension.root)


def test_another_entry_ends_no_act():
    shown, extension = voiding(BlobsDestroyed(dealing=1))
    with pytest.raises(MarkError, match="does not end an act"):
        require_void(shown, extension.size, extension.root)
