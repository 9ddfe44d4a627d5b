"""What the ceremony may ask of an agent, and what it answers: small typed records (long because one port has one vocabulary).

They travel over a pipe today and can travel as files to a custodian elsewhere. No request carries a digest to sign.
"""

from typing import Annotated, Literal, cast

from pydantic import Field

from ceremony.quorum.replay import Extension, Mark, ShownEntry, Successor
from ceremony.records.base import (
    Address,
    Count,
    Hex32,
    HexBytes,
    Index,
    OfToken,
    Plain,
    Point33,
    Point65,
    Record,
    Signature65,
    kinds_of,
    parse_tagged,
)
from ceremony.records.evidence import Attributes, EnvelopeHeader, HoldingEvidence, OpeningEvidence, RetirementEvidence, TokenSeen
from ceremony.records.structs import Attestation, Domain, Enrolment, Transport, TypedAct
from ceremony.records.unseal_files import SignedAnswer, UnsealRequest


class Place(Record):
    """Which shard of which dealing, and whose: everything an object's CKA_ID is made of."""

    ceremony: Hex32
    dealing: Count
    custodian: Index


class OpenToken(Record):
    """First message to a fresh process: which token it serves."""

    ask: Literal["open_token"] = "open_token"
    who: str
    serial: str
    module: str
    config: str | None
    mark_directory: str


class Describe(Record):
    """What the token says about itself, asked again."""

    ask: Literal["describe"] = "describe"


class Login(Record):
    """Log in with this PIN, tried once; None for a protected authentication path."""

    ask: Literal["login"] = "login"
    pin: Annotated[str | None, Field(repr=False, max_length=255)]


class Logout(Record):
    """End the logged-in session."""

    ask: Literal["logout"] = "logout"


class Enrol(Record):
    """Have (or make) the governance key and sign the enrolment with it; found the high-water mark at this transcript."""

    ask: Literal["enrol"] = "enrol"
    domain: Domain
    ceremony: Hex32
    plan_digest: Hex32
    epoch: Count
    custodian: Index
    size: Count
    root: Hex32


class MakeTransport(Record):
    """Have (or make) the dealing's transport key and sign it."""

    ask: Literal["make_transport"] = "make_transport"
    domain: Domain
    place: Place


class OfferTransport(Record):
    """Have (or make) the dealing's transport key, for another token of this custodian to sign.

    `plain`: no key of the token, but a one-time key of this agent, which keeps it until it ends.
    """

    ask: Literal["offer_transport"] = "offer_transport"
    place: Place
    plain: bool


class VouchTransport(Record):
    """Sign the transport key of another token of this custodian, or of this token's agent, as that agent showed it."""

    ask: Literal["vouch_transport"] = "vouch_transport"
    domain: Domain
    place: Place
    serial: Plain
    public_key: HexBytes
    attributes: Attributes


class KeepsImportKey(Record):
    """Whether this agent still has the one-time key for a plain import."""

    ask: Literal["keeps_import_key"] = "keeps_import_key"
    place: Place


class Contribute(Record):
    """Draw a seed from the token and commit to its polynomial."""

    ask: Literal["contribute"] = "contribute"
    place: Place
    source: Plain
    k: Count


class ContributeDice(Record):
    """Draw a salt and commit to the polynomial of a custodian's dice. `rolls` is None where the agent asks for them at the terminal."""

    ask: Literal["contribute_dice"] = "contribute_dice"
    place: Place
    source: Plain
    k: Count
    rolls: Annotated[str | None, Field(repr=False, max_length=1 << 12)]


class Reveal(Record):
    """Show the points of the committed polynomial (the dice's, if asked so), and seal its seed to the dealer's one-time key."""

    ask: Literal["reveal"] = "reveal"
    dealer_key: Hex32
    dice: bool = False


class Load(Record):
    """Hold exactly one shard, the one the commitments say; unwrap it if need be, or (`plain`) open it and put it in."""

    ask: Literal["load"] = "load"
    place: Place
    wrapped: HexBytes
    commitments: tuple[Point33, ...]
    plain: bool = False


class Challenge(OfToken):
    """Make a challenge for another token that holds a shard."""

    ask: Literal["challenge"] = "challenge"
    place: Place
    holder: Index


class Hold(Record):
    """Answer another custodian's challenge with a bound hash, never with the raw ECDH result (DESIGN 4.6)."""

    ask: Literal["hold"] = "hold"
    place: Place
    point: Point65
    nonce: Hex32


class HoldingAnswer(OfToken):
    """What one token answered to a challenge."""

    holder: Index
    answer: Hex32


class AttestHolding(OfToken):
    """Judge the answers to this agent's own challenges, and sign what it saw. It serves this number of its custodian's tokens."""

    ask: Literal["attest_holding"] = "attest_holding"
    domain: Domain
    place: Place
    answers: tuple[HoldingAnswer, ...]
    commitments: tuple[Point33, ...]


class SeeHolding(OfToken):
    """Likewise, for another token of this custodian to sign."""

    ask: Literal["see_holding"] = "see_holding"
    place: Place
    answers: tuple[HoldingAnswer, ...]
    commitments: tuple[Point33, ...]


class Vouch(Record):
    """Sign what the agent of another token of this custodian saw."""

    ask: Literal["vouch"] = "vouch"
    domain: Domain
    place: Place
    subject: Literal["holding", "retirement", "destruction"]
    evidence: HoldingEvidence | RetirementEvidence


class AnswerEnvelope(Record):
    """Answer for an envelope, if this agent's own tag matches the header it is shown."""

    ask: Literal["answer_envelope"] = "answer_envelope"
    place: Place
    header: EnvelopeHeader


class AnswerRequest(Record):
    """Answer a request that came as a file: the answer leaves this agent only sealed to the requester, and signed."""

    ask: Literal["answer_request"] = "answer_request"
    domain: Domain
    place: Place
    request: UnsealRequest


class SealAnswer(Record):
    """Seal and sign what another token of this custodian answered to such a request, if the sealer's tag says that it is right."""

    ask: Literal["seal_answer"] = "seal_answer"
    domain: Domain
    place: Place
    request: UnsealRequest
    x: Annotated[Hex32, Field(repr=False)]


class ApproveEnvelope(Record):
    """Sign that this very envelope, whose sealer is not trusted, may be opened for this reason."""

    ask: Literal["approve_envelope"] = "approve_envelope"
    domain: Domain
    place: Place
    header: EnvelopeHeader
    reason: Plain
    opening: Hex32


class CommitAnswers(Record):
    """Answer for an envelope whose sealer is not trusted: for its point and for the combiner's query, and commit to both answers.

    `approvals` are custodians' signatures over the `EnvelopeApproval` of these facts; `shown` are the entries of the transcript that say
    whose keys count and how many are needed.
    """

    ask: Literal["commit_answers"] = "commit_answers"
    domain: Domain
    place: Place
    header: EnvelopeHeader
    reason: Plain
    opening: Hex32
    approvals: tuple[tuple[Index, Signature65], ...]
    shown: tuple[ShownEntry, ...]
    query: Point33


class OpenAnswers(Record):
    """Open what was committed to, once, if the query is the sum that these scalars make of the envelope's point."""

    ask: Literal["open_answers"] = "open_answers"
    commitment: Hex32
    a: Annotated[Hex32, Field(repr=False)]
    b: Annotated[Hex32, Field(repr=False)]


class AttestOpening(Record):
    """Check that the key which came out is the one the header commits to, and sign which sets opened it."""

    ask: Literal["attest_opening"] = "attest_opening"
    domain: Domain
    place: Place
    header: EnvelopeHeader
    sets: tuple[tuple[Index, ...], ...]
    file_keys: tuple[Hex32, ...]


class Retire(OfToken):
    """Destroy the transport key, read back, sign what is left."""

    ask: Literal["retire"] = "retire"
    domain: Domain
    place: Place


class SeeRetired(OfToken):
    """Likewise, for another token of this custodian to sign."""

    ask: Literal["see_retired"] = "see_retired"
    place: Place


class Discard(Record):
    """Destroy everything of an abandoned dealing, read back."""

    ask: Literal["discard"] = "discard"
    place: Place


class DestroyShard(OfToken):
    """Destroy the shard of a dealing that another has replaced, read back, sign what is left."""

    ask: Literal["destroy_shard"] = "destroy_shard"
    domain: Domain
    place: Place


class SeeDestroyed(OfToken):
    """Likewise, for another token of this custodian to sign."""

    ask: Literal["see_destroyed"] = "see_destroyed"
    place: Place


class Holdings(Record):
    """How many keys of each role the token holds for this place."""

    ask: Literal["holdings"] = "holdings"
    place: Place


class ReadMark(Record):
    """This token's high-water mark for a ceremony."""

    ask: Literal["read_mark"] = "read_mark"
    ceremony: Hex32


class Follow(Record):
    """See the transcript as it stands now: one that is behind the mark, or forked from it, is refused before anything is done."""

    ask: Literal["follow"] = "follow"
    ceremony: Hex32
    extension: Extension


class FoundMark(Record):
    """Found a missing mark anew; the custodian has said Yes, and an entry says so."""

    ask: Literal["found_mark"] = "found_mark"
    ceremony: Hex32
    size: Count
    root: Hex32


class Sign(Record):
    """Sign an act: the transcript must extend the mark, and the act's own root must be a part of it, or of a successor's that names it."""

    ask: Literal["sign"] = "sign"
    ceremony: Hex32
    custodian: Index
    act: TypedAct
    extension: Extension
    act_proof: tuple[Hex32, ...]
    voided: ShownEntry | None
    successor: Successor | None = None


class Probe(Record):
    """Try everything that the ceremony will need of a token with these roles, with throw-away objects, and clean up."""

    ask: Literal["probe"] = "probe"
    roles: tuple[Literal["sign", "shard"], ...] = ("sign", "shard")
    plain: bool = False


Request = Annotated[
    OpenToken
    | Describe
    | Login
    | Logout
    | Enrol
    | MakeTransport
    | OfferTransport
    | VouchTransport
    | KeepsImportKey
    | Contribute
    | ContributeDice
    | Reveal
    | Load
    | Challenge
    | Hold
    | AttestHolding
    | SeeHolding
    | Vouch
    | AnswerEnvelope
    | AnswerRequest
    | SealAnswer
    | ApproveEnvelope
    | CommitAnswers
    | OpenAnswers
    | AttestOpening
    | Retire
    | SeeRetired
    | Discard
    | DestroyShard
    | SeeDestroyed
    | Holdings
    | ReadMark
    | Follow
    | FoundMark
    | Sign
    | Probe,
    Field(discriminator="ask"),
]


class Done(Record):
    """It is done, and there is nothing to say."""

    reply: Literal["done"] = "done"


class Opened(Record):
    """The token found, and what it says about itself."""

    reply: Literal["opened"] = "opened"
    token: TokenSeen
    pin_set: bool
    pin_tries: str


class EnrolReply(Record):
    """The governance key, its read-back and the signed enrolment."""

    reply: Literal["enrolled"] = "enrolled"
    public_key: Point65
    attributes: Attributes
    enrolment: Enrolment
    signature: Signature65


class TransportReply(Record):
    """The transport key (DER SubjectPublicKeyInfo), its read-back and signature."""

    reply: Literal["transport"] = "transport"
    public_key: HexBytes
    attributes: Attributes
    transport: Transport
    signature: Signature65


class TransportOffered(Record):
    """The transport key (DER SubjectPublicKeyInfo) and its read-back; none for a key that is in no token."""

    reply: Literal["transport_offered"] = "transport_offered"
    public_key: HexBytes
    attributes: Attributes


class TransportVouched(Record):
    """That key, signed."""

    reply: Literal["transport_vouched"] = "transport_vouched"
    transport: Transport
    signature: Signature65


class KeptImportKey(Record):
    """Whether it is still there."""

    reply: Literal["kept_import_key"] = "kept_import_key"
    kept: bool


class Committed(Record):
    """Digest of the points to come."""

    reply: Literal["committed"] = "committed"
    digest: Hex32


class DiceCommitted(Record):
    """Digest of the points to come; and the salt in words, unless the agent has shown it at the terminal itself."""

    reply: Literal["dice_committed"] = "dice_committed"
    digest: Hex32
    salt: Annotated[str | None, Field(repr=False)]


class Revealed(Record):
    """The points, and the seed sealed to the dealer."""

    reply: Literal["revealed"] = "revealed"
    points: tuple[Point33, ...]
    sealed_seed: HexBytes


class Loaded(Record):
    """One right shard is held; its read-back."""

    reply: Literal["loaded"] = "loaded"
    attributes: Attributes


class Challenged(Record):
    """A challenge point and nonce."""

    reply: Literal["challenged"] = "challenged"
    point: Point65
    nonce: Hex32


class Held(Record):
    """The bound hash."""

    reply: Literal["held"] = "held"
    answer: Hex32


class HoldingReply(Record):
    """What was seen, signed."""

    reply: Literal["holding"] = "holding"
    evidence: HoldingEvidence
    attestation: Attestation
    signature: Signature65


class HoldingSeen(Record):
    """What was seen."""

    reply: Literal["holding_seen"] = "holding_seen"
    evidence: HoldingEvidence


class Vouched(Record):
    """What was shown, signed."""

    reply: Literal["vouched"] = "vouched"
    attestation: Attestation
    signature: Signature65


class Answered(Record):
    """The x coordinate of shard times envelope point."""

    reply: Literal["answered"] = "answered"
    x: Annotated[Hex32, Field(repr=False)]


class RequestAnswered(Record):
    """The sealed answer, signed."""

    reply: Literal["request_answered"] = "request_answered"
    signed: SignedAnswer


class AnswersCommitted(Record):
    """The commitment to both answers."""

    reply: Literal["answers_committed"] = "answers_committed"
    commitment: Hex32


class AnswersOpened(Record):
    """Both answers, and the salt of their commitment."""

    reply: Literal["answers_opened"] = "answers_opened"
    salt: Annotated[Hex32, Field(repr=False)]
    to_point: Annotated[Hex32, Field(repr=False)]
    to_query: Annotated[Hex32, Field(repr=False)]


class OpeningReply(Record):
    """Which sets opened, signed."""

    reply: Literal["opening"] = "opening"
    evidence: OpeningEvidence
    attestation: Attestation
    signature: Signature65


class RetirementReply(Record):
    """What is left, signed."""

    reply: Literal["retirement"] = "retirement"
    evidence: RetirementEvidence
    attestation: Attestation
    signature: Signature65


class RetirementSeen(Record):
    """What is left."""

    reply: Literal["retirement_seen"] = "retirement_seen"
    evidence: RetirementEvidence


class HoldingsReply(Record):
    """Private keys per role."""

    reply: Literal["holdings"] = "holdings"
    governance: Count
    transport: Count
    shard: Count


class MarkReply(Record):
    """The mark, or None when its file is missing."""

    reply: Literal["mark"] = "mark"
    mark: Mark | None


class Signed(Record):
    """The digest the agent computed itself, and the signature it checked itself."""

    reply: Literal["signed"] = "signed"
    address: Address
    digest: Hex32
    signature: Signature65


class Capability(Record):
    """One thing a token can or cannot do."""

    name: Plain
    able: bool
    detail: str


class Probed(Record):
    """The outcome of a probe."""

    reply: Literal["probed"] = "probed"
    capabilities: tuple[Capability, ...]


Reply = Annotated[
    Done
    | Opened
    | EnrolReply
    | TransportReply
    | TransportOffered
    | TransportVouched
    | KeptImportKey
    | Committed
    | DiceCommitted
    | Revealed
    | Loaded
    | Challenged
    | Held
    | HoldingReply
    | HoldingSeen
    | Vouched
    | Answered
    | RequestAnswered
    | AnswersCommitted
    | AnswersOpened
    | OpeningReply
    | RetirementReply
    | RetirementSeen
    | HoldingsReply
    | MarkReply
    | Signed
    | Probed,
    Field(discriminator="reply"),
]

_REQUESTS = kinds_of(Request, "ask")
_REPLIES = kinds_of(Reply, "reply")


def parse_request(line: bytes) -> Request:
    """Read one request; RecordError when it is not one."""
    return cast("Request", parse_tagged(line, "ask", _REQUESTS))


def parse_reply(line: bytes) -> Reply:
    """Read one reply; RecordError when it is not one."""
    return cast("Reply", parse_tagged(line, "reply", _REPLIES))
