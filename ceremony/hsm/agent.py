"""The agent: everything a token does for the ceremony, with the checks that protect its custodian.

One agent serves one token. It computes every digest itself, reads every key back, verifies every signature it releases, keeps the
high-water mark, and (in its holder) never returns a raw ECDH result for a challenge. The transport, a pipe today, is somebody else's
business.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ceremony.acts.digest import digest
from ceremony.errors import MarkError
from ceremony.hsm import messages as m
from ceremony.hsm.checked import governance_address, one_key, read_back, sign_act
from ceremony.hsm.marks import MarkFile
from ceremony.hsm.token import Role, Token, object_id
from ceremony.quorum.replay import advance_mark, found_mark, require_successor, require_void, sign_mark
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import TokenSeen
from ceremony.records.structs import Checkpoint, Enrolment, Genesis, Rotate, Struct, Succession, TypedAct, covered
from ceremony.transcript.merkle import require_consistency

if TYPE_CHECKING:
    from ceremony.hsm.holder import Holder
    from ceremony.hsm.inquiry import Inquiry


class Agent:
    """Answers requests for one token.

    Args:
        token: the token, opened.
        marks: where its high-water marks are kept.
        entropy: a source of random bytes of this machine, for challenges.
        who: how errors name custodian and token.
    """

    def __init__(self, token: Token, marks: MarkFile, entropy: Callable[[int], bytes], who: str) -> None:
        self._token = token
        self._marks = marks
        self._entropy = entropy
        self._who = who

    def answer(self, request: m.Request) -> m.Reply:
        """Do what is asked; TokenError and its kind, MarkError, ShareError, OpeningError otherwise."""
        # a request is named after the method that answers it: here, in the holder, or in the inquiry
        handler: Callable[[Any], m.Reply] = (
            getattr(self, request.ask, None) or getattr(self._holder, request.ask, None) or getattr(self._inquiry, request.ask)
        )
        return handler(request)

    # --- the token itself ---

    def describe(self, _request: m.Describe | None = None) -> m.Opened:
        """What the token says about itself."""
        seen = self._token.describe()
        token = TokenSeen(
            serial=seen.serial,
            label=seen.label,
            manufacturer=seen.manufacturer,
            model=seen.model,
            firmware=seen.firmware,
            protected_pin=seen.protected_pin,
        )
        return m.Opened(token=token, pin_set=seen.pin_set, pin_tries=seen.pin_tries)

    def login(self, request: m.Login) -> m.Done:
        self._token.login(request.pin)
        return m.Done()

    def logout(self, _request: m.Logout) -> m.Done:
        self._token.logout()
        return m.Done()

    def probe(self, request: m.Probe) -> m.Probed:
        from ceremony.hsm.probe import probe  # noqa: PLC0415 - `doctor` alone needs it; every agent starts quicker without

        found = probe(self._token, self._entropy, roles=request.roles, plain=request.plain)
        return m.Probed(capabilities=tuple(m.Capability(name=row.name, able=row.able, detail=row.detail) for row in found))

    # --- enrolment ---

    def enrol(self, request: m.Enrol) -> m.EnrolReply:
        key_id = object_id(from_hex(request.ceremony), 0, Role.GOVERNANCE, request.custodian)
        public = one_key(self._token, key_id, Role.GOVERNANCE, self._who)
        attributes = read_back(self._token, key_id, Role.GOVERNANCE, self._who)
        enrolment = Enrolment(
            ceremony=request.ceremony,
            plan_digest=request.plan_digest,
            epoch=request.epoch,
            custodian=request.custodian,
            serial=self._token.describe().serial,
            governance_key=to_hex(governance_address(public, self._who)),
        )
        if self._marks.read(request.ceremony) is None:
            self._marks.write(found_mark(request.ceremony, request.size, request.root))
        signature = self._sign(key_id, TypedAct(domain=request.domain, struct=enrolment))
        return m.EnrolReply(public_key=to_hex(public), attributes=dict(attributes), enrolment=enrolment, signature=signature)

    # --- the mark and the signature ---

    def read_mark(self, request: m.ReadMark) -> m.MarkReply:
        return m.MarkReply(mark=self._marks.read(request.ceremony))

    def follow(self, request: m.Follow) -> m.Done:
        mark = self._marks.read(request.ceremony)
        if mark is not None:
            self._marks.write(advance_mark(mark, request.ceremony, request.extension))
        return m.Done()

    def found_mark(self, request: m.FoundMark) -> m.Done:
        if self._marks.read(request.ceremony) is not None:
            message = "the mark is there; it is never replaced"
            raise MarkError(message, culprits=(self._who,))
        self._marks.write(found_mark(request.ceremony, request.size, request.root))
        return m.Done()

    def sign(self, request: m.Sign) -> m.Signed:
        mark = self._marks.read(request.ceremony)
        if mark is None:
            message = "the high-water mark is missing: its custodian must found it anew"
            raise MarkError(message, culprits=(self._who,), remedy="Approve again and answer the question about the missing mark.")
        shown = request.successor or request.extension
        mark = advance_mark(mark, request.ceremony, request.extension)
        self._require_part(request, shown.size, shown.root)
        mark = sign_mark(mark, request.act, require_void(request.voided, shown.size, shown.root))
        self._marks.write(mark)  # durable before the signature exists (P3)
        key_id = object_id(from_hex(request.ceremony), 0, Role.GOVERNANCE, request.custodian)
        signature = self._sign(key_id, request.act)
        address = governance_address(self._token.public_key(key_id, Role.GOVERNANCE), self._who)
        return m.Signed(address=to_hex(address), digest=to_hex(digest(request.act)), signature=signature)

    # --- how ---

    @cached_property
    def _holder(self) -> "Holder":
        from ceremony.hsm.holder import Holder  # noqa: PLC0415 - an agent that only signs starts quicker without

        return Holder(self._token, self._entropy, self._who)

    @cached_property
    def _inquiry(self) -> "Inquiry":
        from ceremony.hsm.inquiry import Inquiry  # noqa: PLC0415 - rarely needed

        return Inquiry(self._token, self._marks, self._entropy, self._who)

    def _sign(self, key_id: bytes, act: TypedAct) -> str:
        return sign_act(self._token, key_id, act, self._who)

    def _require_part(self, request: m.Sign, size: int, root: str) -> None:
        """The act stands in the transcript shown: this token's own, or for a rotation that of the ceremony which succeeds it."""
        struct: Struct = request.act.struct
        if not isinstance(struct, Genesis | Rotate | Checkpoint | Succession) or isinstance(struct, Rotate) != bool(request.successor):
            message = f"{struct.type} is not an act a custodian approves here"
            raise MarkError(message, culprits=(self._who,))
        if request.successor is not None:
            require_successor(request.successor, request.ceremony, request.extension)
        proof, (begin, begin_root) = [from_hex(step) for step in request.act_proof], covered(struct)
        require_consistency(begin, from_hex(begin_root), size, from_hex(root), proof)
