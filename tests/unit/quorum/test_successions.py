"""What an old token asks of a transcript that succeeds its own, and the one digest of what was carried over."""

import hashlib

import pytest

from ceremony.acts.digest import digest
from ceremony.errors import ApprovalError, MarkError
from ceremony.quorum.approvals import Approval, require_alive, require_quorum
from ceremony.quorum.replay import Extension, Successor, found_mark, require_successor, sign_mark
from ceremony.quorum.successions import list_digest
from ceremony.records.base import to_hex
from ceremony.records.structs import Domain, TypedAct, covered
from tests.simulators.eventful import eventful_succession

BOOK = eventful_succession()
OPENED = next(entry for entry in BOOK if entry.body.kind == "succession_opened")
SIZE = len(BOOK)
EXTENSION = Extension(size=OPENED.body.size, root=OPENED.body.root, proof=())
PROPOSED = next(entry.body for entry in BOOK if entry.body.kind == "proposed")
ONES = "0x" + "11" * 32


def shown(index=OPENED.index, **changes):
    """The successor's transcript with the proof of one entry, of which some is changed."""
    proof = tuple(to_hex(node) for node in BOOK.tree.inclusion(index))
    facts = {"size": SIZE, "root": to_hex(BOOK.root()), "index": index, "line": BOOK.lines[index].decode(), "proof": proof}
    return Successor(**{**facts, **changes})


def test_the_transcript_of_a_successor_is_taken():
    require_successor(shown(), OPENED.body.predecessor, EXTENSION)


@pytest.mark.parametrize(
    ("what", "ceremony", "extension", "message"),
    [
        (shown(root=ONES), OPENED.body.predecessor, EXTENSION, "of no successor"),
        (shown(line="{}"), OPENED.body.predecessor, EXTENSION, "of no successor"),
        (shown(proof=()), OPENED.body.predecessor, EXTENSION, "of no successor"),
        (shown(index=0), OPENED.body.predecessor, EXTENSION, "succeeds another ceremony"),
        (shown(), ONES, EXTENSION, "succeeds another ceremony"),
        (shown(), OPENED.body.predecessor, EXTENSION.model_copy(update={"size": 7}), "succeeds another ceremony"),
        (shown(), OPENED.body.predecessor, EXTENSION.model_copy(update={"root": ONES}), "succeeds another ceremony"),
    ],
)
def test_any_other_is_refused(what, ceremony, extension, message):
    with pytest.raises(MarkError, match=message):
        require_successor(what, ceremony, extension)


def rotation(**changes):
    place = Domain(name="ceremony rehearsal", chain_id=31337, contract=OPENED.body.origin.contract, salt=None)
    return TypedAct(domain=place, struct=PROPOSED.act.model_copy(update=changes))


def test_a_rotation_takes_its_place_in_the_sequence_of_acts_once():
    mark = sign_mark(found_mark(OPENED.body.predecessor, 1, ONES), rotation(), None)
    assert (mark.epoch, mark.sequence, mark.digest) == (1, 1, to_hex(digest(rotation())))
    assert sign_mark(mark, rotation(), None) == mark
    with pytest.raises(MarkError, match="already signed at epoch 1, sequence 1"):
        sign_mark(mark, rotation(deadline=PROPOSED.act.deadline + 1), None)


def test_a_rotation_is_approved_by_a_quorum_of_those_who_hand_over():
    roster = dict(enumerate(OPENED.body.roster, 1))
    given = [entry.body for entry in BOOK if entry.body.kind == "approved"]
    approvals = [Approval(one.custodian, one.digest, one.signature) for one in given]
    assert len(require_quorum(rotation(), approvals, roster, k=5, epoch=1, sequence=1)) == 5
    with pytest.raises(ApprovalError, match="now is epoch 2"):
        require_quorum(rotation(), approvals, roster, k=5, epoch=2, sequence=1)
    require_alive(rotation().struct, PROPOSED.act.deadline)


def test_the_list_is_one_digest_in_the_order_of_its_numbers():
    carried = [entry.body for entry in BOOK if entry.body.kind == "rewrapped"]
    array = "[" + ",".join(f'"{one.origin}"' for one in carried) + "]"
    assert list_digest(reversed(carried)) == "0x" + hashlib.sha256(array.encode()).hexdigest()
    assert list_digest(()) == "0x" + hashlib.sha256(b"[]").hexdigest()
    assert list_digest(carried[1:]) != list_digest(carried)


def test_what_an_act_stands_on():
    summary = next(entry for entry in BOOK if entry.body.kind == "succession_proposed")
    assert covered(summary.body.act) == (summary.index, to_hex(BOOK.root(summary.index)))
    at = next(entry.index for entry in BOOK if entry.body.kind == "proposed")
    assert covered(PROPOSED.act) == (at, to_hex(BOOK.root(at)))
