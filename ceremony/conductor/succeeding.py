"""Steps by which a ceremony succeeds another: who hands over, every registered envelope is carried over, then the old shards go.

At every moment each registered envelope has one complete set that opens it: the old shards stand until five of the new custodians have
approved the list, and the list is proposed once every new header has been opened by five of the new tokens.
"""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from ceremony.anchor.agreement import see_contract
from ceremony.conductor.absent import require_absent
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.custody import Custody, require_not_succeeded, succeeded_by
from ceremony.conductor.looking import final_block, require_epoch, require_planned_chain
from ceremony.conductor.panel import Panel
from ceremony.custody import messages as combining
from ceremony.errors import CeremonyError, Declined, OpeningError, OutOfTurn, TokenError, TokenLied, TranscriptError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask
from ceremony.protocol.state import State
from ceremony.protocol.steps import Step, StepKind
from ceremony.quorum.dealings import require_attested
from ceremony.quorum.successions import list_digest
from ceremony.records import succession_entries as entries
from ceremony.records.base import to_hex
from ceremony.records.custody_entries import EnvelopeRegistered, RegisterClosed
from ceremony.records.evidence import SealedHeader
from ceremony.records.structs import Succession
from ceremony.shards.threshold import header_digest
from ceremony.transcript.book import Book

OPERATOR = "the operator"
LOST = "Whatever was sealed to the old dealing and is not on this list WILL BE LOST: nobody can ever open it again."

STUCK = (
    "Bring more of the old tokens and run the same command again. If honest tokens are refused, the sealer's tags are wrong: open the file "
    "with `ceremony unseal ... --untrusted-sealer`, keep its content in a safe place until the successor is closed and it can be sealed to "
    "that one, and leave this envelope behind: `ceremony run DIR --leave-out {number}`."
)


@dataclass(frozen=True)
class Registered:
    """An envelope to carry over: the digest of the header that its file carries (hex), and the header that opens it now."""

    origin: str
    sealed: SealedHeader

    def line(self, number: int) -> str:
        """For people."""
        return f"{number:4}. {self.sealed.header.description} {self.origin}"


def registered(old: Custody) -> tuple[Registered, ...]:
    """Every envelope that the old dealing must not orphan, in order."""
    return register_of(old.conductor.state, old.journal.book)


def register_of(state: State, custody: Book) -> tuple[Registered, ...]:
    """What a ceremony carried over itself, then what its custody journal registered, in order."""
    carried = (Registered(one.origin, one.sealed) for _, one in sorted(state.rewrapped.items()))
    bodies: list[object] = [entry.body for entry in custody]
    since = (Registered(body.header_digest, body.sealed) for body in bodies if isinstance(body, EnvelopeRegistered))
    return (*carried, *since)


def find_carried(state: State, sealed: SealedHeader) -> SealedHeader:
    """The header that opens a file now: its own, or the one that it was carried over to when its dealing was replaced."""
    digest = to_hex(header_digest(sealed.header))
    return next((one.sealed for one in state.rewrapped.values() if one.origin == digest), sealed)


def name_predecessor(c: Conductor, _step: Step) -> None:
    """Write down the closed ceremony that hands over. OutOfTurn or TranscriptError when it is not the one that the plan means."""
    with c.ports.open_predecessor(c.ports) as old:
        state = old.conductor.state
        require_same_house(c.state, state)
        require_not_succeeded(old.journal.book)
        require_epoch(see_contract(c.ports.readers, c.state.plan.chain.contract), state.epoch)
        before = state.succeeded
        if state.first_block is None or state.contract is None:  # pragma: no cover - it is closed, so its contract stands
            raise AssertionError
        origin = before.origin if before else entries.Origin(
            contract=state.contract, ceremony=state.opened.ceremony, roster=tuple(state.terms["roster"]), block=state.first_block
        )
        c.write(
            entries.SuccessionOpened(
                predecessor=state.opened.ceremony,
                size=old.conductor.size,
                root=old.conductor.root,
                plan_text=state.opened.plan_text,
                roster=tuple(state.roster.values()),
                dealing=state.dealing,
                commitments=state.commitments,
                epoch=state.epoch,
                origin=origin,
            )
        )


def require_same_house(state: State, old: State) -> None:
    """Raise TranscriptError unless the directory holds the ceremony that the plan succeeds, on the same chain and contract."""
    named = state.plan.succeeds
    wrong = {
        "ceremony": (named.ceremony if named else None, old.opened.ceremony),
        "contract": (state.plan.chain.contract, old.contract),
        "chain": (state.plan.chain.id, old.plan.chain.id),
        "quorum": (state.plan.quorum, old.plan.quorum),
    }
    culprits = tuple(f"{name}: the plan says {mine}, the predecessor {theirs}" for name, (mine, theirs) in wrong.items() if mine != theirs)
    if culprits:
        message = "the ceremony in the predecessor's directory is not the one that this plan succeeds"
        raise TranscriptError(message, culprits=culprits, remedy="Write the plan anew with `ceremony replace`.")


def list_envelopes(c: Conductor, _step: Step) -> None:
    """Close the old register, under its lock, once the operator has read what is on it and that all else is lost."""
    require_planned_chain(c)
    with c.ports.open_predecessor(c.ports) as old:
        found = registered(old)
        c.ports.people.confirm(OPERATOR, (*describe(found), LOST), "Is every envelope that must be kept on this list?")
        close_register(old, c.state.opened.ceremony)
        cutoff = final_block(c).time
        size, root = len(old.journal.book), to_hex(old.journal.book.root())
        c.write(entries.EnvelopesListed(envelopes=len(found), size=size, root=root, cutoff=cutoff))


def describe(found: Sequence[Registered]) -> tuple[str, ...]:
    """The list, for people."""
    return (f"Registered envelopes: {len(found)}", *(one.line(number) for number, one in enumerate(found, 1)))


def close_register(old: Custody, successor: str) -> None:
    """Write that nothing is registered there any more; OutOfTurn when another ceremony took the register over."""
    closed = succeeded_by(old.journal.book)
    if closed is None:
        old.write(RegisterClosed(successor=successor))
    elif closed != successor:
        require_not_succeeded(old.journal.book)


def rewrap(c: Conductor, step: Step) -> None:
    """From this envelope on, in one sitting: five old tokens bring the payload's key back, in the combiner, which wraps it anew."""
    with c.ports.open_predecessor(c.ports) as old:
        found = _listed(c, old)
        lines = (*describe(found), f"Reason:    they are handed over to ceremony {c.state.opened.ceremony}")
        panel = Panel(old.conductor, lines, "Shall your token help to open these, so that they are wrapped to the new master key?")
        for number in range(step.part, len(found) + 1):
            one = found[number - 1]
            c.begin(Step(StepKind.REWRAP, number), lambda: entries.RewrapBegun(number=number, origin=one.origin))  # noqa: B023 - called now
            try:
                _rewrap(c, old, panel, number, one)
            except OpeningError as error:
                message = f"envelope {number} ({one.sealed.header.description}) cannot be carried over: {error.message}"
                raise OpeningError(message, culprits=error.culprits, remedy=STUCK.format(number=number)) from None


def _rewrap(c: Conductor, old: Custody, panel: Panel, number: int, one: Registered) -> None:
    with closing(c.ports.open_combiner()) as combiner:
        answers = panel.answers(one.sealed.header)
        request = combining.Rewrap(
            sealed=one.sealed,
            k=old.conductor.state.plan.quorum.k,
            answers=answers,
            origin=one.origin,
            require_locked_memory=c.state.plan.require_locked_memory,
            ceremony=c.state.opened.ceremony,
            dealing=c.state.dealing,
            n=c.state.plan.quorum.n,
            commitments=c.state.commitments,
        )
        new = combiner.rewrap(request)
    who = tuple(index for index, _ in answers)
    c.write(entries.Rewrapped(number=number, origin=one.origin, sealed=new.sealed, payload=new.payload, custodians=who))
    c.ports.people.tell(f"      envelope {number}: wrapped anew")


def leave_out(c: Conductor, number: int) -> None:
    """Write down that an envelope cannot be carried over, and is lost, in the operator's words; OutOfTurn unless it is the one owed now."""
    if Step(StepKind.REWRAP, number) not in c.state.owed():
        message = f"envelope {number} is not the one to be carried over now"
        raise OutOfTurn(message, culprits=(f"envelope {number}",))
    with c.ports.open_predecessor(c.ports) as old:
        one = _listed(c, old)[number - 1]
    lines = (one.line(number), "It will be LOST once the old shards are destroyed: nobody can ever open it again.")
    c.ports.people.confirm(OPERATOR, lines, "Leave this envelope behind?")
    statement = c.ports.people.statement(OPERATOR, f"Why is envelope {number} left behind? (one sentence)")
    description = one.sealed.header.description
    c.write(entries.EnvelopeLeftOut(number=number, origin=one.origin, description=description, statement=statement))


def reopen(c: Conductor, step: Step) -> None:
    """From this envelope on, in one sitting: five new tokens bring the same payload's key back. TranscriptError when it is another one."""
    carried = c.state.rewrapped
    lines = tuple(f"{number:4}. {one.sealed.header.description} {one.origin}" for number, one in sorted(carried.items()))
    panel = Panel(c, lines, "Shall your token show that it opens these, as they are wrapped now?")
    for number in (number for number in sorted(carried) if number >= step.part):
        one = carried[number]
        c.begin(Step(StepKind.REOPEN, number), lambda: entries.ReopenBegun(number=number))  # noqa: B023 - called now
        with closing(c.ports.open_combiner()) as combiner:
            answers = panel.answers(one.sealed.header)
            locked = c.state.plan.require_locked_memory
            request = combining.Reopen(
                sealed=one.sealed, k=c.state.plan.quorum.k, answers=answers, origin=one.origin, require_locked_memory=locked
            )
            seen = combiner.reopen(request).payload
        if seen != one.payload:
            message = f"envelope {number}, as it is wrapped now, holds another key than before"
            remedy = "Stop. The old shards stand, and open it still. Begin a new succession with other machines."
            raise TranscriptError(message, culprits=(f"envelope {number}",), remedy=remedy)
        c.write(entries.Reopened(number=number, custodians=tuple(index for index, _ in answers)))
        c.ports.people.tell(f"      envelope {number}: opened with the new shards")


def sum_up(c: Conductor, _step: Step) -> None:
    """Propose the list of what was carried over, on the transcript as it stands."""
    if c.state.succeeded is None or c.state.listed is None:  # pragma: no cover - the protocol lists first
        raise AssertionError
    act = Succession(
        predecessor=c.state.succeeded.predecessor,
        ceremony=c.state.opened.ceremony,
        dealing=c.state.dealing,
        envelopes=len(c.state.rewrapped),
        list_digest=list_digest(c.state.rewrapped.values()),
        cutoff=c.state.listed.cutoff,
        size=c.size,
        root=c.root,
    )
    c.write(entries.SuccessionProposed(act=act))


def destroy(c: Conductor, steps: Sequence[Step]) -> None:
    """Each old token destroys its shard, with read-back. Those that cannot be had are named, and stay owed: none is skipped."""
    failed: dict[str, CeremonyError] = {}
    with c.ports.open_predecessor(c.ports) as old:
        for step in steps:
            whose = old.conductor.state.plan.whose(step.part, step.token)
            c.announce(step)
            old.conductor.sit(whose)
            try:
                _destroy(c, old.conductor, step)
            except (Declined, TokenError) as error:
                failed[whose] = error
                c.ports.people.tell(f"      {whose}: {error.name}: {error.message}")
        old.conductor.rise()
    if failed:
        first = next(iter(failed.values()))
        message = f"old shards that are OUTSTANDING: {len(failed)}"
        remedy = "Bring the tokens and run the same command again. Of one that can never be had: `ceremony run DIR --outstanding NAME`."
        raise type(first)(message, culprits=tuple(f"{who}: {error.name}: {error.message}" for who, error in failed.items()), remedy=remedy)


def _destroy(c: Conductor, old: Conductor, step: Step) -> None:
    index, who, place = step.part, old.state.plan.whose(step.part, step.token), old.place(step.part)
    lines = (
        f"Five of the new custodians have approved that the shards of dealing {place.dealing} of ceremony {place.ceremony} are destroyed.",
        f"Envelopes carried over: {len(c.state.rewrapped)}. {LOST}",
    )
    c.ports.people.confirm(who, lines, "Shall your token destroy its old shard, for ever?")
    old.describe(index, step.token)
    old.require_signer(index, seated=False)
    c.begin(step, lambda: entries.DestroyBegun(custodian=index, token_number=step.token))
    reply = _read_destruction(old, step)
    require_attested(
        reply.attestation,
        reply.signature,
        reply.evidence,
        subject="destruction",
        domain=old.state.domain,
        ceremony=place.ceremony,
        dealing=place.dealing,
        custodian=index,
        address=old.state.roster[index],
    )
    if reply.evidence.shards or reply.evidence.transport_keys:
        message = f"the token of {who} still lists keys of the old dealing"
        raise TokenLied(message, culprits=(who,))
    c.write(
        entries.ShardDestroyed(
            custodian=index,
            token_number=step.token,
            evidence=reply.evidence,
            attestation=reply.attestation,
            signature=reply.signature,
        )
    )


def _read_destruction(old: Conductor, step: Step) -> m.RetirementReply:
    """What the token lists afterwards; where it does not sign, its custodian's token that does signs what its agent saw."""
    agent, place, domain = old.seat(step.part, step.token), old.place(step.part), old.state.domain
    old.require_signer(step.part)  # before anything is destroyed: what nobody signs could not be written down
    if step.token == old.state.plan.custodian[step.part - 1].signer:
        return ask(agent, m.DestroyShard(domain=domain, place=place, token_number=step.token), m.RetirementReply)
    evidence = ask(agent, m.SeeDestroyed(place=place, token_number=step.token), m.RetirementSeen).evidence
    vouch = m.Vouch(domain=domain, place=place, subject="destruction", evidence=evidence)
    signed = ask(old.seat(step.part), vouch, m.Vouched)
    return m.RetirementReply(evidence=evidence, attestation=signed.attestation, signature=signed.signature)


def leave_behind(c: Conductor, name: str) -> None:
    """Write down that an old custodian cannot be had, in the operator's words; ApprovalError or OutOfTurn when nothing is owed of them."""
    plan = c.state.committee.plan
    index = plan.require_index(name)
    owed = [step for step in c.state.owed() if (step.kind, step.part) == (StepKind.DESTROY, index)]
    if not owed:
        message = f"no old shard of {plan.who(index)} is to be destroyed now"
        raise OutOfTurn(message, culprits=(plan.who(index),))
    require_absent(c, owed)
    lines = (
        f"The old shard of {plan.who(index)} stays OUTSTANDING: `verify` will say so for ever.",
        f"Whoever finds {plan.quorum.k} of the old shards, with their PINs, can open every old envelope.",
    )
    c.ports.people.confirm(OPERATOR, lines, "Is it certain that this token cannot be had?")
    statement = c.ports.people.statement(OPERATOR, f"What became of the token of {plan.who(index)}? (one sentence)")
    for step in owed:
        c.write(entries.ShardOutstanding(custodian=index, token_number=step.token, statement=statement))


def _listed(c: Conductor, old: Custody) -> tuple[Registered, ...]:
    """The list as it was closed; TranscriptError when the old custody journal is not the one that was listed."""
    listed, book = c.state.listed, old.journal.book
    if listed is None:  # pragma: no cover - the protocol lists first
        raise AssertionError
    found = registered(old)
    if len(book) < listed.size or to_hex(book.root(listed.size)) != listed.root or len(found) != listed.envelopes:
        message = "the predecessor's register of envelopes is not the one that was listed"
        raise TranscriptError(message, culprits=("the predecessor's custody journal",), remedy="Find the one that was closed.")
    return found
