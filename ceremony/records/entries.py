"""Every thing that can stand in a transcript: one closed union, discriminated by `kind`.

Kinds come in pairs where something outside the transcript is touched: an intent (`..._begun`) before, an outcome after.
"""

from typing import Annotated, Literal

from pydantic import Field

from ceremony.records import act_entries as act
from ceremony.records import dealing_entries as deal
from ceremony.records import roster_entries as roster
from ceremony.records import succession_entries as succession
from ceremony.records.base import Count, Hex32, Instant, Record

Body = Annotated[
    roster.CeremonyOpened
    | roster.RunStarted
    | roster.EnrolBegun
    | roster.Enrolled
    | roster.TransportBegun
    | roster.TransportMade
    | roster.CustodyStated
    | roster.RosterConfirmed
    | deal.DealingOpened
    | deal.ContributionCommitted
    | deal.ContributionRevealed
    | deal.Dealt
    | deal.LoadBegun
    | deal.Loaded
    | deal.HoldingBegun
    | deal.HoldingAttested
    | deal.TestSealed
    | deal.OpeningBegun
    | deal.Opened
    | deal.OpeningWitnessBegun
    | deal.OpeningAttested
    | deal.RetireBegun
    | deal.Retired
    | deal.BlobsDestroyed
    | deal.DealingAbandoned
    | deal.DiscardBegun
    | deal.Discarded
    | act.DeployBegun
    | act.Deployed
    | act.Proposed
    | act.ApprovalBegun
    | act.Approved
    | act.ApprovalFailed
    | roster.MarkFounded
    | act.AbortAsked
    | act.ActVoided
    | act.AnchorBegun
    | act.Anchored
    | act.ClosingNamed
    | succession.SuccessionOpened
    | succession.EnvelopesListed
    | succession.RewrapBegun
    | succession.Rewrapped
    | succession.EnvelopeLeftOut
    | succession.ReopenBegun
    | succession.Reopened
    | succession.SuccessionProposed
    | succession.ConsentBegun
    | succession.Consented
    | succession.ConsentFailed
    | succession.DestroyBegun
    | succession.ShardDestroyed
    | succession.ShardOutstanding,
    Field(discriminator="kind"),
]


class Entry(Record):
    """One line of the transcript: its place, the leaf hash of the line before it, when it was written, and what happened.

    `previous` names the guilty entry at once when a line was changed; `at` is for people only, order never comes from it (T2).
    """

    v: Literal[1] = 1
    index: Count
    previous: Hex32
    at: Instant
    body: Body


def parse_entry(line: bytes) -> Entry:
    """Read one transcript line (without its newline); RecordError says what is wrong with it."""
    return Entry.parse(line)
