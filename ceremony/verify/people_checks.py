"""Checks on the people: enrolments, the roster and what the reader knows of it from outside, custody, the keys' births (pure)."""

from ceremony.acts.roster import roster_digest
from ceremony.acts.words import encode_words
from ceremony.errors import DealingError, RecordError
from ceremony.hsm.template import require_attributes
from ceremony.hsm.token import Role
from ceremony.quorum.approvals import require_distinct_keys
from ceremony.quorum.enrolments import require_enrolled, require_transport
from ceremony.records.base import from_hex, to_hex
from ceremony.records.roster_entries import CustodyStated, Enrolled, RosterConfirmed, TransportMade
from ceremony.shards.plain import is_import_key
from ceremony.verify.act_checks import BY_FACTORY
from ceremony.verify.report import Finding, Verdict, attested, pending, proven, recorded
from ceremony.verify.state import Subject, blamed


def enrolments_are_signed(subject: Subject) -> Finding:
    """Each governance key itself signed its enrolment, for this plan, epoch, custodian and the serial that the plan names; all differ."""
    state = subject.state
    for entry, body in subject.bodies(Enrolled):
        with blamed(entry):
            require_enrolled(body, state.domain, state.opened.ceremony, state.opened.plan_digest, state.epoch)
            planned = state.plan.signer(body.custodian).serial
            if body.token.serial != planned:
                message = f"the enrolment of custodian {body.custodian} is of token {body.token.serial}, the plan names {planned}"
                raise DealingError(message, culprits=(f"custodian {body.custodian}",))
    require_distinct_keys(state.roster)
    return proven(f"{len(state.enrolled)} of {subject.n} governance keys signed their own enrolment")


def keys_were_born_in_tokens(subject: Subject) -> Finding:
    """What each agent read back of its governance and transport key before it signed is what such a key must be."""
    for entry, body in subject.bodies(Enrolled):
        with blamed(entry):
            require_attributes(Role.GOVERNANCE, body.attributes, f"custodian {body.custodian}")
    for entry, made in subject.bodies(TransportMade):
        with blamed(entry):
            _require_read_back(subject, made)
    seen = [body.token for _, body in subject.bodies(Enrolled)] + [made.seen for _, made in subject.bodies(TransportMade) if made.seen]
    models = sorted({f"{token.manufacturer} {token.model} {token.firmware}" for token in seen})
    return attested(f"keys born inside, not extractable; tokens: {', '.join(models)}", len(subject.state.enrolled), subject.n)


def transport_keys_are_signed(subject: Subject) -> Finding:
    """Every transport key, of every dealing, was signed by its custodian's governance key."""
    state, made = subject.state, list(subject.bodies(TransportMade))
    for entry, body in made:
        with blamed(entry):
            token = state.plan.token(body.custodian, body.token_number)
            require_transport(body, state.enrolled[body.custodian], state.domain, body.dealing, token)
    return proven(f"{len(made)} transport keys over {state.dealing} dealings")


def plain_imports_are_named(subject: Subject) -> Finding:
    """A shard came into its token in the clear only where the plan, which everybody signed for, allows it by name; each is named here."""
    plan, wrapped, plain = subject.state.plan, 0, list[str]()
    for entry, made in subject.bodies(TransportMade):
        token = plan.token(made.custodian, made.token_number)
        if is_import_key(from_hex(made.public_key)) == (token.plain_import is None):
            message = f"the shard of {plan.whose(made.custodian, made.token_number)} came in another way than the plan says"
            raise DealingError(message, culprits=(f"entry {entry.index}", f"custodian {made.custodian}"))
        if made.dealing == subject.state.dealing and token.plain_import is None:
            wrapped += 1
        elif made.dealing == subject.state.dealing:
            plain.append(f"{plan.whose(made.custodian, made.token_number)}, serial {token.serial} ({token.plain_import})")
    if not plain:
        return proven(f"none: {wrapped} shards were wrapped to keys of their tokens")
    seen = "; ".join(f"the host saw this shard: {one}" for one in plain)
    return Finding(seen, "not proven: the plan allows it by name")


def _require_read_back(subject: Subject, made: TransportMade) -> None:
    """A transport key was read back from its token; of an agent's own one-time key there is nothing to read."""
    if subject.state.plan.token(made.custodian, made.token_number).plain_import is None:
        require_attributes(Role.TRANSPORT, made.attributes, f"custodian {made.custodian}")
    elif made.attributes:
        message = f"the one-time key of custodian {made.custodian}'s agent is in no token, so no token read it back"
        raise DealingError(message, culprits=(f"custodian {made.custodian}",))


def custody_was_stated(subject: Subject) -> Finding:
    """Each custodian said who set, holds or discarded the PINs."""
    stated = {body.custodian: body.statement for _, body in subject.bodies(CustodyStated)}
    said = "; ".join(f"custodian {index}: {statement}" for index, statement in sorted(stated.items()))
    return recorded(f"statements: {said or 'none'}", len(stated), subject.n)


def roster_was_confirmed(subject: Subject) -> Finding:
    """Each custodian read this roster digest in words and said Yes."""
    digest = to_hex(roster_digest(subject.state.roster.values()))
    confirmed = list(subject.bodies(RosterConfirmed))
    for entry, body in confirmed:
        if body.roster_digest != digest:
            message = f"custodian {body.custodian} confirmed another roster: {body.roster_digest}"
            raise RecordError(message, culprits=(f"entry {entry.index}", f"custodian {body.custodian}"))
    return recorded(f"roster {digest}", len(confirmed), subject.n)


def roster_is_the_one_known_outside(subject: Subject) -> Finding:
    """The reader's own roster digest or contract address fits; without either, everything may have been invented."""
    state, trust = subject.state, subject.trust
    if len(state.roster) < subject.n:
        return pending("not everybody is enrolled")
    digest = roster_digest(state.roster.values())
    if trust.roster is not None and trust.roster != to_hex(digest):
        message = f"the roster here is {to_hex(digest)}, the one you know is {trust.roster}"
        raise RecordError(message, culprits=("the roster",))
    if trust.contract is not None:
        return _judge_contract(subject, trust.contract)
    if trust.roster is None:
        evidence = "no --roster and no --contract was given: the people in it may be anybody"
        return Finding(evidence, "nothing from outside", Verdict.SELF_CONSISTENT_ONLY)
    return proven(f"the roster you know: {to_hex(digest)} ({encode_words(digest)})")


def _judge_contract(subject: Subject, known: str) -> Finding:
    """A contract's address ties the roster only where code is shown: on chain, or as the factory's CREATE2 hash of it."""
    state, by = subject.state, subject.state.deploying.by if subject.state.deploying else ""
    here = state.deploying.contract if state.deploying else state.contract
    if here is None:
        return pending("no contract")
    if here != known:
        message = f"the contract here is {here}, the one you know is {known}"
        raise RecordError(message, culprits=("the contract",))
    shown = bool(subject.trust.readers) and (state.succeeded is None or state.anchored is not None)
    bound = shown or by == BY_FACTORY or subject.trust.roster is not None
    limit = Verdict.VERIFIED if bound else Verdict.SELF_CONSISTENT_ONLY
    tie = "it was rotated to this roster" if state.succeeded else "its code fixes this roster"
    how = tie if bound else "offline, this address tells nothing of the roster"
    return proven(f"the contract you know: {known}; {how}", limit)
