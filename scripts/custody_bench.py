"""`scripts/bench custody`: opening, sealing and sharing, each beside the least it can take or a peer, in one run."""

import contextlib
import importlib
import io
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import count
from pathlib import Path

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from shamir_mnemonic import combine_mnemonics, generate_mnemonics

from ceremony.cli.people import REHEARSAL_PIN
from ceremony.cli.wiring import open_agent, read_state
from ceremony.conductor.custody import master_key
from ceremony.custody.combiner import combine
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.messages import Combine
from ceremony.custody.spawned import SpawnedCombiner
from ceremony.custody.stream import CHUNK, Source, open_stream, seal_stream
from ceremony.hsm import messages as m
from ceremony.hsm.agents import SpawnedAgent, ask, expect
from ceremony.protocol.state import State
from ceremony.quorum.dealings import parse_points
from ceremony.records.evidence import EnvelopeHeader
from ceremony.shards.feldman import require_shares
from ceremony.shards.field import ORDER, base_multiply, encode_point
from ceremony.shards.shamir import Polynomial
from ceremony.shards.shamir import combine as combine_shares
from scripts.rehearsal import Rehearsal

MEGABYTE = 1 << 20
PAYLOAD = 64 * MEGABYTE
NONCE = bytes(16)
RUNS = 5
"""As many as `timed` makes: each takes a combiner of its own."""
READING = 3.0
"""Seconds: as long as people read at the very least; combiners start meanwhile, as `ceremony unseal` starts its own."""
CHALLENGE = "0x" + encode_point(base_multiply(7)).hex()
SCALAR = ORDER - 5
POINTS = [ec.derive_private_key(number, ec.SECP256R1()).public_key() for number in range(2, 7)]
OFTEN = 100
Row = Callable[[str, float, str, float], None]
Timed = Callable[[Callable[[], object]], float]


def bench_custody(timed: Timed, row: Row) -> None:
    """All of it; `timed` gives the median seconds of some runs, `row` prints a figure beside its floor."""
    with tempfile.TemporaryDirectory() as out:
        rehearsal = Rehearsal(Path(out), os.environ["CEREMONY_SOFTHSM_MODULE"])
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            code = rehearsal.play()
        rehearsal.chain.stop()
        print(f"rehearsal exit code {code}")  # noqa: T201
        _, state = read_state(rehearsal.directory)
        _unsealing(state, timed, row)
        _payload(Path(out), rehearsal.directory, timed, row)
    _sharing(timed, row)


def _unsealing(state: State, timed: Timed, row: Row) -> None:
    """Agents up and logged in, no PIN entry, no journal; the floor is the five tokens' ECDH alone, each agent's holding answer."""
    header, seconds = _sealed(state, timed)
    quorum = state.plan.indices[: state.plan.quorum.k]
    agents = {index: open_agent(state.plan.who(index), state.plan.custodian[index - 1].token[0]) for index in quorum}
    try:
        for agent in agents.values():
            ask(agent, m.Login(pin=REHEARSAL_PIN), m.Done)
        places = {index: m.Place(ceremony=header.ceremony, dealing=header.dealing, custodian=index) for index in quorum}
        held = timed(lambda: _each(agents, lambda index: m.Hold(place=places[index], point=CHALLENGE, nonce="0x" + "11" * 32), m.Held))

        def opened(join: Callable[[Combine], object]) -> None:
            replies = _each(agents, lambda index: m.AnswerEnvelope(place=places[index], header=header), m.Answered)
            answers = tuple((index, reply.x) for index, reply in zip(quorum, replies, strict=True))
            join(Combine(header=header, k=len(quorum), answers=answers))

        least = "five bound ECDH answers alone"
        waiting = [SpawnedCombiner() for _ in range(RUNS)]
        time.sleep(READING)
        row("unseal 5 of 7 as the product does, agents and combiner up", timed(lambda: opened(_joined(waiting.pop()))), least, held)
        row("unseal 5 of 7, combiner in this process", timed(lambda: opened(combine)), least, held)
        row("unseal 5 of 7, combiner started only then", timed(lambda: opened(_joined(SpawnedCombiner()))), least, held)
        row("seal header, seven tags", seconds, "e times the base point and five commitments by OpenSSL alone", often(_six, timed))
    finally:
        for agent in agents.values():
            agent.close()


def _joined(combiner: SpawnedCombiner) -> Callable[[Combine], object]:
    """Joins the answers and sees to it that the combiner is gone; both count."""

    def join(request: Combine) -> object:
        with closing(combiner):
            return combiner.combine(request)

    return join


def often(work: Callable[[], object], timed: Timed) -> float:
    """Seconds of one run of something that is too quick to be timed once."""
    return timed(lambda: [work() for _ in range(OFTEN)]) / OFTEN


def _six() -> None:
    """e*G, and x of e*C_j for five commitments: nothing that seals to them can do with less."""
    key = ec.derive_private_key(SCALAR, ec.SECP256R1())
    for point in POINTS:
        key.exchange(ec.ECDH(), point)


def _sealed(state: State, timed: Timed) -> tuple[EnvelopeHeader, float]:
    master = master_key(state)
    points = parse_points(master.commitments)

    def seal() -> EnvelopeHeader:
        facts = {"ceremony": master.ceremony, "dealing": master.dealing, "n": master.n}
        return seal_envelope(commitments=points, description="bench", entropy=secrets.token_bytes(48), **facts)[0]  # type: ignore[arg-type]

    return seal(), often(seal, timed)


def _each(agents: dict[int, SpawnedAgent], request: Callable[[int], m.Request], reply: type) -> list:  # type: ignore[type-arg]
    """The same question to every agent, all at work at once."""
    for index, agent in agents.items():
        agent.send(request(index))
    return [expect(agent, reply) for agent in agents.values()]


def _payload(out: Path, master: Path, timed: Timed, row: Row) -> None:
    """One file: through our stream and through the cipher alone in chunks of the same size; then as files, beside `age` if it is there."""
    data, key, file = secrets.token_bytes(PAYLOAD), secrets.token_bytes(16), out / "payload"
    file.write_bytes(data)
    cipher = ChaCha20Poly1305(bytes(32))

    def alone() -> None:
        for number in range(0, PAYLOAD, CHUNK):
            cipher.encrypt(number.to_bytes(12, "big"), data[number : number + CHUNK], None)

    floor = timed(alone)
    sealed = b"".join(seal_stream(key, NONCE, io.BytesIO(data)))
    row("seal a payload of 64 MiB", timed(lambda: _spend(seal_stream(key, NONCE, io.BytesIO(data)))), "ChaCha20-Poly1305 alone", floor)
    row("open a payload of 64 MiB", timed(lambda: _spend(open_stream(key, io.BytesIO(sealed)))), "ChaCha20-Poly1305 alone", floor)
    if shutil.which("age"):
        (out / "sealed").write_bytes(sealed)
        _beside_age(out, master, key, timed, row)
    else:
        print("beside `age`: not measured, it is not installed (Debian package age)")  # noqa: T201


def _beside_age(out: Path, master: Path, key: bytes, timed: Timed, row: Row) -> None:
    """From file to file; only `ceremony seal` makes sure that what it wrote survives a power cut, and starts Python."""
    names = (out / f"sealed-{number}" for number in count())
    _run("age-keygen", "-o", out / "key")
    sealing = timed(lambda: _run("age", "-e", "-i", out / "key", "-o", out / "peer", out / "payload"))
    opening = timed(lambda: _run("age", "-d", "-i", out / "key", "-o", out / "opened", out / "peer"))
    whole = timed(lambda: _run(sys.executable, "-m", "ceremony", "seal", "--master", master, out / "payload", "-o", next(names)))
    row("`ceremony seal` of a file of 64 MiB, a whole process", whole, "`age -e`, likewise", sealing)
    ours = timed(lambda: _copy(out / "payload", out / "ours", lambda source: seal_stream(key, NONCE, source)))
    row("seal a payload of 64 MiB from file to file", ours, "`age -e`, a whole process", sealing)
    ours = timed(lambda: _copy(out / "sealed", out / "ours", lambda source: open_stream(key, source)))
    row("open a payload of 64 MiB from file to file", ours, "`age -d`, a whole process", opening)


def _copy(source: Path, target: Path, through: Callable[[Source], Iterable[bytes]]) -> None:
    with source.open("rb") as before, target.open("wb") as after:
        for chunk in through(before):
            after.write(chunk)


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - the peer, or our own program


def _sharing(timed: Timed, row: Row) -> None:
    """Checking seven shares against the commitments; splitting 32 bytes and combining five, beside what others do for it."""
    polynomial = Polynomial(tuple(secrets.randbelow(ORDER) for _ in range(5)))
    commitments, shares = polynomial.commit(), polynomial.split(7)
    check = often(lambda: require_shares(commitments, shares), timed)
    least = often(lambda: [base_multiply(SCALAR) for _ in range(7)], timed)
    row("Feldman check of seven shares", check, "their seven multiplications alone", least)
    ours = often(lambda: combine_shares(polynomial.split(7)[:5], 5), timed)
    for name, peer in _peers().items():
        row("split 5 of 7 and combine, 32 bytes", ours, name, timed(peer))


def _peers() -> dict[str, Callable[[], object]]:
    """Each peer's split and combine of 32 bytes; those that are not installed are named, not guessed."""
    secret = secrets.token_bytes(32)
    halves = secret[:16], secret[16:]
    found: dict[str, Callable[[], object]] = {
        "pycryptodome, twice 16 bytes": lambda: [Shamir.combine(Shamir.split(5, 7, half)[:5]) for half in halves],
        "shamir-mnemonic, with words, checksums and 10,000 rounds of PBKDF2": lambda: combine_mnemonics(
            generate_mnemonics(1, [(5, 7)], secret, iteration_exponent=0)[0][:5]
        ),
    }
    try:
        pyshamir = importlib.import_module("pyshamir")
    except ModuleNotFoundError:
        print("beside `pyshamir`: not measured, it is not installed (scripts/requirements-bench.txt)")  # noqa: T201
        return found
    return {**found, "pyshamir": lambda: pyshamir.combine(pyshamir.split(secret, 7, 5)[:5])}


def _spend(chunks: Iterable[bytes]) -> None:
    for _ in chunks:
        pass
