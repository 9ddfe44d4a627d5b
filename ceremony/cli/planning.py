"""Plans as `ceremony plan` shows them: in plain words and as JSON."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import click

from ceremony.acts.words import encode_words
from ceremony.disk import named_faults
from ceremony.errors import PlanError
from ceremony.records.base import to_hex
from ceremony.records.plan import Plan, Waiver
from ceremony.records.plan_losses import pair_losses, site_losses, token_losses
from ceremony.records.plan_problem import Problem
from ceremony.records.plan_text import judge_text, plan_digest


def commit_of(option: str) -> tuple[str, str]:
    """The name and the digest that `--commit NAME=FILE` asks for; DirectoryError when the file cannot be read."""
    name, equals, file = option.partition("=")
    if not (name and equals and file):
        message = f"{option!r} is not NAME=FILE"
        raise click.BadParameter(message, param_hint="--commit")
    with named_faults(Path(file)), Path(file).open("rb") as stream:
        return name, hashlib.file_digest(stream, "sha256").hexdigest()


def problems_left(text: str) -> tuple[Problem, ...]:
    """What a draft still lacks."""
    return judge_text(text)[1]


def failure_json(error: PlanError, problems: tuple[Problem, ...]) -> dict[str, object]:
    """A refused plan for programs: the shape of every refusal, and the list of problems."""
    return {
        "error": error.name,
        "exit": error.exit_code,
        "message": error.message,
        "culprits": list(error.culprits),
        "next": error.next_step,
        "problems": [problem.as_json() for problem in problems],
    }


def plan_json(plan: Plan, text: str) -> dict[str, object]:
    """A plan for programs."""
    digest = plan_digest(text)
    losses = [loss.as_json() for loss in (*site_losses(plan), *pair_losses(plan))]
    tokens = [loss.as_json() for loss in token_losses(plan)]
    found = {"losses": losses, "token_losses": tokens}
    return {"plan": plan.model_dump(mode="json"), **found, "digest": to_hex(digest), "words": encode_words(digest)}


def summary(file: Path, plan: Plan) -> Iterator[str]:
    """A plan with which nothing is wrong, in a few lines."""
    yield f"{file} is in order: {plan.title}{' (rehearsal)' if plan.rehearsal else ''}"
    yield f"  {_quorum(plan)}; may be started until {plan.expires}"
    yield from _waivers(plan)


def describe_plan(plan: Plan, text: str) -> Iterator[str]:
    """A plan in plain words, its digest last."""
    yield f"Title:      {plan.title}"
    yield f"Kind:       {_kind(plan)}"
    yield f"Quorum:     {_quorum(plan)}"
    yield from _custodians(plan)
    yield from _losses(plan)
    yield from _chain(plan)
    yield "Commits to:"
    yield from (f"  {commit.name}: SHA-256 {commit.sha256}" for commit in plan.commits)
    yield f"Start by:   {plan.expires}; an act may wait {plan.approval_hours} hours of chain time"
    yield from _follows(plan)
    yield f"Mirror:     {plan.mirror or 'none: the transcript is kept on one medium only'}"
    if plan.require_locked_memory:
        yield "Memory:     must be locked while dealer and combiner run"
    yield from _waivers(plan) if plan.waiver else ("Waivers:    none",)
    digest = plan_digest(text)
    yield f"Digest:     {to_hex(digest)}"
    yield f"In words:   {encode_words(digest)}"


def _follows(plan: Plan) -> Iterator[str]:
    """What came before: another ceremony on the same contract, the head of another contract, or nothing."""
    if plan.succeeds is not None:
        yield f"Succeeds:   ceremony {plan.succeeds.ceremony}"
        yield f"  in {plan.succeeds.directory}; its contract {plan.chain.contract} is taken over"
    if plan.succeeds is None or plan.previous_head:
        yield f"Follows:    {plan.previous_head or 'no ceremony before it'}"


def _kind(plan: Plan) -> str:
    return "rehearsal: public PINs are allowed, what comes out is worth nothing elsewhere" if plan.rehearsal else "the real thing"


def _quorum(plan: Plan) -> str:
    quorum = plan.quorum
    return f"any {quorum.k} of {quorum.n} custodians act, any {quorum.halting} can halt"


def _custodians(plan: Plan) -> Iterator[str]:
    yield "Custodians:"
    for index, custodian in enumerate(plan.custodian, 1):
        diced = "; dice" if custodian.dice else ""
        yield f"  {index} {custodian.name}, {custodian.affiliation}, {custodian.site}{diced}"
        for token in custodian.token:
            places = [f"config {token.config}"] * bool(token.config) + [f"mark in {token.mark}"] * bool(token.mark)
            yield f"    token {token.serial} ({', '.join(token.roles)}) through {', '.join([token.module, *places])}"
            if token.plain_import:
                yield f"      PLAIN IMPORT: the machine sees its shard: {token.plain_import}"


def _losses(plan: Plan) -> Iterator[str]:
    yield "If lost:"
    spared = [loss for loss in token_losses(plan) if not loss.shard]
    yield from (f"  {loss.what}: no shard is lost{', but signing is' if loss.signing else ''}" for loss in spared)
    for loss in site_losses(plan):
        yield f"  {loss.what}: {loss.left} are left, {'enough' if loss.survived else 'NOT enough'}"
    pairs = pair_losses(plan)
    fatal = [loss.what for loss in pairs if not loss.survived]
    yield f"  any two custodians ({len(pairs)} pairs): {f'NOT survived: {fatal}' if fatal else 'enough are left every time'}"


def _chain(plan: Plan) -> Iterator[str]:
    chain = plan.chain
    yield f"Chain:      id {chain.id}, {'a new contract' if chain.contract == 'deploy' else f'contract {chain.contract}'}"
    yield from (f"  endpoint {url}" for url in chain.endpoints)


def _waivers(plan: Plan) -> Iterator[str]:
    yield from (_waiver(waiver) for waiver in plan.waiver)


def _waiver(waiver: Waiver) -> str:
    return f"WAIVED:     {waiver.rule} for {waiver.subject}: {waiver.reason} (granted by {waiver.granted_by})"
