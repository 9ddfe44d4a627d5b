"""Row 6: every lie of one token in a whole ceremony, and in custody after it."""

from tests.adversary.lying_tokens import CEREMONY, CUSTODY, _afterwards, _whole, sweep
from tests.simulators.tokens import SimulatedToken

LEAST = 25


def test_every_lie_is_caught_and_its_custodian_named(capsys):
    swept = sweep(full=False)
    with capsys.disabled():
        print(f"\nlying tokens: {swept.tried} lies, {swept.note}, {len(swept.faults)} not caught")  # noqa: T201 - the figures belong in CI's log
    assert swept.tried == len(CEREMONY) + len(CUSTODY) >= LEAST
    assert swept.faults == ()


def test_an_honest_token_is_called_no_liar(tmp_path):
    assert _whole(tmp_path / "whole", SimulatedToken) == ["NOT CAUGHT: the ceremony was closed"]
    assert _afterwards(tmp_path / "after", SimulatedToken) == ["NOT named", "NOT named without tags", "NOT no holder"]
