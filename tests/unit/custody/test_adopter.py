"""The adopter: what goes in is sealed and comes back only from five shares; the real process forgets, hides and reads by itself."""

import io
import os
from contextlib import closing, contextmanager

import pytest
from shamir_mnemonic import generate_mnemonics

from ceremony.custody import adoption as m
from ceremony.custody.adopter import Adopter
from ceremony.custody.combiner import combine
from ceremony.custody.messages import Combine
from ceremony.custody.sealed import parse_header, unwrap_key
from ceremony.custody.spawned import SpawnedAdopter
from ceremony.custody.stream import open_stream
from ceremony.errors import AdoptionError, AgentCrashed, DiskError, MemoryNotLocked, RecordError
from ceremony.records.base import from_hex, to_hex
from ceremony.records.custody_entries import MasterKey
from ceremony.shards.field import encode_point, encode_x, multiply, parse_point
from ceremony.shards.shamir import Polynomial
from tests.simulators.randomness import Stream

POLYNOMIAL = Polynomial((5, 6, 7, 8, 9))
MASTER = MasterKey(
    ceremony="0x" + "11" * 32,
    dealing=1,
    n=7,
    k=5,
    commitments=tuple(to_hex(encode_point(point, compressed=True)) for point in POLYNOMIAL.commit()),
)
AT = "2026-11-25T12:00:00Z"
SECRET, PHRASE = bytes(range(100, 132)), "swordfish"
MNEMONICS = generate_mnemonics(1, [(2, 3)], SECRET, PHRASE.encode(), iteration_exponent=0)[0]
OLD = ["1-3", "2-5", "3-7"]
"""1 + 2x."""


def opening(origin, description="a wallet"):
    return m.OpenAdoption(master=MASTER, description=description, at=AT, origin=origin)


def opened(sealed):
    """What five of the shares bring back, and what the header says."""
    source = io.BytesIO(from_hex(sealed.file))
    parsed = parse_header(source)
    assert parsed.envelope == sealed.header
    point = parse_point(from_hex(sealed.header.point))
    answers = tuple((share.index, to_hex(encode_x(multiply(point, share.value)))) for share in POLYNOMIAL.split(7)[2:])
    key = unwrap_key(from_hex(combine(Combine(header=sealed.header, k=5, answers=answers)).file_key), parsed.sealed)
    parsed.require_authentic(key)
    return b"".join(open_stream(key, source))


def adopter(held=b""):
    return Adopter(Stream(1, "adopter"), lambda _descriptor: held)


@contextmanager
def descriptor(data):
    """A pipe with these bytes in it, and no more to come."""
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    yield reading
    os.close(reading)


def test_a_secret_in_a_file_is_sealed_as_it_is():
    here = adopter(SECRET + b"\n")
    assert here.open_adoption(opening(m.FromFile(descriptor=3)), memory_locked=True).memory_locked
    sealed = here.seal_secret(m.SealSecret())
    assert opened(sealed) == SECRET + b"\n"
    assert sealed.header.description == f"a wallet (33 bytes, sealed {AT})"


@pytest.mark.parametrize(("held", "what"), [(b"", "it is empty"), (bytes(m.SECRET_LIMIT + 1), "more than 16384 bytes")])
def test_a_secret_of_no_usable_size_is_refused(held, what):
    here = adopter(held)
    here.open_adoption(opening(m.FromFile(descriptor=3)), memory_locked=False)
    with pytest.raises(AdoptionError, match=what):
        here.seal_secret(m.SealSecret())


def test_the_largest_secret_fits_its_message():
    here = adopter(bytes(m.SECRET_LIMIT))
    here.open_adoption(opening(m.FromFile(descriptor=3), "x" * 150), memory_locked=False)
    assert opened(m.SecretSealed.parse(here.seal_secret(m.SealSecret()).encode())) == bytes(m.SECRET_LIMIT)


def test_mnemonics_are_taken_until_they_are_complete():
    here = adopter()
    here.open_adoption(opening(m.FromMnemonics()), memory_locked=False)
    first = here.add_share(m.AddShare(number=1, text=MNEMONICS[2]))
    assert (first.enough, first.complete, first.place) == (False, False, "group 1, 1 of 2 of it; 0 of 1 groups complete")
    with pytest.raises(AdoptionError, match="too few mnemonics"):
        here.seal_secret(m.SealSecret(passphrase=PHRASE))
    assert here.add_share(m.AddShare(number=2, text=MNEMONICS[0])).complete
    assert opened(here.seal_secret(m.SealSecret(passphrase=PHRASE))) == SECRET


def test_old_shares_are_never_complete_and_say_whether_a_wrong_one_would_show():
    here = adopter()
    here.open_adoption(opening(m.FromOldShares(k=2, size=8)), memory_locked=False)
    told = [here.add_share(m.AddShare(number=number, text=text)) for number, text in enumerate(OLD, 1)]
    assert [(one.enough, one.complete, one.checked) for one in told] == [(False, False, False), (True, False, False), (True, False, True)]
    assert opened(here.seal_secret(m.SealSecret())) == bytes(7) + b"\x01"


def test_memory_that_must_be_locked_and_is_not_takes_no_secret():
    terms = opening(m.FromMnemonics()).model_copy(update={"require_locked_memory": True})
    with pytest.raises(MemoryNotLocked):
        adopter().open_adoption(terms, memory_locked=False)
    assert adopter().open_adoption(terms, memory_locked=True).memory_locked


def test_it_is_asked_in_turn():
    with pytest.raises(AdoptionError, match="before it is said to whom"):
        adopter().seal_secret(m.SealSecret())
    here = adopter(SECRET)
    here.open_adoption(opening(m.FromFile(descriptor=3)), memory_locked=False)
    with pytest.raises(AdoptionError, match="none are asked for"):
        here.add_share(m.AddShare(number=1, text=MNEMONICS[0]))


def test_no_share_or_passphrase_is_shown():
    assert "academic" not in repr(m.AddShare(number=1, text="academic"))
    assert PHRASE not in repr(m.SealSecret(passphrase=PHRASE))


# --- the real process ---


def test_the_real_adopter_reads_an_inherited_file_and_ends():
    with descriptor(SECRET) as inherited, closing(SpawnedAdopter([inherited])) as process:
        assert process.open_adoption(opening(m.FromFile(descriptor=inherited))).memory_locked in {True, False}
        assert opened(process.seal_secret(m.SealSecret())) == SECRET
        with pytest.raises(AgentCrashed):
            process.seal_secret(m.SealSecret())


def test_the_real_adopter_takes_a_share_again_after_a_wrong_one():
    with closing(SpawnedAdopter()) as process:
        process.open_adoption(opening(m.FromMnemonics()))
        process.add_share(m.AddShare(number=1, text=MNEMONICS[0]))
        with pytest.raises(AdoptionError, match="mnemonic 2: it is mnemonic 1 once more") as refusal:
            process.add_share(m.AddShare(number=2, text=MNEMONICS[0]))
        assert refusal.value.culprits == ("the adopter", "mnemonic 2")
        process.add_share(m.AddShare(number=2, text=MNEMONICS[1]))
        assert opened(process.seal_secret(m.SealSecret(passphrase=PHRASE))) == SECRET


def test_the_real_adopter_is_gone_after_anything_else_that_is_wrong():
    for wrong in (m.AddShare(number=1, text=MNEMONICS[0]), m.SealSecret()):
        with closing(SpawnedAdopter()) as process:
            with pytest.raises(AdoptionError):
                process.seal_secret(wrong)
            if isinstance(wrong, m.SealSecret):
                with pytest.raises(AgentCrashed):
                    process.open_adoption(opening(m.FromMnemonics()))
    with closing(SpawnedAdopter()) as process, pytest.raises(RecordError):
        process._process.ask(b"garbage")
    with closing(SpawnedAdopter()) as process:
        process.open_adoption(opening(m.FromFile(descriptor=99)))
        with pytest.raises(DiskError, match="Bad file descriptor"):
            process.seal_secret(m.SealSecret())


def test_a_real_adopter_reads_slow_pipes_to_their_end():
    reading, writing = os.pipe()
    with closing(SpawnedAdopter([reading])) as process:
        process.open_adoption(opening(m.FromFile(descriptor=reading)))
        process._process.send(m.SealSecret().encode())
        for part in (SECRET[:10], SECRET[10:]):
            os.write(writing, part)
        os.close(writing)
        assert opened(m.SecretSealed.parse(process._process.receive())) == SECRET
    os.close(reading)
