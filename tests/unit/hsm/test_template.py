"""What each key must be, and the judgement of what was read back."""

import pytest

from ceremony.errors import TokenLied
from ceremony.hsm.template import EXPECTED, UNWRAP, asked_attributes, judge_attributes, require_attributes, unwrapped_attributes
from ceremony.hsm.token import Role

EVERY = [(role, name) for role, names in EXPECTED.items() for name in names]


def opposite(value):
    return not value if isinstance(value, bool) else "AES"


@pytest.mark.parametrize("role", Role)
def test_no_key_can_leave_or_change_and_each_has_one_job(role):
    expected = EXPECTED[role]
    assert (expected["sensitive"], expected["extractable"], expected["modifiable"], expected["private"]) == (True, False, False, True)
    jobs = {name for name in ("decrypt", "derive", "sign", "sign_recover", "unwrap") if expected[name]}
    assert jobs == {{Role.GOVERNANCE: "sign", Role.TRANSPORT: "unwrap", Role.SHARD: "derive"}[role]}


def test_born_keys_were_never_outside_and_shards_come_from_outside():
    for role in (Role.GOVERNANCE, Role.TRANSPORT):
        assert all(EXPECTED[role][name] for name in ("local", "always_sensitive", "never_extractable"))
    assert not EXPECTED[Role.SHARD]["local"]
    assert not EXPECTED[Role.SHARD]["never_extractable"]


def test_what_comes_out_of_an_unwrap_is_a_shard():
    """DESIGN 4.2: the template forces every attribute of a shard that is asked for."""
    forced = unwrapped_attributes()
    assert forced == {name: value for name, value in asked_attributes(Role.SHARD).items() if name != "sign_recover"}
    assert {f"{UNWRAP}{name}" for name in forced} <= set(EXPECTED[Role.TRANSPORT])


@pytest.mark.parametrize("role", Role)
def test_a_token_is_not_asked_for_what_it_decides_itself(role):
    asked = asked_attributes(role)
    assert not {"local", "always_sensitive", "never_extractable"} & set(asked)
    assert not any(name.startswith(UNWRAP) for name in asked)
    assert asked.items() <= EXPECTED[role].items()


@pytest.mark.parametrize("role", Role)
def test_the_right_attributes_are_accepted(role):
    assert judge_attributes(role, EXPECTED[role]) == ()
    require_attributes(role, {**EXPECTED[role], "more_than_asked": True}, "who")


@pytest.mark.parametrize(("role", "name"), EVERY)
def test_each_attribute_must_be_right(role, name):
    found = {**EXPECTED[role], name: opposite(EXPECTED[role][name])}
    assert judge_attributes(role, found) == (f"{name} is {found[name]!r}, must be {EXPECTED[role][name]!r}",)


@pytest.mark.parametrize(("role", "name"), EVERY)
def test_each_attribute_must_be_there(role, name):
    found = {key: value for key, value in EXPECTED[role].items() if key != name}
    assert judge_attributes(role, found) == (f"{name} was not read back",)


def test_every_difference_is_told_and_the_token_named():
    with pytest.raises(TokenLied) as caught:
        require_attributes(Role.SHARD, {**EXPECTED[Role.SHARD], "sign": True, "extractable": True}, "custodian 1 Ada")
    assert "sign is True" in caught.value.message
    assert "extractable is True" in caught.value.message
    assert caught.value.culprits == ("custodian 1 Ada",)


def test_one_role_is_not_another():
    for role in Role:
        for other in Role:
            assert bool(judge_attributes(role, EXPECTED[other])) == (role is not other)
