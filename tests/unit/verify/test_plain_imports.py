"""A shard that came in the clear: allowed by the plan by name, said by `verify`, and nothing else may pass for it."""

import pytest

from ceremony.errors import CheckFailed
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.adversary.attacks import named, to
from tests.adversary.forge import Body, Forger
from tests.adversary.played import Played, play
from tests.simulators.ceremony_directory import SimulatedCeremony, twin_plan

IMPORTED = 5
"""Which of the transport keys is the import key: that of custodian 5, token 2."""


class TwinCeremony(SimulatedCeremony):
    def start(self) -> None:
        self._plan = twin_plan()
        super().start()


@pytest.fixture(scope="module")
def twins() -> Played:
    return play(1, TwinCeremony)


def refused(twins: Played, forger: Forger) -> dict[str, CheckFailed]:
    data = forger.rebuild()
    report = verify(data, forger.close(), Trust(roster=twins.roster, rehearsal=True), every=True)
    return {row.check: row.failure for row in report.rows if row.failure}


def test_it_is_accepted_and_said(twins: Played) -> None:
    report = verify(twins.data, twins.note, twins.offline, every=True)
    assert report.verdict is Verdict.CHAIN_NOT_CHECKED
    (row,) = [row for row in report.rows if row.check == "plain_imports_are_named"]
    assert "the host saw this shard: custodian 5 Eve, token 2, serial sim15" in row.line
    assert "[not proven: the plan allows it by name]" in row.line


def test_a_key_that_is_in_no_token_was_not_read_back_from_one(twins: Played) -> None:
    forger = Forger(twins.data, twins.keys)
    place = forger.twist("transport_made", to(attributes={"unwrap": True}), IMPORTED)
    found = refused(twins, forger)
    assert set(found) == {"keys_were_born_in_tokens"}
    assert found["keys_were_born_in_tokens"].culprits == named(place, "custodian 5")


def test_a_wrapped_shard_where_the_plan_says_a_plain_one(twins: Played) -> None:
    forger = Forger(twins.data, twins.keys)
    other = forger.body("transport_made", 0)["public_key"]
    place = forger.twist("transport_made", to(public_key=other), IMPORTED)
    found = refused(twins, forger)
    assert set(found) == {"plain_imports_are_named", "transport_keys_are_signed"}
    assert found["plain_imports_are_named"].culprits == named(place, "custodian 5")


def test_a_token_that_the_plan_does_not_name(twins: Played) -> None:
    forger = Forger(twins.data, twins.keys)

    def other(body: Body) -> None:
        body["transport"]["serial"] = "sim99"

    place = forger.twist("transport_made", other, 3)
    found = refused(twins, forger)
    assert set(found) == {"transport_keys_are_signed"}
    assert found["transport_keys_are_signed"].culprits == named(place, "custodian 3")


def test_a_twin_that_was_never_loaded_leaves_the_ceremony_unfinished(twins: Played) -> None:
    forger = Forger(twins.data, twins.keys)
    cut = forger.find("loaded", 3)
    forger.cut(cut)
    report = verify(forger.rebuild(), None, Trust(roster=twins.roster, rehearsal=True), every=True)
    (row,) = [row for row in report.rows if row.check == "shards_cannot_leave"]
    assert "recorded for 2 of 7" in row.line
