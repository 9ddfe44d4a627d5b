"""What a plan may wish for beyond the rules: dice of some custodians, locked memory. Both are off unless it says so."""

import pytest

from ceremony.errors import PlanError
from ceremony.records.plan_text import parse_plan
from tests.simulators.ceremony_directory import plan_text

BEN = 'name = "Ben"\n'
TABLE = "\n[quorum]"


def test_a_plan_that_says_nothing_wants_neither():
    plan = parse_plan(plan_text())
    assert (plan.diced, plan.require_locked_memory) == ((), False)


def test_what_it_says_is_read():
    text = plan_text().replace(BEN, f"{BEN}dice = true\n").replace(TABLE, f"require_locked_memory = true\n{TABLE}")
    plan = parse_plan(text)
    assert (plan.diced, plan.require_locked_memory) == ((2,), True)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (BEN, f"{BEN}dice = 1\n", "Write dice = true, or leave the line out."),
        (BEN, f'{BEN}dice = "yes"\n', "Write dice = true"),
        (TABLE, f"require_locked_memory = 1\n{TABLE}", "Write require_locked_memory = true"),
        (TABLE, f"require_locked_memroy = true\n{TABLE}", "Write require_locked_memory."),
    ],
)
def test_what_is_no_yes_or_no_is_named_with_its_line(old, new, words):
    with pytest.raises(PlanError, match="line") as refusal:
        parse_plan(plan_text().replace(old, new))
    assert words in f"{refusal.value.message} {refusal.value.next_step}"
