"""Reading plans: everything wrong at once, on its line; nothing but PlanError leaves, whatever the text."""

import hashlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ceremony.errors import ApprovalError, PlanError
from ceremony.records.base import to_hex
from ceremony.records.canonical import encode_canonical
from ceremony.records.plan_draft import draft_plan
from ceremony.records.plan_text import PLAN_LIMIT, PROBLEMS_LIMIT, judge_text, parse_plan, plan_digest
from ceremony.records.plan_toml import LINE_LIMIT, SLIPS_LIMIT
from ceremony.records.roster_entries import CeremonyOpened

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


def test_the_draft_with_endpoints_on_lines_of_their_own_says_the_same() -> None:
    broken = PLAN.replace('["https://one.example", "https://two.example"]', '[\n  "https://one.example",\n  "https://two.example",\n]')
    assert broken != PLAN
    assert parse_plan(broken) == parse_plan(PLAN)


def line_of(text: str, start: str) -> int:
    return next(number for number, line in enumerate(text.split("\n"), 1) if line.startswith(start))


def problems(text: str) -> list[tuple[int, str]]:
    return [(problem.line, problem.rule) for problem in judge_text(text)[1]]


def swap(old: str, new: str, text: str = PLAN) -> str:
    assert text.count(old) == 1
    return text.replace(old, new)


def test_the_plan_and_its_digest() -> None:
    assert parse_plan(PLAN).title == "A plan"
    assert plan_digest(PLAN) == hashlib.sha256(PLAN.encode()).digest()
    assert plan_digest("") != plan_digest("\n")


# --- one fault at a time: its line, its rule, its field in the reason ---

FAULTS = [
    ("version = 1", "version = 2", "field-value", "version"),
    ("version = 1", 'version = "1"', "field-value", "version"),
    ('title = "A plan"', 'title = ""', "field-value", "title is empty"),
    ('title = "A plan"', "title = 3", "field-value", "title is not text in quotes"),
    ('title = "A plan"', 'title = "A\\u001bplan"', "field-value", "printable"),
    ('title = "A plan"', 'title = "e\\u0301"', "field-value", "NFC"),
    ('title = "A plan"', f'title = "{"x" * 201}"', "field-value", "title is too long"),
    ("rehearsal = false", "rehearsal = 0", "field-value", "neither true nor false"),
    ('expires = "2030-01-01T00:00:00Z"', "expires = 2030-01-01T00:00:00Z", "field-value", "expires is not text in quotes"),
    ('expires = "2030-01-01T00:00:00Z"', 'expires = "2030-02-30T00:00:00Z"', "field-value", "expires is wrong"),
    ('expires = "2030-01-01T00:00:00Z"', 'expires = "2030-01-01T00:00:00+01:00"', "field-value", "not a UTC time"),
    ("approval_hours = 72", "approval_hours = 0", "field-value", "approval_hours"),
    ("approval_hours = 72", "approval_hours = 72.0", "field-value", "not a whole number"),
    ("approval_hours = 72", "approval_hours = true", "field-value", "not a whole number"),
    ("n = 7", "n = -7", "field-value", "n is wrong"),
    ("k = 5", "k = 9007199254740992", "field-value", "k is wrong"),
    ("id = 1", "id = 0", "chain-id", "chain id 0"),
    ('contract = "deploy"', 'contract = "0xABCD"', "field-value", "contract"),
    ('contract = "deploy"', "contract = 1", "field-value", "contract"),
    ('endpoints = ["https://one.example", "https://two.example"]', "endpoints = []", "field-value", "endpoints has too few"),
    ('endpoints = ["https://one.example", "https://two.example"]', 'endpoints = "https://x"', "field-value", "endpoints is not a list"),
    ('endpoints = ["https://one.example", "https://two.example"]', 'endpoints = ["https://x", "ftp://y"]', "field-value", "endpoints 2"),
    ('endpoints = ["https://one.example", "https://two.example"]', 'endpoints = ["https://me:secret@x"]', "field-value", "endpoints 1"),
    (f'sha256 = "{"b" * 64}"', f'sha256 = "{"B" * 64}"', "field-value", "commits 2: sha256"),
    ('name = "model hash"', 'name = "release manifest"', "equal-commits", "stands already as number 1"),
    ('name = "Name 4"', 'nmae = "Name 4"', "field-unknown", "custodian 4 has an unknown field 'nmae'"),
    ('serial = "serial6"', "serial = 6", "field-value", "custodian 6, token 1: serial"),
    ('serial = "serial6"', 'serial = "serial1"', "equal-serials", "custodian 1's already"),
    ('site = "Site 6"', 'site = "Site 6"\nage = 40', "field-unknown", "custodian 6 has an unknown field 'age'"),
    ('config = "/tokens/2.conf"', 'config = "/tokens/2.conf"\nroles = ["sign", "guess"]', "field-value", "custodian 2, token 1: roles"),
    ('config = "/tokens/2.conf"', 'config = "/tokens/2.conf"\nroles = "sign"', "field-value", "custodian 2, token 1: roles is not a list"),
]


@pytest.mark.parametrize(("old", "new", "rule", "said"), FAULTS)
def test_one_fault_is_named_with_its_line(old: str, new: str, rule: str, said: str) -> None:
    text = swap(old, new)
    found = judge_text(text)[1]
    broken = [problem for problem in found if problem.rule != "field-missing"]
    line = line_of(PLAN, old) + new.count("\n")
    assert [(problem.line, problem.rule) for problem in broken] == [(line, rule)]
    assert said in broken[0].reason
    assert broken[0].remedy.endswith(".")
    with pytest.raises(PlanError) as refused:
        parse_plan(text)
    assert f"line {line}: " in refused.value.message


def test_a_misspelt_field_is_missing_too_and_the_right_name_is_offered() -> None:
    unknown, missing = judge_text(swap('name = "Name 4"', 'nmae = "Name 4"'))[1][::-1]
    assert (unknown.rule, unknown.remedy) == ("field-unknown", "Write name.")
    assert (missing.rule, missing.reason) == ("field-missing", "custodian 4: name is missing")
    assert missing.line == unknown.line - 1  # its table begins there


def test_an_unknown_field_like_no_other_is_deleted() -> None:
    (found,) = judge_text("zzz = 1\n" + PLAN)[1]
    assert (found.line, found.reason) == (1, "the plan has an unknown field 'zzz'")
    assert found.remedy.startswith("Delete it; the fields here are version, title,")


def test_an_unknown_name_cannot_paint_the_screen_or_fill_it() -> None:
    (found,) = judge_text('"\\u001b[2J' + "x" * 500 + '" = 1\n' + PLAN)[1]
    assert str(found).isprintable()
    assert len(str(found)) < 400


def test_everything_wrong_is_said_at_once_in_the_order_of_lines() -> None:
    text = swap("rehearsal = false", "rehearsal = maybe")  # no TOML
    text = swap("k = 5", "k = 4", text)  # three rules
    text = swap("halting = 3", "halting = 3\nhalting = 3", text)  # a key twice
    text = swap(f'sha256 = "{"b" * 64}"', 'sha256 = "b"', text)  # a form
    text = swap('name = "model hash"', 'name = "release manifest"', text)  # two of one name
    text = swap('serial = "serial6"', 'serial = "serial1"', text)  # a rule
    text = swap('site = "Site 7"', 'site = "Site 7"  # caf\u0065\u0301', text)  # letters
    lines = {start: line_of(text, start) for start in ("rehearsal", "[quorum]", "k =", "halting", 'sha256 = "b"', 'site = "Site 7"')}
    assert [problem.as_json()["line"] for problem in judge_text(text)[1]] == [line for line, _ in problems(text)]
    assert problems(text) == [
        (lines["rehearsal"], "toml"),
        (lines["[quorum]"], "offered-quorum"),
        (lines["k ="], "byzantine-quorum"),
        (lines["halting"], "halting-number"),
        (lines["halting"] + 1, "toml"),
        (lines['sha256 = "b"'] - 1, "equal-commits"),
        (lines['sha256 = "b"'], "field-value"),
        (text[: text.rindex('serial = "serial1"')].count("\n") + 1, "equal-serials"),
        (lines['site = "Site 7"'], "text-form"),
    ]


def test_a_stand_in_blames_nobody() -> None:
    """Rules about a field that cannot be read are not asked, all others are."""
    assert judge_text(swap("approval_hours = 72", "approval_hours = ?"))[0] is None  # a plan, but for the broken line
    text = swap("n = 7", "n = x7")
    assert [rule for _, rule in problems(text)] == ["toml"]
    text = swap("n = 7", 'n = "7"', swap("halting = 3", "halting = 2"))
    assert [rule for _, rule in problems(text)] == ["field-value"]
    waived = PLAN + '\n[[waiver]]\nrule = "site-blocks"\nsubject = "Hall"\nreason = "Until May."\ngranted_by = "Board"\n'
    for number in (1, 2):
        waived = swap(f'site = "Site {number}"', 'site = "Hall"', waived)
    assert [rule for _, rule in problems(waived)] == ["waiver-subject"]
    assert [rule for _, rule in problems(swap('site = "Site 3"', "site = 3", waived))] == ["field-value"]


@pytest.mark.parametrize(
    ("tail", "rule"),
    [
        ("[[custodian]]\n", "field-missing"),
        ("[waiver]\n", "field-value"),
        ("[[waiver]]\n", "field-missing"),
        ('[[waiver]]\nrule = "equal-serials"\nsubject = "x"\nreason = "x"\ngranted_by = "x"\n', "waiver-rule"),
        ("[extra]\n", "field-unknown"),
        ("[custodian.token.x]\n", "field-unknown"),
        ("[custodian.site]\n", "toml"),
        ("[[custodian.token]]\n", "field-missing"),
        ("[[commits]]\n" * 20, "field-missing"),
    ],
)
def test_tables_at_the_end(tail: str, rule: str) -> None:
    start = PLAN.count("\n") + 1
    found = [(line, name) for line, name in problems(PLAN + tail) if line >= start]
    assert found
    assert {name for _, name in found} == {rule}


@pytest.mark.parametrize("field", ["version", "title", "rehearsal", "expires"])
def test_a_field_left_out_of_the_head(field: str) -> None:
    text = "\n".join(line for line in PLAN.split("\n") if not line.startswith(f"{field} ="))
    assert [(problem.line, problem.reason) for problem in judge_text(text)[1]] == [(1, f"{field} is missing")]


@pytest.mark.parametrize("table", ["quorum", "chain", "commits", "custodian"])
@pytest.mark.parametrize("value", ["3", '"x"', "[]", "{}", "[3, 4]", "[[]]", "[{}]"])
def test_a_table_that_is_something_else(table: str, value: str) -> None:
    found = [problem for problem in judge_text(f"{table} = {value}\n")[1] if problem.place[0] == table]
    assert found
    assert all(problem.rule in {"field-value", "field-missing", "custodian-count"} for problem in found)


def test_more_than_thirty_two_custodians_all_of_them_wrong() -> None:
    found = judge_text(PLAN + "[[custodian]]\nname = 3\n" * 40)[1]
    assert {problem.rule for problem in found} >= {"field-missing", "field-value"}
    many = PLAN + PLAN[PLAN.index("[[custodian]]") :] * 4
    assert [problem.reason for problem in judge_text(many)[1]] == ["custodian has too many members"]


def test_waivers_that_are_no_tables() -> None:
    assert problems('waiver = [\n  3,\n  "x",\n]\n' + PLAN) == [(2, "field-value"), (3, "field-value")]


def test_the_list_ends_somewhere() -> None:
    text = PLAN.replace("version = 1", "\n".join(f"zz{n} = 1" for n in range(PROBLEMS_LIMIT + 5)))
    with pytest.raises(PlanError) as refused:
        parse_plan(text)
    assert refused.value.message.startswith(f"the plan has {PROBLEMS_LIMIT + 6} problems:")
    assert refused.value.message.endswith("\n  and 6 more")
    assert refused.value.message.count("\n") == PROBLEMS_LIMIT + 1
    with pytest.raises(PlanError, match=r"^the plan has 1 problem:\n  line 1: [^\n]*$"):
        parse_plan("zzz = 1\n" + PLAN)


# --- text and TOML ---


@pytest.mark.parametrize(
    ("letter", "rule"),
    [
        ("\r", "text-invisible"),
        ("\x00", "text-invisible"),
        ("\x7f", "text-invisible"),
        ("\x85", "text-invisible"),
        ("\u202e", "text-invisible"),
        ("\u200b", "text-invisible"),
        ("\u00a0", "text-invisible"),
        ("\ufeff", "text-invisible"),
        ("\ud800", "text-invisible"),
        ("e\u0301", "text-form"),
        ("\u212b", "text-form"),
    ],
)
def test_letters_nobody_sees_are_refused_even_in_comments(letter: str, rule: str) -> None:
    text = swap("# Custodian 2\n", f"# Custodian 2 {letter} \n")
    found = [problem for problem in judge_text(text)[1] if problem.rule == rule]
    assert [problem.line for problem in found] == [line_of(text, "# Custodian 2")]
    assert str(found[0]).isprintable()
    with pytest.raises(PlanError):
        parse_plan(text)


def test_what_is_accepted_fits_entry_0() -> None:
    text = swap("# Custodian 2\n", "#\tZ\u00fcrich \u2014 \u65e5\u672c \U0001f511\n")
    parse_plan(text)
    opened = CeremonyOpened(
        ceremony="0x" + "0" * 64, plan_text=text, plan_digest=to_hex(plan_digest(text)), rehearsal=False, files=()
    )
    assert CeremonyOpened.parse(encode_canonical(opened.model_dump(mode="json"))) == opened


def test_too_long_is_not_read() -> None:
    room = PLAN_LIMIT - len(PLAN.encode()) - 1
    lines = "# \u00e9\n" * (room // 5)
    assert problems(PLAN + lines) == []
    assert problems(PLAN + lines + "# \u00e9\n" * 2) == [(1, "text-size")]
    assert problems(PLAN + "#" * LINE_LIMIT) == []
    assert problems(PLAN + "#" * LINE_LIMIT + "#\n#") == [(PLAN.count("\n") + 1, "text-line")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("= 1", 1),
        ("a = 1\nb = ", 2),
        ("a = 1\na = 2", 2),
        ("a = 1\n\n[a]\n", 3),
        ("[a]\n[a]", 2),
        ('a = "\n', 1),
        ('# x\na = """\n\n', 2),
        ("a = [\n1\n\n", 2),
        ("a = {b = 1, b = 2}", 1),
        ("a = 2030-13-01", 1),
        ("a = " + "[\n" * 5000, 17),
            ("a = " + "[" * 16 + "]" * 16 + "\nb = " + "[" * 17 + "]" * 17, 2),
            ('a = "' + "[" * 99 + '"  # ' + "[" * 99 + "\n]", 2),
        ("a = " + "{a=" * 300, 1),
        ("\nwhat is this", 2),
    ],
)
def test_no_toml_is_named_with_its_line(text: str, line: int) -> None:
    found = [problem for problem in judge_text(text)[1] if problem.rule == "toml"]
    assert [problem.line for problem in found] == [line]


def test_only_whole_statements_are_looked_past() -> None:
    """A broken list or table header changes what the lines after it mean: reading ends there."""
    assert problems(swap("[chain]", "[chain")) == [(line_of(PLAN, "[chain]"), "toml")]
    broken = swap('endpoints = ["https://one.example", "https://two.example"]', 'endpoints = ["https://one.example\n]\nid = 0')
    assert problems(broken) == [(line_of(broken, "endpoints"), "toml")]
    slips = "".join(f"s{n} = ?\n" for n in range(SLIPS_LIMIT + 5))
    assert problems(slips + PLAN) == [(n, "toml") for n in range(1, SLIPS_LIMIT + 1)]
    slips = "".join(f"s{n} = ?\n" for n in range(SLIPS_LIMIT - 1))
    assert len(problems(slips + swap("id = 1", "id = 0"))) == SLIPS_LIMIT


@UNTIMED
@given(st.text(st.characters(exclude_categories=())))
def test_any_digest(text: str) -> None:
    try:
        assert plan_digest(text) == hashlib.sha256(text.encode()).digest()
    except PlanError:
        assert any("\ud800" <= letter <= "\udfff" for letter in text)


def test_a_text_that_is_no_text_has_no_digest() -> None:
    with pytest.raises(PlanError, match="UTF-8"):
        plan_digest("\ud800")


def test_custodians_are_found_by_name() -> None:
    plan = parse_plan(PLAN)
    assert [plan.require_index(custodian.name) for custodian in plan.custodian] == list(plan.indices)
    with pytest.raises(ApprovalError) as caught:
        plan.require_index("Mallory")
    assert caught.value.culprits == ("Mallory",)
