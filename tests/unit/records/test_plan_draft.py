"""Drafts: what is written reads back, whatever the texts hold, and what is left empty is named."""

import tomllib
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ceremony.records.plan_draft import EMPTY_COMMITS, EMPTY_CUSTODIANS, draft_plan, quote
from ceremony.records.plan_text import judge_text, parse_plan

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Other work on the same machine must not fail a test."""

PEOPLE = [
    (f"Name {n}", f"Firm {n}", f"Site {n}", f"serial {n}", "/hsm.so", None if n == 3 else f"/tokens/{n}/softhsm2.conf") for n in range(1, 8)
]


def draft(**changes: Any) -> str:
    facts: dict[str, Any] = {
        "title": "A plan",
        "rehearsal": False,
        "custodians": PEOPLE,
        "chain_id": 31337,
        "endpoints": ["http://127.0.0.1:8545", "https://two.example"],
        "contract": "deploy",
        "commits": [("release manifest", "0" * 64), ("model hash", "f" * 64)],
        "expires": "2030-01-01T00:00:00Z",
        "approval_hours": 72,
    }
    return draft_plan(**{**facts, **changes})


def test_a_whole_draft_is_a_plan_with_these_facts() -> None:
    plan = parse_plan(draft(rehearsal=True))
    assert (plan.title, plan.rehearsal, plan.expires, plan.approval_hours) == ("A plan", True, "2030-01-01T00:00:00Z", 72)
    assert [(c.name, c.affiliation, c.site, c.token[0].serial, c.token[0].module, c.token[0].config) for c in plan.custodian] == PEOPLE
    endpoints = ("http://127.0.0.1:8545", "https://two.example")
    assert plan.chain.model_dump() == {"id": 31337, "endpoints": endpoints, "contract": "deploy", "depth": 0}
    assert [(commit.name, commit.sha256) for commit in plan.commits] == [("release manifest", "0" * 64), ("model hash", "f" * 64)]
    assert parse_plan(draft()).rehearsal is False


def test_everything_left_empty_is_named_once() -> None:
    text = draft(title="", expires="", custodians=EMPTY_CUSTODIANS, commits=EMPTY_COMMITS, endpoints=[""], chain_id=0)
    lines = text.splitlines()
    empty = [number for number, line in enumerate(lines, 1) if not line.startswith("#") and ('""' in line or line == "id = 0")]
    plan, problems = judge_text(text)
    assert plan is None
    assert [problem.line for problem in problems] == empty
    assert len(empty) == 4 + 3 + 7 * 5


def test_what_is_commented_out_is_right_when_it_is_not() -> None:
    text = draft()
    for field in ("mirror", "config"):
        text = text.replace(f"# {field} = ", f"{field} = ", 1)
    text = text.replace('# previous_head = "0x"', f'previous_head = "0x{"a" * 64}"').replace('config = ""', 'config = "/c"')
    assert parse_plan(text).mirror == "/media/second/ceremony"
    start = text.index("# [[waiver]]")
    waiver = text[start:].replace("# ", "")
    assert [problem.rule for problem in judge_text(text[:start] + waiver)[1]] == ["waiver-subject"]


@UNTIMED
@given(st.text())
@example('\\ \\n " """ # \x7f\x00\n\t\u2028\U0001f511')
def test_any_text_reads_back(text: str) -> None:
    assert tomllib.loads(f"text = {quote(text)}") == {"text": text}


@UNTIMED
@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_breaks_out_of_its_field(name: str, url: str, commit: str, digest: str) -> None:
    tree = tomllib.loads(draft(custodians=[(name, url, commit, digest, name, url)], endpoints=[url, name], commits=[(commit, digest)]))
    token = {"serial": digest, "module": name, "config": url}
    assert tree["custodian"] == [{"name": name, "affiliation": url, "site": commit, "token": [token]}]
    assert tree["chain"] == {"id": 31337, "endpoints": [url, name], "contract": "deploy"}
    assert tree["commits"] == [{"name": commit, "sha256": digest}]
    assert set(tree) == {"version", "title", "rehearsal", "expires", "approval_hours", "quorum", "chain", "commits", "custodian"}
