"""The holder: what a token does with its shard, from transport key to destruction, and how it judges the other holders.

Part of the agent, and a file of its own so that an agent which only signs need not load the curve's arithmetic.
"""

from collections.abc import Callable
from typing import Any

from ceremony.acts.words import encode_words
from ceremony.errors import DealingError, MarkError, RequestRefused, TokenFault, TokenLied
from ceremony.hsm import messages as m
from ceremony.hsm.checked import SEED_BYTES, draw_seed, one_key, read_back, sign_act
from ceremony.hsm.importer import Importer
from ceremony.hsm.template import require_attributes
from ceremony.hsm.token import Role, Token, object_id
from ceremony.quorum.answers import attest_answer, request_digest
from ceremony.quorum.dealings import digest_commitments, public_share
from ceremony.records.base import from_hex, to_hex
from ceremony.records.canonical import digest_canonical
from ceremony.records.evidence import HoldingEvidence, Observation, OpeningEvidence, RetirementEvidence
from ceremony.records.structs import Attestation, Domain, Transport, TypedAct
from ceremony.records.unseal_files import SignedAnswer, UnsealAnswer, UnsealRequest
from ceremony.shards.box import KEY_BYTES
from ceremony.shards.dice import SALT_BYTES, derive_dice_seed
from ceremony.shards.field import (
    SCALAR_BYTES,
    WIDE_BYTES,
    Point,
    base_multiply,
    encode_point,
    encode_scalar,
    encode_x,
    multiply,
    parse_point,
    reduce_scalar,
)
from ceremony.shards.plain import is_import_key
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
        self._challenges: dict[tuple[int, int], tuple[int, Observation]] = {}
        self._importer = Importer(entropy, who)

    # --- the dealing ---

    def make_transport(self, request: m.MakeTransport) -> m.TransportReply:
        offered = self.offer_transport(m.OfferTransport(place=request.place, plain=False))
        signed = self._sign_transport(request.domain, request.place, self._token.describe().serial, offered.public_key)
        return m.TransportReply(
            public_key=offered.public_key, attributes=offered.attributes, transport=signed.transport, signature=signed.signature
        )

    def offer_transport(self, request: m.OfferTransport) -> m.TransportOffered:
        if request.plain:
            return m.TransportOffered(public_key=to_hex(self._importer.offer(request.place)), attributes={})
        key_id = self._id(request.place, Role.TRANSPORT)
        public = one_key(self._token, key_id, Role.TRANSPORT, self._who)
        attributes = read_back(self._token, key_id, Role.TRANSPORT, self._who)
        return m.TransportOffered(public_key=to_hex(public), attributes=dict(attributes))

    def vouch_transport(self, request: m.VouchTransport) -> m.TransportVouched:
        if not is_import_key(from_hex(request.public_key)):
            require_attributes(Role.TRANSPORT, request.attributes, self._who)
            if request.serial == self._token.describe().serial:
                message = "a key of this very token is signed where it is made, not on somebody's word"
                raise MarkError(message, culprits=(self._who,))
        return self._sign_transport(request.domain, request.place, request.serial, request.public_key)

    def keeps_import_key(self, request: m.KeepsImportKey) -> m.KeptImportKey:
        return m.KeptImportKey(kept=self._importer.keeps(request.place))

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
            self._take(request, key_id, public)
        if self._token.count(key_id, Role.SHARD) != 1 or not self._holds(key_id, public):
            message = "after loading, the token does not hold exactly the shard that the commitments say"
            raise TokenLied(message, culprits=(self._who,), remedy=NEW_DEALING)
        return m.Loaded(attributes=dict(read_back(self._token, key_id, Role.SHARD, self._who)))

    # --- proofs ---

    def challenge(self, request: m.Challenge) -> m.Challenged:
        secret = reduce_scalar(self._entropy(WIDE_BYTES))
        point, nonce = to_hex(encode_point(base_multiply(secret))), to_hex(self._entropy(32))
        asked = Observation(holder=request.holder, token_number=request.token_number, point=point, nonce=nonce, answer="0x" + "00" * 32)
        self._challenges[request.holder, request.token_number] = secret, asked
        return m.Challenged(point=point, nonce=nonce)

    def hold(self, request: m.Hold) -> m.Held:
        return m.Held(answer=to_hex(self._holding_answer(request.place, from_hex(request.point), from_hex(request.nonce))))

    def attest_holding(self, request: m.AttestHolding) -> m.HoldingReply:
        evidence = self._judge_holding(request)
        attestation, signature = self._attest(request.domain, request.place, "holding", evidence)
        return m.HoldingReply(evidence=evidence, attestation=attestation, signature=signature)

    def see_holding(self, request: m.SeeHolding) -> m.HoldingSeen:
        return m.HoldingSeen(evidence=self._judge_holding(request))

    def vouch(self, request: m.Vouch) -> m.Vouched:
        seen, subject = request.evidence, request.subject
        if isinstance(seen, HoldingEvidence) != (subject == "holding"):
            message = f"this evidence is not of {subject}"
            raise MarkError(message, culprits=(self._who,))
        if isinstance(seen, HoldingEvidence):
            require_attributes(Role.SHARD, seen.own, self._who)
        else:
            self._require_left(seen, 1 if subject == "retirement" else 0)
        attestation, signature = self._attest(request.domain, request.place, subject, seen)
        return m.Vouched(attestation=attestation, signature=signature)

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
        self._require_asked(request.request, request.place.custodian)
        answered = self.answer_envelope(m.AnswerEnvelope(place=request.place, header=request.request.header))
        return self._seal_answer(request.domain, request.place, request.request, from_hex(answered.x))

    def seal_answer(self, request: m.SealAnswer) -> m.RequestAnswered:
        header, index = request.request.header, request.place.custodian
        self._require_asked(request.request, index)
        resolve_answer(header_digest(header), index, from_hex(request.x), find_tag(header.tags, index))
        return self._seal_answer(request.domain, request.place, request.request, from_hex(request.x))

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
        evidence = self.see_retired(m.SeeRetired(place=request.place, token_number=request.token_number)).evidence
        attestation, signature = self._attest(request.domain, request.place, "retirement", evidence)
        return m.RetirementReply(evidence=evidence, attestation=attestation, signature=signature)

    def see_retired(self, request: m.SeeRetired) -> m.RetirementSeen:
        self._importer.forget(request.place)
        self._token.destroy(self._id(request.place, Role.TRANSPORT), Role.TRANSPORT)
        evidence = RetirementEvidence(
            token_number=request.token_number,
            transport_keys=self._token.count(self._id(request.place, Role.TRANSPORT), Role.TRANSPORT),
            shards=self._token.count(self._id(request.place, Role.SHARD), Role.SHARD),
        )
        self._require_left(evidence, 1)
        return m.RetirementSeen(evidence=evidence)

    def destroy_shard(self, request: m.DestroyShard) -> m.RetirementReply:
        evidence = self.see_destroyed(m.SeeDestroyed(place=request.place, token_number=request.token_number)).evidence
        attestation, signature = self._attest(request.domain, request.place, "destruction", evidence)
        return m.RetirementReply(evidence=evidence, attestation=attestation, signature=signature)

    def see_destroyed(self, request: m.SeeDestroyed) -> m.RetirementSeen:
        left = self.discard(m.Discard(place=request.place))
        evidence = RetirementEvidence(token_number=request.token_number, transport_keys=left.transport, shards=left.shard)
        return m.RetirementSeen(evidence=evidence)

    def discard(self, request: m.Discard) -> m.HoldingsReply:
        self._importer.forget(request.place)
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

    def _take(self, request: m.Load, key_id: bytes, public: Point) -> None:
        """Get the shard into the token: it unwraps it, or, where the plan allows a plain import, this agent opens it and puts it in."""
        if not request.plain:
            self._token.unwrap_shard(key_id, self._id(request.place, Role.TRANSPORT), from_hex(request.wrapped))
            return
        scalar = self._importer.open(request.place, self._token.describe().serial, from_hex(request.wrapped))
        if base_multiply(scalar) != public:
            message = "what the dealer sealed for this token is not the shard that the commitments say"
            raise DealingError(message, culprits=("the dealer",), remedy=NEW_DEALING)
        self._token.import_shard(key_id, encode_scalar(scalar))

    def _require_asked(self, asked: UnsealRequest, index: int) -> None:
        if index not in asked.custodians:
            message = f"{self._who} was not asked by this request"
            raise RequestRefused(message, culprits=(self._who,))

    def _seal_answer(self, domain: Domain, place: m.Place, asked: UnsealRequest, x: bytes) -> m.RequestAnswered:
        bound, ephemeral, index = request_digest(asked), self._entropy(KEY_BYTES), place.custodian
        sealed = seal_answer(x, from_hex(asked.reply_key), ephemeral, request=from_hex(bound), index=index)
        answer = UnsealAnswer(request=bound, custodian=index, sealed=to_hex(sealed))
        signature = self._sign_own(place, TypedAct(domain=domain, struct=attest_answer(answer, asked)))
        return m.RequestAnswered(signed=SignedAnswer(answer=answer, signature=signature))

    def _judge_holding(self, request: m.AttestHolding | m.SeeHolding) -> HoldingEvidence:
        place, seen = request.place, []
        for answered in request.answers:
            holder = answered.holder
            secret, asked = self._require_challenge(holder, answered.token_number)
            public, nonce = public_share(request.commitments, holder), from_hex(asked.nonce)
            expected = expected_holding_answer(from_hex(place.ceremony), place.dealing, holder, public, secret, nonce)
            if expected != from_hex(answered.answer):
                message = f"custodian {holder}'s token does not hold the shard its commitment says"
                raise TokenLied(message, culprits=(f"custodian {holder}",), remedy=NEW_DEALING)
            seen.append(asked.model_copy(update={"answer": answered.answer}))
        own = dict(read_back(self._token, self._id(place, Role.SHARD), Role.SHARD, self._who))
        digest = digest_commitments(request.commitments)
        return HoldingEvidence(token_number=request.token_number, commitments=digest, own=own, observations=tuple(seen))

    def _require_left(self, evidence: RetirementEvidence, shards: int) -> None:
        if (evidence.transport_keys, evidence.shards) != (0, shards):
            found = f"{evidence.transport_keys} transport keys and {evidence.shards} shards"
            message = f"afterwards the token lists {found}, not 0 and {shards}"
            raise TokenLied(message, culprits=(self._who,), remedy=NEW_DEALING)

    def _sign_transport(self, domain: Domain, place: m.Place, serial: str, public_key: str) -> m.TransportVouched:
        transport = Transport(
            ceremony=place.ceremony,
            dealing=place.dealing,
            custodian=place.custodian,
            serial=serial,
            key_digest=to_hex(digest_canonical(public_key)),
        )
        return m.TransportVouched(transport=transport, signature=self._sign_own(place, TypedAct(domain=domain, struct=transport)))

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

    def _require_challenge(self, holder: int, number: int) -> tuple[int, Observation]:
        if (holder, number) not in self._challenges:
            message = f"this agent has not challenged custodian {holder}"
            raise TokenFault(message, culprits=(self._who,))
        return self._challenges.pop((holder, number))  # one challenge, one judgement

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
