"""A wrapped shard and the PIN together are not enough (DESIGN 4.2): a thief with both tries, on a real token, in a process of its own."""

import json
import subprocess
import sys

import pytest

from ceremony.hsm.template import unwrapped_attributes
from ceremony.hsm.token import Role, object_id
from ceremony.hsm.trials import HOSTILE
from ceremony.records.base import from_hex
from tests import dealt as d
from tests.softhsm import PIN, copy_token, module
from tests.thief import ATTEMPTS


@pytest.fixture(scope="module")
def report(standing, tmp_path_factory):
    """Everything the thief got."""
    token = copy_token(standing.token, tmp_path_factory.mktemp("robbed") / "ada")
    ids = {role.value: object_id(from_hex(d.CEREMONY), 1, role, 1).hex() for role in (Role.TRANSPORT, Role.SHARD)}
    asked = {"module": module(), "config": str(token.config), "serial": token.serial, "pin": PIN, "blob": standing.blob.hex(), **ids}
    command = [sys.executable, "-m", "tests.thief"]
    done = subprocess.run(command, input=json.dumps(asked).encode(), capture_output=True, check=True, timeout=60)
    assert f"{d.SHARE:064x}".encode() not in done.stdout
    return json.loads(done.stdout)


def test_the_blob_opens_with_the_right_attributes(report):
    """Else its refusals would prove nothing."""
    assert report["honest"] is not None
    assert report["honest"]["value"] is False


@pytest.mark.parametrize("wish", HOSTILE)
def test_a_hostile_template_is_refused_or_forced(report, wish):
    found = report["hostile"][wish]
    if found is None:
        return
    assert found["value"] is False
    assert {name: found[name] for name in unwrapped_attributes()} == dict(unwrapped_attributes())


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_another_way_in_is_refused(report, attempt):
    found = report["attempts"][attempt]
    assert "loot" not in found
    assert "CKR_" in found["refused"], "the token itself must have refused"


def test_the_shard_inside_does_not_leak(report):
    assert report["leak"] == ""


def test_the_attempts_leave_nothing(report):
    assert report["grown"] == 0


def test_the_same_attempts_rob_a_plain_transport_key(report):
    """FACTS 2: with such a key, blob and PIN are enough; so the refusals above are the token's, not the thief's clumsiness."""
    assert {"unwrap it as a generic secret", "unwrap it as an AES key", "decrypt it"} <= set(report["weak"])
