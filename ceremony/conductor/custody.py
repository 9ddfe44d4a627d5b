"""What the shards are for once a ceremony is closed: five tokens open an envelope, each proves that it holds its shard (DESIGN 4.5, 4.6).

Each custodian sits alone: reads, answers Yes, gives the PIN, and the token answers one question; its session ends before the next one's.
"""

import hmac
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import cast

from ceremony.acts.words import encode_words
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.ports import CombinerPort
from ceremony.custody.messages import Combine
from ceremony.custody.sealed import unwrap_key
from ceremony.errors import OpeningError, OutOfTurn, TokenError, TokenLied, TranscriptError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.protocol.state import State
from ceremony.quorum.dealings import public_share
from ceremony.records import custody_entries as custody
from ceremony.records.base import Record, from_hex, to_hex
from ceremony.records.entries import Body
from ceremony.records.evidence import EnvelopeHeader, SealedHeader
from ceremony.shards.field import WIDE_BYTES, base_multiply, encode_point, reduce_scalar
from ceremony.shards.threshold import expected_holding_answer, find_tag, header_digest, resolve_answer
from ceremony.transcript.book import Book
from ceremony.transcript.journal import Journal

NONCE_BYTES = 32
MORE = (
    "Run the same command again with more custodians: --custodian NAME for each. "
    "Where every answer is called wrong, the sealer's tags may be: --untrusted-sealer does without them."
)

Joined = tuple[bytes, tuple[int, ...], bool]
"""The payload's key (16 bytes), whose answers brought it back, and whether the combiner's memory was locked."""

TOO_LATE = (
    "While five old shards are left, open the file with this DIR and keep its content in a safe place; once the successor is closed, "
    "seal it to that one and register it there."
)


@dataclass
class Custody:
    """A closed ceremony and the journal of what happens with its shards afterwards."""

    conductor: Conductor
    journal: Journal

    def __post_init__(self) -> None:
        require_bound(self.journal.book, self.conductor.journal.book, self.conductor.state)

    def write(self, body: custody.CustodyBody) -> None:
        """Append one entry; the first one binds the journal to the closed transcript."""
        if not len(self.journal.book):
            c = self.conductor
            self._append(custody.CustodyOpened(ceremony=c.state.opened.ceremony, size=c.size, root=c.root))
        self._append(body)

    def bodies(self) -> tuple[custody.CustodyBody, ...]:
        """What the entries so far say."""
        return tuple(cast("custody.CustodyBody", entry.body) for entry in self.journal.book)

    def _append(self, body: custody.CustodyBody) -> None:
        self.journal.append(cast("Body", body), lambda _entry: None)  # its own closed union; order is free


def require_bound(written: Book, transcript: Book, state: State) -> None:
    """Raise TranscriptError unless the custody journal, if anything is in it, says first that it belongs to exactly this transcript."""
    opened: Record = custody.CustodyOpened(ceremony=state.opened.ceremony, size=len(transcript), root=to_hex(transcript.root()))
    if len(written) and written.entries[0].body != opened:
        message = "the custody journal belongs to another transcript than the one that stands here"
        raise TranscriptError(message, culprits=("custody entry 0",), remedy="Find out which of the two was put in the other's place.")


def require_dealt(state: State) -> None:
    """Raise OutOfTurn unless the shards are in their tokens for good and the ceremony's last entry is written."""
    if state.closing is None:
        message = "this ceremony is not closed yet"
        raise OutOfTurn(message, remedy="`ceremony status DIR` shows what is owed before its master key may be used.")


def master_key(state: State) -> custody.MasterKey:
    """What anyone needs to seal to this ceremony; OutOfTurn before it is closed."""
    require_dealt(state)
    n, k = state.plan.quorum.n, state.plan.quorum.k
    return custody.MasterKey(ceremony=state.opened.ceremony, dealing=state.dealing, n=n, k=k, commitments=state.commitments)


def describe_envelope(header: EnvelopeHeader) -> tuple[str, ...]:
    """An envelope in plain words; its digest is what custodians compare."""
    digest = header_digest(header)
    return (
        f"Envelope:  {header.description}",
        f"Sealed to: ceremony {header.ceremony}, dealing {header.dealing}, {len(header.tags)} shards",
        f"Digest:    {to_hex(digest)}",
        f"In words:  {encode_words(digest)}",
    )


def describe_origin(state: State, header: EnvelopeHeader) -> tuple[str, ...]:
    """Of an envelope that was carried over: the digest that its file still carries."""
    digest = header_digest(header)
    carried = (one.origin for one in state.rewrapped.values() if header_digest(one.sealed.header) == digest)
    return tuple(f"Carried:   from an earlier dealing; the file's own digest is {origin}" for origin in carried)


def require_sealed_here(state: State, header: EnvelopeHeader) -> None:
    """Raise OpeningError unless the envelope is sealed to this ceremony's shards."""
    if (header.ceremony, header.dealing) != (state.opened.ceremony, state.dealing):
        digest = to_hex(header_digest(header))
        left = next((one for one in state.left_out.values() if one.origin == digest), None)
        if left is not None:
            message = f"this envelope was left behind when this ceremony succeeded the one before: {left.statement}"
            raise OpeningError(message, culprits=(left.description,), remedy="Nobody can open it once the old shards are destroyed.")
        message = f"the file is sealed to dealing {header.dealing} of ceremony {header.ceremony}, not to this one"
        if state.succeeded is not None and header.ceremony == state.succeeded.predecessor:
            message += ", and was not carried over from there"
        raise OpeningError(message, remedy="Name the directory of the ceremony that it was sealed to.")


def succeeded_by(written: Book) -> str | None:
    """The id of the ceremony that took this one's register over, hex; None while none has."""
    bodies: list[object] = [entry.body for entry in written]
    return next((body.successor for body in bodies if isinstance(body, custody.RegisterClosed)), None)


def require_not_succeeded(written: Book) -> None:
    """Raise OutOfTurn when another ceremony has succeeded this one: its shards are destroyed, or about to be."""
    successor = succeeded_by(written)
    if successor is not None:
        message = f"ceremony {successor} has succeeded this one, whose shards are destroyed or about to be"
        raise OutOfTurn(message, culprits=(successor,), remedy="Name the successor's directory, or its master key.")


def register(here: Custody, sealed: SealedHeader) -> bool:
    """Enter an envelope that is sealed to this ceremony; whether it was not there already."""
    require_dealt(here.conductor.state)
    known = {body.header_digest for body in here.bodies() if isinstance(body, custody.EnvelopeRegistered)}
    known |= {one.origin for one in here.conductor.state.rewrapped.values()}
    digest = to_hex(header_digest(sealed.header))
    if digest in known:
        return False
    require_sealed_here(here.conductor.state, sealed.header)
    successor = succeeded_by(here.journal.book)
    if successor is not None:
        message = f"this register is closed: ceremony {successor} took it over"
        raise OutOfTurn(message, culprits=(successor,), remedy=TOO_LATE)
    here.write(custody.EnvelopeRegistered(header_digest=digest, sealed=sealed))
    return True


def unseal(
    here: Custody, sealed: SealedHeader, reason: str, custodians: Sequence[int], *, every: bool = True
) -> tuple[bytes, custody.Unsealed]:
    """The payload's key, 16 bytes, and the entry that says who brought it back: the first k of `custodians` whose tokens answer rightly.

    Every one of `custodians` is asked, so more than k name those who cheat; unless `every`, only until k have answered rightly. The outcome
    stands in the journal before the key is given out. The combiner starts before anybody is asked, and is gone when it has answered.

    Raises:
        OpeningError: sealed elsewhere, too few right answers (names the wrong ones), or the file was changed.
        Declined: a custodian said no.
    """
    require_dealt(here.conductor.state)
    require_sealed_here(here.conductor.state, sealed.header)
    with closing(here.conductor.ports.open_combiner()) as combiner:
        return _unseal(here, sealed, reason, custodians, combiner, every=every)


def _unseal(  # noqa: PLR0913 - as `unseal`, and who joins the answers
    here: Custody, sealed: SealedHeader, reason: str, custodians: Sequence[int], combiner: CombinerPort, *, every: bool
) -> tuple[bytes, custody.Unsealed]:
    c, header = here.conductor, sealed.header
    digest = to_hex(header_digest(header))
    here.write(
        custody.UnsealBegun(header_digest=digest, description=header.description, reason=reason, custodians=tuple(custodians))
    )
    lines = (*describe_envelope(header), *describe_origin(c.state, header), f"Reason:    {reason}")
    k = c.state.plan.quorum.k
    answers, wrong = gather(
        c,
        custodians,
        lambda index, number: _answer(c, header, index, number),
        enough=len(custodians) if every else k,
        greet=lambda index: c.ports.people.confirm(c.who(index), lines, "Shall your token help to open this envelope?"),
    )
    return conclude(here, header, answers, wrong, lambda: join_answers(c, combiner, sealed, answers))


def conclude(  # noqa: PLR0913, PLR0917 - who answered how, how they are joined, and what to do when that is not enough
    here: Custody,
    header: EnvelopeHeader,
    answers: Mapping[int, str],
    wrong: tuple[custody.Wrong, ...],
    join: Callable[[], Joined],
    remedy: str = MORE,
) -> tuple[bytes, custody.Unsealed]:
    """Join k right answers or more, and write down whose key came back; OpeningError, written down too, when they are fewer."""
    c, digest, k = here.conductor, to_hex(header_digest(header)), here.conductor.state.plan.quorum.k
    right = tuple(sorted(answers))
    if len(right) < k:
        here.write(custody.UnsealFailed(header_digest=digest, custodians=right, wrong=wrong))
        message = f"right answers: {len(right)}, needed: {k}; the envelope stays closed"
        culprits = tuple(f"{c.state.plan.whose(one.custodian, one.token_number)}: {one.error}" for one in wrong)
        successor = succeeded_by(here.journal.book)
        if successor is not None:
            message += f"; ceremony {successor} has succeeded this one, and the shards of this one may be destroyed"
            remedy = "Name the successor's directory: `ceremony unseal FILE NEW ...` opens what was carried over."
        raise OpeningError(message, culprits=culprits, remedy=remedy)
    try:
        key, chosen, locked = join()
    except OpeningError:  # right answers, and yet another key than the header commits to: the sealer's doing, or the file's
        here.write(custody.UnsealFailed(header_digest=digest, custodians=right, wrong=wrong))
        raise
    done = custody.Unsealed(header_digest=digest, custodians=chosen, wrong=wrong, memory_locked=locked)
    here.write(done)
    return key, done


def join_answers(
    c: Conductor, combiner: CombinerPort, sealed: SealedHeader, answers: Mapping[int, str]
) -> Joined:
    """What right answers (hex of 32 bytes) bring back.

    OpeningError when it does not fit, MemoryNotLocked when the plan requires it.
    """
    k, required = c.state.plan.quorum.k, c.state.plan.require_locked_memory
    chosen = tuple(sorted(answers)[:k])
    given = tuple((index, answers[index]) for index in chosen)
    combined = combiner.combine(Combine(header=sealed.header, k=k, answers=given, require_locked_memory=required))
    return unwrap_key(from_hex(combined.file_key), sealed), chosen, combined.memory_locked


def prove(here: Custody, custodians: Sequence[int]) -> tuple[custody.Wrong, ...]:
    """Challenge each token of each custodian with a fresh point; which did not prove that it holds its shard, empty when all did."""
    c = here.conductor
    require_dealt(c.state)
    wrong: list[custody.Wrong] = []
    for index, number in c.state.plan.holders:
        if index in custodians:
            _, failed = _try(c, index, number, lambda: _prove(here, index, number))  # noqa: B023 - called at once
            wrong += failed
    c.rise()
    for one in wrong:
        here.write(custody.HoldingFailed(custodian=one.custodian, token_number=one.token_number, error=one.error))
    return tuple(wrong)


def gather(  # noqa: PLR0913 - whom, what, how many, and what goes before
    c: Conductor,
    custodians: Sequence[int],
    sit: Callable[[int, int], str],
    *,
    enough: int,
    greet: Callable[[int], None] = lambda _index: None,
    signing: bool = False,
) -> tuple[dict[int, str], tuple[custody.Wrong, ...]]:
    """Each custodian in turn, alone, until `enough` have done it; what came of it, and which tokens failed or lied.

    A custodian's tokens that hold the shard are tried in their order: one that is lost is not the loss of a shard.

    Args:
        c: of the closed ceremony.
        custodians: who is asked.
        sit: what one token does, by custodian and number.
        enough: how many are needed.
        greet: what a custodian is asked first, once.
        signing: the token that signs is meant, and no other.
    """
    done: dict[int, str] = {}
    wrong: list[custody.Wrong] = []
    for index in custodians:
        if len(done) == enough:
            break
        greet(index)
        person = c.state.plan.custodian[index - 1]
        tokens = (person.signer,) if signing else person.holders
        for number in tokens:
            found, failed = _try(c, index, number, lambda: sit(index, number))  # noqa: B023 - called at once
            wrong += failed
            if found is not None:
                done[index] = found
                break
            if number != tokens[-1]:
                c.ports.people.tell(f"      {c.who(index)}: another token holds the same shard, and is asked now")
    c.rise()
    return done, tuple(wrong)


def _try(c: Conductor, index: int, number: int, sit: Callable[[], str]) -> tuple[str | None, tuple[custody.Wrong, ...]]:
    """One token, alone in its sitting: what it did, or how it failed or lied."""
    c.sit(c.state.plan.whose(index, number))
    try:
        return sit(), ()
    except (OpeningError, TokenError) as error:
        c.ports.people.tell(f"      {c.state.plan.whose(index, number)}: {error.name}: {error.message}")
        return None, (custody.Wrong(custodian=index, token_number=number, error=error.name),)


def _answer(c: Conductor, header: EnvelopeHeader, index: int, number: int) -> str:
    """One token's answer, hex of 32 bytes, checked against the sealer's tag here too: the agent may be the liar."""
    x = ask(c.seat(index, number), m.AnswerEnvelope(place=c.place(index), header=header), m.Answered).x
    resolve_answer(header_digest(header), index, from_hex(x), find_tag(header.tags, index))
    c.ports.people.tell(f"      {c.state.plan.whose(index, number)}: the token has answered")
    return x


def _prove(here: Custody, index: int, number: int) -> str:
    c, whose = here.conductor, here.conductor.state.plan.whose(index, number)
    secret, nonce = reduce_scalar(c.ports.entropy(WIDE_BYTES)), c.ports.entropy(NONCE_BYTES)
    point = encode_point(base_multiply(secret))
    answer = ask(c.seat(index, number), m.Hold(place=c.place(index), point=to_hex(point), nonce=to_hex(nonce)), m.Held).answer
    public = public_share(c.state.commitments, index)
    expected = expected_holding_answer(from_hex(c.state.opened.ceremony), c.state.dealing, index, public, secret, nonce)
    if not hmac.compare_digest(expected, from_hex(answer)):
        message = "the token does not hold the shard that the commitments say"
        raise TokenLied(message, culprits=(whose,))
    here.write(custody.HoldingProven(custodian=index, token_number=number, point=to_hex(point), nonce=to_hex(nonce), answer=answer))
    c.ports.people.tell(f"      {whose}: the token holds its shard")
    return answer
