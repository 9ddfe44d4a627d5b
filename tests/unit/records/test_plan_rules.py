"""The rules of plans: each broken alone, each waiver lifting exactly what it names."""

from typing import Any

import pytest

from ceremony.errors import PlanError
from ceremony.records.plan import Plan
from ceremony.records.plan_losses import pair_losses, site_losses, token_losses
from ceremony.records.plan_rules import WAIVABLE, blocking, byzantine_floor, judge_expiry, judge_plan, require_unexpired

NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus")


def custodian(number: int, **changes: Any) -> dict[str, Any]:
    token = {"serial": f"serial {number}", "module": "/hsm.so"}
    name = NAMES[(number - 1) % 7] + " again" * ((number - 1) // 7)
    whole = {"name": name, "affiliation": f"Firm {number}", "site": f"Site {number}", "token": (token,)}
    token.update({key: changes.pop(key) for key in ("serial", "mark", "roles") if key in changes})
    return {**whole, **changes}


def plan(people: dict[int, dict[str, Any]] | None = None, *, count: int = 7, **changes: Any) -> Plan:
    whole = {
        "version": 1,
        "title": "A plan",
        "rehearsal": False,
        "expires": "2030-01-01T00:00:00Z",
        "quorum": {"n": 7, "k": 5, "halting": 3},
        "chain": {"id": 1, "endpoints": ("https://one.example", "https://two.example"), "contract": "deploy"},
        "commits": ({"name": "release manifest", "sha256": "0" * 64},),
        "custodian": tuple(custodian(number, **(people or {}).get(number, {})) for number in range(1, count + 1)),
    }
    return Plan.model_validate({**whole, **changes})


def broken(judged: Plan) -> list[str]:
    return [problem.rule for problem in judge_plan(judged)]


def together(party: str, subject: str, count: int) -> dict[int, dict[str, Any]]:
    return {number: {party: subject} for number in range(2, 2 + count)}


def waiver(rule: str, subject: str, **changes: str) -> dict[str, str]:
    return {"rule": rule, "subject": subject, "reason": "The new office opens in May.", "granted_by": "The board", **changes}


def test_a_sound_plan_has_no_problem_rehearsal_or_not() -> None:
    assert judge_plan(plan()) == ()
    assert judge_plan(plan(rehearsal=True)) == ()


@pytest.mark.parametrize(
    ("n", "k", "halting", "rules"),
    [
        (7, 4, 4, ["offered-quorum", "byzantine-quorum"]),
        (7, 6, 2, ["offered-quorum"]),
        (7, 7, 1, ["offered-quorum"]),
        (7, 5, 2, ["offered-quorum", "halting-number"]),
        (7, 5, 4, ["offered-quorum", "halting-number"]),
        (7, 2, 6, ["offered-quorum", "byzantine-quorum"]),
        (7, 0, 8, ["offered-quorum", "byzantine-quorum"]),
        (0, 0, 1, ["offered-quorum", "byzantine-quorum", "custodian-count"]),
        (8, 6, 3, ["offered-quorum", "custodian-count"]),
        (4, 3, 2, ["offered-quorum", "custodian-count"]),
    ],
)
def test_only_five_of_seven_halted_by_three_is_offered(n: int, k: int, halting: int, rules: list[str]) -> None:
    assert broken(plan(quorum={"n": n, "k": k, "halting": halting})) == rules


def test_the_byzantine_floor() -> None:
    # T15: Harmony's 2 of 5; the toolkit's 5 of 7; PBFT's 2f+1 of 3f+1.
    assert byzantine_floor(5, 2) == 5
    assert byzantine_floor(7, 5) == 5
    assert byzantine_floor(7, 4) == 6
    for faulty in range(1, 8):
        assert byzantine_floor(3 * faulty + 1, 2 * faulty + 1) == 2 * faulty + 1
    assert blocking(plan().quorum) == 3


@pytest.mark.parametrize("count", [6, 8])
def test_as_many_custodians_as_the_quorum_counts(count: int) -> None:
    assert broken(plan(count=count)) == ["custodian-count"]


@pytest.mark.parametrize("name", ["Ada", "ada", "ADA", "\uff21da"])
def test_equal_names(name: str) -> None:
    (problem,) = judge_plan(plan({4: {"name": name}}))
    assert (problem.rule, problem.place) == ("equal-names", ("custodian", 3, "name"))
    assert "custodian 1" in problem.reason


@pytest.mark.parametrize("serial", ["serial 1", "SERIAL 1", "serial  1", "serial-1"])
def test_equal_serials_or_serials_that_would_share_a_mark(serial: str) -> None:
    (problem,) = judge_plan(plan({7: {"serial": serial}}))
    assert (problem.rule, problem.place) == ("equal-serials", ("custodian", 6, "token", 0, "serial"))


def test_three_of_one_serial_are_two_problems() -> None:
    assert broken(plan({2: {"serial": "serial 1"}, 3: {"serial": "serial 1"}})) == ["equal-serials"] * 2


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("/a/b", "/a/b/", True),
        ("/a/b", "/a/./b", True),
        ("/a/b", "//a//b", True),
        ("a/b", "./a/b", True),
        ("/a/b", "a/b", False),
        ("/a/b", "/a/B", False),
        ("/a/b", "/a/c", False),
    ],
)
def test_equal_marks(one: str, other: str, equal: bool) -> None:
    assert broken(plan({1: {"mark": one}, 3: {"mark": other}})) == ["equal-marks"] * equal


@pytest.mark.parametrize("roles", [("sign",), ("shard",), (), ("sign", "sign"), ("sign", "shard", "sign")])
def test_a_token_has_both_roles(roles: tuple[str, ...]) -> None:
    (problem,) = judge_plan(plan({5: {"roles": roles}}))
    assert (problem.rule, problem.place) == ("token-roles", ("custodian", 4, "token", 0, "roles"))
    assert judge_plan(plan({5: {"roles": ("shard", "sign")}})) == ()


def twins(*tokens: dict[str, object]) -> Plan:
    """A plan whose custodian 5 has these tokens."""
    whole = plan().model_dump()
    whole["custodian"][4]["token"] = tuple(
        {"serial": f"twin {number}", "module": "/hsm.so", **token} for number, token in enumerate(tokens, 1)
    )
    return Plan.model_validate(whole)


SIGN: dict[str, object] = {"roles": ("sign",)}
SHARD: dict[str, object] = {"roles": ("shard",)}


@pytest.mark.parametrize(
    ("tokens", "rules"),
    [
        (({}, SHARD), []),
        ((SHARD, {}), []),
        ((SIGN, SHARD, SHARD, SHARD), []),
        ((SIGN, {**SHARD, "plain_import": "it cannot unwrap"}), []),
        (({}, {}), ["token-roles"]),
        ((SIGN, SIGN), ["token-roles"]),
        ((SHARD, SHARD), ["token-roles"]),
        (({}, {"roles": ()}), ["token-roles"]),
        (({}, {"roles": ("shard", "shard")}), ["token-roles"]),
        (({**SIGN, "plain_import": "why not"}, SHARD), ["plain-import"]),
        (({}, {**SHARD, "serial": "Serial 2"}), ["equal-serials"]),
        (({}, {**SHARD, "serial": "twin 1"}), ["equal-serials"]),
        (({"mark": "/m"}, {**SHARD, "mark": "/m/"}), ["equal-marks"]),
    ],
)
def test_of_several_tokens_one_signs_and_one_or_more_hold(tokens: tuple[dict[str, object], ...], rules: list[str]) -> None:
    assert broken(twins(*tokens)) == rules


def test_an_equal_serial_names_whose_it_is_already() -> None:
    (problem,) = judge_plan(twins({}, {**SHARD, "serial": "serial 2"}))
    assert (problem.place, problem.reason) == (("custodian", 4, "token", 1, "serial"), "the serial 'serial 2' is custodian 2's already")
    (problem,) = judge_plan(twins({}, {**SHARD, "serial": "twin 1"}))
    assert problem.reason == "the serial 'twin 1' is custodian 5's already"


def test_the_loss_of_a_twin_is_not_the_loss_of_a_shard() -> None:
    losses = {loss.what: (loss.shard, loss.signing) for loss in token_losses(twins({}, SHARD))}
    assert len(losses) == 8
    assert losses["custodian 5 Eve, token 1, serial twin 1"] == (False, True)
    assert losses["custodian 5 Eve, token 2, serial twin 2"] == (False, False)
    assert losses["custodian 4 Dan, serial serial 4"] == (True, True)
    apart = {loss.what: loss.as_json() for loss in token_losses(twins(SIGN, SHARD))}
    what = "custodian 5 Eve, token 2, serial twin 2"
    assert apart[what] == {"what": what, "shard_lost": True, "signing_lost": False}


def test_a_plan_says_whose_token_is_whose() -> None:
    judged = twins(SIGN, SHARD, SHARD)
    assert [whose for whose in judged.holders if whose[0] == 5] == [(5, 2), (5, 3)]
    assert [whose for whose in judged.tokens if whose[0] in {4, 5}] == [(4, 1), (5, 1), (5, 2), (5, 3)]
    assert (judged.signer(5).serial, judged.token(5, 3).serial) == ("twin 1", "twin 3")
    assert (judged.whose(4, 1), judged.whose(5, 1)) == ("custodian 4 Dan", "custodian 5 Eve, token 1")


def test_commits_whose_names_differ_in_case_only() -> None:
    commits = tuple({"name": name, "sha256": "0" * 64} for name in ("model hash", "Model Hash"))
    assert broken(plan(commits=commits)) == ["equal-commits"]


@pytest.mark.parametrize(
    ("chain", "rules"),
    [
        ({"id": 0}, ["chain-id"]),
        ({"endpoints": ("https://one.example", "https://ONE.example/")}, ["equal-endpoints"]),
        ({"endpoints": ("https://one.example/\x1b[2J",)}, ["endpoint-text"]),
        ({"endpoints": ("https://\u043ene.example",)}, ["endpoint-text"]),
    ],
)
def test_the_chain(chain: dict[str, Any], rules: list[str]) -> None:
    whole = {"id": 1, "endpoints": ("https://one.example",), "contract": "deploy"}
    assert broken(plan(chain={**whole, **chain})) == rules


@pytest.mark.parametrize(("contract", "rules"), [("deploy", ["succession-contract"]), ("0x" + "c0" * 20, [])])
def test_a_successor_takes_over_a_contract_and_deploys_none(contract: str, rules: list[str]) -> None:
    chain = {"id": 1, "endpoints": ("https://one.example",), "contract": contract}
    assert broken(plan(chain=chain, succeeds={"ceremony": "0x" + "5e" * 32, "directory": "/before"})) == rules
    relative = plan(chain=chain, succeeds={"ceremony": "0x" + "5e" * 32, "directory": "before"})
    assert broken(relative) == [*rules, "succession-directory"]


@pytest.mark.parametrize("party", ["affiliation", "site"])
@pytest.mark.parametrize("count", range(1, 7))
def test_no_party_blocks_or_decides_alone(party: str, count: int) -> None:
    """T1 and T14 at every size: two are bearable, three block, five decide."""
    found = judge_plan(plan(together(party, "Acme", count)))
    expected = [f"{party}-blocks"] * (count >= 3) + [f"{party}-quorum"] * (count >= 5)
    assert [problem.rule for problem in found] == expected
    assert all(problem.subject == "Acme" and "'Acme'" in problem.reason for problem in found)
    assert [problem.place for problem in found] == [("custodian", 3, party), ("custodian", 5, party)][: len(found)]


def test_a_party_is_one_in_any_spelling() -> None:
    spelled = {1: {"site": "Acme Hall"}, 2: {"site": "ACME HALL"}, 3: {"site": "Acme  Hall"}}
    assert broken(plan(spelled)) == ["site-blocks"]


@pytest.mark.parametrize("subject", ["Acme", "acme"])
@pytest.mark.parametrize("rule", WAIVABLE)
def test_a_waiver_lifts_exactly_one_rule_for_one_subject(rule: str, subject: str) -> None:
    everywhere = {number: {"affiliation": "Acme", "site": "Acme"} for number in range(1, 6)}
    found = judge_plan(plan(everywhere, waiver=(waiver(rule, subject),)))
    assert {problem.rule for problem in found} == set(WAIVABLE) - {rule}


def test_all_waivers_together_lift_all() -> None:
    everywhere = {number: {"affiliation": "Acme", "site": "Hall"} for number in range(1, 6)}
    waivers = [waiver(rule, "Acme" if rule.startswith("aff") else "Hall") for rule in WAIVABLE]
    assert judge_plan(plan(everywhere, waiver=tuple(waivers))) == ()


def test_a_waiver_for_another_subject_lifts_nothing_and_is_a_problem() -> None:
    people = {**together("site", "Acme", 3), 5: {"site": "Hall"}, 6: {"site": "Hall"}, 7: {"site": "Hall"}}
    assert broken(plan(people, waiver=(waiver("site-blocks", "Acme"),))) == ["site-blocks"]
    assert broken(plan(people, waiver=(waiver("site-blocks", "Elsewhere"),))) == ["site-blocks", "site-blocks", "waiver-subject"]
    assert broken(plan(waiver=(waiver("site-blocks", "Site 1"),))) == ["waiver-subject"]


@pytest.mark.parametrize("rule", ["equal-serials", "byzantine-quorum", "offered-quorum", "chain-id", "no-such-rule"])
def test_other_rules_cannot_be_waived(rule: str) -> None:
    worst = plan(
        {2: {"serial": "serial 1"}},
        quorum={"n": 7, "k": 4, "halting": 4},
        chain={"id": 0, "endpoints": ("https://one.example",), "contract": "deploy"},
        waiver=(waiver(rule, "serial 1"),),
    )
    assert broken(worst) == ["offered-quorum", "byzantine-quorum", "equal-serials", "chain-id", "waiver-rule"]


def test_a_waiver_given_twice() -> None:
    twice = (waiver("site-blocks", "Acme"), waiver("site-blocks", "ACME", granted_by="Another"))
    assert broken(plan(together("site", "Acme", 3), waiver=twice)) == ["equal-waivers"]


def test_expiry_is_the_last_moment_before() -> None:
    for now in ("2029-12-31T23:59:59Z", "2026-11-24T12:00:00Z"):
        require_unexpired(plan(), now)
    for now in ("2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"):
        with pytest.raises(PlanError, match="expired at 2030-01-01T00:00:00Z") as refused:
            require_unexpired(plan(), now)
        assert refused.value.culprits == ("expires",)
        assert [problem.place for problem in judge_expiry(plan(), now)] == [("expires",)]


def test_every_loss_of_one_site_or_two_custodians_is_enumerated() -> None:
    judged = plan(together("site", "Acme", 3))
    sites = {loss.what: (loss.custodians, loss.left, loss.survived) for loss in site_losses(judged)}
    assert sites["site Acme"] == ((2, 3, 4), 4, False)
    assert sites["site Site 1"] == ((1,), 6, True)
    assert len(sites) == 5
    pairs = pair_losses(judged)
    assert len({loss.custodians for loss in pairs}) == 21
    assert all(loss.survived and loss.left == 5 for loss in pairs)
    assert pairs[0].as_json() == {"what": "custodian 1 Ada and custodian 2 Ben", "custodians": [1, 2], "left": 5, "survived": True}
