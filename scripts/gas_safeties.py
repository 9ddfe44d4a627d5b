"""Our contract without one of its safeties, as patches of its source text: each says what that safety costs. None is ever deployed."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.gas_causes import price_calldata
from scripts.gas_peers import KEYS, PRESENT
from scripts.gas_sources import BenchBroken

SEPARATOR = "keccak256(abi.encode(DOMAIN_TYPEHASH, nameHash, VERSION_HASH, block.chainid, address(this)))"
EPOCH_WORD, DEADLINE_WORD, HEAD_WORD = 6, 8, 9
FIRST_PART = 13
ABSENT_WORDS = tuple(FIRST_PART + place + sum(each < place for each in PRESENT) for place in range(len(KEYS)) if place not in PRESENT)
"""Each custodian takes one word, and who approves one more."""
WORD, SELECTOR_BYTES = 32, 4


@dataclass(frozen=True)
class Safety:
    """One safety.

    Attributes:
        name: as the row shows it.
        patches: text that stands exactly once in the source, and what replaces it.
        words: the words of the anchor's calldata that would go with it.
    """

    name: str
    patches: Sequence[tuple[str, str]]
    words: Sequence[int] = ()


SAFETIES = (
    Safety("canonical calldata", [("_requireCanonical(ANCHOR_WORDS, parts);", "")]),
    Safety(
        "low s only",
        [("if gt(s, largestS) { largestS := s }", ""), ("if (largestS > MAX_S) revert HighS();", "")],
    ),
    Safety(
        "every signature has a signer",
        [("if iszero(mload(place)) { allRecovered := 0 }", ""), ("if (!allRecovered) revert BadSignature();", "")],
    ),
    Safety("no unknown roster bit", [("if (uint256(bitmap) >> n != 0) revert UnknownRosterBit();", "")]),
    Safety("deadline", [("if (block.timestamp > deadline) revert DeadlinePassed();", "")], [DEADLINE_WORD]),
    Safety("head binding", [("if (actHead != head) revert WrongHead();", "")], [HEAD_WORD]),
    Safety("epoch", [("if (actEpoch != epoch) revert WrongEpoch();", "")], [EPOCH_WORD]),
    Safety("halt", [("if (halted) revert IsHalted();", "")]),
    Safety(
        "domain separator made anew (chain id)",
        [
            ("bytes32 public immutable ceremonyId;", "bytes32 public immutable ceremonyId; bytes32 private immutable separator;"),
            ("        halting = halting_;", f"        halting = halting_; separator = {SEPARATOR};"),
            (f"        return {SEPARATOR};", "        return separator;"),
        ],
    ),
    Safety(
        "roster hashed anew, not trusted",
        [("rebuilt := keccak256(roster, end)", ""), ("if (rebuilt != rosterDigest()) revert RosterMismatch();", "")],
        ABSENT_WORDS,
    ),
    Safety("event", [("emit Anchored(act.seq, act.root, act.kind, act.size, act.metadata, digest);", "")]),
    Safety("lookup index", [("if (act.kind != VOID) anchored[act.root] = true;", "")]),
)


def without(source: str, safety: Safety) -> str:
    """The source without this safety; BenchBroken if the source is not what the patch was made for."""
    for old, new in safety.patches:
        if source.count(old) != 1:
            message = f"the patch for {safety.name!r} does not apply: the source has {source.count(old)} times {old!r}"
            raise BenchBroken(message)
        source = source.replace(old, new)
    return source


def words_price(safety: Safety, data: bytes) -> int:
    """What the words cost as calldata that only this safety needs."""
    starts = (SELECTOR_BYTES + word * WORD for word in safety.words)
    return sum(price_calldata(data[start : start + WORD]) for start in starts)
