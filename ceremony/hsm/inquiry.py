"""The inquiry: how a token answers for an envelope whose sealer is not trusted (`ceremony.shards.queries` says why in this order).

Part of the agent. What it keeps, it keeps in memory and once: whatever is shown next, its two answers are forgotten.
"""

from collections.abc import Callable
from typing import NamedTuple

from ceremony.acts.digest import digest
from ceremony.errors import CombinerLied, MarkError
from ceremony.hsm import messages as m
from ceremony.hsm.checked import governance_address, sign_act
from ceremony.hsm.holder import derive_x
from ceremony.hsm.marks import MarkFile
from ceremony.hsm.token import Role, Token, object_id
from ceremony.quorum.approvals import Approval
from ceremony.quorum.envelopes import Opening, read_electorate, require_envelope_quorum
from ceremony.records.base import from_hex, to_hex
from ceremony.shards.field import Point, encode_point, parse_point
from ceremony.shards.queries import SALT_BYTES, Pair, commit_pair, require_query
from ceremony.shards.threshold import header_digest


class _Pending(NamedTuple):
    """Answers that were committed to and not shown yet."""

    commitment: str
    point: Point
    query: Point
    pair: Pair


class Inquiry:
    """Answers the requests about envelopes without tags; its arguments are those of `Agent`."""

    def __init__(self, token: Token, marks: MarkFile, entropy: Callable[[int], bytes], who: str) -> None:
        self._token = token
        self._marks = marks
        self._entropy = entropy
        self._who = who
        self._pending: _Pending | None = None

    def approve_envelope(self, request: m.ApproveEnvelope) -> m.Signed:
        self._require_own(request)
        act = Opening(request.header, request.reason, request.opening).act(request.domain)
        key_id = object_id(from_hex(request.place.ceremony), 0, Role.GOVERNANCE, request.place.custodian)
        signature = sign_act(self._token, key_id, act, self._who)
        address = governance_address(self._token.public_key(key_id, Role.GOVERNANCE), self._who)
        return m.Signed(address=to_hex(address), digest=to_hex(digest(act)), signature=signature)

    def commit_answers(self, request: m.CommitAnswers) -> m.AnswersCommitted:
        self._pending = None
        self._require_own(request)
        self._require_approved(request)
        place, header = request.place, request.header
        point, query = parse_point(from_hex(header.point)), parse_point(from_hex(request.query))
        key_id = object_id(from_hex(place.ceremony), place.dealing, Role.SHARD, place.custodian)
        to_point, to_query = (derive_x(self._token, key_id, encode_point(one), self._who) for one in (point, query))
        pair = Pair(self._entropy(SALT_BYTES), to_point, to_query)
        commitment = to_hex(commit_pair(pair, header=header_digest(header), index=place.custodian, query=query))
        self._pending = _Pending(commitment, point, query, pair)
        return m.AnswersCommitted(commitment=commitment)

    def open_answers(self, request: m.OpenAnswers) -> m.AnswersOpened:
        pending, self._pending = self._pending, None  # one commitment is opened once, or never
        if pending is None or pending.commitment != request.commitment:
            message = "the combiner shows its scalars for a commitment that was not made, or was used before"
            raise CombinerLied(message, culprits=("the combiner",))
        require_query(pending.point, pending.query, _number(request.a), _number(request.b))
        salt, to_point, to_query = map(to_hex, pending.pair)
        return m.AnswersOpened(salt=salt, to_point=to_point, to_query=to_query)

    def _require_own(self, request: m.ApproveEnvelope | m.CommitAnswers) -> None:
        if (request.header.ceremony, request.header.dealing) != (request.place.ceremony, request.place.dealing):
            message = "the envelope is sealed to another dealing"
            raise MarkError(message, culprits=(self._who,))

    def _require_approved(self, request: m.CommitAnswers) -> None:
        mark = self._marks.read(request.place.ceremony)
        if mark is None:
            message = "the high-water mark is missing: this token cannot tell whose approvals count"
            raise MarkError(message, culprits=(self._who,), remedy="Run the same command again and answer the question about the mark.")
        opening = Opening(request.header, request.reason, request.opening)
        value = to_hex(digest(opening.act(request.domain)))
        approvals = [Approval(custodian, value, signature) for custodian, signature in request.approvals]
        electorate = read_electorate(request.shown, mark, request.place.dealing)
        require_envelope_quorum(opening, approvals, request.domain, electorate)


def _number(data: str) -> int:
    return int.from_bytes(from_hex(data), "big")
