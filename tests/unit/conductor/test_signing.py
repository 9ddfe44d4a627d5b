"""Who signs what, through the conductor: failed tries are entries that must be acknowledged (T13), and nobody signs what they owe not."""

import json

import pytest

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.conductor.approving import describe_owed, require_owed
from ceremony.errors import (
    ApprovalError,
    TokenFault,
    TokenLied,
)
from ceremony.hsm.token import Role
from ceremony.records.base import from_hex
from ceremony.records.structs import Genesis
from ceremony.transcript.journal import TRANSCRIPT, read_book
from tests.adversary.scene import STRANGER
from tests.simulators.played_on import kinds, state_of, verified
from tests.simulators.stages import Stage, ceremony_at, kind_of_token
from tests.simulators.tokens import SimulatedToken


class Faulty(SimulatedToken):
    """Approves only once its governance key is let go."""

    error = TokenFault("the token answered CKR_DEVICE_ERROR")
    failures = 1

    def sign(self, key_id, act):
        if isinstance(act.struct, Genesis) and type(self).failures:
            type(self).failures -= 1
            raise self.error
        return super().sign(key_id, act)


class Forging(Faulty):
    """Signs with a key that is not the one it showed."""

    def sign(self, key_id, act):
        if isinstance(act.struct, Genesis) and type(self).failures:
            type(self).failures -= 1
            return STRANGER.sign_recoverable(digest(act), hasher=None)[:64]
        return super().sign(key_id, act)


@pytest.mark.parametrize(("liar", "reason"), [(Faulty, "TokenFault"), (Forging, "TokenLied")])
def test_a_failed_signing_is_an_entry_that_must_be_acknowledged(liar, reason, tmp_path):
    once = type("Once", (liar,), {"failures": 1})
    ceremony = ceremony_at(Stage.PROPOSED, tmp_path, make_token=kind_of_token({3: once}))
    with pytest.raises((TokenFault, TokenLied)):
        ceremony.approve(3)
    failed = read_book(ceremony.directory / TRANSCRIPT).entries[-1]
    assert (failed.body.kind, failed.body.custodian, failed.body.reason) == ("approval_failed", 3, reason)
    state = state_of(ceremony)
    told = describe_owed(state, require_owed(state, read_book(ceremony.directory / TRANSCRIPT), frozenset(), 3))
    assert told[-1] == f"Your last try failed: entry {failed.index} of the transcript says why. Yes acknowledges it."
    ceremony.approve(3)
    begun = [entry.body for entry in read_book(ceremony.directory / TRANSCRIPT) if entry.body.kind == "approval_begun"]
    assert [body.acknowledged for body in begun] == [None, failed.index]
    assert "1 failed signings" in " ".join(row.line for row in verified(ceremony).rows)


def test_a_token_that_signs_for_another_custodian_is_caught_before_anything_is_written(tmp_path):
    class Twin(SimulatedToken):
        """Shows the stranger's key since it was enrolled."""

        def public_key(self, key_id, role):
            return STRANGER.public_key.format(compressed=False) if role is Role.GOVERNANCE else super().public_key(key_id, role)

        def sign(self, key_id, act):
            return STRANGER.sign_recoverable(digest(act), hasher=None)[:64]

    ceremony = ceremony_at(Stage.PROPOSED, tmp_path, make_token=kind_of_token({3: Twin}))
    with pytest.raises(ApprovalError) as refusal:
        ceremony.approve(3)
    assert refusal.value.culprits == ("custodian 3",)
    assert kinds(ceremony)[-1] == "approval_failed"


# --- who owes what ---


@pytest.mark.parametrize(("stage", "index"), [(Stage.BURNT, 1), (Stage.APPROVED, 5), (Stage.NAMED, 6), (Stage.CLOSED, 1)])
def test_who_owes_nothing_signs_nothing(stage, index, tmp_path):
    ceremony = ceremony_at(stage, tmp_path)
    with pytest.raises(ApprovalError, match="owes no approval") as refusal:
        ceremony.approve(index)
    assert refusal.value.culprits[0].startswith(f"custodian {index} ")


def test_a_sixth_approval_is_taken_and_published(tmp_path):
    ceremony = ceremony_at(Stage.APPROVED, tmp_path)
    ceremony.approve(7)
    state = ceremony.anchor()
    assert state.anchoring.custodians == (1, 2, 3, 4, 5, 7)


def test_every_approval_is_the_custodians_own_signature(tmp_path):
    state = state_of(ceremony_at(Stage.APPROVED, tmp_path))
    for index, approved in state.approvals.items():
        require_signature(from_hex(approved.signature), digest(state.act_owed), from_hex(state.roster[index]))


def test_the_chain_holds_the_act_once(tmp_path):
    ceremony = ceremony_at(Stage.NAMED, tmp_path)
    genesis = json.loads((tmp_path / "parts" / "chain.json").read_text())["genesis"]
    assert genesis["root"] == state_of(ceremony).proposed.act.root
