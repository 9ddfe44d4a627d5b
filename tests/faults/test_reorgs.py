"""Row 17, the part for CI: a reorganisation of nine blocks, of the deployment and of the act."""

from tests.faults.reorgs import CI_DEPTHS, STAGES, sweep


def test_nothing_is_declared_before_it_is_final(capsys):
    swept = sweep(full=False)
    with capsys.disabled():
        print(f"\nreorganisations: {swept.tried} cases, {swept.note}, {len(swept.faults)} faults")  # noqa: T201 - the figures belong in CI's log
    assert swept.tried == len(CI_DEPTHS) * len(STAGES)
    assert swept.faults == ()
