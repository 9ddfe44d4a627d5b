"""The start of a ceremony: entry 0."""

from collections.abc import Sequence
from datetime import UTC, datetime

from ceremony.anchor.agreement import agree_final, require_chain
from ceremony.anchor.chain import ChainReader
from ceremony.errors import PlanChanged
from ceremony.records.base import to_hex
from ceremony.records.evidence import FileDigest
from ceremony.records.plan import Plan
from ceremony.records.plan_rules import require_unexpired
from ceremony.records.plan_text import plan_digest
from ceremony.records.roster_entries import CeremonyOpened
from ceremony.transcript.journal import Journal

CEREMONY_ID_BYTES = 32


def open_ceremony(journal: Journal, plan: Plan, plan_text: str, files: tuple[FileDigest, ...], ceremony_id: bytes) -> None:
    """Write entry 0: the plan's full text and digest, a fresh ceremony id, and the digests of all that takes part."""
    body = CeremonyOpened(
        ceremony=to_hex(ceremony_id),
        plan_text=plan_text,
        plan_digest=to_hex(plan_digest(plan_text)),
        rehearsal=plan.rehearsal,
        files=files,
    )
    journal.append(body, lambda _entry: None)


def require_chain_ready(plan: Plan, readers: Sequence[ChainReader]) -> None:
    """Raise before any token is touched unless the plan's chain answers and the plan has not expired by its final block (DESIGN 4.12).

    Raises:
        ChainError: an endpoint does not answer, serves another chain, or differs from the others.
        PlanError: the plan expired.
    """
    require_chain(readers, plan.chain.id)
    final = datetime.fromtimestamp(agree_final(readers).block.time, UTC)
    require_unexpired(plan, final.strftime("%Y-%m-%dT%H:%M:%SZ"))


def require_same_plan(opened: CeremonyOpened, plan_text: str) -> None:
    """Raise PlanChanged unless this is, to the byte, the plan in entry 0."""
    found = to_hex(plan_digest(plan_text))
    if found != opened.plan_digest:
        message = f"the plan has digest {found}; this ceremony was started with {opened.plan_digest}"
        raise PlanChanged(message)
