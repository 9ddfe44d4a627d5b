"""Acts of every kind, drawn at random."""

from hypothesis import strategies as st

from ceremony.acts.digest import ON_CONTRACT
from ceremony.records.structs import (
    Anchor,
    Attestation,
    Checkpoint,
    Domain,
    Enrolment,
    EnvelopeApproval,
    Genesis,
    Halt,
    Release,
    Resume,
    Rotate,
    Succession,
    Transport,
    TypedAct,
)

HEX32 = st.binary(min_size=32, max_size=32).map(lambda data: "0x" + data.hex())
ADDRESSES = st.binary(min_size=20, max_size=20).map(lambda data: "0x" + data.hex())
COUNTS = st.integers(0, 2**53 - 1)
INDICES = st.integers(1, 32)
TEXTS = st.sampled_from(["a", "SN 0001", "ceremony/5e", "Grüße, 世界", "x" * 200])
NAMES = st.sampled_from(["ceremony", "ceremony rehearsal"])
ON_CHAIN = st.builds(Domain, name=NAMES, chain_id=COUNTS, contract=ADDRESSES, salt=st.none())
IN_CEREMONY = st.builds(Domain, name=NAMES, chain_id=COUNTS, contract=st.none(), salt=HEX32)
PLACE = {"transcript_root": HEX32, "transcript_size": COUNTS, "epoch": COUNTS, "sequence": COUNTS, "deadline": COUNTS, "head": HEX32}
STRUCTS = {
    "Enrolment": st.builds(
        Enrolment, ceremony=HEX32, plan_digest=HEX32, epoch=COUNTS, custodian=INDICES, serial=TEXTS, governance_key=ADDRESSES
    ),
    "Transport": st.builds(Transport, ceremony=HEX32, dealing=COUNTS, custodian=INDICES, serial=TEXTS, key_digest=HEX32),
    "Attestation": st.builds(
        Attestation,
        subject=st.sampled_from(["holding", "opening", "retirement", "answer", "destruction"]),
        ceremony=HEX32,
        dealing=COUNTS,
        custodian=INDICES,
        evidence=HEX32,
    ),
    "EnvelopeApproval": st.builds(
        EnvelopeApproval, ceremony=HEX32, dealing=COUNTS, header=HEX32, description=TEXTS, reason=TEXTS, opening=HEX32
    ),
    "Genesis": st.builds(
        Genesis, root=HEX32, size=COUNTS, plan_digest=HEX32, epoch=COUNTS, sequence=COUNTS, deadline=COUNTS, head=HEX32
    ),
    "Anchor": st.builds(Anchor, kind=st.integers(0, 255), root=HEX32, size=COUNTS, metadata=HEX32, **PLACE),
    "Release": st.builds(Release, artifact=HEX32, manifest=HEX32, predecessor=HEX32, **PLACE),
    "Rotate": st.builds(Rotate, roster=st.lists(ADDRESSES, min_size=1, max_size=32).map(tuple), **PLACE),
    "Halt": st.builds(Halt, reason=HEX32, **PLACE),
    "Resume": st.builds(Resume, reason=HEX32, **PLACE),
    "Succession": st.builds(
        Succession,
        predecessor=HEX32,
        ceremony=HEX32,
        dealing=COUNTS,
        envelopes=COUNTS,
        list_digest=HEX32,
        cutoff=COUNTS,
        size=COUNTS,
        root=HEX32,
    ),
    "Checkpoint": st.builds(Checkpoint, origin=TEXTS, size=COUNTS, root=HEX32),
}
ACTS = {
    name: st.builds(TypedAct, domain=ON_CHAIN if name in ON_CONTRACT else IN_CEREMONY, struct=struct) for name, struct in STRUCTS.items()
}
