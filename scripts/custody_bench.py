"""`scripts/bench custody`: opening, sealing and sharing, each beside the least it can take or a peer, in one run."""

import contextlib
import io
import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from Crypto.Protocol.SecretSharing import Shamir
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from ceremony.cli.people import REHEARSAL_PIN
from ceremony.cli.wiring import open_agent, read_state
from ceremony.conductor.custody import master_key
from ceremony.custody.combiner import combine
from ceremony.custody.envelope import seal_envelope
from ceremony.custody.messages import Combine
from ceremony.custody.spawned import SpawnedCombiner
from ceremony.custody.stream import CHUNK, open_stream, seal_stream
from ceremony.hsm import messages as m
from ceremony.hsm.agents import SpawnedAgent, ask, expect
from ceremony.protocol.state import State
from ceremony.quorum.dealings import parse_points
from ceremony.records.evidence import EnvelopeHeader
from ceremony.shards.feldman import share_point
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
        _payload(Path(out), timed, row)
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
        row("seal header, seven tags", seconds, "nine scalar multiplications alone", timed(_nine))
    finally:
        for agent in agents.values():
            agent.close()


def _joined(combiner: SpawnedCombiner) -> Callable[[Combine], object]:
    """Joins the answers and sees to it that the combiner is gone; both count."""

    def join(request: Combine) -> object:
        with closing(combiner):
            return combiner.combine(request)

    return join


def _nine() -> None:
    """An envelope has e*G, e*D and seven e*Y_i; the last eight are of points other than G, which is slower still."""
    for _ in range(9):
        base_multiply(ORDER - 5)


def _sealed(state: State, timed: Timed) -> tuple[EnvelopeHeader, float]:
    master = master_key(state)
    points = parse_points(master.commitments)

    def seal() -> EnvelopeHeader:
        facts = {"ceremony": master.ceremony, "dealing": master.dealing, "n": master.n}
        return seal_envelope(commitments=points, description="bench", entropy=secrets.token_bytes(48), **facts)[0]  # type: ignore[arg-type]

    return seal(), timed(seal)


def _each(agents: dict[int, SpawnedAgent], request: Callable[[int], m.Request], reply: type) -> list:  # type: ignore[type-arg]
    """The same question to every agent, all at work at once."""
    for index, agent in agents.items():
        agent.send(request(index))
    return [expect(agent, reply) for agent in agents.values()]


def _payload(out: Path, timed: Timed, row: Row) -> None:
    """One file, through our stream, through the cipher alone in chunks of the same size, and through `age` where it is installed."""
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
    age, keygen = shutil.which("age"), shutil.which("age-keygen")
    if not age or not keygen:
        print("beside `age`: not measured, it is not installed (Debian package age)")  # noqa: T201
        return
    subprocess.run([keygen, "-o", out / "key"], check=True, capture_output=True)  # noqa: S603 - the peer
    peer = timed(lambda: subprocess.run([age, "-e", "-i", out / "key", "-o", out / "peer", file], check=True))  # noqa: S603 - likewise
    row("seal a payload of 64 MiB", timed(lambda: _spend(seal_stream(key, NONCE, io.BytesIO(data)))), "age, a whole process", peer)


def _sharing(timed: Timed, row: Row) -> None:
    """Checking seven shares' points, and splitting and combining, beside pycryptodome's Shamir (16 bytes, GF(2^128))."""
    polynomial = Polynomial(tuple(secrets.randbelow(ORDER) for _ in range(5)))
    commitments = polynomial.commit()
    check = timed(lambda: [share_point(commitments, index) for index in range(1, 8)])
    row("Feldman check of seven", check, "seven scalar multiplications alone", timed(lambda: [base_multiply(ORDER - 5) for _ in range(7)]))
    secret = secrets.token_bytes(16)
    peer = timed(lambda: Shamir.combine(Shamir.split(5, 7, secret)[:5]))
    row("split 5 of 7 and combine, 32 bytes", timed(lambda: combine_shares(polynomial.split(7)[:5], 5)), "pycryptodome, 16 bytes", peer)


def _spend(chunks: Iterable[bytes]) -> None:
    for _ in chunks:
        pass
