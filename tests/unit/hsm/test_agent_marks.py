"""The high-water mark, kept by the agent beside its token: no second act in one place, no transcript behind it, no signature without it."""

import pytest

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.errors import CeremonyError, DirectoryError, MarkError, TokenFault, TranscriptError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.hsm.marks import MARK_LIMIT, MarkFile
from ceremony.quorum.replay import Successor, found_mark
from ceremony.records.base import from_hex, to_hex
from ceremony.records.dealing_entries import BlobsDestroyed
from ceremony.records.structs import Rotate, TypedAct
from tests import dealt as d
from tests.simulators.ports import PIN, LocalAgent
from tests.simulators.randomness import Stream
from tests.simulators.tokens import SimulatedToken
from tests.softhsm import WHO

SIZE = 5
"""Entries when the act is approved; the act itself covers 4."""
ACT = d.genesis(4)
OTHER = d.genesis(4, deadline=2000)


def make(tmp_path, kind=SimulatedToken):
    """An agent of a simulated token, enrolled when the transcript had three entries."""
    token = kind(tmp_path / "token.json", Stream(1, "token"), serial="sim1", pin=PIN, number=1)
    agent = LocalAgent(token, tmp_path / "marks", Stream(1, "agent"), WHO)
    ask(agent, m.Login(pin=PIN), m.Done)
    ask(agent, d.enrol(), m.EnrolReply)
    return agent


@pytest.fixture
def local(tmp_path):
    return make(tmp_path)


def mark_of(agent):
    return ask(agent, m.ReadMark(ceremony=d.CEREMONY), m.MarkReply).mark


def mark_file(tmp_path):
    (path,) = (tmp_path / "marks").iterdir()
    return path


def first(agent):
    return ask(agent, d.sign(ACT, d.extension(d.FIRST_SIZE, SIZE)), m.Signed)


def test_enrolment_founds_the_mark(local):
    assert mark_of(local) == found_mark(d.CEREMONY, d.FIRST_SIZE, d.root(d.FIRST_SIZE))


def test_enrolling_again_leaves_the_mark_where_it_is(local):
    first(local)
    before = mark_of(local)
    ask(local, d.enrol(), m.EnrolReply)
    assert mark_of(local) == before


def test_signing_moves_the_mark_and_gives_a_valid_signature(local):
    signed = first(local)
    require_signature(from_hex(signed.signature), digest(ACT), from_hex(signed.address))
    assert signed.digest == to_hex(digest(ACT))
    mark = mark_of(local)
    assert (mark.size, mark.root, mark.epoch, mark.sequence) == (SIZE, d.root(SIZE), 1, 0)
    assert (mark.digest, mark.deadline) == (to_hex(digest(ACT)), 1000)


def test_the_same_act_is_signed_again_after_a_crash(local):
    signed = first(local)
    assert ask(local, d.sign(ACT, d.extension(SIZE, SIZE)), m.Signed).digest == signed.digest


def test_a_second_act_in_one_place_is_refused(local):
    first(local)
    with pytest.raises(MarkError, match="already signed at epoch 1, sequence 0") as caught:
        ask(local, d.sign(OTHER, d.extension(SIZE, SIZE)), m.Signed)
    assert caught.value.exit_code == 52
    assert mark_of(local).digest == to_hex(digest(ACT))


@pytest.mark.parametrize(("sequence", "epoch"), [(0, 0), (1, 0)])
def test_an_act_behind_the_mark_is_refused(local, sequence, epoch):
    first(local)
    with pytest.raises(MarkError, match="already signed"):
        ask(local, d.sign(d.genesis(4, sequence=sequence, epoch=epoch), d.extension(SIZE, SIZE)), m.Signed)


def test_a_successor_is_signed_once_the_first_act_is_dead(local):
    first(local)
    ask(local, d.sign(OTHER, d.extension(SIZE, SIZE), **d.voiding(SIZE, time=1001)), m.Signed)
    assert mark_of(local).digest == to_hex(digest(OTHER))


@pytest.mark.parametrize(
    "seen",
    [{"time": 1000}, {"time": 1001, "head": "0x" + "01" * 32}, {"time": 1001, "sequence": 1}],
    ids=["not past the deadline", "the head moved", "the sequence moved"],
)
def test_a_successor_waits_until_the_first_act_is_dead(local, seen):
    first(local)
    with pytest.raises(MarkError, match="already signed"):
        ask(local, d.sign(OTHER, d.extension(SIZE, SIZE), **d.voiding(SIZE, **seen)), m.Signed)


def test_nobodys_word_is_enough_for_the_end_of_an_act(local):
    first(local)
    shown = d.voiding(SIZE, time=1001)
    before = d.extension(SIZE, SIZE)
    elsewhere = shown["voided"].model_copy(update={"line": shown["voided"].line.replace('"number":9', '"number":8')})
    for changes, said in (
        ({"voided": elsewhere}, "not in the transcript shown"),
        ({"voided": shown["voided"].model_copy(update={"index": SIZE - 1})}, "not in the transcript shown"),
        ({"extension": before, "act_proof": d.sign(OTHER, before).act_proof}, "not in the transcript shown"),
        (d.voiding(SIZE, time=1001, kind=BlobsDestroyed), "does not end an act"),
    ):
        with pytest.raises(MarkError, match=said):
            ask(local, d.sign(OTHER, d.extension(SIZE, SIZE), **{**shown, **changes}), m.Signed)


def test_a_transcript_behind_the_mark_is_refused(local):
    first(local)
    with pytest.raises(MarkError, match="has seen 5 entries"):
        ask(local, d.sign(ACT, d.extension(4, 4)), m.Signed)


def test_a_transcript_of_another_history_is_refused(local):
    forked = d.tree(SIZE, forked_at=1)
    act = TypedAct(domain=d.ON_CONTRACT, struct=ACT.struct.model_copy(update={"root": to_hex(forked.root(4))}))
    proof = tuple(to_hex(step) for step in forked.consistency(4, SIZE))
    with pytest.raises(MarkError, match="does not extend"):
        ask(local, d.sign(act, d.extension(d.FIRST_SIZE, SIZE, forked_at=1), act_proof=proof), m.Signed)
    assert mark_of(local).size == d.FIRST_SIZE


def test_a_transcript_without_its_proof_is_refused(local):
    shown = d.extension(d.FIRST_SIZE, SIZE).model_copy(update={"proof": ()})
    with pytest.raises(MarkError, match="does not extend"):
        ask(local, d.sign(ACT, shown), m.Signed)


def test_an_act_over_another_history_is_refused(local):
    """The transcript is right, but the root to be approved is no part of it."""
    wrong = ACT.struct.model_copy(update={"root": to_hex(d.tree(4, forked_at=3).root(4))})
    with pytest.raises(TranscriptError):
        ask(local, d.sign(TypedAct(domain=d.ON_CONTRACT, struct=wrong), d.extension(d.FIRST_SIZE, SIZE)), m.Signed)
    assert mark_of(local).digest is None


def test_an_act_over_entries_that_are_not_there_is_refused(local):
    with pytest.raises(CeremonyError):
        ask(local, d.sign(d.genesis(SIZE + 1), d.extension(d.FIRST_SIZE, SIZE)), m.Signed)
    assert mark_of(local).digest is None


def test_a_checkpoint_takes_no_place_in_the_sequence(local):
    first(local)
    ask(local, d.sign(d.checkpoint(6), d.extension(SIZE, 6)), m.Signed)
    assert (mark_of(local).size, mark_of(local).digest) == (6, to_hex(digest(ACT)))


def test_what_is_no_act_is_refused(local):
    """An enrolment is signed by `enrol` alone, from facts of the token; nobody hands one in."""
    enrolment = ask(local, d.enrol(), m.EnrolReply).enrolment
    request = m.Sign(
        ceremony=d.CEREMONY,
        custodian=1,
        act=TypedAct(domain=d.DOMAIN, struct=enrolment),
        extension=d.extension(d.FIRST_SIZE, SIZE),
        act_proof=(),
        voided=None,
    )
    with pytest.raises(MarkError, match="not an act a custodian approves"):
        ask(local, request, m.Signed)


def test_a_rotation_needs_the_transcript_of_the_successor_that_it_stands_in(local):
    roster = tuple(f"0x{number:040x}" for number in range(1, 8))
    place = {"transcript_root": d.root(4), "transcript_size": 4, "epoch": 1, "sequence": 1, "deadline": 1000, "head": d.root(4)}
    act = TypedAct(domain=d.ON_CONTRACT, struct=Rotate(roster=roster, **place))
    rotation = d.sign(ACT, d.extension(d.FIRST_SIZE, SIZE)).model_copy(update={"act": act})
    foreign = Successor(size=SIZE, root=d.root(SIZE), index=1, line="{}", proof=())
    with pytest.raises(MarkError, match="Rotate is not an act a custodian approves here"):
        ask(local, rotation, m.Signed)
    with pytest.raises(MarkError, match="of no successor"):
        ask(local, rotation.model_copy(update={"successor": foreign}), m.Signed)
    with pytest.raises(MarkError, match="Genesis is not an act a custodian approves here"):
        ask(local, d.sign(ACT, d.extension(d.FIRST_SIZE, SIZE)).model_copy(update={"successor": foreign}), m.Signed)
    assert mark_of(local).digest is None


def test_a_missing_mark_is_refused_and_founded_anew_once(local, tmp_path):
    first(local)
    mark_file(tmp_path).unlink()
    assert mark_of(local) is None
    with pytest.raises(MarkError, match="missing"):
        ask(local, d.sign(ACT, d.extension(SIZE, SIZE)), m.Signed)
    founding = m.FoundMark(ceremony=d.CEREMONY, size=SIZE, root=d.root(SIZE))
    ask(local, founding, m.Done)
    with pytest.raises(MarkError, match="never replaced"):
        ask(local, founding, m.Done)
    ask(local, d.sign(ACT, d.extension(SIZE, SIZE)), m.Signed)


@pytest.mark.parametrize(("part", "instead"), [(b"{", b""), (b"}", b""), (b'"size":3', b'"size":"3"'), (b'"epoch":0,', b"")])
def test_a_spoilt_mark_is_refused(local, tmp_path, part, instead):
    path = mark_file(tmp_path)
    assert part in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(part, instead))
    with pytest.raises(MarkError, match="not whole") as caught:
        first(local)
    assert str(path) in caught.value.culprits


def test_an_empty_mark_is_spoilt_not_missing(local, tmp_path):
    mark_file(tmp_path).write_bytes(b"")
    with pytest.raises(MarkError, match="not whole"):
        first(local)


def test_a_mark_too_long_to_be_one_is_refused(local, tmp_path):
    mark_file(tmp_path).write_bytes(b" " * (MARK_LIMIT + 1))
    with pytest.raises(MarkError, match="not whole"):
        first(local)


def test_a_mark_of_another_ceremony_is_refused(tmp_path, local):
    """Its file is named after the first eight bytes of the ceremony's id; the whole id stands in it."""
    other = d.CEREMONY[:18] + "00" * 24
    mark_file(tmp_path).write_bytes(found_mark(other, d.FIRST_SIZE, d.root(d.FIRST_SIZE)).encode())
    with pytest.raises(MarkError, match="is of ceremony"):
        first(local)


def test_the_mark_is_durable_before_the_signature(tmp_path):
    """P3: a token that dies while it signs may have signed; the mark knows."""

    class Dying(SimulatedToken):
        def sign(self, key_id, act):
            if act.struct.type == "Genesis":
                raise TokenFault("gone")
            return super().sign(key_id, act)

    agent = make(tmp_path, Dying)
    with pytest.raises(TokenFault, match="gone"):
        first(agent)
    assert MarkFile(tmp_path / "marks", "sim1").read(d.CEREMONY).digest == to_hex(digest(ACT))
    with pytest.raises(MarkError):
        ask(agent, d.sign(OTHER, d.extension(SIZE, SIZE)), m.Signed)


def test_no_signature_when_the_mark_cannot_be_written(tmp_path):
    signed = []

    class Watched(SimulatedToken):
        def sign(self, key_id, act):
            signed.append(act.struct.type)
            return super().sign(key_id, act)

    agent = make(tmp_path, Watched)
    path = mark_file(tmp_path)
    (path.parent / f"{path.name}.new").mkdir()
    with pytest.raises(DirectoryError):
        first(agent)
    assert "Genesis" not in signed


def test_two_ceremonies_of_one_token_have_two_marks(tmp_path):
    marks = MarkFile(tmp_path, "a/b")
    for ceremony in (d.CEREMONY, d.ZERO):
        marks.write(found_mark(ceremony, 1, d.root(1)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a_b-0000000000000000.mark", "a_b-c1c1c1c1c1c1c1c1.mark"]


# --- on a real token ---


def test_a_real_token_signs_one_act_in_one_place(agent, dealt):
    signed = first(agent)
    require_signature(from_hex(signed.signature), digest(ACT), from_hex(dealt.enrolled.enrolment.governance_key))
    with pytest.raises(MarkError) as caught:
        ask(agent, d.sign(OTHER, d.extension(SIZE, SIZE)), m.Signed)
    assert WHO in caught.value.culprits
    with pytest.raises(MarkError):
        ask(agent, d.sign(ACT, d.extension(4, 4)), m.Signed)


def test_the_mark_of_a_real_token_outlives_its_agent(agent, dealt):
    first(agent)
    agent.close()
    again = dealt.token.login()
    try:
        with pytest.raises(MarkError, match="already signed"):
            ask(again, d.sign(OTHER, d.extension(SIZE, SIZE)), m.Signed)
    finally:
        again.close()
