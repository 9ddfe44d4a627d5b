"""What contributes to a dealing: the plan says it, and nothing else does."""

import pytest

from ceremony.protocol.state import sources_of
from ceremony.records.plan_text import parse_plan
from tests.simulators.ceremony_directory import plan_text

TOKENS = tuple(f"custodian {index}" for index in range(1, 8))


@pytest.mark.parametrize(
    ("names", "dice"),
    [((), ()), (("Ada",), ("dice of custodian 1",)), (("Cleo", "Gus"), ("dice of custodian 3", "dice of custodian 7"))],
)
def test_the_system_each_token_and_the_dice_that_are_wanted(names, dice):
    text = plan_text()
    for name in names:
        text = text.replace(f'name = "{name}"\n', f'name = "{name}"\ndice = true\n')
    assert sources_of(parse_plan(text)) == ("system", *TOKENS, *dice)
