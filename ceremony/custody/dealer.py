"""The dealer: the only place where the master secret ever is, as the sum of polynomials, for a moment (DESIGN 4.3).

It deals only to people who recognised each other (4.4). Randomness comes in as an argument, so a seeded rehearsal repeats byte for byte.
The process around it is `ceremony.custody.dealer_process`.
"""

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from ceremony.custody import messages as m
from ceremony.custody.memory import require_memory
from ceremony.errors import DealingError
from ceremony.quorum.enrolments import require_people
from ceremony.records.base import from_hex, to_hex
from ceremony.records.plan_text import parse_plan, plan_digest
from ceremony.records.roster_entries import TransportMade
from ceremony.shards.feldman import sum_commitments
from ceremony.shards.field import Point, encode_point
from ceremony.shards.plain import bind_import, is_import_key, seal_share
from ceremony.shards.secret import contribution_digest, encode_pkcs8, expand_seed, open_seed
from ceremony.shards.shamir import Polynomial, sum_polynomials

SEED_BYTES = 32
SYSTEM = "system"
RSA_BITS = 2048
Wrap = Callable[[rsa.RSAPublicKey, bytes], bytes]


def wrap_oaep(key: rsa.RSAPublicKey, plain: bytes) -> bytes:
    """RSA-OAEP with SHA-1, the one OAEP that SoftHSM unwraps with (FACTS 2); SHA-1's collisions do not matter to OAEP (RFC 8017)."""
    return key.encrypt(plain, padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None))  # noqa: S303


class Dealer:
    """One dealing. Use `open_dealing`, `reveal_system` and `deal` in this order; it forgets everything when it goes."""

    def __init__(self, entropy: Callable[[int], bytes], wrap: Wrap = wrap_oaep) -> None:
        self._entropy = entropy
        self._wrap = wrap
        self._key = X25519PrivateKey.from_private_bytes(entropy(SEED_BYTES))
        self._seed = entropy(SEED_BYTES)
        self._terms: m.OpenDealing | None = None
        self._n = 0

    def open_dealing(self, request: m.OpenDealing, *, memory_locked: bool) -> m.DealingReady:
        """Accept the terms; DealingError when the people or keys are not the ones who recognised each other, MemoryNotLocked."""
        require_memory(required=request.require_locked_memory, locked=memory_locked)
        plan = parse_plan(request.plan_text)
        require_people(
            request.enrolled,
            request.transports,
            domain=request.domain,
            ceremony=request.ceremony,
            plan_digest=to_hex(plan_digest(request.plan_text)),
            epoch=request.epoch,
            dealing=request.dealing,
            plan=plan,
            roster_digest=request.roster_digest,
        )
        self._terms, self._n = request, len(plan.custodian)
        points = self._expand(self._seed, SYSTEM).commit()
        public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return m.DealingReady(
            dealer_key=to_hex(public), system_digest=to_hex(contribution_digest(points)), memory_locked=memory_locked
        )

    def reveal_system(self) -> m.SystemRevealed:
        """The system's own points, once everyone is committed."""
        return m.SystemRevealed(points=_encode(self._expand(self._seed, SYSTEM).commit()))

    def deal(self, request: m.Deal) -> m.DealtOut:
        """Sum all contributions and wrap the shards; DealingError names the source whose seed is not what it committed to."""
        terms = self._require_terms()
        _require_sources(request, self._n, len(terms.diced))
        polynomials = [self._expand(self._seed, SYSTEM)]
        commitments = [polynomials[0].commit()]
        for contribution in request.contributions:
            polynomial, points = self._open(contribution)
            polynomials.append(polynomial)
            commitments.append(points)
        shares = {share.index: share.value for share in sum_polynomials(polynomials).split(self._n)}
        wrapped = [self._close(transport, shares[transport.custodian]) for transport in terms.transports]
        return m.DealtOut(commitments=_encode(sum_commitments(commitments)), wrapped=tuple(to_hex(blob) for blob in wrapped))

    def _close(self, transport: TransportMade, share: int) -> bytes:
        """A share that only the token opens, or, where the plan allows this token a plain import, its agent."""
        key = from_hex(transport.public_key)
        if not is_import_key(key):
            return self._wrap(_rsa(transport), encode_pkcs8(share))
        claim = transport.transport
        binding = bind_import(
            ceremony=from_hex(claim.ceremony), dealing=claim.dealing, custodian=claim.custodian, serial=claim.serial
        )
        return seal_share(share, key, self._entropy(SEED_BYTES), binding)

    def _open(self, contribution: m.Contribution) -> tuple[Polynomial, tuple[Point, ...]]:
        terms = self._require_terms()
        private = self._key.private_bytes_raw()
        seed = open_seed(
            from_hex(contribution.sealed_seed),
            private,
            ceremony=from_hex(terms.ceremony),
            dealing=terms.dealing,
            source=contribution.source,
        )
        polynomial = self._expand(seed, contribution.source)
        points = polynomial.commit()
        if _encode(points) != contribution.points or to_hex(contribution_digest(points)) != contribution.digest:
            message = f"the seed of {contribution.source} is not the one it committed to"
            raise DealingError(message, culprits=(contribution.source,))
        return polynomial, points

    def _expand(self, seed: bytes, source: str) -> Polynomial:
        terms = self._require_terms()
        return expand_seed(seed, ceremony=from_hex(terms.ceremony), dealing=terms.dealing, source=source, k=terms.k)

    def _require_terms(self) -> m.OpenDealing:
        if self._terms is None:
            message = "the dealer has not been told whom to deal to"
            raise DealingError(message)
        return self._terms


def _rsa(transport: TransportMade) -> rsa.RSAPublicKey:
    try:
        key = load_der_public_key(from_hex(transport.public_key))
    except ValueError:
        key = None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < RSA_BITS:
        message = f"the transport key of custodian {transport.custodian} is not an RSA key of {RSA_BITS} bits"
        raise DealingError(message, culprits=(f"custodian {transport.custodian}",))
    return key


def _require_sources(request: m.Deal, n: int, diced: int) -> None:
    """As many distinct sources as custodians and dice: whoever starts the dealer cannot leave a custodian's randomness out (T20)."""
    sources = {contribution.source for contribution in request.contributions}
    if not len(sources) == len(request.contributions) == n + diced or SYSTEM in sources:
        dice = f", and of the dice of {diced}" if diced else ""
        message = f"a dealing needs one contribution of each of the {n} custodians{dice}"
        raise DealingError(message, culprits=tuple(sorted(sources)))


def _encode(points: tuple[Point, ...]) -> tuple[str, ...]:
    return tuple(to_hex(encode_point(point, compressed=True)) for point in points)
