"""The gas benchmark: one 5-of-7 anchor in steady state, on one node in one run, by our contract and by its peers."""

from collections.abc import Callable, Iterator, Mapping, Sequence

from scripts.gas_causes import CAUSES, Measured, calldata_minimum, floor_parts, split
from scripts.gas_node import HARD_FORK, GasNode, encode_call, running_node
from scripts.gas_peers import KEYS, PRESENT, Naive, OneSigner, OpenZeppelin, Ours, Peer, Safe, act_of
from scripts.gas_safeties import SAFETIES, without, words_price
from scripts.gas_sources import (
    OURS,
    SAFE,
    BenchBroken,
    Source,
    compile_all,
    install_peers,
    kept_creation,
    our_settings,
    our_source,
    peer_source,
    published_safe,
)

ANCHORS = range(1, 5)
"""The first only brings the slots into their steady state."""
SAFE_GOAL, FLOOR_GOAL = 0.75, 1.15
OUR_ROW = "ours"
SAFE_ROWS = ("Safe 1.4.1", "Safe 1.4.1, as published")
NAME = 51
"""Characters of a row's name."""
NEWER_EVM = "cancun"
"""OpenZeppelin's library copies memory with an opcode of this fork."""
SETTINGS_APART = f"but MultiSigner for {NEWER_EVM}, and Safe without viaIR: its assembly does not compile that way"
Way = Callable[[GasNode], Peer]


def bench_gas() -> None:
    """Print all tables. Goals are reported, not asserted; a bench that no longer fits the contract raises."""
    install_peers()
    made = creations()
    with running_node() as node:
        found = {name: measure(node, way, indexed=True) for name, way in ways(made).items()}
        patched = [measure(node, lambda chain, code=code: Ours(chain, code)) for code in made_without()]  # type: ignore[misc]
    safe = min(SAFE_ROWS, key=lambda name: found[name].gas)
    for line in (*peer_lines(found), *floor_lines(found, safe), *cause_lines(found, safe), *safety_lines(found[OUR_ROW], patched)):
        print(line)  # noqa: T201 - for people


def creations() -> dict[str, bytes]:
    """Creation code of each contract by its name; BenchBroken if our artifact is not of our source."""
    settings = our_settings()
    older = {**settings, "viaIR": False}
    wanted: list[Source] = [(OURS, our_source(), settings)]
    wanted += [(name, peer_source(name), settings) for name in ("src/Indexed.sol", "src/Naive.sol", "src/OneSigner.sol")]
    wanted += [("src/MultiSigner.sol", peer_source("src/MultiSigner.sol"), {**settings, "evmVersion": NEWER_EVM})]
    wanted += [(name, peer_source(name), older) for name in (f"{SAFE}/{file}.sol" for file in ("Safe", "SafeL2", "proxies/SafeProxy"))]
    made = {name: code for each in compile_all(wanted) for name, code in each.items()}
    if made["Ceremony"] != kept_creation():
        message = f"the packaged artifact is not what {OURS} compiles to"
        raise BenchBroken(message)
    return made


def made_without() -> Iterator[bytes]:
    """Creation code of our contract without each safety in turn."""
    source, settings = our_source(), our_settings()
    sources = [(OURS, without(source, safety), settings) for safety in SAFETIES]
    return (made["Ceremony"] for made in compile_all(sources))


def ways(made: Mapping[str, bytes]) -> dict[str, Way]:
    """What is compared, by the name of its row."""
    index, published = made["Indexed"], published_safe("proxies/SafeProxy")
    return {
        OUR_ROW: lambda node: Ours(node, made["Ceremony"]),
        "ours, after a rotation": lambda node: rotated(Ours(node, made["Ceremony"])),
        SAFE_ROWS[0]: lambda node: Safe(node, made["Safe"], made["SafeProxy"], index),
        SAFE_ROWS[1]: lambda node: Safe(node, published_safe("Safe"), published, index),
        "SafeL2 1.4.1": lambda node: Safe(node, made["SafeL2"], made["SafeProxy"], index),
        "SafeL2 1.4.1, as published": lambda node: Safe(node, published_safe("SafeL2"), published, index),
        "OpenZeppelin MultiSignerERC7913": lambda node: OpenZeppelin(node, made["MultiSigner"]),
        "naive: struct, mapping, five ecrecovers": lambda node: Naive(node, made["Naive"]),
        "one key, one ecrecover: no quorum (far bound)": lambda node: OneSigner(node, made["OneSigner"]),
    }


def rotated(ours: Ours) -> Ours:
    """Ours in its second epoch."""
    ours.rotate()
    return ours


def measure(node: GasNode, way: Way, *, indexed: bool = False) -> Measured:
    """The median anchor; the chain is then as before, so that every way gets the same addresses and ours the same signatures."""
    before = node.ask("evm_snapshot")
    peer = way(node)
    taken = [anchor(node, peer, number) for number in ANCHORS][1:]
    if indexed and not all(any(node.view(peer.index, encode_call("anchored(bytes32)", act_of(number)[1]))) for number in ANCHORS):
        message = "a root that was anchored cannot be looked up"
        raise BenchBroken(message)
    gas, data, transaction = sorted(taken)[len(taken) // 2]
    found = split(gas, data, node.steps(transaction))
    node.ask("evm_revert", before)
    return found


def anchor(node: GasNode, peer: Peer, number: int) -> tuple[int, bytes, str]:
    """Gas, calldata and transaction of one anchor."""
    data = peer.call(number)
    receipt = node.send(peer.address, data)
    return int(receipt["gasUsed"], 16), data, receipt["transactionHash"]


def peer_lines(found: Mapping[str, Measured]) -> Iterator[str]:
    """One row a way."""
    ours = found[OUR_ROW].gas
    yield f"Gas of one {len(PRESENT)}-of-{len(KEYS)} anchor with a lookup by root, steady state, hard fork {HARD_FORK}"
    yield f"Compiled with our settings, {SETTINGS_APART}"
    for name, each in found.items():
        yield f"  {name:{NAME}} {each.gas:8,}   ours is {ours / each.gas:.3f} of it"


def floor_lines(found: Mapping[str, Measured], safe: str) -> Iterator[str]:
    """The floor by its parts, and the goals."""
    ours = found[OUR_ROW]
    parts = list(floor_parts(ours.data, len(PRESENT)))
    floor = sum(gas for _, gas in parts)
    yield "The least for our call, computed"
    yield from (f"  {name:{NAME}} {gas:8,}" for name, gas in parts)
    yield f"  {'together':{NAME}} {floor:8,}   (calldata alone asks for {calldata_minimum(ours.data):,}: EIP-7623)"
    yield goal(f"ours / {safe}", ours.gas / found[safe].gas, SAFE_GOAL)
    yield goal("ours / floor", ours.gas / floor, FLOOR_GOAL)


def goal(name: str, ratio: float, most: float) -> str:
    """One goal."""
    return f"{'PASS' if ratio <= most else 'FAIL'} {name}: {ratio:.3f}, goal at most {most}"


def cause_lines(found: Mapping[str, Measured], safe: str) -> Iterator[str]:
    """Where the gas goes, for ours and for the cheapest Safe."""
    ours, other = found[OUR_ROW], found[safe]
    yield f"{'Gas by cause':{NAME + 2}} {'ours':>8} {'Safe':>8} {'saved':>8}   (calldata {len(ours.data)} and {len(other.data)} bytes)"
    for cause in CAUSES:
        mine, theirs = ours.causes[cause], other.causes[cause]
        times = f"   ({ours.recovered} and {other.recovered} calls)" if cause == "ecrecover" else ""
        yield f"  {cause:{NAME}} {mine:8,} {theirs:8,} {theirs - mine:8,}{times}"


def safety_lines(ours: Measured, patched: Sequence[Measured]) -> Iterator[str]:
    """What an anchor would save without each safety, and without the words of calldata that only it needs."""
    yield f"{'The price of every safety kept':{NAME + 2}} {'check':>8} {'words':>8}"
    for safety, without_it in zip(SAFETIES, patched, strict=True):
        yield f"  {safety.name:{NAME}} {ours.gas - without_it.gas:8,} {words_price(safety, ours.data):8,}"
