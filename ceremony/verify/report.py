"""What `verify` found, check by check, and the verdict it adds up to: the worst applies (pure)."""

from dataclasses import dataclass
from enum import IntEnum

from ceremony.acts.words import encode_words
from ceremony.errors import CheckFailed
from ceremony.records.base import from_hex

ONE_MACHINE = "In this version all agents run on the operator's machine: what is attested, rather than proven, is that one machine's word."


class Verdict(IntEnum):
    """Ordered from best to worst; the numbers are exit codes."""

    VERIFIED = 0
    SINGLE_SOURCE = 10
    CHAIN_NOT_CHECKED = 11
    SELF_CONSISTENT_ONLY = 12
    NOT_CLOSED = 13
    HOLD = 14
    REFUSED = 20

    @property
    def words(self) -> str:
        """As people read it."""
        return self.name.lower().replace("_", " ").replace("self consistent", "self-consistent")


@dataclass(frozen=True)
class Finding:
    """What one check showed: the evidence, on what it rests, and the best verdict that it still allows."""

    evidence: str
    rests: str = "proven"
    limit: Verdict = Verdict.VERIFIED


def proven(evidence: str, limit: Verdict = Verdict.VERIFIED) -> Finding:
    """A finding that follows from signatures, sums, trees or on-chain facts."""
    return Finding(evidence, "proven", limit)


def attested(evidence: str, by: int, of: int) -> Finding:
    """A finding that rests on what `by` of `of` custodians' agents saw; with fewer than all, the ceremony is not finished."""
    return Finding(evidence, f"attested by {by} of {of}", Verdict.VERIFIED if by == of else Verdict.NOT_CLOSED)


def recorded(evidence: str, by: int, of: int) -> Finding:
    """A finding that no custodian signed by itself: the operator's machine wrote it down, and five approved the root above it."""
    rests = f"recorded for {by} of {of} by the operator's machine, under the approved root"
    return Finding(evidence, rests, Verdict.VERIFIED if by == of else Verdict.NOT_CLOSED)


def pending(what: str) -> Finding:
    """Nothing to judge yet: the ceremony has not come so far."""
    return Finding(f"not yet: {what}", "nothing yet", Verdict.NOT_CLOSED)


@dataclass(frozen=True)
class Row:
    """One check by name, and its finding, or how it failed."""

    check: str
    finding: Finding | None
    failure: CheckFailed | None = None

    @property
    def line(self) -> str:
        """For people."""
        if self.failure is not None:
            return f"{'HOLD ' if self.failure.said else 'LIE  '} {self.check}: {self.failure.message}"
        found = self.finding or Finding("")
        mark = "ok   " if found.limit is Verdict.VERIFIED else "limit"
        return f"{mark} {self.check}: {found.evidence} [{found.rests}{f'; at best {found.limit.words}' if found.limit else ''}]"

    def as_json(self) -> dict[str, object]:
        """For programs."""
        if self.failure is not None:
            fields = {"error": self.failure.message, "culprits": list(self.failure.culprits), "next": self.failure.next_step}
            return {"check": self.check, "passed": False, **fields, "said": dict(self.failure.said) if self.failure.said else None}
        found = self.finding or Finding("")
        return {"check": self.check, "passed": True, "evidence": found.evidence, "rests": found.rests, "limit": found.limit.words}


@dataclass(frozen=True)
class Report:
    """Every row, and what was verified."""

    rows: tuple[Row, ...]
    rehearsal: bool = False
    genesis_root: str | None = None
    contract: str | None = None
    block: int | None = None

    @property
    def verdict(self) -> Verdict:
        """The worst that any check allows; REFUSED when one failed, HOLD when endpoints contradict each other and nothing else is wrong."""
        failures = [row.failure for row in self.rows if row.failure]
        if failures:
            return Verdict.HOLD if all(failure.said for failure in failures) else Verdict.REFUSED
        return max((row.finding.limit for row in self.rows if row.finding), default=Verdict.REFUSED)

    @property
    def words(self) -> str:
        """The verdict in words; a rehearsal is never more than one."""
        return f"{self.verdict.words}{', rehearsal' if self.rehearsal else ''}"

    @property
    def summary(self) -> str:
        """One line: verdict, genesis root in hex and in words, block, contract."""
        if self.genesis_root is None:
            return f"{self.words}: no genesis is anchored"
        root = f"{self.genesis_root} ({encode_words(from_hex(self.genesis_root))})"
        return f"{self.words}: genesis root {root}, block {self.block}, contract {self.contract}"

    def as_json(self) -> dict[str, object]:
        """For programs."""
        words = encode_words(from_hex(self.genesis_root)) if self.genesis_root else None
        return {
            "verdict": self.words,
            "exit": int(self.verdict),
            "rehearsal": self.rehearsal,
            "genesis_root": self.genesis_root,
            "genesis_words": words,
            "block": self.block,
            "contract": self.contract,
            "note": ONE_MACHINE,
            "checks": [row.as_json() for row in self.rows],
        }
