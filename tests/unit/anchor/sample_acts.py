"""One act of each kind, and the ABI of the functions that take them, written out once more on purpose."""

from ceremony.records.structs import Anchor, Genesis, Halt, OnChain, Release, Resume, Rotate

LATEST_COUNT = 2**53 - 1
PLACE = {
    "transcript_root": "0x" + "a7" * 32,
    "transcript_size": 61,
    "epoch": 1,
    "sequence": 2,
    "deadline": LATEST_COUNT,
    "head": "0x" + "a8" * 32,
}
NEW_ROSTER = tuple(f"0x{number:040x}" for number in (0x11, 0x2200, 2**159, 2**160 - 1))
ACTS: dict[str, OnChain] = {
    "Genesis": Genesis(
        root="0x" + "a1" * 32, size=60, plan_digest="0x" + "a2" * 32, epoch=1, sequence=0, deadline=LATEST_COUNT, head="0x" + "00" * 32
    ),
    "Anchor": Anchor(kind=255, root="0x" + "a3" * 32, size=62, metadata="0x" + "a4" * 32, **PLACE),
    "Release": Release(artifact="0x" + "a5" * 32, manifest="0x" + "a6" * 32, predecessor="0x" + "a9" * 32, **PLACE),
    "Rotate": Rotate(roster=NEW_ROSTER, **PLACE),
    "Halt": Halt(reason="0x" + "aa" * 32, **PLACE),
    "Resume": Resume(reason="0x" + "ab" * 32, **PLACE),
}
_END = "bytes32,uint64,uint64,uint64,uint64,bytes32"
TUPLES = {
    "Genesis": "(bytes32,uint64,bytes32,uint64,uint64,uint64,bytes32)",
    "Anchor": f"(uint8,bytes32,uint64,bytes32,{_END})",
    "Release": f"(bytes32,bytes32,bytes32,{_END})",
    "Rotate": f"(address[],{_END})",
    "Halt": f"(bytes32,{_END})",
    "Resume": f"(bytes32,{_END})",
}
"""The members of each act's struct in the contract."""


def plain(act: OnChain) -> tuple[object, ...]:
    """An act's members as an independent encoder takes them; every text that is no address is 32 bytes."""
    dumped = act.model_dump(exclude={"type"})
    last = () if act.type == "Genesis" else tuple(PLACE)
    values = [value for name, value in dumped.items() if name not in last] + [dumped[name] for name in last]
    return tuple(bytes.fromhex(value[2:]) if isinstance(value, str) else value for value in values)
