"""No way past five distinct enrolled custodians (P2): each named bypass is refused, naming a culprit (scoreboard row 14)."""

import pytest

from tests.adversary.quorum_bypasses import Attack, Bypass, bypasses, honest_scene, judge, meet, sweep
from tests.adversary.scene import link

TRIES = [(bypass, place) for bypass in bypasses() for place in bypass.tries]


def test_the_honest_ceremony_passes_everywhere(tmp_path):
    """Else the refusals below would prove nothing."""
    scene = honest_scene()
    given = scene.approvals(1, 2, 3, 4, 5)
    meet(scene, given)
    attack = Attack(scene, tmp_path)
    attack.anchor(scene.with_approvals(given))
    data = link(scene.to_the_end(scene.with_approvals(given), range(1, 6)))
    attack.verify(data, scene.note(data))


@pytest.mark.parametrize(("bypass", "place"), TRIES, ids=[f"{bypass.name}, at {place}" for bypass, place in TRIES])
def test_no_bypass_is_accepted(bypass, place):
    assert list(judge(bypass, place, honest_scene())) == []


def test_the_table_has_the_scoreboards_length_and_distinct_names():
    names = [bypass.name for bypass in bypasses()]
    assert len(names) >= 45
    assert len(set(names)) == len(names)


def test_the_sweep_counts_what_gets_through(monkeypatch):
    gap = Bypass("a gap", "", {"quorum": lambda _attack: None})
    monkeypatch.setattr("tests.adversary.quorum_bypasses.bypasses", lambda: (gap,))
    assert sweep(full=False).faults == ("a gap, at quorum: ACCEPTED",)
