"""Entries from the contract to the closed transcript: deploy, propose, approve, abort, anchor, close."""

from typing import Annotated, Literal

from pydantic import Field

from ceremony.records.base import Address, Count, Hex32, Index, Plain, Record, Signature65
from ceremony.records.evidence import BlockSeen, ContractSeen, Effects, Payment
from ceremony.records.structs import Genesis, Rotate


class DeployBegun(Record):
    """Intent: the contract's predicted address and the digest of its creation code, before anything is sent."""

    kind: Literal["deploy_begun"] = "deploy_begun"
    contract: Address
    by: Plain
    creation_code_digest: Hex32
    roster_digest: Hex32


class Deployed(Record):
    """The contract stands, finally; its runtime equals the local rebuild and its numbers were read back."""

    kind: Literal["deployed"] = "deployed"
    contract: Address
    transaction: Hex32 | None
    seen: ContractSeen


class Proposed(Record):
    """The act, on the state it was made on (T24): a genesis, or a successor's rotation. Its root is the transcript's below this entry."""

    kind: Literal["proposed"] = "proposed"
    attempt: Count
    act: Annotated[Genesis | Rotate, Field(discriminator="type")]
    seen: ContractSeen


class ApprovalBegun(Record):
    """Intent: this custodian's token may sign this digest from here on (P3)."""

    kind: Literal["approval_begun"] = "approval_begun"
    attempt: Count
    custodian: Index
    digest: Hex32
    acknowledged: Count | None
    """The custodian's last failed try, which they have acknowledged (T13)."""


class Approved(Record):
    """One custodian's approval of the act."""

    kind: Literal["approved"] = "approved"
    attempt: Count
    custodian: Index
    digest: Hex32
    signature: Signature65


class ApprovalFailed(Record):
    """A try to approve that failed, and its named reason."""

    kind: Literal["approval_failed"] = "approval_failed"
    attempt: Count
    custodian: Index
    reason: Plain


class AbortAsked(Record):
    """A custodian stops the act. It stays ABORTING until the chain shows finally that it can never follow (DESIGN 4.14)."""

    kind: Literal["abort_asked"] = "abort_asked"
    attempt: Count
    custodian: Index
    reason: Plain


class ActVoided(Record):
    """A finalized block later than the act's deadline, with contract head and sequence unchanged: the act is dead."""

    kind: Literal["act_voided"] = "act_voided"
    attempt: Count
    seen: ContractSeen


class AnchorBegun(Record):
    """Intent: the act goes to the chain with these custodians' approvals, and this is what it makes of the contract.

    `payment` is None when the chain had taken the act already, sent by whoever held the approvals.
    """

    kind: Literal["anchor_begun"] = "anchor_begun"
    attempt: Count
    digest: Hex32
    custodians: tuple[Index, ...]
    effects: Effects
    payment: Payment | None


class Anchored(Record):
    """The receipt: the act is in this finalized state."""

    kind: Literal["anchored"] = "anchored"
    attempt: Count
    digest: Hex32
    transaction: Hex32
    block: BlockSeen
    seen: ContractSeen


class ClosingNamed(Record):
    """The last entry: the custodians who sign the closing checkpoint. A later one replaces an earlier one."""

    kind: Literal["closing_named"] = "closing_named"
    custodians: tuple[Index, ...]
