"""A chain and the contract on it, in memory and a file: blocks come when looked at, finality trails by two, reorganisations on demand.

The contract model takes the same calldata as the real one and applies its rules; `verify` never believes it ("chain not checked").
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ceremony.acts.digest import digest
from ceremony.acts.roster import roster_digest
from ceremony.acts.signature import require_signature
from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.artifacts.deployment import Terms, create2_address, creation_code, runtime_code
from ceremony.anchor.calls import act_selector
from ceremony.anchor.chain import FACTORY, Log, Receipt
from ceremony.anchor.contract import VIEWS, index_key, slot_key
from ceremony.anchor.events import TOPICS, next_head
from ceremony.anchor.rlp import encode_number, encode_rlp
from ceremony.anchor.trie import EMPTY_ROOT
from ceremony.errors import CallReverted, CeremonyError
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen
from ceremony.records.structs import Domain, Genesis, TypedAct
from tests.simulators.trie import Trie, build_header, encode_account

CHAIN_ID = 31337
BLOCK_SECONDS = 12
LAG = 2
GENESIS_TIME = 1_767_225_600
WORD = 32
ADDRESS = 20
SEQUENCE_BITS = 64
FACTORY_ALONE = {from_hex(FACTORY): encode_account(EMPTY_ROOT, b"\xfe")}
NOTHING_YET = Trie(FACTORY_ALONE), Trie({})
ARTIFACT = load_artifact()
PAYER = "0x" + "fa" * 20


class SimulatedChain:
    """One endpoint of the simulated chain, to read and to write. `terms` is set when the ceremony is known."""

    name = "simulated chain"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"height": LAG, "contract": None, "genesis": None}

    # --- reading ---

    def chain_id(self) -> int:
        return CHAIN_ID

    def finalized(self) -> BlockSeen:
        self._data["height"] += 1
        self._save()
        return self.block(self._data["height"] - LAG)

    def block(self, number: int) -> BlockSeen:
        header = self.header(number)
        return BlockSeen(number=number, hash=str(header["hash"]), time=int(str(header["timestamp"]), 16))

    def header(self, number: int) -> Mapping[str, Any]:
        return build_header(number, GENESIS_TIME + BLOCK_SECONDS * number, self._state(number)[0].root)

    def proof(self, address: str, slots: Sequence[bytes], number: int) -> Mapping[str, Any]:
        accounts, storage = self._state(number)
        held = self._slots(number)
        return {
            "address": address,
            "accountProof": [to_hex(node) for node in accounts.prove(from_hex(address))],
            "storageProof": [
                {"key": to_hex(slot), "value": hex(held.get(slot, 0)), "proof": [to_hex(node) for node in storage.prove(slot)]}
                for slot in slots
            ],
        }

    def logs(self, address: str, first: int, last: int) -> tuple[Log, ...]:
        genesis = self._genesis_at(last)
        return (self._event(genesis),) if genesis and genesis["block"] >= first else ()

    def code(self, address: str, number: int) -> bytes:
        if address == FACTORY:
            return b"\xfe"
        contract = self._data["contract"]
        if contract is None or contract["address"] != address or contract["block"] > number:
            return b""
        return self._runtime(number)

    def _runtime(self, _number: int) -> bytes:
        return _rebuild(json.dumps(self._data["terms"]))

    def call(self, address: str, data: bytes, number: int) -> bytes:
        if data[:4] == act_selector("Genesis"):
            self._judge(data, number)
            return b""
        name = {selector: view for view, selector in VIEWS.items()}[data[:4]]
        terms, genesis = self._terms(), self._genesis_at(number)
        values: dict[str, bytes | int] = {
            "head": from_hex(genesis["head"]) if genesis else bytes(WORD),
            "sequence": 1 if genesis else 0,
            "epoch": 1,
            "rosterDigest": roster_digest(terms["roster"]),
            "ceremonyId": terms["ceremony_id"],
            "n": len(terms["roster"]),
            "k": terms["k"],
            "halting": terms["halting"],
            "genesisRoot": from_hex(genesis["root"]) if genesis else bytes(WORD),
        }
        value = values[name]
        return value if isinstance(value, bytes) else value.to_bytes(WORD, "big")

    def receipt(self, transaction: str) -> Receipt | None:
        genesis = self._data["genesis"]
        if genesis is None or genesis["transaction"] != transaction:
            return None
        block = self.block(genesis["block"])
        return Receipt(transaction, True, block.number, block.hash, None, (self._event(genesis),))

    def knows(self, transaction: str) -> bool:
        return self.receipt(transaction) is not None

    def transactions_with(self, address: str, topic: bytes, first: int, last: int) -> tuple[str, ...]:
        genesis = self._data["genesis"]
        return (genesis["transaction"],) if genesis and topic == TOPICS["Genesis"] and first <= genesis["block"] <= last else ()

    # --- writing ---

    def payer(self) -> str:
        return PAYER

    def nonce(self) -> int:
        return 0

    def send(self, to: str | None, data: bytes, *, nonce: int, raised: int = 0) -> str:
        if to == FACTORY:
            self._deploy(data)
        else:
            self._genesis(data)
        self._save()
        return to_hex(hashlib.sha256(data).digest())

    # --- the contract ---

    def set_terms(self, terms: Terms) -> None:
        """What the creation code about to be deployed fixes; the simulator does not run bytecode."""
        self._data["terms"] = {**terms, "ceremony_id": terms["ceremony_id"].hex()}
        self._save()

    def _deploy(self, data: bytes) -> None:
        salt, creation = data[:WORD], data[WORD:]
        if self._data["contract"] is not None:
            raise CallReverted("the factory refuses a second deployment")
        self._parse_terms(salt, creation)
        address = to_hex(create2_address(from_hex(FACTORY), salt, creation))
        self._data["contract"] = {"address": address, "block": self._data["height"] + 1}

    def _parse_terms(self, salt: bytes, creation: bytes) -> None:
        words = creation[len(ARTIFACT.creation) :]
        _, _, at, k, halting, length = (int.from_bytes(words[place : place + WORD], "big") for place in range(0, 6 * WORD, WORD))
        terms = Terms(
            name=words[6 * WORD : 6 * WORD + length].decode(),
            ceremony_id=words[WORD : 2 * WORD],
            roster=[to_hex(words[place + WORD - ADDRESS : place + WORD]) for place in range(at + WORD, len(words), WORD)],
            k=k,
            halting=halting,
        )
        if creation_code(ARTIFACT, **terms) != creation or terms["ceremony_id"] != salt:
            raise CallReverted("not the creation code of the ceremony's contract")
        self.set_terms(terms)

    def _genesis(self, data: bytes) -> None:
        act, value = self._judge(data, self._data["height"] + 1)
        self._data["genesis"] = {
            "root": act.root,
            "size": act.size,
            "plan": act.plan_digest,
            "digest": to_hex(value),
            "head": to_hex(next_head(from_hex(act.head), value)),
            "block": self._data["height"] + 1,
            "transaction": to_hex(hashlib.sha256(data).digest()),
        }

    def _judge(self, data: bytes, number: int) -> tuple[Genesis, bytes]:
        """The act in the calldata and its digest; CallReverted unless the contract would take it in that block."""
        words = [data[4 + at : 4 + at + WORD] for at in range(0, len(data) - 4, WORD)]
        numbers = [int.from_bytes(word, "big") for word in words]
        act = Genesis(
            root=to_hex(words[0]),
            size=numbers[1],
            plan_digest=to_hex(words[2]),
            epoch=numbers[3],
            sequence=numbers[4],
            deadline=numbers[5],
            head=to_hex(words[6]),
        )
        return act, self._require_genesis(act, numbers[7], words[10:], number)

    def _require_genesis(self, act: Genesis, bitmap: int, parts: Sequence[bytes], number: int) -> bytes:
        terms = self._terms()
        if self._genesis_at(number) is not None or (act.sequence, act.epoch, act.head) != (0, 1, to_hex(bytes(WORD))):
            raise CallReverted("GenesisTwice or WrongSequence")
        if self.block(number).time > act.deadline:
            raise CallReverted("DeadlinePassed")
        domain = Domain(name=terms["name"], chain_id=CHAIN_ID, contract=self._data["contract"]["address"], salt=None)  # type: ignore[arg-type]
        value = digest(TypedAct(domain=domain, struct=act))
        if _count(bitmap, parts, value, terms) < terms["k"]:
            raise CallReverted("TooFewApprovals")
        return value

    def _event(self, genesis: dict[str, Any]) -> Log:
        words = [genesis["size"].to_bytes(WORD, "big"), from_hex(genesis["plan"]), from_hex(genesis["digest"])]
        topics = (TOPICS["Genesis"], bytes(WORD), from_hex(genesis["root"]))
        return Log(self._data["contract"]["address"], topics, b"".join(words))

    def _slots(self, number: int) -> dict[bytes, int]:
        """What the contract stores as of a block."""
        genesis, artifact = self._genesis_at(number), ARTIFACT
        if genesis is None:
            return {slot_key(artifact, "sequence"): 1 << SEQUENCE_BITS}
        return {
            slot_key(artifact, "sequence"): 1 << SEQUENCE_BITS | 1,
            slot_key(artifact, "head"): int(genesis["head"], 16),
            slot_key(artifact, "genesisRoot"): int(genesis["root"], 16),
            index_key(artifact, "anchored", from_hex(genesis["root"])): 1,
        }

    def _state(self, number: int) -> tuple[Trie, Trie]:
        """All accounts, and what the contract stores."""
        contract = self._data["contract"]
        if contract is None or contract["block"] > number:
            return NOTHING_YET
        return _tries(contract["address"], self._runtime(number), frozenset(self._slots(number).items()))

    def _genesis_at(self, number: int) -> dict[str, Any] | None:
        genesis: dict[str, Any] | None = self._data["genesis"]
        return genesis if genesis and genesis["block"] <= number else None

    def _terms(self) -> Terms:
        return _terms_of(self._data["terms"])

    def _save(self) -> None:
        self._path.write_text(json.dumps(self._data))


@cache
def _rebuild(fixed: str) -> bytes:
    return runtime_code(ARTIFACT, **_terms_of(json.loads(fixed)))


def _terms_of(fixed: dict[str, Any]) -> Terms:
    return Terms(**{**fixed, "ceremony_id": bytes.fromhex(fixed["ceremony_id"])})  # type: ignore[typeddict-item]


@cache
def _tries(address: str, code: bytes, slots: frozenset[tuple[bytes, int]]) -> tuple[Trie, Trie]:
    """All accounts, and the contract's storage: thousands of blocks share one state."""
    storage = Trie({slot: encode_rlp(encode_number(value)) for slot, value in slots if value})
    account = encode_account(storage.root, code)
    return Trie({**FACTORY_ALONE, from_hex(address): account}), storage


def _count(bitmap: int, parts: Sequence[bytes], value: bytes, terms: Terms) -> int:
    """How many valid approvals there are; the roster is rebuilt from signatures and absent addresses, as the contract does."""
    rest, roster, count = list(parts), [], 0
    for position in range(len(terms["roster"])):
        if bitmap >> position & 1:
            roster.append(_recover(rest.pop(0) + rest.pop(0), value))
            count += 1
        else:
            roster.append(to_hex(rest.pop(0)[-ADDRESS:]))
    if rest or roster != list(terms["roster"]):
        raise CallReverted("RosterMismatch")
    return count


def _recover(compact: bytes, value: bytes) -> str:
    from coincurve import PublicKey  # noqa: PLC0415 - only here

    from ceremony.acts.signature import address_of  # noqa: PLC0415 - only here

    parity, s = compact[32] >> 7, bytes([compact[32] & 0x7F]) + compact[33:]
    key = PublicKey.from_signature_and_message(compact[:32] + s + bytes([parity]), value, hasher=None)
    address = address_of(key.format(compressed=False))
    try:
        require_signature(compact[:32] + s + bytes([27 + parity]), value, address)
    except CeremonyError as error:
        raise CallReverted(error.message) from None
    return to_hex(address)
