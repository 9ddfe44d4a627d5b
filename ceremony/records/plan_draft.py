"""Writing a plan: commented TOML, filled in as far as its writer knows. What is left empty, `ceremony plan check` names line by line."""

from collections.abc import Iterable, Sequence

from ceremony.records.plan import CUSTODIANS, HALTING, QUORUM
from ceremony.records.plan_rules import WAIVABLE

DraftCustodian = tuple[str, str, str, str, str, str | None]
"""Name, affiliation, site, the token's serial, its module, and the module's configuration file."""
Draft = list[str]

EMPTY_CUSTODIANS: tuple[DraftCustodian, ...] = (("", "", "", "", "", None),) * CUSTODIANS
EMPTY_COMMITS = (("release manifest", ""), ("model hash", ""), ("snapshot log root", ""))


def draft_plan(  # noqa: PLR0913 - one argument a part of the plan
    *,
    title: str,
    rehearsal: bool,
    custodians: Iterable[DraftCustodian],
    chain_id: int,
    endpoints: Sequence[str],
    contract: str,
    commits: Iterable[tuple[str, str]],
    expires: str,
    approval_hours: int,
) -> str:
    """The text of a plan with these facts; it is checked when it is read, not here."""
    parts = (
        _head(title, expires, rehearsal=rehearsal, approval_hours=approval_hours),
        _quorum(),
        _chain(chain_id, endpoints, contract),
        _commits(commits),
        _custodians(custodians),
        _waivers(),
    )
    return "\n".join("\n".join(part) + "\n" for part in parts)


def quote(text: str) -> str:
    """A TOML string that holds exactly this text; what people could not see in it is written as its number."""
    # SPEC TOML 1.0.0, String: quotes, backslashes and control characters are escaped.
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if letter in {'"', "\\"}:
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08X}"


def _head(title: str, expires: str, *, rehearsal: bool, approval_hours: int) -> Draft:
    return [
        "# The plan of one key ceremony. Fill in every empty string, then run `ceremony plan check` on this file.",
        "# All of this text goes into the transcript, comments too: write nothing secret here, no PIN and no password.",
        "version = 1",
        f"title = {quote(title)}",
        "# true: public PINs are allowed, and what comes out is worth nothing elsewhere. false: the real thing.",
        f"rehearsal = {'true' if rehearsal else 'false'}",
        "# The last moment at which this plan may be started (UTC).",
        f"expires = {quote(expires)}",
        "# How many hours, by the chain's clock, an act may wait for its approvals and its anchor.",
        f"approval_hours = {approval_hours}",
        "# The head of the ceremony before this one, if there was one (0x and 64 hex digits).",
        '# previous_head = "0x"',
        "# A directory on another medium that gets every line of the transcript too.",
        '# mirror = "/media/second/ceremony"',
        "# No dealing and no opening unless the memory of the two processes that hold a secret can be locked (`ulimit -l`).",
        "# require_locked_memory = true",
    ]


def _quorum() -> Draft:
    return [
        "# n custodians; k of them act together; `halting` of them, who could block anyway, stop the contract.",
        "[quorum]",
        f"n = {CUSTODIANS}",
        f"k = {QUORUM}",
        f"halting = {HALTING}",
    ]


def _chain(chain_id: int, endpoints: Sequence[str], contract: str) -> Draft:
    return [
        "# The chain: its id, the JSON-RPC endpoints to ask (more than one operator's, so that none is believed alone),",
        '# and the contract: "deploy" for a new one, or the address of one deployed before.',
        "[chain]",
        f"id = {chain_id}",
        "endpoints = [",
        *(f"  {quote(url)}," for url in endpoints),
        "]",
        f"contract = {quote(contract)}",
    ]


def _commits(commits: Iterable[tuple[str, str]]) -> Draft:
    lines = ["# The files that the genesis commits to; `sha256sum FILE` prints the digest."]
    for name, digest in commits:
        lines += ["[[commits]]", f"name = {quote(name)}", f"sha256 = {quote(digest)}", ""]
    return lines[:-1]


def _custodians(custodians: Iterable[DraftCustodian]) -> Draft:
    lines = [
        "# Seven people, with 1 to 4 tokens each: one signs, one or more (twins) hold the same shard; roles say which, see README, Tokens.",
        "# No affiliation and no site may have so many of them that it could block or decide alone.",
        "# `module` is the vendor's PKCS#11 library, `config` its configuration file, if it has one (SoftHSM: softhsm2.conf).",
        "# `mark` is the directory of the token's high-water mark, beside `config` when left out.",
        "# `dice = true` below a site: that custodian's dice are one more source of the secret's randomness.",
    ]
    for number, custodian in enumerate(custodians, 1):
        lines += [f"# Custodian {number}", *_custodian(*custodian), ""]
    return lines[:-1]


def _custodian(name: str, affiliation: str, site: str, serial: str, module: str, config: str | None) -> Draft:  # noqa: PLR0913, PLR0917 - as in the tuple
    return [
        "[[custodian]]",
        f"name = {quote(name)}",
        f"affiliation = {quote(affiliation)}",
        f"site = {quote(site)}",
        "[[custodian.token]]",
        f"serial = {quote(serial)}",
        f"module = {quote(module)}",
        '# config = ""' if config is None else f"config = {quote(config)}",
    ]


def _waivers() -> Draft:
    return [
        f"# An exception, named and reasoned, that every verification shows. Rules: {', '.join(WAIVABLE)}.",
        "# [[waiver]]",
        '# rule = "site-blocks"',
        '# subject = "the site as written above"',
        '# reason = "why this is acceptable"',
        '# granted_by = "who decided it"',
    ]
