"""The table of quorum bypasses: names, forgeries, and whom the refusal must name."""

from dataclasses import replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from ceremony.acts.digest import FIELDS, digest, separator
from ceremony.acts.signature import ORDER, normalise_signature
from ceremony.acts.typed import hash_struct, keccak256, typed_digest
from ceremony.anchor.calls import encode_approvals
from ceremony.conductor.approving import approve
from ceremony.quorum.approvals import Approval, require_alive, require_quorum
from ceremony.records.base import from_hex, to_hex
from ceremony.records.structs import Checkpoint, Genesis, TypedAct
from ceremony.transcript.checkpoint_file import CheckpointFile
from tests.adversary.quorum_bypasses import Attack, Bypass, approvals, conducted, meet, other_scene, stopped_scene
from tests.adversary.scene import STRANGER, Scene, address, malleate, sign, sign_digest
from tests.simulators.stages import Stage, outlive, stop

FOUR = (1, 2, 3, 4)
ONES = "0x" + "11" * 32


def four_and(scene: Scene, custodian: int, signature: str, value: str | None = None) -> list[Approval]:
    """Four honest approvals and something else."""
    return [*scene.approvals(*FOUR), scene.approval(custodian, signature, value)]


def _patched(scene: Scene, at: int, part: bytes) -> list[Approval]:
    good = from_hex(scene.signed(5))
    return four_and(scene, 5, to_hex(good[:at] + part + good[at + len(part) :]))


def _over(name: str, change: Any, *, honest: bool = False) -> Bypass:
    """Custodian 5 has signed another act; the approval says so (`honest`), or claims that it was this one."""

    def forge(scene: Scene) -> list[Approval]:
        act = change(scene)
        return four_and(scene, 5, sign(scene.keys[5], act), to_hex(digest(act)) if honest else None)

    return approvals(name, forge)


def _reused(name: str, kind: str) -> Bypass:
    """A signature that custodian 5 has given for something else in this very transcript."""
    return approvals(name, lambda scene: four_and(scene, 5, scene.bodies[scene.first(kind, custodian=5)]["signature"]))


def _strange(scene: Scene) -> str:
    return sign(STRANGER, scene.act)


def _second_nonce(scene: Scene) -> str:
    """Another valid signature of the fourth over the same act: OpenSSL draws its nonces at random."""
    private = ec.derive_private_key(int.from_bytes(scene.keys[4].secret, "big"), ec.SECP256K1())
    r, s = decode_dss_signature(private.sign(digest(scene.act), ec.ECDSA(Prehashed(SHA256()))))
    raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return to_hex(normalise_signature(raw, digest(scene.act), scene.keys[4].public_key.format(compressed=False)))


def _in_ceremony_domain(scene: Scene) -> str:
    domain = scene.act.domain.model_copy(update={"contract": None, "salt": scene.state.opened.ceremony})
    values = [value for name, value in scene.act.struct.model_dump().items() if name != "type"]
    typed = {name: from_hex(value) if isinstance(value, str) else value for (name, _), value in zip(FIELDS["Genesis"], values, strict=True)}
    return to_hex(sign_digest(scene.keys[5], typed_digest(separator(domain), hash_struct("Genesis", FIELDS["Genesis"], typed))))


SIGNATURES = (
    approvals("nobody approves", lambda _scene: []),
    approvals("four approve", lambda scene: scene.approvals(*FOUR)),
    approvals("one of four counts twice", lambda scene: scene.approvals(*FOUR, 4), "custodian 4"),
    approvals("one of four signs twice", lambda scene: four_and(scene, 4, _second_nonce(scene)), "custodian 4"),
    approvals("four and a malleated copy", lambda scene: four_and(scene, 4, malleate(scene.signed(4))), "custodian 4"),
    approvals("the fourth's signature as the fifth's", lambda scene: four_and(scene, 5, scene.signed(4))),
    approvals("a malleated copy as the fifth's", lambda scene: four_and(scene, 5, malleate(scene.signed(4)))),
    approvals("the fifth's s in the upper half", lambda scene: four_and(scene, 5, malleate(scene.signed(5)))),
    *(approvals(f"v {v}", lambda scene, v=v: _patched(scene, 64, bytes([v]))) for v in (0, 1, 26, 29, 255)),
    approvals("the other v", lambda scene: _patched(scene, 64, bytes([55 - from_hex(scene.signed(5))[64]]))),
    approvals("r is zero", lambda scene: _patched(scene, 0, bytes(32))),
    approvals("s is zero", lambda scene: _patched(scene, 32, bytes(32))),
    approvals("r is the order", lambda scene: _patched(scene, 0, ORDER.to_bytes(32, "big"))),
    approvals("s is the order", lambda scene: _patched(scene, 32, ORDER.to_bytes(32, "big"))),
    approvals("no bytes", lambda scene: four_and(scene, 5, "0x")),
    approvals("64 bytes", lambda scene: four_and(scene, 5, scene.signed(5)[:-2])),
    approvals("66 bytes", lambda scene: four_and(scene, 5, scene.signed(5) + "1b")),
    approvals("all zero", lambda scene: four_and(scene, 5, to_hex(bytes(65)))),
    approvals("a stranger signs for the fifth", lambda scene: four_and(scene, 5, _strange(scene))),
    *(
        approvals(f"a stranger as custodian {index}", lambda scene, i=index: four_and(scene, i, _strange(scene)), f"custodian {index}")
        for index in (0, 8, 32, -1)
    ),
    approvals("the digest signed as a plain message", lambda scene: four_and(
        scene, 5, to_hex(sign_digest(scene.keys[5], keccak256(b"\x19Ethereum Signed Message:\n32" + digest(scene.act)))))),
    approvals("the digest's hash signed", lambda scene: four_and(
        scene, 5, to_hex(sign_digest(scene.keys[5], keccak256(digest(scene.act)))))),
    _reused("the fifth's enrolment as an approval", "enrolled"),
    _reused("the fifth's transport signature as an approval", "transport_made"),
    _reused("the fifth's attestation as an approval", "holding_attested"),
    approvals("a right signature under another digest", lambda scene: four_and(scene, 5, scene.signed(5), ONES)),
    approvals("the fifth signed in the ceremony's own domain", lambda scene: four_and(scene, 5, _in_ceremony_domain(scene))),
)  # fmt: skip

_ACTS: dict[str, Any] = {
    "root": lambda scene: scene.other(root=ONES),
    "size": lambda scene: scene.other(size=scene.act.struct.size + 1),
    "plan digest": lambda scene: scene.other(plan_digest=ONES),
    "epoch": lambda scene: scene.other(epoch=2),
    "sequence": lambda scene: scene.other(sequence=1),
    "deadline": lambda scene: scene.other(deadline=scene.act.struct.deadline + 1),
    "head": lambda scene: scene.other(head=ONES),
    "chain id": lambda scene: scene.elsewhere(chain_id=1),
    "contract": lambda scene: scene.elsewhere(contract="0x" + "11" * 20),
    "domain name": lambda scene: scene.elsewhere(name="ceremony"),
    "type": lambda scene: scene.act.model_copy(
        update={"struct": Checkpoint(origin=scene.state.origin, size=scene.act.struct.size, root=scene.act.struct.root)}
    ),
    "ceremony": lambda _scene: other_scene().act,
}
OTHER_ACTS = (
    *(_over(f"the fifth signed another {name}, said to be this", change) for name, change in _ACTS.items()),
    *(_over(f"the fifth approved another {name}", change, honest=True) for name, change in _ACTS.items()),
    approvals("five approvals of another ceremony", lambda _scene: other_scene().approvals(1, 2, 3, 4, 5), "custodian 1"),
)


# --- the rule's other arguments ---


def _ask(name: str, culprit: str, act: Any) -> Bypass:
    return Bypass(name, culprit, {"quorum": lambda attack: act(attack.scene)})


def _meet(scene: Scene, act: TypedAct, *, epoch: int = 1, sequence: int = 0) -> None:
    given = [Approval(index, to_hex(digest(act)), sign(scene.keys[index], act)) for index in range(1, 6)]
    require_quorum(act, given, scene.state.roster, k=5, epoch=epoch, sequence=sequence)


def _checkpoint(scene: Scene) -> TypedAct:
    return scene.act.model_copy(update={"struct": Checkpoint(origin="x", size=1, root=ONES)})


def _twins(scene: Scene) -> dict[int, str]:
    return {**scene.state.roster, 5: scene.state.roster[4]}


def _voided(_scene: Scene) -> None:
    """Five true approvals of an act that was stopped, offered for the one that came after it."""
    scene = stopped_scene()
    old = [Approval(b["custodian"], b["digest"], b["signature"]) for b in scene.bodies if b["kind"] == "approved" and b["attempt"] == 1]
    meet(scene, [replace(one, digest=to_hex(digest(scene.act))) for one in old])


def _packed(scene: Scene, key: Any, signature: str) -> None:
    roster = [from_hex(one) for one in sorted(scene.state.roster.values())]
    encode_approvals({from_hex(key): from_hex(signature)}, roster)


RULE = (
    _ask("five approve an act of another epoch", "the act", lambda scene: _meet(scene, scene.other(epoch=2))),
    _ask("five approve an act of another sequence", "the act", lambda scene: _meet(scene, scene.other(sequence=1))),
    _ask("the epoch has moved on", "the act", lambda scene: _meet(scene, scene.act, epoch=2)),
    _ask("the sequence has moved on", "the act", lambda scene: _meet(scene, scene.act, sequence=1)),
    _ask("five sign what is no act of a quorum", "the act", lambda scene: _meet(scene, _checkpoint(scene))),
    _ask("one key under two indices", "custodian [45]", lambda scene: meet(
        scene, four_and(scene, 5, scene.signed(4)), _twins(scene))),
    _ask("approvals of a stopped act for its successor", "custodian 1", _voided),
    _ask("the deadline is over", "the act", lambda scene: require_alive(_genesis(scene), _genesis(scene).deadline + 1)),
    _ask("a stranger in the packed approvals", address(STRANGER), lambda scene: _packed(scene, address(STRANGER), _strange(scene))),
    _ask("s in the upper half in the packed approvals", "0x", lambda scene: _packed(
        scene, scene.state.roster[5], malleate(scene.signed(5)))),
    _ask("v 0 in the packed approvals", "0x", lambda scene: _packed(scene, scene.state.roster[5], scene.signed(5)[:-2] + "00")),
)  # fmt: skip


def _genesis(scene: Scene) -> Genesis:
    assert isinstance(scene.act.struct, Genesis)
    return scene.act.struct


# --- asked of the conductor ---


def _four_then_anchor(attack: Attack) -> None:
    ceremony = attack.ceremony(Stage.PROPOSED)
    for index in FOUR:
        ceremony.approve(index)
    ceremony.anchor()


def _stop_then(act: Any) -> Any:
    def play(attack: Attack) -> None:
        ceremony = attack.ceremony()
        stop(ceremony, 6)
        act(ceremony)

    return play


def _late(act: Any) -> Any:
    def play(attack: Attack) -> None:
        ceremony = attack.ceremony()
        outlive(ceremony)
        act(ceremony)

    return play


def _moved(act: Any) -> Any:
    """Somebody else's act stands in the contract."""

    def play(attack: Attack) -> None:
        ceremony = attack.ceremony()
        ceremony.chain._data["genesis"] = {"root": ONES, "size": 1, "digest": ONES, "head": ONES, "block": 0, "transaction": ONES}
        act(ceremony)

    return play


def _read_another(attack: Attack) -> None:
    ceremony = attack.ceremony(Stage.PROPOSED)
    ceremony.conduct(lambda c: approve(c, CheckpointFile(ceremony.directory), 5, attack.scene.other(root=ONES)))


def _void_early(attack: Attack) -> None:
    scene = attack.scene
    seen = scene.bodies[scene.first("proposed")]["seen"]
    attack.anchor([*scene.before_approvals(), {"kind": "act_voided", "attempt": 1, "seen": seen}])


CONDUCTED = (
    conducted("four approve, and the operator anchors", _four_then_anchor, "custodian 5"),
    conducted("stopped, and anchored all the same", _stop_then(lambda ceremony: ceremony.anchor()), "custodian 6 Finn"),
    conducted("stopped, and approved all the same", _stop_then(lambda ceremony: ceremony.approve(7)), "custodian 7 Gus"),
    conducted("approved after the deadline", _late(lambda ceremony: ceremony.approve(7)), "the act"),
    conducted("anchored after the deadline", _late(lambda ceremony: ceremony.anchor()), "the act"),
    conducted("approved twice", lambda attack: attack.ceremony().approve(5), "custodian 5 Eve"),
    conducted("approved for a contract that has moved", _moved(lambda ceremony: ceremony.approve(7)), "the contract"),
    conducted("anchored on a contract that has moved", _moved(lambda ceremony: ceremony.anchor()), "the contract"),
    conducted("another act is signed than the one read", _read_another, "custodian 5 Eve"),
    conducted("a living act is called dead, to have a second", _void_early, r"entry \d+"),
)
