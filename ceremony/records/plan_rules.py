"""What a plan must be beyond its form: a quorum that no one party makes or breaks, and nothing counted twice (T1, T14, T15).

Each rule has a name. A problem shows it, and a waiver in the plan lifts the one rule for the one subject that it names.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

from ceremony.errors import PlanError
from ceremony.records.plan import CUSTODIANS, HALTING, QUORUM, Custodian, Plan, Quorum
from ceremony.records.plan_problem import Place, Problem

WAIVABLE = ("affiliation-blocks", "affiliation-quorum", "site-blocks", "site-quorum")
"""Rules that people may set aside, openly; the others protect sums and signatures, and no reason makes them safe to break."""


def judge_plan(plan: Plan) -> tuple[Problem, ...]:
    """Everything that the rules hold against this plan, waivers counted."""
    found = [problem for rule in _RULES for problem in rule(plan)]
    waived = {(waiver.rule, _same(waiver.subject)) for waiver in plan.waiver}
    standing = [problem for problem in found if problem.rule not in WAIVABLE or (problem.rule, _same(problem.subject)) not in waived]
    return (*standing, *_judge_waivers(plan, found))


def judge_expiry(plan: Plan, now: str) -> tuple[Problem, ...]:
    """What is wrong when the plan's own expiry is not later than `now` (RFC 3339, UTC, whole seconds)."""
    if plan.expires > now:  # both have one fixed width, so their text sorts as their time
        return ()
    remedy = "Check the clock; if it is right, agree on a new plan that expires later."
    return (Problem("expired", ("expires",), f"the plan expired at {plan.expires}; it is {now}", remedy),)


def require_unexpired(plan: Plan, now: str) -> None:
    """Raise PlanError when the plan's own expiry is not later than `now`."""
    for problem in judge_expiry(plan, now):
        raise PlanError(problem.reason, culprits=("expires",), remedy=problem.remedy)


def byzantine_floor(n: int, k: int) -> int:
    """The smallest quorum of which any two share an honest custodian when the n - k others may all lie (T15)."""
    return (n + (n - k)) // 2 + 1


def blocking(quorum: Quorum) -> int:
    """How many custodians, missing or unwilling, leave no quorum."""
    return quorum.n - quorum.k + 1


def _judge_quorum(plan: Plan) -> Iterator[Problem]:
    quorum = plan.quorum
    offered = Quorum(n=CUSTODIANS, k=QUORUM, halting=HALTING)
    remedy = f"Write n = {CUSTODIANS}, k = {QUORUM} and halting = {HALTING}."
    if quorum != offered:
        yield Problem("offered-quorum", ("quorum",), f"{_quorum(quorum)} is not offered, only {_quorum(offered)}", remedy)
    if quorum.k < byzantine_floor(quorum.n, quorum.k):
        floor = f"the Byzantine quorum of {quorum.n} with {quorum.n - quorum.k} faulty is {byzantine_floor(quorum.n, quorum.k)}"
        yield Problem("byzantine-quorum", ("quorum", "k"), f"k = {quorum.k} is too low: {floor}", remedy)
    if quorum.halting != quorum.n - quorum.k + 1:
        reason = f"halting = {quorum.halting} is not n - k + 1 = {quorum.n - quorum.k + 1}, the number who can block anyway"
        yield Problem("halting-number", ("quorum", "halting"), reason, remedy)
    if len(plan.custodian) != quorum.n:
        reason = f"{len(plan.custodian)} custodians are listed, but n = {quorum.n}"
        yield Problem("custodian-count", ("custodian",), reason, f"List {CUSTODIANS} custodians, each in a [[custodian]] table.")


def _quorum(quorum: Quorum) -> str:
    return f"{quorum.k} of {quorum.n}, halted by {quorum.halting}"


def _judge_names(plan: Plan) -> Iterator[Problem]:
    names = [(("custodian", at, "name"), custodian.name) for at, custodian in enumerate(plan.custodian)]
    remedy = "Give each custodian a name of their own."
    yield from _twice("equal-names", names, "the name {text!r} stands already at custodian {first}", remedy)
    commits = [(("commits", at, "name"), commit.name) for at, commit in enumerate(plan.commits)]
    remedy = "Give each commit a name of its own."
    yield from _twice("equal-commits", commits, "the commit {text!r} stands already as number {first}", remedy)


def _judge_tokens(plan: Plan) -> Iterator[Problem]:
    tokens = [
        (("custodian", at, "token", number), token)
        for at, custodian in enumerate(plan.custodian)
        for number, token in enumerate(custodian.token)
    ]
    owners = [int(place[1]) + 1 for place, _ in tokens]
    serials = [((*place, "serial"), token.serial) for place, token in tokens]
    remedy = "Name each token once; `ceremony token init` shows a token's serial."
    yield from _twice("equal-serials", serials, "the serial {text!r} is custodian {first}'s already", remedy, _as_file_name, owners)
    marks = [((*place, "mark"), token.mark or f"none {at}") for at, (place, token) in enumerate(tokens)]
    remedy = "Give each token a mark of its own."
    yield from _twice("equal-marks", marks, "the mark {text!r} is custodian {first}'s already", remedy, _as_path, owners)
    for at, custodian in enumerate(plan.custodian):
        yield from _judge_roles(("custodian", at), custodian)


def _judge_roles(place: Place, custodian: Custodian) -> Iterator[Problem]:
    """One token signs, so that a custodian has one governance key; one or more hold the shard; each role of a token stands once."""
    roles = [token.roles for token in custodian.token]
    each = all(roles) and all(len(set(one)) == len(one) for one in roles)
    every = [role for one in roles for role in one]
    if not each or every.count("sign") != 1 or "shard" not in every:
        alone = "one token signs and holds the shard, so it needs both roles, each once"
        several = "of a custodian's tokens exactly one signs, and one or more hold the shard; none is without a role"
        at = (*place, "token", 0, "roles") if len(roles) == 1 else (*place, "token")
        remedy = 'Write roles = ["sign", "shard"], ["sign"] or ["shard"] in each; a token without the line has both.'
        yield Problem("token-roles", at, alone if len(roles) == 1 else several, remedy)
    for number, token in enumerate(custodian.token):
        if token.plain_import and "shard" not in token.roles:
            reason = "a plain import is allowed into a token that holds no shard"
            yield Problem("plain-import", (*place, "token", number, "plain_import"), reason, "Take the line out, or give it that role.")


def _judge_succession(plan: Plan) -> Iterator[Problem]:
    if plan.succeeds is not None and plan.chain.contract == "deploy":
        reason = "a ceremony that succeeds another takes over its contract, and deploys none"
        yield Problem("succession-contract", ("chain", "contract"), reason, "Write the address of the contract that stands.")
    if plan.succeeds is not None and not plan.succeeds.directory.startswith("/"):
        reason = f"the predecessor's directory {plan.succeeds.directory!r} means another place wherever it is run from"
        yield Problem("succession-directory", ("succeeds", "directory"), reason, "Write the whole path, from / on.")


def _judge_chain(plan: Plan) -> Iterator[Problem]:
    if plan.chain.id == 0:
        reason = "chain id 0 binds a signature to no chain"
        yield Problem("chain-id", ("chain", "id"), reason, "Write the number that the endpoint answers to eth_chainId.")
    endpoints = [(("chain", "endpoints", at), url) for at, url in enumerate(plan.chain.endpoints)]
    reason = "the endpoint {text!r} is number {first} already, and agrees with itself about everything"
    yield from _twice("equal-endpoints", endpoints, reason, "Name endpoints of different operators, each once.", _as_url)
    for place, url in endpoints:
        if not (url.isascii() and url.isprintable()):
            yield Problem("endpoint-text", place, f"the endpoint {url!r} holds characters that a URL may not", "Write it in plain ASCII.")


def _judge_parties(plan: Plan) -> Iterator[Problem]:
    yield from _together(plan, "affiliation", [custodian.affiliation for custodian in plan.custodian])
    yield from _together(plan, "site", [custodian.site for custodian in plan.custodian])


def _together(plan: Plan, party: str, belongs: list[str]) -> Iterator[Problem]:
    """Groups of custodians who could be lost, bribed or forced together: none may block, none may decide (T1, T14)."""
    for members in groups_of(belongs):
        subject = belongs[members[0]]
        names = ", ".join(plan.custodian[at].name for at in members)
        for rule, limit, means in _caps(plan.quorum, party):
            if 1 < limit <= len(members):  # at 1 the fault is the quorum's, not the party's
                reason = f"the {party} {subject!r} has {len(members)} of {len(belongs)} custodians ({names}): {means}"
                place = ("custodian", members[limit - 1], party)
                yield Problem(rule, place, reason, _cap_remedy(rule, party, subject, limit), subject=subject)


def groups_of(belongs: Iterable[str]) -> list[list[int]]:
    """Positions whose texts people read as one, together; in the order of their first."""
    groups: dict[str, list[int]] = {}
    for at, text in enumerate(belongs):
        groups.setdefault(_same(text), []).append(at)
    return list(groups.values())


def _caps(quorum: Quorum, party: str) -> Iterator[tuple[str, int, str]]:
    yield f"{party}-blocks", blocking(quorum), f"without it {quorum.k} are not left, so it alone can block"
    yield f"{party}-quorum", quorum.k, "it alone reaches the quorum"


def _cap_remedy(rule: str, party: str, subject: str, limit: int) -> str:
    waiver = f"[[waiver]] with rule = {rule!r}, subject = {subject!r}, a reason and granted_by"
    return f"Spread custodians so that each {party} has at most {limit - 1}, or write a {waiver}."


def _judge_waivers(plan: Plan, found: list[Problem]) -> Iterator[Problem]:
    places = [(("waiver", at), f"{waiver.rule} for {waiver.subject}") for at, waiver in enumerate(plan.waiver)]
    yield from _twice("equal-waivers", places, "the waiver of {text} stands already as number {first}", "Keep one of them.")
    lifted = {(problem.rule, _same(problem.subject)) for problem in found}
    for at, waiver in enumerate(plan.waiver):
        if waiver.rule not in WAIVABLE:
            reason = f"there is no rule {waiver.rule!r} that can be waived"
            yield Problem("waiver-rule", ("waiver", at, "rule"), reason, f"Name one of {', '.join(WAIVABLE)}, or take the waiver out.")
        elif (waiver.rule, _same(waiver.subject)) not in lifted:
            reason = f"the waiver of {waiver.rule} for {waiver.subject!r} lifts nothing: the plan does not break that rule there"
            remedy = "Name the subject as the problem does, or take the waiver out."
            yield Problem("waiver-subject", ("waiver", at, "subject"), reason, remedy)


def _same(text: str) -> str:
    """Texts that people read as one: case, width and the number of blanks aside."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _as_file_name(serial: str) -> str:
    """A serial as the name of its mark's file: two serials must not share one."""
    return "".join(letter if letter.isalnum() else "_" for letter in _same(serial))


def _as_path(path: str) -> str:
    """A path without the parts that mean nothing."""
    return "/".join(["" if path.startswith("/") else ".", *(part for part in path.split("/") if part not in {"", "."})])


def _as_url(url: str) -> str:
    """A URL without what makes no other endpoint of it."""
    return url.casefold().rstrip("/")


def _twice(  # noqa: PLR0913, PLR0917 - what is compared, how, and what is said of it
    rule: str,
    texts: Iterable[tuple[Place, str]],
    reason: str,
    remedy: str,
    key: Callable[[str], str] = _same,
    owners: Sequence[int] = (),
) -> Iterator[Problem]:
    """One problem for each text that says the same as one before it, which is named by its position, or by its owner's number."""
    seen: dict[str, int] = {}
    for at, (place, text) in enumerate(texts, 1):
        first = seen.setdefault(key(text), at)
        if first != at:
            named = owners[first - 1] if owners else first
            yield Problem(rule, place, reason.format(text=text, first=named), remedy, subject=text)


_RULES: tuple[Callable[[Plan], Iterator[Problem]], ...] = (
    _judge_quorum,
    _judge_names,
    _judge_tokens,
    _judge_chain,
    _judge_succession,
    _judge_parties,
)
