"""What no ceremony can be faster than: the PKCS#11 calls themselves, on a fresh SoftHSM token, in a process of their own.

    python -m scripts.token_floor MODULE          prints the seconds

The counts are those of a 5-of-7 ceremony without a crash, read from the code. Each custodian's token: two key pairs born and one pair
destroyed (`Agent.enrol`, `make_transport`, `retire`), one unwrap (`load`), 32 random bytes (`contribute`), signatures over enrolment,
transport key, holding, opening and retirement (`_sign_own`, `_attest`), ECDH once after loading and once for each of six challengers. All
together: ten more signatures (five over genesis, five over the checkpoint) and ten more ECDH answers (two openings by five).
"""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pkcs11.constants import Attribute, ObjectClass
from pkcs11.mechanisms import KDF, KeyType, Mechanism

from ceremony.cli.people import REHEARSAL_PIN, REHEARSAL_SO_PIN
from ceremony.hsm.initialise import init_token, make_softhsm_directory
from ceremony.hsm.pkcs11 import Pkcs11Token
from ceremony.hsm.session import TokenSession
from ceremony.hsm.token import Role
from ceremony.hsm.trials import draw_shard
from ceremony.shards.field import base_multiply, encode_point, reduce_scalar
from scripts.rehearsal import Rehearsal

TOKENS = 7
SIGNATURES = 5 * TOKENS + 10
DERIVES = 7 * TOKENS + 10
CALL_SECONDS = 300
"""For the whole process: it takes two to five."""


def time_calls(rehearsal: Rehearsal) -> float:
    """Seconds that the bare calls of a ceremony like this one take, one after the other; its agents make theirs side by side."""
    command = [sys.executable, "-m", "scripts.token_floor", rehearsal.module]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=CALL_SECONDS)  # noqa: S603 - our own program
    return float(done.stdout)


class Floor:
    """One fresh token on which the calls of seven are made and timed; finding objects and checking answers are not."""

    def __init__(self, session: TokenSession) -> None:
        self._session = session
        self._token = Pkcs11Token(session)
        self.seconds = 0.0

    def play(self) -> None:
        """Seven tokens' calls."""
        for number in range(TOKENS):
            self._live(bytes([number]) * 15)
        signing = self._key(bytes([0]) * 15, Role.GOVERNANCE)
        for _ in range(SIGNATURES):
            self._timed(lambda: signing.sign(secrets.token_bytes(32), mechanism=Mechanism.ECDSA))
        shard = self._key(bytes([0]) * 15, Role.SHARD)
        for _ in range(DERIVES):
            point = encode_point(base_multiply(reduce_scalar(secrets.token_bytes(48))))
            self._timed(lambda point=point: _derive(shard, point))

    def _live(self, name: bytes) -> None:
        """What happens once on each token, from birth to the end of the transport key."""
        transport_id, shard_id = _id(name, Role.TRANSPORT), _id(name, Role.SHARD)
        self._timed(lambda: self._token.generate_governance_key(_id(name, Role.GOVERNANCE)))
        wrapped = draw_shard(secrets.token_bytes).wrap(self._timed(lambda: self._token.generate_transport_key(transport_id)))
        self._timed(lambda: self._token.random(32))
        self._timed(lambda: self._token.unwrap_shard(shard_id, transport_id, wrapped))
        self._timed(lambda: self._token.destroy(transport_id, Role.TRANSPORT))

    def _key(self, name: bytes, role: Role) -> Any:  # noqa: ANN401 - python-pkcs11 makes its classes as it goes
        return self._session.find(ObjectClass.PRIVATE_KEY, KeyType.EC, _id(name, role))[0]

    def _timed(self, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever the call returns
        began = time.perf_counter()
        result = call()
        self.seconds += time.perf_counter() - began
        return result


def main() -> int:
    """Make a token, make the calls, print the seconds, throw the token away."""
    module = sys.argv[1]
    with tempfile.TemporaryDirectory() as scratch:
        config = str(make_softhsm_directory(Path(scratch) / "token"))
        os.environ["SOFTHSM2_CONF"] = config
        serial = init_token(module, config, "floor", REHEARSAL_SO_PIN, REHEARSAL_PIN)
        session = TokenSession(module, config, serial)
        try:
            session.login(REHEARSAL_PIN)
            floor = Floor(session)
            floor.play()
        finally:
            session.close()
    print(f"{floor.seconds:.4f}")  # noqa: T201 - what the parent reads
    return 0


def _derive(shard: Any, point: bytes) -> None:  # noqa: ANN401 - likewise
    """One ECDH answer: derived, read, destroyed."""
    derived = shard.derive_key(
        KeyType.GENERIC_SECRET,
        256,
        capabilities=0,
        mechanism=Mechanism.ECDH1_DERIVE,
        mechanism_param=(KDF.NULL, None, point),
        template={Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True},
    )
    bytes(derived[Attribute.VALUE])
    derived.destroy()


def _id(name: bytes, role: Role) -> bytes:
    return name + bytes([list(Role).index(role)])


if __name__ == "__main__":
    sys.exit(main())
