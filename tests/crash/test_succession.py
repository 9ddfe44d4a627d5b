"""Interrupted anywhere between the rotation and its end, a succession carries on: nothing is done twice, nothing is left out."""

from tests.crash.succession import sweep


def test_wherever_power_fails_it_carries_on():
    tried = list(sweep(range(0, 1000, 11)))
    assert len(tried) >= 8
    assert [(where, wrong) for where, wrong in tried if wrong] == []
