"""The holder: what a token does with its shard, from transport key to destruction, and how it judges the other holders.

Part of the agent, and a file of its own so that an agent which only signs need not load the curve's arithmetic.
"""

from collections.abc import Callable
from typing import Any

from ceremony.acts.words import encode_words
from ceremony.errors import MarkError, RequestRefused, TokenFault, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.checked import SEED_BYTES, draw_seed, one_key, read_back, sign_act
from ceremony.hsm.token import Role, Token, object_id
from ceremony.quorum.answers import attest_answer, request_digest
from ceremony.quorum.dealings import digest_commitments, public_share
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.evidence import HoldingEvidence, Observation, OpeningEvidence, RetirementEvidence
from ceremony.records.structs import Attestation, Domain, Transport, TypedAct
from ceremony.records.unseal_files import SignedAnswer, UnsealAnswer
from ceremony.shards.box import KEY_BYTES
from ceremony.shards.dice import SALT_BYTES, derive_dice_seed
from ceremony.shards.field import (
    SCALAR_BYTES,
    WIDE_BYTES,
    Point,
    base_multiply,
    encode_point,
    encode_x,
    multiply,
    parse_point,
    reduce_scalar,
)
from ceremony.shards.reply import seal_answer
from ceremony.shards.secret import contribution_digest, expand_seed, seal_seed
from ceremony.shards.threshold import expected_holding_answer, find_tag, header_digest, holding_answer, key_commitment, resolve_answer

Contributing = m.Contribute | m.ContributeDice
NEW_DEALING = "Check that token (`ceremony doctor PLAN`); then throw this dealing away with `ceremony run DIR --new-dealing`."


class Holder:
    """Answers the requests about one token's shard; its arguments are those of `Agent`."""

    def __init__(self, token: Token, entropy: Callable[[int], bytes], who: str) -> None:
        self._token = token
        self._entropy = entropy
        self._who = who
        self._contributions: dict[bool, tuple[Contributing, bytes]] = {}
        """What was committed and not yet shown: the token's own randomness, and the dice's (True)."""
        self._challenges: dict[int, tuple[int, Observation]] = {}

    # --- the dealing ---

    def make_transport(self, request: m.MakeTransport) -> m.TransportReply:
        key_id = self._id(request.place, Role.TRANSPORT)
        public = one_key(self._token, key_id, Role.TRANSPORT, self._who)
        attributes = read_back(self._token, key_id, Role.TRANSPORT, self._who)
        transport = Transport(
            ceremony=request.place.ceremony,
            dealing=request.place.dealing,
            custodian=request.place.custodian,
            serial=self._token.describe().serial,
            key_digest=to_hex(digest_canonical(to_hex(public))),
        )
        signature = self._sign_own(request.place, TypedAct(domain=request.domain, struct=transport))
        return m.TransportReply(public_key=to_hex(public), attributes=dict(attributes), transport=transport, signature=signature)

    def contribute(self, request: m.Contribute) -> m.Committed:
        return m.Committed(digest=self._commit(request, draw_seed(self._token, self._who), dice=False))

    def contribute_dice(self, request: m.ContributeDice) -> m.DiceCommitted:
        place, salt = request.place, self._entropy(SALT_BYTES)
        ceremony = from_hex(place.ceremony)
        seed = derive_dice_seed(request.rolls or "", salt, ceremony=ceremony, dealing=place.dealing, source=request.source)
        return m.DiceCommitted(digest=self._commit(request, seed, dice=True), salt=encode_words(salt))

    def reveal(self, request: m.Reveal) -> m.Revealed:
        if request.dice not in self._contributions:
            message = "nothing was committed, or it was revealed already"
            raise TokenFault(message, culprits=(self._who,))
        asked, seed = self._contributions.pop(request.dice)
        place = asked.place
        sealed = seal_seed(
            seed,
            from_hex(request.dealer_key),
            self._entropy(SEED_BYTES),
            ceremony=from_hex(place.ceremony),
            dealing=place.dealing,
            source=asked.source,
        )
        points = tuple(to_hex(encode_point(point, compressed=True)) for point in _points(asked, seed))
        return m.Revealed(points=points, sealed_seed=to_hex(sealed))

    def load(self, request: m.Load) -> m.Loaded:
        key_id, public = self._id(request.place, Role.SHARD), public_share(request.commitments, request.place.custodian)
        if self._token.count(key_id, Role.SHARD) != 1 or not self._holds(key_id, public):
            self._token.destroy(key_id, Role.SHARD)
            self._token.unwrap_shard(key_id, self._id(request.place, Role.TRANSPORT), from_hex(request.wrapped))
        if self._token.count(key_id, Role.SHARD) != 1 or not self._holds(key_id, public):
            message = "after loading, the token does not hold exactly the shard that the commitments say"
            raise TokenLied(message, culprits=(self._who,), remedy=NEW_DEALING)
        return m.Loaded(attributes=dict(read_back(self._token, key_id, Role.SHARD, self._who)))

    # --- proofs ---

    def challenge(self, request: m.Challenge) -> m.Challenged:
        secret = reduce_scalar(self._entropy(WIDE_BYTES))
        point, nonce = to_hex(encode_point(base_multiply(secret))), to_hex(self._entropy(32))
        self._challenges[request.holder] = secret, Observation(holder=request.holder, point=point, nonce=nonce, answer="0x" + "00" * 32)
        return m.Challenged(point=point, nonce=nonce)

    def hold(self, request: m.Hold) -> m.Held:
        return m.Held(answer=to_hex(self._holding_answer(request.place, from_hex(request.point), from_hex(request.nonce))))

    def attest_holding(self, request: m.AttestHolding) -> m.HoldingReply:
        place, seen = request.place, []
        for holder, answer in request.answers:
            secret, asked = self._require_challenge(holder)
            public, nonce = public_share(request.commitments, holder), from_hex(asked.nonce)
            expected = expected_holding_answer(from_hex(place.ceremony), place.dealing, holder, public, secret, nonce)
            if expected != from_hex(answer):
                message = f"custodian {holder}'s token does not hold the shard its commitment says"
                raise TokenLied(message, culprits=(f"custodian {holder}",), remedy=NEW_DEALING)
            seen.append(asked.model_copy(update={"answer": answer}))
        own = dict(read_back(self._token, self._id(place, Role.SHARD), Role.SHARD, self._who))
        evidence = HoldingEvidence(commitments=digest_commitments(request.commitments), own=own, observations=tuple(seen))
        attestation, signature = self._attest(request.domain, place, "holding", evidence)
        return m.HoldingReply(evidence=evidence, attestation=attestation, signature=signature)

    def answer_envelope(self, request: m.AnswerEnvelope) -> m.Answered:
        header, index = request.header, request.place.custodian
        if (header.ceremony, header.dealing) != (request.place.ceremony, request.place.dealing):
            message = "the envelope is sealed to another dealing"
            raise MarkError(message, culprits=(self._who,))
        point = encode_point(parse_point(from_hex(header.point)))
        tag, x = find_tag(header.tags, index), self._derive(self._id(request.place, Role.SHARD), point)
        resolve_answer(header_digest(header), index, x, tag)
        return m.Answered(x=to_hex(x))

    def answer_request(self, request: m.AnswerRequest) -> m.RequestAnswered:
        asked, index = request.request, request.place.custodian
        if index not in asked.custodians:
            message = f"{self._who} was not asked by this request"
            raise RequestRefused(message, culprits=(self._who,))
        x = self.answer_envelope(m.AnswerEnvelope(place=request.place, header=asked.header)).x
        bound, ephemeral = request_digest(asked), self._entropy(KEY_BYTES)
        sealed = seal_answer(from_hex(x), from_hex(asked.reply_key), ephemeral, request=from_hex(bound), index=index)
        answer = UnsealAnswer(request=bound, custodian=index, sealed=to_hex(sealed))
        signature = self._sign_own(request.place, TypedAct(domain=request.domain, struct=attest_answer(answer, asked)))
        return m.RequestAnswered(signed=SignedAnswer(answer=answer, signature=signature))

    def attest_opening(self, request: m.AttestOpening) -> m.OpeningReply:
        digest_seen = header_digest(request.header)
        for key in request.file_keys:
            if to_hex(key_commitment(from_hex(key))) != request.header.key_commitment:
                message = "the key that came out is not the one this envelope commits to"
                raise TokenLied(message, culprits=("the combiner",))
        evidence = OpeningEvidence(header_digest=to_hex(digest_seen), sets=request.sets)
        attestation, signature = self._attest(request.domain, request.place, "opening", evidence)
        return m.OpeningReply(evidence=evidence, attestation=attestation, signature=signature)

    # --- destruction ---

    def retire(self, request: m.Retire) -> m.RetirementReply:
        self._token.destroy(self._id(request.place, Role.TRANSPORT), Role.TRANSPORT)
        evidence = RetirementEvidence(
            transport_keys=self._token.count(self._id(request.place, Role.TRANSPORT), Role.TRANSPORT),
            shards=self._token.count(self._id(request.place, Role.SHARD), Role.SHARD),
        )
        if (evidence.transport_keys, evidence.shards) != (0, 1):
            message = f"after retirement the token lists {evidence.transport_keys} transport keys and {evidence.shards} shards, not 0 and 1"
            raise TokenLied(message, culprits=(self._who,), remedy=NEW_DEALING)
        attestation, signature = self._attest(request.domain, request.place, "retirement", evidence)
        return m.RetirementReply(evidence=evidence, attestation=attestation, signature=signature)

    def destroy_shard(self, request: m.DestroyShard) -> m.RetirementReply:
        left = self.discard(m.Discard(place=request.place))
        evidence = RetirementEvidence(transport_keys=left.transport, shards=left.shard)
        attestation, signature = self._attest(request.domain, request.place, "destruction", evidence)
        return m.RetirementReply(evidence=evidence, attestation=attestation, signature=signature)

    def discard(self, request: m.Discard) -> m.HoldingsReply:
        for role in (Role.TRANSPORT, Role.SHARD):
            self._token.destroy(self._id(request.place, role), role)
        left = self.holdings(m.Holdings(place=request.place))
        if left.transport or left.shard:
            message = "the token still lists keys of the dealing that it was to destroy"
            raise TokenLied(message, culprits=(self._who,))
        return left

    def holdings(self, request: m.Holdings) -> m.HoldingsReply:
        governance = object_id(from_hex(request.place.ceremony), 0, Role.GOVERNANCE, request.place.custodian)
        return m.HoldingsReply(
            governance=self._token.count(governance, Role.GOVERNANCE),
            transport=self._token.count(self._id(request.place, Role.TRANSPORT), Role.TRANSPORT),
            shard=self._token.count(self._id(request.place, Role.SHARD), Role.SHARD),
        )

    # --- how ---

    def _id(self, place: m.Place, role: Role) -> bytes:
        return object_id(from_hex(place.ceremony), place.dealing, role, place.custodian)

    def _sign_own(self, place: m.Place, act: TypedAct) -> str:
        key_id = object_id(from_hex(place.ceremony), 0, Role.GOVERNANCE, place.custodian)
        return sign_act(self._token, key_id, act, self._who)

    def _attest(self, domain: Domain, place: m.Place, subject: Any, evidence: Any) -> tuple[Attestation, str]:  # noqa: ANN401
        attestation = Attestation(
            subject=subject,
            ceremony=place.ceremony,
            dealing=place.dealing,
            custodian=place.custodian,
            evidence=to_hex(digest_canonical(evidence.model_dump(mode="json"))),
        )
        return attestation, self._sign_own(place, TypedAct(domain=domain, struct=attestation))

    def _commit(self, asked: Contributing, seed: bytes, *, dice: bool) -> str:
        self._contributions[dice] = asked, seed
        return to_hex(contribution_digest(_points(asked, seed)))

    def _require_challenge(self, holder: int) -> tuple[int, Observation]:
        if holder not in self._challenges:
            message = f"this agent has not challenged custodian {holder}"
            raise TokenFault(message, culprits=(self._who,))
        return self._challenges.pop(holder)  # one challenge, one judgement

    def _holds(self, key_id: bytes, public: Point) -> bool:
        """Whether the shard under this id is the one whose public share is `public`."""
        secret = reduce_scalar(self._entropy(WIDE_BYTES))
        return self._derive(key_id, encode_point(base_multiply(secret))) == encode_x(multiply(public, secret))

    def _derive(self, key_id: bytes, point: bytes) -> bytes:
        return derive_x(self._token, key_id, point, self._who)

    def _holding_answer(self, place: m.Place, point: bytes, nonce: bytes) -> bytes:
        parse_point(point)
        x = self._derive(self._id(place, Role.SHARD), point)
        return holding_answer(from_hex(place.ceremony), place.dealing, place.custodian, point, nonce, x)


def derive_x(token: Token, key_id: bytes, point: bytes, who: str) -> bytes:
    """The token's ECDH result, 32 bytes; TokenLied for any other number of them."""
    x = token.derive(key_id, point)
    if len(x) != SCALAR_BYTES:
        message = f"the token answered with {len(x)} bytes; an x coordinate has {SCALAR_BYTES}"
        raise TokenLied(message, culprits=(who,))
    return x


def _points(asked: Contributing, seed: bytes) -> tuple[Point, ...]:
    place = asked.place
    return expand_seed(seed, ceremony=from_hex(place.ceremony), dealing=place.dealing, source=asked.source, k=asked.k).commit()
