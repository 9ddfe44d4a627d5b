"""For each symbolic property a broken twin of the contract: what is changed in `Ceremony.sol`, so that the property must fail."""

from collections.abc import Mapping
from types import MappingProxyType

Patch = tuple[tuple[str, str], ...]

TWINS: Mapping[str, Patch] = MappingProxyType(
    {
        "Order.genesisOnlyOnce": (("if (sequence != 0) revert GenesisTwice();", ""),),
        "Order.nothingBeforeGenesis": (("if (sequence == 0) revert NotYetGenesis();", ""),),
        "Order.haltedOnlyAfterGenesis": (("if (sequence == 0) revert NotYetGenesis();", ""), ("        sequence++;", "")),
        "Order.sequenceRisesByOne": (("        sequence++;", "        sequence += 2;"),),
        "Order.epochRisesOnlyByRotation": (("        halted = false;", "        halted = false;\n        epoch++;"),),
        "Order.whileHaltedOnlyRotationAndResumption": (("if (halted) revert IsHalted();", ""),),
        "Order.noResumptionUnlessHalted": (("if (!halted) revert NotHalted();", ""),),
        "Order.haltedChangesOnlyByHaltAndResumption": (("        epoch++;", "        epoch++;\n        halted = false;"),),
        "Order.nothingAfterItsDeadline": (("if (block.timestamp > deadline) revert DeadlinePassed();", ""),),
        "Order.nothingForAnotherSequence": (("if (seq != sequence) revert", "if (seq < sequence) revert"),),
        "Order.nothingForAnotherEpoch": (("if (actEpoch != epoch) revert", "if (actEpoch > epoch) revert"),),
        "Order.nothingForAnotherHead": (("if (actHead != head) revert WrongHead();", ""),),
        "Effects.termsStay": (
            ("uint8 public immutable k;", "uint8 public k;"),
            ("        epoch++;", "        epoch++;\n        k = 1;"),
        ),
        "Effects.anchoredForEver": (("if (act.kind != VOID) anchored[act.root] = true;", "anchored[act.root] = act.kind != VOID;"),),
        "Effects.releasedForEver": (
            ("        latestRelease = act.artifact;", "        latestRelease = act.artifact;\n        released[act.predecessor] = false;"),
        ),
        "Effects.aVoidMarksNothing": (("if (act.kind != VOID) anchored", "anchored"),),
        "Effects.releasesFollowEachOther": (("if (act.predecessor != latestRelease) revert WrongPredecessor();", ""),),
        "Effects.rotationTakesOnlyARoster": (("if (roster[i] <= previous)", "if (roster[i] < previous)"),),
        "Effects.noEther": (
            ("function halt(Halt calldata act, uint32 bitmap, bytes32[] calldata parts) external {",
             "function halt(Halt calldata act, uint32 bitmap, bytes32[] calldata parts) external payable {"),
        ),
        "Effects.noOtherSelector": (("    // --- rules", "    function stop() external {\n        halted = true;\n    }\n"),),
        "Quorum.nothingBelowItsQuorum": (("if (present < needed)", "if (present + 1 < needed)"),),
        "Quorum.partsAreCounted": (("if (parts.length != n + present) revert BadLength();", ""),),
        "Quorum.bitsBeyondTheRosterAreOfNoUse": (("if (uint256(bitmap) >> n != 0) revert UnknownRosterBit();", ""),),
        "Quorum.onlyTheRosterSigns": (("if (rebuilt != rosterDigest()) revert RosterMismatch();", "rebuilt;"),),
        "Quorum.noHighS": (("if (largestS > MAX_S) revert HighS();", ""),),
        "Digests.digestOfAGenesis": (("SELECTOR_BYTES + words * WORD])", "SELECTOR_BYTES + (words - 1) * WORD])"),),
        "Digests.digestOfAnAnchor": (("SELECTOR_BYTES + words * WORD])", "SELECTOR_BYTES + (words - 1) * WORD])"),),
        "Digests.digestOfARelease": (("SELECTOR_BYTES + words * WORD])", "SELECTOR_BYTES + (words - 1) * WORD])"),),
        "Digests.digestOfARotation": (("                act.deadline,\n", "                act.seq,\n"),),
        "Digests.digestOfAHalt": (("SELECTOR_BYTES + words * WORD])", "SELECTOR_BYTES + (words - 1) * WORD])"),),
        "Digests.digestOfAResumption": (("SELECTOR_BYTES + words * WORD])", "SELECTOR_BYTES + (words - 1) * WORD])"),),
        "Digests.aHaltIsNoResumption": (("_hashStruct(HALT_TYPEHASH,", "_hashStruct(RESUME_TYPEHASH,"),),
        "Digests.digestNamesTheChain": (("block.chainid", "uint256(1)"),),
    },
)


def patched(source: str, name: str) -> str:
    """The contract with the property's twin's changes; each must change something."""
    for old, new in TWINS[name]:
        changed = source.replace(old, new)
        if changed == source:
            message = f"the twin of {name} changes nothing: {old}"
            raise ValueError(message)
        source = changed
    return source
