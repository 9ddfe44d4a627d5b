"""Whatever the text: only PlanError leaves the reader of plans, and no text takes for ever."""

from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ceremony.errors import PlanError
from ceremony.records.plan_draft import draft_plan
from ceremony.records.plan_text import judge_text, parse_plan
from ceremony.records.plan_toml import LINE_LIMIT

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Other work on the same machine must not fail a test."""

PLAN = draft_plan(
    title="A plan",
    rehearsal=False,
    custodians=[(f"Name {n}", f"Firm {n}", f"Site {n}", f"serial{n}", "/hsm.so", f"/tokens/{n}.conf") for n in range(1, 8)],
    chain_id=1,
    endpoints=[],
    contract="deploy",
    commits=[("release manifest", "a" * 64), ("model hash", "b" * 64)],
    expires="2030-01-01T00:00:00Z",
    approval_hours=72,
).replace("endpoints = [\n]", 'endpoints = ["https://one.example", "https://two.example"]')


def read(text: str) -> None:
    try:
        parse_plan(text)
    except PlanError as error:
        assert error.message.startswith("the plan has")  # noqa: PT017 - both ends are allowed
        error.message.encode(errors="strict")


@UNTIMED
@given(st.text())
@example("\ud800 = 1")
@example("a = '\ud800'")
@example("'\\ud800' = 1")
@example("[[custodian]]\n[custodian.token]")
def test_any_text(text: str) -> None:
    read(text)


TOML = st.sampled_from(
    [
        *("[", "]", "{", "}", "=", ",", ".", "\n", '"', "'", '"""', "'''", "#", "\\", "1", "nan", "1e9", "true", "2030-01-01", "a", " "),
        *("version", "title", "quorum", "chain", "commits", "custodian", "token", "waiver", "roles", "endpoints", "name"),
        "[[custodian]]\n",
    ],
)


@UNTIMED
@given(st.lists(TOML, max_size=40).map("".join))
def test_any_heap_of_toml(text: str) -> None:
    read(text)
    read(PLAN + text)


@UNTIMED
@given(st.integers(0, len(PLAN)), st.integers(0, 30), st.lists(TOML, max_size=4).map("".join))
def test_any_cut_and_paste(start: int, size: int, between: str) -> None:
    read(PLAN[:start] + between + PLAN[start + size :])


KEYS = [
    "version", "title", "rehearsal", "expires", "mirror", "quorum", "n", "k", "halting", "chain", "id",
    "endpoints", "contract", "commits", "name", "sha256", "custodian", "token", "site", "roles", "waiver",
]
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from(["1", "true", '""', '"x"', "1.5", "2030-01-01", '"sign"', '"https://x"']),
    lambda inner: st.lists(inner, max_size=3).map(lambda members: f"[{', '.join(members)}]")
    | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4).map(
        lambda members: "{" + ", ".join(f"{name} = {value}" for name, value in members.items()) + "}"
    ),
    max_leaves=12,
)


@UNTIMED
@given(st.dictionaries(st.sampled_from(KEYS), VALUES, min_size=1))
def test_any_tree_of_known_names(tree: dict[str, str]) -> None:
    text = "\n".join(f"{name} = {value}" for name, value in tree.items())
    read(text)
    lines = text.count("\n") + 1
    assert all(1 <= problem.line <= lines for problem in judge_text(text)[1])


@UNTIMED
@given(st.sampled_from([line for line in PLAN.split("\n") if line[:1].islower()]), VALUES)
def test_any_value_in_any_field(line: str, value: str) -> None:
    """Wherever it stands, the fault is found on its own line or is nobody else's than the rules'."""
    text = PLAN.replace(line, f"{line.partition('=')[0]}= {value}")
    read(text)


def test_no_text_within_the_limit_takes_for_ever() -> None:
    """The worst dotted names that fit: were a line not limited, one of them alone would take minutes."""
    name = ".".join("a" * ((LINE_LIMIT - 4) // 2))
    read(f"[{name}]\n" + "".join(f"b{n}=1\n" for n in range(4000)))
    read("a." * 30000 + "a=1")
