"""What the contract logs: one event an act, read strictly, and replayed into the state that they add up to (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from ceremony.acts.roster import hash_roster
from ceremony.acts.typed import keccak256
from ceremony.anchor.artifacts.words import ADDRESS, WORD, require_size
from ceremony.errors import ChainLied

UINT64_BITS = 64
_EVENTS: Mapping[str, tuple[str, str, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        "Genesis": ("GenesisAnchored", "root", (("size", "uint64"), ("planDigest", "bytes32"))),
        "Anchor": ("Anchored", "root", (("kind", "uint8"), ("size", "uint64"), ("metadata", "bytes32"))),
        "Release": ("Released", "artifact", (("manifest", "bytes32"), ("predecessor", "bytes32"))),
        "Rotate": ("Rotated", "rosterDigest", (("epoch", "uint64"), ("roster", "address[]"))),
        "Halt": ("Halted", "reason", ()),
        "Resume": ("Resumed", "reason", ()),
    }
)
"""Of each act: its event, what is indexed beside the sequence number, and the data before the act's digest."""
Fields = Mapping[str, "bytes | int | tuple[bytes, ...]"]


def _topic(act: str) -> bytes:
    name, _, data = _EVENTS[act]
    return keccak256(f"{name}({','.join(('uint64', 'bytes32', *(kind for _, kind in data), 'bytes32'))})".encode())


TOPICS: Mapping[str, bytes] = MappingProxyType({act: _topic(act) for act in _EVENTS})
"""The first topic of each act's event."""
_ACTS = MappingProxyType({topic: act for act, topic in TOPICS.items()})


@dataclass(frozen=True)
class ActEvent:
    """One act that the contract took.

    Attributes:
        act: the act's type, as in `acts.digest.FIELDS`.
        sequence: its number.
        digest: its EIP-712 digest, 32 bytes.
        fields: what the event says of it, by name.
    """

    act: str
    sequence: int
    digest: bytes
    fields: Fields


@dataclass(frozen=True)
class History:
    """What a contract's events add up to: head and roster digest (32 bytes), acts taken, epoch, whether it is halted."""

    head: bytes
    sequence: int
    epoch: int
    halted: bool
    roster_digest: bytes


def parse_event(topics: Sequence[bytes], data: bytes) -> ActEvent:
    """Read one log of the contract; ChainLied when the contract cannot have written it."""
    act = _ACTS.get(topics[0]) if topics else None
    indexed = 3  # the event itself, sequence, subject
    if act is None or len(topics) != indexed or any(len(topic) != WORD for topic in topics):
        raise _impossible()
    _, subject, layout = _EVENTS[act]
    fields: dict[str, bytes | int | tuple[bytes, ...]] = {subject: topics[2]}
    words = [data[at : at + WORD] for at in range(0, len(data), WORD)]
    rest = _tail(words, len(layout) + 1) if "address[]" in dict(layout).values() else ()
    if len(data) % WORD or len(words) != len(layout) + 1 + (len(rest) + 1 if rest else 0):
        raise _impossible()
    for (name, kind), word in zip(layout, words, strict=False):
        fields[name] = rest if kind == "address[]" else word if kind == "bytes32" else _uint(word, int(kind.removeprefix("uint")))
    return ActEvent(act, _uint(topics[1], UINT64_BITS), words[len(layout)], MappingProxyType(fields))


def replay(events: Iterable[ActEvent], roster_digest: bytes) -> History:
    """The state after these events, in the order of their sequence numbers.

    Args:
        events: every event of the contract, in any order.
        roster_digest: of the roster in its creation code, 32 bytes.

    Raises:
        ChainLied: one is missing or doubled, or could not stand where it does.
    """
    history = History(bytes(WORD), 0, 1, halted=False, roster_digest=roster_digest)
    for event in sorted(events, key=lambda event: event.sequence):
        if event.sequence != history.sequence or (event.act == "Genesis") != (event.sequence == 0):
            message = f"an event is missing, doubled or out of place: act {history.sequence} is due, the events go on with {event.sequence}"
            raise ChainLied(message)
        history = _after(history, event)
    return history


def next_head(head: bytes, digest: bytes) -> bytes:
    """The contract head after the act with this digest was taken on top of `head` (32 bytes each)."""
    return keccak256(require_size(head, WORD) + require_size(digest, WORD))


def _after(history: History, event: ActEvent) -> History:
    if (history.halted and event.act not in {"Rotate", "Resume"}) or (not history.halted and event.act == "Resume"):
        message = f"act {event.sequence} ({event.act}) cannot have been taken {'while' if history.halted else 'unless'} halted"
        raise ChainLied(message)
    changed = replace(
        history,
        head=next_head(history.head, event.digest),
        sequence=event.sequence + 1,
        halted=event.act == "Halt" or (history.halted and event.act != "Resume"),
    )
    if event.act != "Rotate":
        return changed
    rotated, epoch, roster = (event.fields[name] for name in ("rosterDigest", "epoch", "roster"))
    if epoch != history.epoch + 1 or not isinstance(rotated, bytes) or not isinstance(roster, tuple) or rotated != hash_roster(roster):
        message = f"act {event.sequence} hands over to a roster or an epoch that does not follow"
        raise ChainLied(message)
    return replace(changed, epoch=history.epoch + 1, roster_digest=rotated)


def _tail(words: Sequence[bytes], head: int) -> tuple[bytes, ...]:
    """The addresses behind the head: their number, then a word each."""
    # SPEC Solidity ABI: an array's place in the head holds the offset of its length
    if len(words) <= head or _uint(words[1], UINT64_BITS) != head * WORD or _uint(words[head], UINT64_BITS) != len(words) - head - 1:
        raise _impossible()
    if any(any(word[: WORD - ADDRESS]) for word in words[head + 1 :]):
        raise _impossible()
    return tuple(word[-ADDRESS:] for word in words[head + 1 :])


def _uint(word: bytes, bits: int) -> int:
    number = int.from_bytes(word)
    if number >> bits:
        raise _impossible()
    return number


def _impossible() -> ChainLied:
    return ChainLied("a log that the contract cannot have written")
