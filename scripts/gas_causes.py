"""What gas goes for, by the gas schedule: one transaction split by cause, and the least that our call could cost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BASE = 21_000
"""Yellow Paper, appendix G: every transaction."""
ZERO_BYTE, OTHER_BYTE = 4, 16
"""EIP-2028: a byte of calldata."""
FLOOR_TOKEN = 10
"""EIP-7623: a transaction pays at least this for each token of calldata: one for a zero byte, four for another."""
COLD_SLOT, COLD_ACCOUNT, WARM = 2_100, 2_600, 100
"""EIP-2929: the first touch of a slot or of an account, and each later one. Precompiles are warm."""
CHANGE_SLOT, NEW_SLOT = 2_900, 20_000
"""EIP-2200 with EIP-2929: to change a slot that is not zero, and one that is."""
ECRECOVER = 3_000
"""Yellow Paper, appendix E."""
LOG, LOG_TOPIC, LOG_BYTE = 375, 375, 8
"""Yellow Paper, appendix G."""
WORD, TOPICS, LOG_WORDS = 32, 3, 4
"""Our event: its name, number and root as topics; kind, size, metadata and digest as data."""
LAST_PRECOMPILE = 0x1FF
CALLS = ("CALL", "STATICCALL", "DELEGATECALL", "CALLCODE")
CAUSES = ("base", "calldata", "storage", "ecrecover", "log", "other contracts", "rest")


@dataclass(frozen=True)
class Measured:
    """The median one of some anchors.

    Attributes:
        gas: the receipt's gasUsed.
        causes: where it went; their sum is `gas`.
        recovered: how often the precompile was called.
        data: the calldata.
    """

    gas: int
    causes: Mapping[str, int]
    recovered: int
    data: bytes


def price_calldata(data: bytes) -> int:
    """EIP-2028."""
    return sum(OTHER_BYTE if byte else ZERO_BYTE for byte in data)


def split(gas: int, data: bytes, steps: Sequence[Mapping[str, Any]]) -> Measured:
    """One transaction by cause; what no schedule entry names is `rest`: hashing, memory, arithmetic, jumps."""
    targets = list(_called(steps))
    recovered = targets.count(1)
    causes = {"base": BASE, "calldata": price_calldata(data), "storage": _spent(steps, "SLOAD", "SSTORE")}
    causes["ecrecover"] = recovered * (ECRECOVER + WARM)
    causes["log"] = _spent(steps, "LOG")
    foreign = [target for target in targets if target > LAST_PRECOMPILE]
    causes["other contracts"] = len(set(foreign)) * COLD_ACCOUNT + (len(foreign) - len(set(foreign))) * WARM
    causes["rest"] = gas - sum(causes.values())
    return Measured(gas, causes, recovered, data)


def floor_parts(data: bytes, approvals: int) -> Iterator[tuple[str, int]]:
    """What no contract can spare that takes this call, checks so many approvals, and keeps our slots and our log."""
    yield "base (Yellow Paper G)", BASE
    yield f"calldata, {len(data)} bytes (EIP-2028)", price_calldata(data)
    yield f"{approvals} ecrecover (Yellow Paper E, EIP-2929)", approvals * (ECRECOVER + WARM)
    yield "head and packed state changed (EIP-2929, EIP-2200)", 2 * (COLD_SLOT + CHANGE_SLOT)
    yield "new index slot (EIP-2929, EIP-2200)", COLD_SLOT + NEW_SLOT
    yield "log (Yellow Paper G)", LOG + TOPICS * LOG_TOPIC + LOG_WORDS * WORD * LOG_BYTE


def calldata_minimum(data: bytes) -> int:
    """EIP-7623: below this no transaction with such calldata pays."""
    return BASE + FLOOR_TOKEN * price_calldata(data) // ZERO_BYTE


def _called(steps: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """The address of each call."""
    return (int(step["stack"][-2], 16) for step in steps if step["op"] in CALLS)


def _spent(steps: Sequence[Mapping[str, Any]], *names: str) -> int:
    return sum(int(step["gasCost"]) for step in steps if step["op"].startswith(names))
