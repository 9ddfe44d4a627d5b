"""Two tokens with one serial in a SoftHSM directory are named before SoftHSM's module ends the process over them."""

import shutil

import pytest

from ceremony.errors import TokenAmbiguous
from ceremony.hsm.softhsm import STORE_LIMIT, require_distinct_serials


def twin(token, name="twin"):
    shutil.copytree(token.stores[0], token.directory / "tokens" / name)


def test_one_token_passes(blank):
    require_distinct_serials(blank.config)


def test_two_of_one_serial_are_named(fresh):
    twin(fresh)
    with pytest.raises(TokenAmbiguous) as caught:
        require_distinct_serials(fresh.config)
    assert caught.value.message == f"2 tokens say that their serial is {fresh.serial}"
    assert f"token {fresh.serial}" in caught.value.culprits


def test_another_serial_passes(fresh):
    twin(fresh)
    path = fresh.directory / "tokens" / "twin" / "token.object"
    path.write_bytes(path.read_bytes().replace(fresh.serial.encode(), b"0" * 16))
    require_distinct_serials(fresh.config)


@pytest.mark.parametrize("text", ["", "rubbish", "directories.tokendir = /no/such/place", "directories.tokendir =", "\0"])
def test_a_configuration_that_says_nothing_is_left_to_softhsm(tmp_path, text):
    config = tmp_path / "softhsm2.conf"
    config.write_text(text)
    require_distinct_serials(config)


def test_no_configuration_is_left_to_softhsm(tmp_path):
    require_distinct_serials(tmp_path / "softhsm2.conf")


def test_what_is_no_token_is_passed_over(fresh):
    tokens = fresh.directory / "tokens"
    (tokens / "stray file").write_text("not a token")
    (tokens / "stray directory").mkdir()
    (tokens / "broken").mkdir()
    (tokens / "broken" / "token.object").write_bytes(b"\0" * 99)
    require_distinct_serials(fresh.config)
    assert len(fresh.stores) < STORE_LIMIT
