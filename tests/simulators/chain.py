"""A chain and the contract on it, in memory and a file: blocks come when looked at, finality trails by two, reorganisations on demand.

The contract model takes the same calldata as the real one and applies its rules; `verify` never believes it ("chain not checked").
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from ceremony.acts.digest import digest
from ceremony.acts.signature import require_signature
from ceremony.anchor.artifacts.artifact import load_artifact
from ceremony.anchor.artifacts.deployment import Terms, create2_address, creation_code, runtime_code
from ceremony.anchor.chain import FACTORY, Log, Receipt
from ceremony.anchor.contract import GENESIS_TOPIC, VIEWS, next_head
from ceremony.errors import CallReverted, CeremonyError
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import BlockSeen
from ceremony.records.structs import Domain, Genesis, TypedAct

CHAIN_ID = 31337
BLOCK_SECONDS = 12
LAG = 2
GENESIS_TIME = 1_767_225_600
WORD = 32
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
        name = hashlib.sha256(f"block {number}".encode()).hexdigest()
        return BlockSeen(number=number, hash=f"0x{name}", time=GENESIS_TIME + BLOCK_SECONDS * number)

    def code(self, address: str, number: int) -> bytes:
        if address == FACTORY:
            return b"\xfe"
        contract = self._data["contract"]
        if contract is None or contract["address"] != address or contract["block"] > number:
            return b""
        return runtime_code(load_artifact(), **self._terms())

    def call(self, address: str, data: bytes, number: int) -> bytes:
        name = {selector: view for view, selector in VIEWS.items()}[data[:4]]
        terms, genesis = self._terms(), self._genesis_at(number)
        values: dict[str, bytes | int] = {
            "head": from_hex(genesis["head"]) if genesis else bytes(WORD),
            "sequence": 1 if genesis else 0,
            "epoch": 1,
            "rosterDigest": terms["roster_digest"],
            "ceremonyId": terms["ceremony_id"],
            "n": terms["n"],
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
        words = [genesis["size"].to_bytes(WORD, "big"), from_hex(genesis["head"]), from_hex(genesis["digest"])]
        log = Log(self._data["contract"]["address"], (GENESIS_TOPIC, bytes(WORD), from_hex(genesis["root"])), b"".join(words))
        return Receipt(transaction, True, block.number, block.hash, None, (log,))

    def knows(self, transaction: str) -> bool:
        return self.receipt(transaction) is not None

    def transactions_with(self, address: str, topic: bytes, first: int, last: int) -> tuple[str, ...]:
        genesis = self._data["genesis"]
        return (genesis["transaction"],) if genesis and topic == GENESIS_TOPIC and first <= genesis["block"] <= last else ()

    # --- writing ---

    def payer(self) -> str:
        return PAYER

    def nonce(self) -> int:
        return 0

    def send(self, to: str | None, data: bytes) -> str:
        if to == FACTORY:
            self._deploy(data)
        else:
            self._genesis(data)
        self._save()
        return to_hex(hashlib.sha256(data).digest())

    # --- the contract ---

    def set_terms(self, terms: Terms) -> None:
        """What the creation code about to be deployed fixes; the simulator does not run bytecode."""
        fixed = {**terms, "ceremony_id": terms["ceremony_id"].hex(), "roster_digest": terms["roster_digest"].hex()}
        self._data["terms"] = fixed
        self._save()

    def _deploy(self, data: bytes) -> None:
        salt, creation = data[:WORD], data[WORD:]
        if self._data["contract"] is not None:
            raise CallReverted("the factory refuses a second deployment")
        self._parse_terms(salt, creation)
        address = to_hex(create2_address(from_hex(FACTORY), salt, creation))
        self._data["contract"] = {"address": address, "block": self._data["height"] + 1}

    def _parse_terms(self, salt: bytes, creation: bytes) -> None:
        words = creation[len(load_artifact().creation) :]
        numbers = [int.from_bytes(words[at : at + WORD], "big") for at in (3 * WORD, 4 * WORD, 5 * WORD)]
        length = int.from_bytes(words[6 * WORD : 7 * WORD], "big")
        terms = Terms(
            name=words[7 * WORD : 7 * WORD + length].decode(),
            ceremony_id=words[WORD : 2 * WORD],
            roster_digest=words[2 * WORD : 3 * WORD],
            n=numbers[0],
            k=numbers[1],
            halting=numbers[2],
        )
        if creation_code(load_artifact(), **terms) != creation or terms["ceremony_id"] != salt:
            raise CallReverted("not the creation code of the ceremony's contract")
        self.set_terms(terms)

    def _genesis(self, data: bytes) -> None:
        words = [data[4 + at : 4 + at + WORD] for at in range(0, 9 * WORD, WORD)]
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
        approvals = data[4 + 9 * WORD :][: numbers[8]]
        value = self._require_genesis(act, approvals)
        self._data["genesis"] = {
            "root": act.root,
            "size": act.size,
            "digest": to_hex(value),
            "head": to_hex(next_head(from_hex(act.head), value)),
            "block": self._data["height"] + 1,
            "transaction": to_hex(hashlib.sha256(data).digest()),
        }

    def _require_genesis(self, act: Genesis, approvals: bytes) -> bytes:
        terms = self._terms()
        if self._data["genesis"] is not None or (act.sequence, act.epoch, act.head) != (0, 1, to_hex(bytes(WORD))):
            raise CallReverted("GenesisTwice or WrongSequence")
        if self.block(self._data["height"] + 1).time > act.deadline:
            raise CallReverted("DeadlinePassed")
        domain = Domain(name=terms["name"], chain_id=CHAIN_ID, contract=self._data["contract"]["address"], salt=None)  # type: ignore[arg-type]
        value = digest(TypedAct(domain=domain, struct=act))
        if _count(approvals, value, terms) < terms["k"]:
            raise CallReverted("TooFewApprovals")
        return value

    def _genesis_at(self, number: int) -> dict[str, Any] | None:
        genesis: dict[str, Any] | None = self._data["genesis"]
        return genesis if genesis and genesis["block"] <= number else None

    def _terms(self) -> Terms:
        fixed = self._data["terms"]
        return Terms(
            name=fixed["name"],
            ceremony_id=bytes.fromhex(fixed["ceremony_id"]),
            roster_digest=bytes.fromhex(fixed["roster_digest"]),
            n=fixed["n"],
            k=fixed["k"],
            halting=fixed["halting"],
        )

    def _save(self) -> None:
        self._path.write_text(json.dumps(self._data))


def _count(approvals: bytes, value: bytes, terms: Terms) -> int:
    """How many valid approvals there are; the roster is rebuilt from signatures and absent addresses, as the contract does."""
    from ceremony.acts.roster import roster_digest  # noqa: PLC0415 - only here

    bitmap, rest, roster, count = int.from_bytes(approvals[:4], "big"), approvals[4:], [], 0
    for position in range(terms["n"]):
        if bitmap >> position & 1:
            roster.append(_recover(rest[:64], value))
            rest, count = rest[64:], count + 1
        else:
            roster.append(to_hex(rest[:20]))
            rest = rest[20:]
    if rest or roster_digest(roster) != terms["roster_digest"]:
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
