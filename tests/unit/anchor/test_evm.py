"""The writing door against a real node: who pays, what is refused before anything is sent, and a node that is gone."""

import json
import time

import pytest
from coincurve import PrivateKey
from eth_account import Account

from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.artifacts.deployment import create_address, creation_code, encode_factory_call, runtime_code
from ceremony.anchor.calls import encode_approvals, encode_call
from ceremony.anchor.chain import FACTORY
from ceremony.anchor.contract import encode_view_call
from ceremony.anchor.evm import KEYSTORE_LIMIT, EvmWriter, open_keystore
from ceremony.anchor.rpc import JsonRpc
from ceremony.anchor.unlocked import UnlockedWriter
from ceremony.errors import AnswerError, AnswerLost, BalanceTooLow, CallReverted, ChainLied, ChainUnreachable, DirectoryError, NonceUsed
from ceremony.records.structs import Genesis
from tests.faults.rpc_proxy import Fault, Proxy, Raw

KEY = b"\x5b" * 32
CHAIN_ID = 31337
PAYEE = "0x" + "0a" * 20
ROSTER = [f"0x{number:040x}" for number in range(1, 8)]
TERMS = {"name": "ceremony rehearsal", "ceremony_id": b"\xc1" * 32, "roster": ROSTER, "k": 5, "halting": 3}
CREATION = creation_code(load_artifact(), **TERMS)
ACT = Genesis(
    root="0x" + "01" * 32, size=1, plan_digest="0x" + "00" * 32, epoch=1, sequence=0, deadline=2**53 - 1, head="0x" + "00" * 32
)
GENESIS = encode_call(ACT, *encode_approvals({}, [bytes.fromhex(one[2:]) for one in ROSTER]))


@pytest.fixture(scope="module")
def node(start_node):
    return start_node("--slots-in-an-epoch", "1")


def mined(url, transaction):
    reader = JsonRpc(url)
    for _ in range(500):
        receipt = reader.receipt(transaction)
        if receipt is not None:
            return receipt
        time.sleep(0.02)
    pytest.fail(f"no receipt of {transaction}")


def send(writer, to, data):
    return writer.send(to, data, nonce=writer.nonce())


def latest(url):
    return int(JsonRpc(url).ask("eth_blockNumber"), 16)


@pytest.fixture(scope="module")
def contract(node):
    writer = UnlockedWriter(node)
    expected = create_address(bytes.fromhex(writer.payer()[2:]), writer.nonce())
    receipt = mined(node, send(writer, None, CREATION))
    assert receipt.contract == "0x" + expected.hex()
    return receipt.contract


def test_the_unlocked_account_of_a_development_node_pays(node, contract):
    assert UnlockedWriter(node).payer() == JsonRpc(node).ask("eth_accounts")[0].lower()
    assert JsonRpc(node).code(contract, latest(node)) == runtime_code(load_artifact(), **TERMS)


def test_a_key_of_the_payers_own_pays(node):
    account = Account.from_key(KEY)
    reader = JsonRpc(node)
    reader.ask("anvil_setBalance", account.address, hex(10**20))
    writer = EvmWriter(node, account, CHAIN_ID)
    assert writer.payer() == account.address.lower()
    before = writer.nonce()
    receipt = mined(node, send(writer, FACTORY, encode_factory_call(b"\x07" * 32, CREATION)))
    assert receipt.succeeded
    assert writer.nonce() == before + 1
    sent = reader.ask("eth_getTransactionByHash", receipt.transaction)
    assert (sent["from"].lower(), int(sent["chainId"], 16)) == (account.address.lower(), reader.chain_id())


def test_a_balance_too_low_is_named_before_anything_is_sent(node):
    poor = Account.from_key(PrivateKey(b"\x5c" * 32).secret)
    height = latest(node)
    with pytest.raises(BalanceTooLow) as refusal:
        send(EvmWriter(node, poor, CHAIN_ID), FACTORY, encode_factory_call(b"\x08" * 32, CREATION))
    assert refusal.value.culprits
    reader = JsonRpc(node)
    reader.ask("anvil_setBalance", poor.address, hex(10**9))
    with pytest.raises(BalanceTooLow, match="has 1000000000 wei and may need"):
        send(EvmWriter(node, poor, CHAIN_ID), FACTORY, encode_factory_call(b"\x08" * 32, CREATION))
    assert latest(node) == height
    assert EvmWriter(node, poor, CHAIN_ID).nonce() == 0


def test_a_refusal_of_the_contract_is_named_by_its_rule_and_nothing_is_sent(node, contract):
    height = latest(node)
    with pytest.raises(CallReverted, match="nothing was sent") as refusal:
        send(UnlockedWriter(node), contract, GENESIS)
    assert "refuse this: TooFewApprovals;" in refusal.value.message
    assert refusal.value.culprits == (node,)
    assert latest(node) == height


def test_the_factory_refuses_a_second_deployment(node):
    writer = UnlockedWriter(node)
    mined(node, send(writer, FACTORY, encode_factory_call(b"\x09" * 32, CREATION)))
    with pytest.raises((CallReverted, ChainUnreachable)):
        send(writer, FACTORY, encode_factory_call(b"\x09" * 32, CREATION))


def test_where_a_chain_has_no_finality_depth_makes_a_block_final(node, contract):
    JsonRpc(node).ask("anvil_mine", "0x5")
    height = latest(node)
    assert JsonRpc(node, depth=3).finalized() == JsonRpc(node).block(height - 3)
    assert JsonRpc(node, depth=height + 1).finalized().number == 0


def test_the_reading_door_reads_a_real_node(node, contract):
    reader = JsonRpc(node)
    final = reader.finalized()
    assert reader.block(final.number) == final
    assert int.from_bytes(reader.call(contract, encode_view_call("k"), latest(node)), "big") == 5
    with pytest.raises(CallReverted):
        reader.call(contract, GENESIS, latest(node))
    assert reader.receipt("0x" + "00" * 32) is None
    assert reader.transactions_with(contract, b"\x01" * 32, 0, latest(node)) == ()


def test_a_node_that_is_gone_is_a_named_error():
    with pytest.raises(ChainUnreachable) as refusal:
        UnlockedWriter("http://127.0.0.1:1").payer()
    assert refusal.value.culprits == ("http://127.0.0.1:1",)


def test_a_node_without_unlocked_accounts_asks_for_a_key_file(node, monkeypatch):
    writer = UnlockedWriter(node)
    monkeypatch.setattr(writer._rpc, "ask", lambda *_: [])
    with pytest.raises(BalanceTooLow) as refusal:
        writer.payer()
    assert "--keystore" in refusal.value.next_step


# --- key files ---


@pytest.fixture(scope="module")
def keystore(tmp_path_factory):
    path = tmp_path_factory.mktemp("payer") / "payer.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "a password", kdf="pbkdf2", iterations=10)))
    return path


def test_a_key_file_opens_with_its_password(keystore):
    assert open_keystore(keystore, "a password").address == Account.from_key(KEY).address


@pytest.mark.parametrize("password", ["another", "", "a password "])
def test_a_wrong_password_is_named_without_showing_it(keystore, password):
    with pytest.raises(AnswerError) as refusal:
        open_keystore(keystore, password)
    assert refusal.value.culprits == (str(keystore),)
    assert "another" not in refusal.value.message


@pytest.mark.parametrize("content", ["", "not JSON", "[" * 100_000, '{"a":1' + " " * KEYSTORE_LIMIT + "}"])
def test_what_is_no_json_is_no_key_file(tmp_path, content):
    path = tmp_path / "payer.json"
    path.write_text(content)
    with pytest.raises(DirectoryError):
        open_keystore(path, "x")


@pytest.mark.parametrize("content", ["{}", "[]", "7", "null", '"x"', '{"crypto": {}}', '{"version": 3, "crypto": 7}', '{"version": 9}'])
def test_what_is_another_json_is_no_key_file(tmp_path, content):
    path = tmp_path / "payer.json"
    path.write_text(content)
    with pytest.raises(AnswerError, match="no key file"):
        open_keystore(path, "x")


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_a_key_file_that_is_not_there_is_named(tmp_path, name):
    with pytest.raises(DirectoryError) as refusal:
        open_keystore(tmp_path / name, "x")
    assert refusal.value.culprits == (str(tmp_path / name),)


def test_a_key_file_that_is_not_text_is_named(tmp_path):
    path = tmp_path / "payer.json"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DirectoryError):
        open_keystore(path, "x")


# --- answers that are none ---


@pytest.fixture
def proxy(node):
    found = Proxy(node)
    yield found
    found.close()


ASKED = ("eth_gasPrice", "eth_getBalance", "eth_estimateGas", "eth_getTransactionCount", "eth_sendRawTransaction")


@pytest.mark.parametrize("method", ASKED)
@pytest.mark.parametrize("value", [None, "fast", []])
def test_whatever_a_node_answers_a_payer_with_a_key_it_ends_in_a_named_error(node, proxy, method, value):
    account = Account.from_key(KEY)
    JsonRpc(node).ask("anvil_setBalance", account.address, hex(10**20))
    proxy.arm(Fault("nonsense", answers_with(value), method), once=False)
    with pytest.raises((ChainUnreachable, ChainLied)):
        send(EvmWriter(proxy.url, account, CHAIN_ID), FACTORY, encode_factory_call(b"\x0b" * 32, CREATION))


@pytest.mark.parametrize("method", ["eth_accounts", "eth_getTransactionCount"])
@pytest.mark.parametrize("value", [None, 7])
def test_whatever_a_development_node_answers_about_its_payer_it_ends_in_a_named_error(proxy, method, value):
    proxy.arm(Fault("nonsense", answers_with(value), method), once=False)
    with pytest.raises((ChainLied, BalanceTooLow)):
        UnlockedWriter(proxy.url).nonce()


@pytest.mark.parametrize("value", [None, "sent", [], "0x" + "11" * 31])
def test_what_is_no_hash_is_no_transaction(proxy, value):
    proxy.arm(Fault("nonsense", answers_with(value), "eth_sendTransaction"), once=False)
    with pytest.raises(AnswerLost, match="is not a hash"):
        send(UnlockedWriter(proxy.url), FACTORY, encode_factory_call(b"\x0c" * 32, CREATION))


def answers_with(value):
    return lambda call: {"jsonrpc": "2.0", "id": call.request["id"], "result": value}


# --- one nonce, several offers ---


@pytest.fixture
def idle(start_node, node):
    """The node, no longer making blocks; it goes on afterwards."""
    JsonRpc(node).ask("evm_setAutomine", False)
    yield node
    JsonRpc(node).ask("evm_setAutomine", True)
    JsonRpc(node).ask("anvil_mine", "0x1")


def rich(node):
    account = Account.from_key(KEY)
    JsonRpc(node).ask("anvil_setBalance", account.address, hex(10**20))
    return account


def pending(node, transaction):
    return JsonRpc(node).ask("eth_getTransactionByHash", transaction)


@pytest.fixture(params=["key", "unlocked"])
def writer(request, idle):
    return EvmWriter(idle, rich(idle), CHAIN_ID) if request.param == "key" else UnlockedWriter(idle)


def test_a_second_offer_at_one_nonce_replaces_the_first_for_a_quarter_more(idle, writer):
    nonce, data = writer.nonce(), b"\x07" * 4
    first = writer.send(PAYEE, data, nonce=nonce)
    price = int(pending(idle, first)["gasPrice"], 16)
    second = writer.send(PAYEE, data, nonce=nonce, raised=1)
    assert int(pending(idle, second)["gasPrice"], 16) == price * 5 // 4
    assert pending(idle, first) is None
    other = writer.send(PAYEE, data + b"\x08", nonce=nonce)  # too cheap for a replacement, so it offers more by itself
    assert int(pending(idle, other)["gasPrice"], 16) > price * 5 // 4
    JsonRpc(idle).ask("anvil_mine", "0x1")
    assert writer.nonce() == nonce + 1
    with pytest.raises(NonceUsed):
        writer.send(PAYEE, data, nonce=nonce, raised=3)


def test_the_same_offer_twice_is_one_transaction(idle):
    writer = EvmWriter(idle, rich(idle), CHAIN_ID)
    nonce = writer.nonce()
    assert writer.send(PAYEE, b"", nonce=nonce) == writer.send(PAYEE, b"", nonce=nonce)
    assert writer.nonce() == nonce + 1


def test_a_node_that_signs_itself_does_not_say_what_it_has_already(idle):
    writer = UnlockedWriter(idle)
    nonce = writer.nonce()
    writer.send(PAYEE, b"", nonce=nonce)
    with pytest.raises(AnswerLost, match="already"):
        writer.send(PAYEE, b"", nonce=nonce)


def lost(call):
    call.answer()
    return Raw(0)


@pytest.mark.parametrize("kind", ["key", "unlocked"])
def test_an_answer_that_is_lost_is_no_refusal_and_the_transaction_is_there(node, proxy, kind):
    writer = EvmWriter(proxy.url, rich(node), CHAIN_ID) if kind == "key" else UnlockedWriter(proxy.url)
    nonce = writer.nonce()
    method = "eth_sendRawTransaction" if kind == "key" else "eth_sendTransaction"
    proxy.arm(Fault("the answer is lost", lost, method), once=False)
    with pytest.raises(AnswerLost, match="handed over") as refusal:
        writer.send(PAYEE, b"", nonce=nonce)
    assert refusal.value.culprits == (proxy.url,)
    proxy.arm(None)
    assert writer.nonce() == nonce + 1


def test_the_hash_is_the_transactions_own_whatever_the_node_says(node, proxy):
    writer = EvmWriter(proxy.url, rich(node), CHAIN_ID)
    proxy.arm(Fault("nonsense", answers_with("0x" + "11" * 32), "eth_sendRawTransaction"), once=False)
    assert writer.send(PAYEE, b"", nonce=writer.nonce()) != "0x" + "11" * 32


def test_a_payer_signs_for_the_plans_chain_whatever_the_endpoint_serves(node):
    writer = EvmWriter(node, rich(node), CHAIN_ID + 1)
    before = writer.nonce()
    assert pending(node, send(writer, PAYEE, b"")) is None
    assert writer.nonce() == before
