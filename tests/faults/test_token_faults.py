"""Scoreboard rows 3 and 5: a token's module killed or failing at any call leaves the ceremony whole, and no PIN is tried twice."""

from multiprocessing import get_context

import pytest

from ceremony.errors import AgentCrashed, PinLocked, PinWrong, TokenFault
from ceremony.hsm.agents import ask
from ceremony.hsm.codes import Ckr
from ceremony.hsm.messages import Done, Login
from tests.faults import token_sweep
from tests.faults.shim import How, Order, Shim
from tests.faults.token_sabotage import judged
from tests.softhsm import PIN, WHO, make_token, module

FUNCTIONS = 24
"""That the ceremony asks a module for, at least."""
pytestmark = pytest.mark.timeout(900)  # a ceremony's life, then hundreds of moments of it, where the suite's limit is made for one


def test_a_budgeted_part_of_all_calls_killed_leaves_the_ceremony_whole(capsys):
    show(capsys, "tokens killed", token_sweep.sweep_kills(full=False), least=3 * FUNCTIONS)


def test_a_budgeted_part_of_all_calls_failing_ends_by_name(capsys):
    show(capsys, "token faults", token_sweep.sweep_codes(full=False), least=5 * FUNCTIONS)


def show(capsys, what, swept, least):
    with capsys.disabled():
        print(f"\n{what}: {swept.tried}, {swept.note}, {len(swept.faults)} faults")  # noqa: T201 - the figures belong in CI's log
    assert swept.faults == ()
    assert swept.tried >= least


# --- the judges ---


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    root = tmp_path_factory.mktemp("life")
    return root, alone(token_sweep.live, root)


@pytest.mark.parametrize(
    ("sabotage", "words"),
    [
        ("a PIN tried again", "2 tries of a PIN that was asked for 1 times"),
        ("a code without a name", "not a named error"),
        ("a transport key kept", "private transport of dealing 1"),
    ],
)
def test_a_broken_ceremony_is_seen(life, sabotage, words):
    faults = alone(judged, sabotage, *life)
    assert any(words in fault for fault in faults), faults


def alone(work, *arguments):
    """In a fresh process, which no other test has made load a module."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


# --- the shim, in front of the real agent as it is really started ---


@pytest.fixture
def shimmed(tmp_path):
    return make_token(tmp_path / "token"), Shim(tmp_path, module())


def test_a_spawned_agent_is_counted_call_by_call(shimmed):
    token, shim = shimmed
    log_in(token, shim)
    assert shim.calls()[:2] == ("C_GetFunctionList", "C_Initialize")
    assert shim.count("C_Login") == 1


@pytest.mark.parametrize(
    ("how", "code", "error"),
    [
        (How.REFUSED, Ckr.PIN_INCORRECT, PinWrong),
        (How.REFUSED, Ckr.PIN_LOCKED, PinLocked),
        (How.LOST, Ckr.DEVICE_ERROR, TokenFault),
        (How.KILLED_BEFORE, 0, AgentCrashed),
        (How.KILLED_AFTER, 0, AgentCrashed),
    ],
)
def test_a_spawned_agents_login_is_disturbed_and_not_tried_again(shimmed, how, code, error):
    token, shim = shimmed
    log_in(token, shim)
    shim.order(Order(shim.calls().index("C_Login") + 1, how, code))
    with pytest.raises(error, match=WHO):
        log_in(token, shim)
    assert shim.count("C_Login") == 1


def log_in(token, shim):
    agent = token.open(module=str(shim.path))
    try:
        ask(agent, Login(pin=PIN), Done)
    finally:
        agent.close()
