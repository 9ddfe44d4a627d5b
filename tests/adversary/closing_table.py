"""Quorum bypasses by forged transcripts and checkpoints: named by four, closed by four, anchored by nobody, of another roster."""

from collections.abc import Sequence
from typing import Any

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.records.base import from_hex, to_hex
from ceremony.records.plan_text import plan_digest
from ceremony.records.structs import TypedAct
from ceremony.transcript.checkpoint import NoteSignature, key_id, name_of
from ceremony.verify.state import Trust
from tests.adversary.forge import Body
from tests.adversary.quorum_bypasses import Attack, Bypass, edited, noted, other_scene, stopped_scene
from tests.adversary.scene import STRANGER, Scene, address, checkpoint_of, link, malleate, sign, write_note

FOUR = (1, 2, 3, 4)
ONES = "0x" + "11" * 32
ENTRY = r"entry \d+"


def _roster_of(attack: Any) -> str:
    return to_hex(roster_digest(attack.scene.state.terms["roster"]))


def _anchored_by(custodians: Sequence[int]) -> Any:
    return lambda scene: scene.changed("anchor_begun", custodians=list(custodians))


def _without(kind: str, **fields: Any) -> Any:
    return lambda scene: (*scene.bodies[: scene.first(kind, **fields)], *scene.bodies[scene.first(kind, **fields) + 1 :])


def _closed_by(custodians: Sequence[int]) -> Any:
    return lambda scene: scene.changed("closing_named", custodians=list(custodians))


def _replaced_custodian(key: Any) -> Any:
    """Custodian 5's enrolment is of another key, signed by that key itself, as an enrolment is."""

    def edit(scene: Scene) -> tuple[Body, ...]:
        entry = scene.bodies[scene.first("enrolled", custodian=5)]
        claim = {**entry["enrolment"], "governance_key": address(key(scene))}
        struct = scene.state.enrolled[5].enrolment.model_copy(update={"governance_key": claim["governance_key"]})
        signature = sign(key(scene), TypedAct(domain=scene.state.domain, struct=struct))
        public = to_hex(key(scene).public_key.format(compressed=False))
        return scene.changed("enrolled", where={"custodian": 5}, enrolment=claim, public_key=public, signature=signature)

    return edit


def _eighth(scene: Scene) -> tuple[Body, ...]:
    place = scene.first("enrolled", custodian=7) + 1
    begun, entry = {"kind": "enrol_begun", "custodian": 8}, {**scene.bodies[place - 1], "custodian": 8}
    return (*scene.bodies[:place], begun, entry, *scene.bodies[place:])


def _planned(old: str, new: str) -> Any:
    def edit(scene: Scene) -> tuple[Body, ...]:
        text = scene.state.opened.plan_text.replace(old, new)
        assert text != scene.state.opened.plan_text
        return scene.changed("ceremony_opened", plan_text=text, plan_digest=to_hex(plan_digest(text)))

    return edit


def _successor(_scene: Scene) -> tuple[Body, ...]:
    """The successor of a stopped act, with the approvals of the stopped one."""
    late = stopped_scene()
    given = [body for body in late.bodies if body["kind"] == "approved" and body["attempt"] == 1]
    value, pairs = to_hex(digest(late.act)), []
    for one in given:
        pairs.append({"kind": "approval_begun", "attempt": 2, "custodian": one["custodian"], "digest": value, "acknowledged": None})
        pairs.append({**one, "attempt": 2, "digest": value})
    return (*late.bodies, *pairs)


def _invented(trust: Trust) -> Any:
    """A whole ceremony of seven keys that lie in no token of the custodians'."""

    def check(attack: Attack) -> None:
        data = link(other_scene().bodies)
        attack.verify(data, other_scene().note(data), trust)

    return check


def _as_real(attack: Attack) -> None:
    data = link(attack.scene.bodies)
    attack.verify(data, attack.scene.note(data), Trust(roster=_roster_of(attack)))


def _forget(scene: Scene) -> tuple[Body, ...]:
    """Everything after the proposal is dropped: the naming follows at once."""
    return (*scene.before_approvals(), scene.bodies[-1])


TRANSCRIPTS = (
    edited("anchored with four approvals", _anchored_by(FOUR), ENTRY),
    edited("anchored with one of four named twice", _anchored_by((*FOUR, 4)), ENTRY),
    edited("anchored in the name of one who has not approved", _anchored_by((*FOUR, 6)), ENTRY),
    edited("anchored in the name of a stranger", _anchored_by((*FOUR, 8)), ENTRY),
    edited("anchored, but the intent named another act", lambda scene: scene.changed("anchor_begun", digest=ONES), "."),
    edited("anchored without an intent", _without("anchor_begun"), ENTRY),
    edited("anchored after an approval was dropped", _without("approved", custodian=5), ENTRY),
    edited("an approval without its intent", _without("approval_begun", custodian=5), ENTRY),
    edited("closed without anchor and approvals", _forget, ENTRY),
    edited("an approval intent over another digest", lambda scene: scene.changed(
        "approval_begun", where={"custodian": 5}, digest=ONES), "custodian 5"),
    edited("the receipt is of another act", lambda scene: scene.changed("anchored", digest=ONES), ENTRY),
    edited("the act's root is not of the entries before it", lambda scene: scene.changed(
        "proposed", act={**scene.bodies[scene.first("proposed")]["act"], "root": ONES}), ENTRY),
    edited("an entry below the act was changed", lambda scene: scene.changed(
        "custody_stated", where={"custodian": 3}, statement="nobody holds it"), ENTRY),
    edited("four name themselves to close", _closed_by(FOUR), ENTRY, signers=FOUR),
    edited("one of four is named twice to close", _closed_by((*FOUR, 4)), ENTRY, signers=FOUR),
    edited("a stranger is named to close", _closed_by((*FOUR, 8)), ENTRY, signers=FOUR),
    edited("the named signer is not the one who signed", _closed_by((*FOUR, 6)), "custodian 5"),
    edited("a stranger's key in the roster", _replaced_custodian(lambda _scene: STRANGER), "roster|entry"),
    edited("the fourth's key enrolled as the fifth's too", _replaced_custodian(lambda scene: scene.keys[4]), "custodian [45]"),
    edited("a roster of eight", _eighth, ENTRY),
    edited("k lowered to four in the plan", _planned("k = 5", "k = 4"), "entry 0"),
    edited("k and halting number changed together", _planned("k = 5\nhalting = 3", "k = 4\nhalting = 4"), "entry 0"),
    edited("n lowered to six in the plan", _planned("n = 7", "n = 6"), "entry 0"),
    edited("another title, and everything else kept", _planned("Simulated rehearsal", "Simulated ceremony"), ENTRY),
    edited("approvals of a stopped act under its successor", _successor, r"custodian 1|entry \d+"),
    Bypass("seven keys in no token, against the known roster", "the roster", {
        "verify": lambda attack: _invented(Trust(roster=_roster_of(attack), rehearsal=True))(attack)}),
    Bypass("seven keys in no token, against the known contract", "the contract", {
        "verify": lambda attack: _invented(Trust(contract=attack.scene.act.domain.contract, rehearsal=True))(attack)}),
    Bypass("seven keys in no token, and nothing known", "no --roster and no --contract", {"verify": _invented(Trust(rehearsal=True))}),
    Bypass("a rehearsal shown as the real one", "entry 0", {"verify": _as_real}),
)  # fmt: skip


# --- checkpoints ---


def _line_by(key: Any, name: str, at: str | None = None) -> Any:
    """Four honest lines, and one called `name` made with another key; its key id is that of `at`'s address or of the key itself."""

    def write(scene: Scene, data: bytes) -> bytes:
        struct = checkpoint_of(scene.state, data)
        signer = key(scene)
        shown = address(signer) if at is None else scene.state.roster[5]
        act = scene.act.model_copy(update={"struct": struct})
        line = NoteSignature(name, key_id(name, from_hex(shown)), from_hex(sign(signer, act)))
        return write_note(struct, [*(scene.note_line(struct, index) for index in FOUR), line])

    return write


def _fourth(scene: Scene) -> Any:
    return scene.keys[4]


def _stranger(_scene: Scene) -> Any:
    return STRANGER


def _fifth(change: Any) -> Any:
    """Four honest lines, and the fifth's with its signature changed."""

    def write(scene: Scene, data: bytes) -> bytes:
        struct = checkpoint_of(scene.state, data)
        good = scene.note_line(struct, 5)
        line = NoteSignature(good.name, good.key_id, from_hex(change(scene, struct, to_hex(good.signature))))
        return write_note(struct, [*(scene.note_line(struct, index) for index in FOUR), line])

    return write


def _twice(scene: Scene, data: bytes) -> bytes:
    note = scene.note(data, FOUR)
    return note + note.splitlines(keepends=True)[-1]


def _elsewhere(**changes: Any) -> Any:
    return _fifth(lambda scene, struct, _good: sign(scene.keys[5], scene.elsewhere(**changes).model_copy(update={"struct": struct})))


NOTES = (
    noted("the checkpoint is signed by four", lambda scene, data: scene.note(data, FOUR), r"\[5\]"),
    noted("the checkpoint is signed by four, one of them twice", _twice, "custodian-4"),
    noted("the fourth signs as the fifth", _line_by(_fourth, name_of(5)), "custodian-5"),
    noted("the fourth signs as the fifth, with the fifth's key id", _line_by(_fourth, name_of(5), "fifth"), "custodian 5"),
    noted("a stranger signs as the fifth, with the fifth's key id", _line_by(_stranger, name_of(5), "fifth"), "custodian 5"),
    noted("a stranger signs as the eighth", _line_by(_stranger, name_of(8)), "custodian-8"),
    noted("a signer was renamed", lambda scene, data: scene.note(data, (*FOUR, 6)), "custodian 6"),
    noted("the fifth's s in the upper half, under the checkpoint", _fifth(lambda _scene, _struct, good: malleate(good)), "custodian 5"),
    noted("the fifth's approval under the checkpoint", _fifth(
        lambda scene, _struct, _good: scene.signed(5)), "custodian 5"),
    noted("the checkpoint is of fewer entries", lambda scene, data: scene.note(data[: data[:-1].rfind(b"\n") + 1]), "uncovered: 1"),
    noted("the checkpoint is of more entries", lambda scene, data: scene.note(data, size=data.count(b"\n") + 1), ENTRY),
    noted("the checkpoint is of another root", lambda scene, data: scene.note(data, root=ONES), "entries"),
    noted("the checkpoint is of another ceremony", lambda scene, data: scene.note(
        data, origin=other_scene().state.origin), "the checkpoint"),
    noted("the checkpoint is for another contract", _elsewhere(contract="0x" + "11" * 20), "custodian 5"),
    noted("the checkpoint is for another chain", _elsewhere(chain_id=1), "custodian 5"),
    noted("the checkpoint is not the rehearsal's", _elsewhere(name="ceremony"), "custodian 5"),
)  # fmt: skip
