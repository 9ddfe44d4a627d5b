"""An insider at the operator's machine: takes a transcript apart, changes it, and makes everything else fit again.

`rehash` repairs what needs no key and no thought: index and `previous` of every entry. `rebuild` also repairs whatever follows from other
entries (digests, roots, addresses, the contract's head), and signs anew for every custodian whose key the insider holds. An attack twists
one body at one of two moments: before what follows from it is worked out and signed (`twist`), or after (`spoil`).
"""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from coincurve import PrivateKey

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.artifacts.deployment import Terms, create2_address, creation_code, runtime_code
from ceremony.anchor.chain import FACTORY
from ceremony.anchor.reading import code_digest
from ceremony.anchor.standing import effects_of, head_after
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical, encode_canonical
from ceremony.records.evidence import EnvelopeHeader
from ceremony.records.plan_text import parse_plan, plan_digest
from ceremony.records.structs import Attestation, Checkpoint, Domain, Enrolment, Genesis, Struct, Transport, TypedAct
from ceremony.shards.threshold import header_digest
from ceremony.transcript.book import FIRST_PREVIOUS
from ceremony.transcript.checkpoint import Checkpoint as Note
from ceremony.transcript.checkpoint import NoteSignature, encode_note, key_id, name_of
from ceremony.transcript.merkle import Tree, leaf_hash

Body = dict[str, Any]
Change = Callable[[Body], object]
FIRST_V = 27


def parse_entries(data: bytes) -> list[dict[str, Any]]:
    """The entries of a transcript, free to be changed."""
    return [json.loads(line) for line in data.splitlines()]


def encode_lines(lines: Sequence[bytes]) -> bytes:
    """A transcript of these lines."""
    return b"".join(line + b"\n" for line in lines)


def rehash(entries: Sequence[Mapping[str, Any]], start: int = 0) -> list[bytes]:
    """The lines of these entries, from the one at `start` on each with the index and the `previous` that belong there."""
    lines, previous = [], FIRST_PREVIOUS
    for place, entry in enumerate(entries):
        fitted = entry if place < start else {**entry, "index": place, "previous": previous}
        lines.append(encode_canonical(fitted))
        previous = to_hex(leaf_hash(lines[-1]))
    return lines


class Forger:
    """Takes a transcript and the keys that the insider holds (by custodian).

    After `rebuild`, `root`, `contract` and `origin` are those of the forged transcript.
    """

    def __init__(self, data: bytes, keys: Mapping[int, PrivateKey] | None = None) -> None:
        self.entries = parse_entries(data)
        self.keys = dict(keys or {})
        self._twists: defaultdict[int, list[Change]] = defaultdict(list)
        self._spoils: defaultdict[int, list[Change]] = defaultdict(list)
        self.tree = Tree()

    # --- what to change ---

    def find(self, kind: str, nth: int = 0) -> int:
        """Where the nth entry of a kind stands."""
        return [place for place, entry in enumerate(self.entries) if entry["body"]["kind"] == kind][nth]

    def body(self, kind: str, nth: int = 0) -> Body:
        """Its body, to change before everything else is worked out."""
        body: Body = self.entries[self.find(kind, nth)]["body"]
        return body

    def twist(self, kind: str, change: Change, nth: int = 0) -> int:
        """Change what was worked out for an entry, before it is signed and others follow from it; returns where it stands."""
        place = self.find(kind, nth)
        self._twists[place].append(change)
        return place

    def spoil(self, kind: str, change: Change, nth: int = 0) -> int:
        """Change an entry after it was signed; returns where it stands."""
        place = self.find(kind, nth)
        self._spoils[place].append(change)
        return place

    def cut(self, size: int) -> None:
        """Forget everything from entry `size` on."""
        del self.entries[size:]

    def append(self, *bodies: Body) -> int:
        """Add entries at the end; returns where the first one stands."""
        place = len(self.entries)
        self.entries += [{"v": 1, "at": "2026-01-01T01:00:00Z", "body": deepcopy(body)} for body in bodies]
        return place

    def insert(self, place: int, body: Body) -> None:
        """Put one more entry where `place` is now."""
        self.entries.insert(place, {"v": 1, "at": "2026-01-01T01:00:00Z", "body": deepcopy(body)})

    # --- making it fit ---

    def rebuild(self) -> bytes:
        """The transcript, with everything worked out and signed anew."""
        self.tree, lines, previous = Tree(), [], FIRST_PREVIOUS
        self.roster: dict[int, str] = {}
        self.acts: dict[int, TypedAct] = {}
        for place, entry in enumerate(self.entries):
            body = deepcopy(entry["body"])
            getattr(self, f"_fit_{body['kind']}", self._fit_nothing)(body, place)
            for change in self._twists[place]:
                change(body)
            getattr(self, f"_sign_{body['kind']}", self._fit_nothing)(body, place)
            for change in self._spoils[place]:
                change(body)
            lines.append(encode_canonical({**entry, "index": place, "previous": previous, "body": body}))
            self.tree.append(leaf_hash(lines[-1]))
            previous = to_hex(self.tree.leaf(place))
        return encode_lines(lines)

    def close(self, signers: Sequence[int] | None = None, *, size: int | None = None, origin: str | None = None) -> bytes:
        """The checkpoint of the forged transcript, signed with the keys at hand; by those named in the last entry when None."""
        named: Sequence[int] = self.entries[-1]["body"].get("custodians", ()) if signers is None else signers
        size = len(self.tree) if size is None else size
        note = Note(origin or self.origin, size, self.tree.root(min(size, len(self.tree))))
        act = TypedAct(
            domain=self.contract_domain, struct=Checkpoint(origin=note.origin, size=note.size, root=to_hex(note.root))
        )
        return encode_note(note, [self.sign_note(index, act) for index in named if index in self.keys])

    def sign_note(self, index: int, act: TypedAct) -> NoteSignature:
        """One custodian's line under a checkpoint."""
        name = name_of(index)
        return NoteSignature(name, key_id(name, from_hex(self.roster[index])), from_hex(self.signed(index, act)))

    def signed(self, index: int, act: TypedAct) -> str:
        """A custodian's signature, hex, made with the key that the insider holds."""
        raw = self.keys[index].sign_recoverable(digest(act), hasher=None)
        return to_hex(raw[:-1] + bytes([FIRST_V + raw[-1]]))

    @property
    def origin(self) -> str:
        """What the checkpoint is of."""
        return f"ceremony/{self.opened['ceremony'].removeprefix('0x')}"

    @property
    def domain(self) -> Domain:
        """Where enrolments, transport keys and attestations are signed."""
        return Domain(name=self._name, chain_id=self.plan.chain.id, contract=None, salt=self.opened["ceremony"])

    @property
    def contract_domain(self) -> Domain:
        """Where acts and checkpoints are signed."""
        return Domain(name=self._name, chain_id=self.plan.chain.id, contract=self.contract, salt=None)

    @property
    def _name(self) -> Any:
        return "ceremony rehearsal" if self.opened["rehearsal"] else "ceremony"

    @property
    def terms(self) -> Terms:
        """What the contract's creation code fixes."""
        quorum = self.plan.quorum
        return Terms(
            name=self._name,
            ceremony_id=from_hex(self.opened["ceremony"]),
            roster=tuple(sorted(self.roster.values())),
            k=quorum.k,
            halting=quorum.halting,
        )

    # --- what follows from what, by kind of entry ---

    def _fit_nothing(self, _body: Body, _place: int) -> None:
        """Most kinds follow from nothing."""

    def _fit_ceremony_opened(self, body: Body, _place: int) -> None:
        self.opened, self.plan = body, parse_plan(body["plan_text"])
        body["plan_digest"] = to_hex(plan_digest(body["plan_text"]))

    def _fit_enrolled(self, body: Body, _place: int) -> None:
        body["enrolment"] |= {"ceremony": self.opened["ceremony"], "plan_digest": self.opened["plan_digest"]}

    def _sign_enrolled(self, body: Body, _place: int) -> None:
        self.roster[body["custodian"]] = body["enrolment"]["governance_key"]
        self._sign(body, Enrolment(**body["enrolment"]))

    def _fit_transport_made(self, body: Body, _place: int) -> None:
        body["transport"] |= {"ceremony": self.opened["ceremony"], "key_digest": to_hex(digest_canonical(body["public_key"]))}

    def _sign_transport_made(self, body: Body, _place: int) -> None:
        self._sign(body, Transport(**body["transport"]))

    def _fit_roster_confirmed(self, body: Body, _place: int) -> None:
        body["roster_digest"] = to_hex(roster_digest(self.roster.values()))

    def _fit_mark_founded(self, body: Body, place: int) -> None:
        body |= {"size": place, "root": to_hex(self.tree.root(place))}

    def _fit_test_sealed(self, body: Body, _place: int) -> None:
        body["header"]["ceremony"] = self.opened["ceremony"]
        self._test = body

    def _fit_opening_attested(self, body: Body, _place: int) -> None:
        header = EnvelopeHeader(**{**self._test["header"], "tags": tuple(self._test["header"]["tags"])})
        body["evidence"]["header_digest"] = to_hex(header_digest(header))

    def _sign_attested(self, body: Body, _place: int) -> None:
        evidence = to_hex(digest_canonical(body["evidence"]))
        body["attestation"] |= {"ceremony": self.opened["ceremony"], "evidence": evidence}
        self._sign(body, Attestation(**body["attestation"]))

    _sign_holding_attested = _sign_opening_attested = _sign_retired = _sign_attested

    def _fit_deploy_begun(self, body: Body, _place: int) -> None:
        self._deploying = body
        if len(set(self.roster.values())) < len(self.roster):
            return  # no contract takes such a roster: the entry keeps what it said
        creation = creation_code(load_artifact(), **self.terms)
        body |= {"creation_code_digest": code_digest(creation), "roster_digest": to_hex(roster_digest(self.roster.values()))}
        body["contract"] = to_hex(create2_address(from_hex(FACTORY), self.terms["ceremony_id"], creation))

    def _fit_deployed(self, body: Body, _place: int) -> None:
        body["contract"] = self.contract = self._deploying["contract"]
        self._fit_seen(body)

    def _fit_seen(self, body: Body) -> None:
        if len(set(self.roster.values())) < len(self.roster):
            return
        body["seen"] |= {
            "runtime_digest": code_digest(runtime_code(load_artifact(), **self.terms)),
            "roster_digest": to_hex(roster_digest(self.roster.values())),
            "ceremony": self.opened["ceremony"],
        }

    def _fit_proposed(self, body: Body, place: int) -> None:
        self._fit_seen(body)
        body["act"] |= {"size": place, "root": to_hex(self.tree.root(place)), "plan_digest": self.opened["plan_digest"]}

    def _sign_proposed(self, body: Body, _place: int) -> None:
        self.acts[body["attempt"]] = TypedAct(domain=self.contract_domain, struct=Genesis(**body["act"]))

    def _fit_digest(self, body: Body, _place: int) -> None:
        body["digest"] = to_hex(digest(self.acts[body["attempt"]]))

    _fit_approval_begun = _fit_approved = _fit_digest

    def _fit_anchor_begun(self, body: Body, place: int) -> None:
        self._fit_digest(body, place)
        act = self.acts[body["attempt"]]
        body["effects"] = effects_of(act.struct, digest(act)).model_dump()

    def _sign_approved(self, body: Body, _place: int) -> None:
        if body["custodian"] in self.keys:
            body["signature"] = self.signed(body["custodian"], self.acts[body["attempt"]])

    def _fit_anchored(self, body: Body, place: int) -> None:
        self._fit_digest(body, place)
        self._fit_seen(body)
        act: Any = self.acts[body["attempt"]].struct
        body["seen"] |= {"head": head_after(act, from_hex(body["digest"])), "genesis_root": act.root}

    def _fit_act_voided(self, body: Body, _place: int) -> None:
        self._fit_seen(body)

    def _sign(self, body: Body, struct: Struct) -> None:
        if body["custodian"] in self.keys:
            body["signature"] = self.signed(body["custodian"], TypedAct(domain=self.domain, struct=struct))
