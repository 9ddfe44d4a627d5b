"""An envelope and every token's answer to it."""

import pytest

from ceremony.custody.envelope import seal_test
from ceremony.hsm.token import Role, object_id
from ceremony.quorum.dealings import parse_points
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import encode_point, parse_point
from tests.simulators.ports import PIN
from tests.simulators.randomness import Stream
from tests.simulators.stages import Stage, ceremony_at
from tests.simulators.tokens import SimulatedToken


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Header, and every token's answer to it."""
    base = tmp_path_factory.mktemp("room")
    state = ceremony_at(Stage.PROPOSED, base).conduct(lambda _c: None)
    ceremony, dealing = state.opened.ceremony, state.dealing
    header = seal_test(
        ceremony=ceremony, dealing=dealing, n=7, commitments=parse_points(state.dealt.commitments), entropy=Stream(3, "sealer")(48)
    )
    point, answers = encode_point(parse_point(from_hex(header.point))), {}
    for index in range(1, 8):
        token = SimulatedToken(base / "parts" / f"sim{index}.json", Stream(4, "x"), serial=f"sim{index}", pin=PIN, number=index)
        token.login(PIN)
        answers[index] = to_hex(token.derive(object_id(from_hex(ceremony), dealing, Role.SHARD, index), point))
    return header, answers
