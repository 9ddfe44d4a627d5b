"""Every combiner that cheats is refused by name, and an honest one is served."""

from tests.adversary.lying_combiners import CHEATS, judge, start, sweep
from tests.simulators.custody import custody

LEAST = 25


def test_every_cheating_combiner_is_refused_by_name(tmp_path, capsys):
    swept = sweep(tmp_path)
    with capsys.disabled():
        print(f"\nlying combiners: {swept.tried} cheats, {len(swept.faults)} not refused")  # noqa: T201 - the figures belong in CI's log
    assert swept.tried == len(CHEATS) >= LEAST
    assert swept.faults == ()


def test_an_honest_combiner_is_called_no_cheat(tmp_path):
    with custody(tmp_path) as here:
        cheat = start(here.conductor)
        assert judge(cheat, CHEATS["four approvals"][0], lambda x: x.open(x.commit())) == ["NOT REFUSED"]
