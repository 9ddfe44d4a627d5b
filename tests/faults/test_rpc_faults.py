"""Row 16, the part for CI: each kind of fault at the first call that it meets, once and from then on."""

from tests.faults.rpc_faults import sweep
from tests.faults.rpc_proxy import FAULTS


def test_no_endpoint_brings_about_a_false_anchor_or_a_second_one(capsys):
    swept = sweep(full=False)
    with capsys.disabled():
        print(f"\nrpc faults: {swept.tried} cases, {swept.note}, {len(swept.faults)} faults")  # noqa: T201 - the figures belong in CI's log
    assert swept.tried == 2 * len(FAULTS)
    assert len(FAULTS) >= 25
    assert swept.faults == ()
