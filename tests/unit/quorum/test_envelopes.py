"""What an agent believes of approvals: entries of the transcript it follows say whose keys count, and how many; nobody's word does."""

import pytest

from ceremony.acts.digest import digest
from ceremony.errors import ApprovalError, MarkError, QuorumError
from ceremony.quorum.approvals import Approval
from ceremony.quorum.envelopes import Electorate, Opening, read_electorate, require_envelope_quorum
from ceremony.quorum.replay import Mark, ShownEntry
from ceremony.records.base import to_hex
from ceremony.records.dealing_entries import Dealt
from ceremony.records.evidence import EnvelopeHeader
from ceremony.records.roster_entries import Enrolled
from ceremony.transcript.book import parse_transcript
from tests.adversary.quorum_bypasses import honest_scene, other_scene
from tests.adversary.scene import STRANGER, link, sign

SCENE = honest_scene()
STATE, BOOK = SCENE.state, parse_transcript(link(SCENE.bodies))
ONES, TWOS = "0x" + "11" * 32, "0x" + "22" * 32
X_OF_BASE = "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
HEADER = EnvelopeHeader(
    ceremony=STATE.opened.ceremony, dealing=1, description="a list", point="0x03" + X_OF_BASE, key_commitment=ONES, tags=()
)
OPENING = Opening(HEADER, "audit", ONES)
MARK = Mark(
    ceremony=STATE.opened.ceremony, size=len(BOOK), root=to_hex(BOOK.root()), epoch=1, sequence=0, digest=None, deadline=0
)


def show(*kinds, book=BOOK):
    places = [entry.index for entry in book if isinstance(entry.body, kinds)]
    proofs = {place: tuple(to_hex(node) for node in book.tree.inclusion(place)) for place in places}
    return [ShownEntry(index=place, line=book.lines[place].decode(), proof=proofs[place]) for place in places]


SHOWN = show(Enrolled, Dealt)


def test_who_may_approve_stands_in_the_transcript():
    assert read_electorate(SHOWN, MARK, 1) == Electorate(STATE.roster, 5)


def test_of_those_who_are_not_shown_nothing_is_known():
    assert sorted(read_electorate(SHOWN[:3] + SHOWN[-1:], MARK, 1).roster) == [1, 2, 3]


def test_without_the_dealing_nobody_knows_how_many():
    with pytest.raises(MarkError, match="nobody knows how many must approve"):
        read_electorate(show(Enrolled), MARK, 1)
    with pytest.raises(MarkError, match="says nothing about who may approve"):
        read_electorate(SHOWN, MARK, 2)


def test_entries_of_another_transcript_count_for_nothing():
    foreign = show(Enrolled, Dealt, book=parse_transcript(link(other_scene().bodies)))
    moved = SHOWN[1].model_copy(update={"index": SHOWN[2].index})
    changed = SHOWN[1].model_copy(update={"line": SHOWN[1].line.replace(STATE.roster[2], STATE.roster[3])})
    for wrong in (foreign[0], moved, changed, SHOWN[1].model_copy(update={"proof": ()})):
        with pytest.raises(MarkError, match="not in the transcript shown"):
            read_electorate([*SHOWN, wrong], MARK, 1)
    behind = MARK.model_copy(update={"size": len(BOOK) - 1, "root": to_hex(BOOK.root(len(BOOK) - 1))})
    with pytest.raises(MarkError):
        read_electorate(SHOWN, behind, 1)


def test_another_entry_or_one_shown_twice_is_refused():
    with pytest.raises(MarkError, match="entry 0 says nothing"):
        read_electorate([*SHOWN, *show(type(BOOK.entries[0].body))], MARK, 1)
    with pytest.raises(MarkError, match="says nothing"):
        read_electorate([*SHOWN, SHOWN[0]], MARK, 1)


# --- the quorum ---


def approvals(*custodians, opening=OPENING, domain=STATE.domain, keys=None):
    act = opening.act(domain)
    return [Approval(index, to_hex(digest(act)), sign((keys or SCENE.keys)[index], act)) for index in custodians]


def judge(given, electorate=None, opening=OPENING, domain=STATE.domain):
    require_envelope_quorum(opening, given, domain, electorate or Electorate(STATE.roster, 5))


def test_five_approve_and_four_do_not():
    judge(approvals(1, 3, 4, 6, 7))
    judge(approvals(*range(1, 8)))
    with pytest.raises(QuorumError, match="4 of 5 needed approvals"):
        judge(approvals(1, 3, 4, 6))


def test_one_who_approves_twice_or_is_a_stranger_spoils_it():
    with pytest.raises(ApprovalError, match="approved twice"):
        judge(approvals(1, 2, 3, 4, 4))
    with pytest.raises(ApprovalError, match="signature is not valid"):
        judge([*approvals(1, 2, 3, 4), *approvals(5, keys={5: STRANGER})])
    with pytest.raises(ApprovalError, match="not on the roster"):
        judge(approvals(1, 2, 3, 4, 5), Electorate({index: STATE.roster[index] for index in (1, 2, 3, 4)}, 4))


def other(reason="audit", opening=ONES, **header):
    return Opening(HEADER.model_copy(update=header), reason, opening)


@pytest.mark.parametrize(
    "approved",
    [
        other(description="lunch"),
        other(point="0x02" + X_OF_BASE),
        other(key_commitment=TWOS),
        other(reason="lunch"),
        other(opening=TWOS),
    ],
    ids=["description", "point", "key commitment", "reason", "asked elsewhere"],
)
def test_an_approval_of_anything_else_does_not_count(approved):
    with pytest.raises(ApprovalError, match="signature is not valid"):
        judge(claimed(approved))
    with pytest.raises(ApprovalError, match="approved another act"):
        judge(approvals(1, 2, 3, 4, 5, opening=approved))


def claimed(approved):
    """Signatures over something else that say they are over this."""
    value = to_hex(digest(OPENING.act(STATE.domain)))
    return [Approval(one.custodian, value, one.signature) for one in approvals(1, 2, 3, 4, 5, opening=approved)]


def test_tags_are_no_part_of_what_is_approved():
    tagged = Opening(HEADER.model_copy(update={"tags": (ONES,) * 7}), "audit", ONES)
    assert tagged.act(STATE.domain) == OPENING.act(STATE.domain)


@pytest.mark.parametrize("change", [{"salt": ONES}, {"salt": None, "contract": "0x" + "11" * 20}], ids=["ceremony", "contract"])
def test_no_other_domain_is_signed_in_or_judged_by(change):
    with pytest.raises(MarkError, match="and in no other"):
        judge(approvals(1, 2, 3, 4, 5), domain=STATE.domain.model_copy(update=change))
