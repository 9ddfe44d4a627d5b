"""The dealing: contributions committed, then shown, summed by the dealer, wrapped, made durable, and loaded into the tokens."""

import hashlib
from collections.abc import Mapping

from ceremony.acts.roster import roster_digest
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.ports import DealerPort
from ceremony.custody import messages as d
from ceremony.errors import CeremonyError, DealingError, ImportKeyLost
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask, expect
from ceremony.hsm.template import require_attributes
from ceremony.hsm.token import Role
from ceremony.protocol.state import SYSTEM, dice_of, source_of
from ceremony.protocol.steps import Step
from ceremony.quorum.dealings import require_contribution, require_sum
from ceremony.records import dealing_entries as deal
from ceremony.records.base import from_hex, to_hex


def deal_out(c: Conductor, step: Step) -> None:
    """One dealing from fresh randomness to durable wrapped shards. Whatever breaks it ends it: the next run makes a new one."""
    if step in c.state.begun:
        abandon(c, "the run that made it ended before all wrapped shards were durable")
        return
    lost = _lost_import_key(c)
    if lost:
        abandon(c, f"the one-time key for the plain import of {lost} ended with the process that made it")
        return
    diced = _ask_dice(c)
    dealer = c.ports.open_dealer()
    try:
        _deal(c, dealer, diced)
    except CeremonyError as error:
        if step in c.state.begun:
            abandon(c, f"it failed: {error.name}")
        raise
    finally:
        dealer.close()


def abandon(c: Conductor, reason: str) -> None:
    """Throw the dealing in hand away; its blobs go at once, what tokens hold of it is owed for destruction."""
    number = c.state.dealing
    c.ports.blobs.destroy(number)
    c.write(deal.DealingAbandoned(dealing=number, reason=reason))
    c.ports.people.tell(f"Dealing {number} is thrown away: {reason}. A new one will be made.")


def load(c: Conductor, step: Step) -> None:
    """The token takes its shard, unless it holds it already, and proves that it is the one the commitments say (T6, T9)."""
    dealt, index, number = _require_dealt(c), step.part, step.token
    wrapped = c.ports.blobs.load(step.series, index, number)
    if wrapped is None or _digest(wrapped) != dealt.wrapped[c.state.plan.holders.index((index, number))]:
        abandon(c, f"the wrapped shard of {c.whose(step)} is lost or changed")
        return
    agent = c.seat(index, number)
    c.begin(step, lambda: deal.LoadBegun(dealing=step.series, custodian=index, token_number=number))
    plain = c.state.plan.token(index, number).plain_import is not None
    request = m.Load(place=c.place(index), wrapped=to_hex(wrapped), commitments=dealt.commitments, plain=plain)
    try:
        reply = ask(agent, request, m.Loaded)
    except ImportKeyLost as error:
        abandon(c, error.message)
        return
    require_attributes(Role.SHARD, reply.attributes, c.whose(step))
    c.write(deal.Loaded(dealing=step.series, custodian=index, token_number=number, attributes=reply.attributes))


def _lost_import_key(c: Conductor) -> str | None:
    """Whose agent no longer has the one-time key that its shard would be sealed to; None when all have theirs."""
    plan = c.state.plan
    for whose in plan.holders:
        asked = m.KeepsImportKey(place=c.place(whose[0]))
        if plan.token(*whose).plain_import and not ask(c.agent(*whose), asked, m.KeptImportKey).kept:
            return plan.whose(*whose)
    return None


def _ask_dice(c: Conductor) -> dict[int, str]:
    """The digest that the dice of each custodian who wants them commit to; before anything is begun, since people mistype."""
    digests = {}
    for index in c.state.plan.diced:
        rolls = c.ports.people.dice(c.who(index))
        request = m.ContributeDice(place=c.place(index), source=dice_of(index), k=c.state.plan.quorum.k, rolls=rolls)
        reply = ask(c.agent(index), request, m.DiceCommitted)
        digests[index] = reply.digest
        salt = f", salt: {reply.salt}" if reply.salt else ""
        c.ports.people.tell(f"      {c.who(index)}: the dice are taken{salt}")
    return digests


def _deal(c: Conductor, dealer: DealerPort, diced: Mapping[int, str]) -> None:
    number = c.state.dealing
    ready = dealer.open_dealing(_terms(c))
    c.write(deal.DealingOpened(dealing=number, dealer_key=ready.dealer_key))
    _commit(c, ready.system_digest, diced)
    sealed = _reveal(c, dealer, ready.dealer_key)
    out = dealer.deal(d.Deal(contributions=tuple(_contribution(c, source, seed) for source, seed in sealed.items())))
    require_sum(out.commitments, [entry.points for entry in c.state.revealed.values()])
    blobs = dict(zip(c.state.plan.holders, (from_hex(blob) for blob in out.wrapped), strict=True))
    c.ports.blobs.store(number, blobs)
    wrapped = tuple(map(_digest, blobs.values()))
    entry = deal.Dealt(dealing=number, commitments=out.commitments, wrapped=wrapped, memory_locked=ready.memory_locked)
    c.write(entry)


def _terms(c: Conductor) -> d.OpenDealing:
    state = c.state
    return d.OpenDealing(
        domain=state.domain,
        ceremony=state.opened.ceremony,
        plan_text=state.opened.plan_text,
        epoch=state.epoch,
        dealing=state.dealing,
        k=state.plan.quorum.k,
        roster_digest=to_hex(roster_digest(state.roster.values())),
        enrolled=tuple(state.enrolled[index] for index in sorted(state.enrolled)),
        transports=tuple(state.transports[whose] for whose in state.plan.holders),
        diced=state.plan.diced,
        require_locked_memory=state.plan.require_locked_memory,
    )


def _commit(c: Conductor, system_digest: str, diced: Mapping[int, str]) -> None:
    number, k = c.state.dealing, c.state.plan.quorum.k
    c.write(deal.ContributionCommitted(dealing=number, source=SYSTEM, digest=system_digest))
    for index in c.state.plan.indices:
        c.agent(index).send(m.Contribute(place=c.place(index), source=source_of(index), k=k))
    for index in c.state.plan.indices:
        digest = expect(c.agent(index), m.Committed).digest
        c.write(deal.ContributionCommitted(dealing=number, source=source_of(index), digest=digest))
    for index, digest in diced.items():
        c.write(deal.ContributionCommitted(dealing=number, source=dice_of(index), digest=digest))


def _reveal(c: Conductor, dealer: DealerPort, dealer_key: str) -> dict[str, str]:
    """Every source's points become entries; the seeds, sealed to the dealer, are handed on and kept nowhere."""
    sealed: dict[str, str] = {}
    _write_points(c, SYSTEM, dealer.reveal_system().points)
    for index in c.state.plan.indices:
        c.agent(index).send(m.Reveal(dealer_key=dealer_key))
    for index in c.state.plan.indices:
        reply = expect(c.agent(index), m.Revealed)
        _write_points(c, source_of(index), reply.points)
        sealed[source_of(index)] = reply.sealed_seed
    for index in c.state.plan.diced:
        reply = ask(c.agent(index), m.Reveal(dealer_key=dealer_key, dice=True), m.Revealed)
        _write_points(c, dice_of(index), reply.points)
        sealed[dice_of(index)] = reply.sealed_seed
    return sealed


def _write_points(c: Conductor, source: str, points: tuple[str, ...]) -> None:
    entry = deal.ContributionRevealed(dealing=c.state.dealing, source=source, points=points)
    require_contribution(c.state.contributions[source], entry, c.state.plan.quorum.k)
    c.write(entry)


def _contribution(c: Conductor, source: str, seed: str) -> d.Contribution:
    committed, revealed = c.state.contributions[source], c.state.revealed[source]
    return d.Contribution(source=source, digest=committed.digest, points=revealed.points, sealed_seed=seed)


def _require_dealt(c: Conductor) -> deal.Dealt:
    if c.state.dealt is None:
        message = "there is no finished dealing"
        raise DealingError(message)
    return c.state.dealt


def _digest(blob: bytes) -> str:
    return to_hex(hashlib.sha256(blob).digest())
