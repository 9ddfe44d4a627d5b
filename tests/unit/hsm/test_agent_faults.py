"""What goes wrong between the ceremony and a real token: each has its own named error, names who it is about, and never hangs."""

import os
import shutil
import signal
import uuid

import pytest

from ceremony.errors import (
    AgentCrashed,
    AgentTimeout,
    ModuleError,
    PinLocked,
    PinWrong,
    RecordError,
    TokenAmbiguous,
    TokenFault,
    TokenLied,
    TokenMissing,
)
from ceremony.hsm import messages as m
from ceremony.hsm.agents import ask, expect
from ceremony.isolation.spawned import Spawned
from tests import dealt as d
from tests.simulators.ports import LocalAgent
from tests.simulators.randomness import Stream
from tests.simulators.tokens import PIN_TRIES, SimulatedToken
from tests.softhsm import PIN, WHO, RealToken, copy_token, make_token

SHORT = 0.3
"""Seconds that a test gives an agent which will never answer."""


def require_refused(agent, kind, code):
    """The agent does not open; it raises `kind`, with the exit code that belongs to it, and names who it is about."""
    try:
        with pytest.raises(kind) as caught:
            _ = agent.opened
    finally:
        agent.close()
    assert type(caught.value) is kind
    assert caught.value.exit_code == code
    assert WHO in caught.value.culprits
    return caught.value


@pytest.fixture
def opened(blank):
    """An agent of a token that nobody changes; nobody is logged in."""
    agent = blank.open()
    yield agent
    agent.close()


# --- PINs ---


def test_a_wrong_pin_is_refused_and_the_right_one_still_works(opened):
    with pytest.raises(PinWrong) as caught:
        ask(opened, m.Login(pin="not-this-one"), m.Done)
    assert caught.value.exit_code == 47
    assert WHO in caught.value.culprits
    assert "not-this-one" not in str(caught.value)
    ask(opened, m.Login(pin=PIN), m.Done)


def test_after_a_wrong_pin_nobody_is_logged_in(opened):
    ask(opened, m.Login(pin=PIN), m.Done)
    with pytest.raises(PinWrong):
        ask(opened, m.Login(pin="not-this-one"), m.Done)
    with pytest.raises(TokenFault, match="not logged in"):
        ask(opened, m.Holdings(place=d.PLACE), m.HoldingsReply)


def test_after_logout_nobody_is_logged_in(opened):
    ask(opened, m.Login(pin=PIN), m.Done)
    ask(opened, m.Logout(), m.Done)
    with pytest.raises(TokenFault, match="not logged in"):
        ask(opened, m.Holdings(place=d.PLACE), m.HoldingsReply)


def test_a_session_without_a_login_lists_no_keys_and_is_not_believed(opened):
    """Random bytes need no login, so there is a session; a token would list none of its private keys in it."""
    ask(opened, m.Contribute(place=d.PLACE, source="token 1", k=d.K), m.Committed)
    with pytest.raises(TokenFault, match="not logged in"):
        ask(opened, m.Holdings(place=d.PLACE), m.HoldingsReply)


def local(tmp_path):
    token = SimulatedToken(tmp_path / "token.json", Stream(1, "token"), serial="sim1", pin=PIN, number=1)
    return token, LocalAgent(token, tmp_path / "marks", Stream(1, "agent"), WHO)


def test_a_wrong_pin_is_tried_once(tmp_path):
    """SoftHSM does not count, so a token that does."""
    token, agent = local(tmp_path)
    with pytest.raises(PinWrong):
        ask(agent, m.Login(pin="not-this-one"), m.Done)
    assert token.memory.tries == PIN_TRIES - 1


def test_a_locked_pin_has_its_own_error(tmp_path):
    """SoftHSM never locks, so a token that does."""
    _, agent = local(tmp_path)
    for _ in range(PIN_TRIES):
        with pytest.raises(PinWrong):
            ask(agent, m.Login(pin="not-this-one"), m.Done)
    assert agent.opened.pin_tries == "locked"
    with pytest.raises(PinLocked) as caught:
        ask(agent, m.Login(pin=PIN), m.Done)
    assert caught.value.exit_code == 48


# --- tokens ---


def test_a_missing_token(blank):
    error = require_refused(blank.open(serial="0000000000000000"), TokenMissing, 42)
    assert "0000000000000000" in error.message


def test_a_swapped_token(blank, tmp_path):
    """Another token lies where the planned one was."""
    other = make_token(tmp_path / "other", "eve")
    swapped = RealToken(other.directory, blank.serial)
    assert other.serial != blank.serial
    require_refused(swapped.open(), TokenMissing, 42)


def test_a_token_taken_out_while_its_agent_runs(fresh):
    agent = fresh.login()
    try:
        shutil.rmtree(fresh.directory / "tokens")
        with pytest.raises(TokenFault) as caught:
            ask(agent, d.enrol(), m.EnrolReply)
    finally:
        agent.close()
    assert WHO in caught.value.culprits


def test_two_tokens_with_one_serial(fresh):
    twin = fresh.directory / "tokens" / str(uuid.uuid4())
    shutil.copytree(fresh.stores[0], twin)
    error = require_refused(fresh.open(), TokenAmbiguous, 43)
    assert fresh.serial in error.message


# --- modules ---


def test_no_such_module(blank):
    assert "/no/such/module.so" in require_refused(blank.open(module="/no/such/module.so"), ModuleError, 41).culprits


def test_a_file_that_is_no_library(blank, tmp_path):
    text = tmp_path / "module.so"
    text.write_text("this is no library")
    require_refused(blank.open(module=str(text)), ModuleError, 41)


def test_a_library_that_is_no_pkcs11_module(blank):
    import _ctypes  # noqa: PLC0415 - any shared library will do, and this one is there

    require_refused(blank.open(module=_ctypes.__file__), ModuleError, 41)


def test_no_such_configuration(blank):
    assert "/no/such.conf" in require_refused(blank.open(config="/no/such.conf"), ModuleError, 41).culprits


@pytest.mark.parametrize("text", ["", "rubbish\n", "directories.tokendir = /no/such/directory\n"])
def test_a_configuration_that_leads_nowhere(blank, tmp_path, text):
    config = tmp_path / "softhsm2.conf"
    config.write_text(text)
    with_config = blank.open(config=str(config))
    try:
        with pytest.raises((ModuleError, TokenMissing)) as caught:
            _ = with_config.opened
    finally:
        with_config.close()
    assert WHO in caught.value.culprits


def test_a_configuration_without_tokens(blank, tmp_path):
    empty = copy_token(blank, tmp_path / "empty")
    shutil.rmtree(empty.stores[0])
    require_refused(empty.open(), TokenMissing, 42)


# --- agents ---


def test_an_agent_killed_in_mid_work(fresh):
    """The token is as it was afterwards, but for the throw-away keys, which the next probe destroys."""
    agent = fresh.login()
    agent.send(m.Probe())
    os.kill(agent.pid, signal.SIGKILL)
    with pytest.raises(AgentCrashed) as caught:
        agent.receive()
    agent.close()
    assert caught.value.exit_code == 50
    assert WHO in caught.value.culprits


def test_an_agent_that_died_before_it_was_asked(blank):
    agent = blank.login()
    os.kill(agent.pid, signal.SIGKILL)
    with pytest.raises(AgentCrashed):
        ask(agent, m.Describe(), m.Opened)
    agent.close()


def test_a_hung_agent_is_ended_at_its_deadline(blank):
    agent = blank.login()
    agent.send(m.Logout())
    agent.receive()
    agent._deadline = SHORT
    os.kill(agent.pid, signal.SIGSTOP)
    with pytest.raises(AgentTimeout) as caught:
        ask(agent, m.Describe(), m.Opened)
    assert caught.value.exit_code == 51
    assert WHO in caught.value.culprits
    assert agent._process._process.wait(10) == -signal.SIGKILL
    agent.close()


def test_an_agent_that_never_starts_is_ended_at_its_deadline(blank):
    agent = blank.open(deadline=SHORT)
    os.kill(agent.pid, signal.SIGSTOP)
    require_refused(agent, AgentTimeout, 51)


def test_an_answer_to_another_question(opened):
    opened.send(m.Describe())
    with pytest.raises(TokenLied, match="another question") as caught:
        expect(opened, m.Done)
    assert WHO in caught.value.culprits


def test_a_reply_that_is_none(opened):
    """What came back is a record of its own kind, but not what the first message is answered with."""
    assert opened.opened.pin_set
    opened._opened = None
    opened._process.send(m.Logout().encode())
    error = require_refused(opened, TokenLied, 45)
    assert "no reply" in error.message


def test_the_first_message_must_name_a_token():
    agent = Spawned("ceremony.hsm.agent_process", WHO)
    try:
        with pytest.raises(AgentCrashed, match="which token to serve"):
            agent.ask(m.Describe().encode())
    finally:
        agent.close()


def test_what_is_no_request_is_refused_and_the_agent_lives_on(opened):
    assert opened.opened.pin_set
    opened._process.send(b'{"ask":"sign_digest","digest":"0x00"}')
    with pytest.raises(RecordError, match="sign_digest"):
        opened.receive()
    assert ask(opened, m.Describe(), m.Opened).token.serial
