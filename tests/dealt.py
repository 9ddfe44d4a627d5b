"""A dealing small enough for a test: custodian 1's place in it, real or simulated, as the conductor and the dealer would bring it about."""

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.serialization import load_der_public_key

from ceremony.custody.dealer import wrap_oaep
from ceremony.custody.envelope import seal_test
from ceremony.hsm import messages as m
from ceremony.hsm.agents import AgentPort, ask
from ceremony.quorum.replay import Extension, ShownEntry
from ceremony.records.act_entries import ActVoided
from ceremony.records.base import Record, from_hex, to_hex
from ceremony.records.dealing_entries import BlobsDestroyed
from ceremony.records.entries import Entry
from ceremony.records.evidence import BlockSeen, ContractSeen, EnvelopeHeader
from ceremony.records.structs import Checkpoint, Domain, Genesis, TypedAct
from ceremony.shards.field import encode_point
from ceremony.shards.secret import encode_pkcs8, expand_seed
from ceremony.shards.shamir import Polynomial
from ceremony.transcript.merkle import Tree, leaf_hash
from tests.simulators.randomness import Stream
from tests.softhsm import RealToken

CEREMONY = "0x" + "c1" * 32
PLAN = "0x" + "71" * 32
CONTRACT = "0x" + "cc" * 20
PLACE = m.Place(ceremony=CEREMONY, dealing=1, custodian=1)
DOMAIN = Domain(name="ceremony rehearsal", chain_id=31337, contract=None, salt=CEREMONY)
ON_CONTRACT = Domain(name="ceremony rehearsal", chain_id=31337, contract=CONTRACT, salt=None)
ZERO = "0x" + "00" * 32
N, K = 7, 5
POLYNOMIAL = expand_seed(bytes(range(32)), ceremony=from_hex(CEREMONY), dealing=1, source="test", k=K)
SHARE = POLYNOMIAL.split(N)[0].value
OTHER_SHARE = POLYNOMIAL.split(N)[1].value
FIRST_SIZE = 3
"""Entries of the transcript at enrolment."""


@dataclass(frozen=True)
class Dealt:
    """What the ceremony's side knows after custodian 1's shard was loaded."""

    token: RealToken | None
    enrolled: m.EnrolReply
    transport: m.TransportReply
    blob: bytes
    loaded: m.Loaded

    def on(self, token: RealToken) -> "Dealt":
        """The same, on a copy of the token."""
        return replace(self, token=token)


def commitments(polynomial: Polynomial = POLYNOMIAL) -> tuple[str, ...]:
    return tuple(to_hex(encode_point(point, compressed=True)) for point in polynomial.commit())


def tree(size: int, forked_at: int | None = None) -> Tree:
    """A transcript's tree; with `forked_at`, of another history in which that entry reads otherwise."""
    return Tree(leaf_hash(f"entry {number}{' altered' if number == forked_at else ''}".encode()) for number in range(size))


def voiding(size: int, *, time: int, head: str = ZERO, sequence: int = 0, kind: type[Record] = ActVoided) -> dict[str, object]:
    """Changes to a request to sign: one more entry, which ends the act before at this state of the chain, and the proofs it takes."""
    block = BlockSeen(number=9, hash=ZERO, time=time)
    same = dict.fromkeys(("runtime_digest", "roster_digest", "ceremony", "genesis_root"), ZERO)
    seen = ContractSeen(block=block, **same, n=7, k=5, halting=3, epoch=1, sequence=sequence, head=head)
    body = ActVoided(attempt=1, seen=seen) if kind is ActVoided else BlobsDestroyed(dealing=1)
    line = Entry(index=size, previous=ZERO, at="2026-01-01T00:00:00Z", body=body).encode()
    grown = tree(size)
    grown.append(leaf_hash(line))
    return {
        "extension": Extension(size=size + 1, root=to_hex(grown.root()), proof=tuple(map(to_hex, grown.consistency(size)))),
        "act_proof": tuple(map(to_hex, grown.consistency(size - 1))),
        "voided": ShownEntry(index=size, line=line.decode(), proof=tuple(map(to_hex, grown.inclusion(size)))),
    }


def root(size: int) -> str:
    return to_hex(tree(size).root(size))


def extension(since: int, size: int, forked_at: int | None = None) -> Extension:
    """The transcript of `size` entries, with the proof that it extends the one of `since`."""
    grown = tree(size, forked_at)
    proof = grown.consistency(since, size) if since <= size else ()
    return Extension(size=size, root=to_hex(grown.root(size)), proof=tuple(to_hex(step) for step in proof))


def enrol() -> m.Enrol:
    return m.Enrol(domain=DOMAIN, ceremony=CEREMONY, plan_digest=PLAN, epoch=1, custodian=1, size=FIRST_SIZE, root=root(FIRST_SIZE))


def load(blob: bytes) -> m.Load:
    return m.Load(place=PLACE, wrapped=to_hex(blob), commitments=commitments())


def wrap(transport: m.TransportReply, share: int = SHARE) -> bytes:
    """As the dealer wraps it."""
    return wrap_oaep(load_der_public_key(from_hex(transport.public_key)), encode_pkcs8(share))


def enrol_and_load(agent: AgentPort, token: RealToken | None = None) -> Dealt:
    """Everything until the shard is held."""
    enrolled = ask(agent, enrol(), m.EnrolReply)
    transport = ask(agent, m.MakeTransport(domain=DOMAIN, place=PLACE), m.TransportReply)
    blob = wrap(transport)
    return Dealt(token, enrolled, transport, blob, ask(agent, load(blob), m.Loaded))


def envelope() -> EnvelopeHeader:
    """Sealed to the dealing."""
    return seal_test(ceremony=CEREMONY, dealing=1, n=N, commitments=POLYNOMIAL.commit(), entropy=Stream(1, "envelope")(48))


def genesis(size: int, *, sequence: int = 0, epoch: int = 1, deadline: int = 1000, plan: str = PLAN) -> TypedAct:
    """The act that approves the first `size` entries."""
    struct = Genesis(root=root(size), size=size, plan_digest=plan, epoch=epoch, sequence=sequence, deadline=deadline, head=ZERO)
    return TypedAct(domain=ON_CONTRACT, struct=struct)


def checkpoint(size: int) -> TypedAct:
    return TypedAct(domain=ON_CONTRACT, struct=Checkpoint(origin="ceremony/test", size=size, root=root(size)))


def sign(act: TypedAct, shown: Extension, **changes) -> m.Sign:
    """The request to sign an act that stands in the transcript shown."""
    struct = act.struct
    proof = tree(shown.size).consistency(struct.size, shown.size) if struct.size <= shown.size else ()
    fields = {"extension": shown, "act_proof": tuple(to_hex(step) for step in proof), "voided": None}
    return m.Sign(ceremony=CEREMONY, custodian=1, act=act, **{**fields, **changes})
