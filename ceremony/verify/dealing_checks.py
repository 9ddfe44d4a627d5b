"""Checks on the dealings: randomness committed before it was shown, the sum, and what the custodians' agents saw and signed (pure)."""

from ceremony.custody.envelope import TEST
from ceremony.errors import DealingError
from ceremony.hsm.template import require_attributes
from ceremony.hsm.token import Role
from ceremony.protocol.steps import OPENING_ROUNDS, opening_set
from ceremony.quorum.dealings import digest_commitments, require_attested, require_contribution, require_sum
from ceremony.records.base import from_hex, to_hex
from ceremony.records.dealing_entries import (
    BlobsDestroyed,
    ContributionCommitted,
    ContributionRevealed,
    DealingAbandoned,
    Dealt,
    Discarded,
    HoldingAttested,
    Loaded,
    OpeningAttested,
    Retired,
    TestSealed,
)
from ceremony.shards.field import parse_point
from ceremony.shards.threshold import header_digest
from ceremony.verify.report import Finding, attested, pending, proven, recorded
from ceremony.verify.state import Subject, blamed

Attested = HoldingAttested | OpeningAttested | Retired


def contributions_were_committed_first(subject: Subject) -> Finding:
    """Every source shows exactly the points whose hash it published before anyone had shown theirs (T20)."""
    committed = {(body.dealing, body.source): body for _, body in subject.bodies(ContributionCommitted)}
    revealed = list(subject.bodies(ContributionRevealed))
    for entry, body in revealed:
        with blamed(entry):
            require_contribution(committed[body.dealing, body.source], body, subject.state.plan.quorum.k)
    return proven(f"{len(revealed)} contributions over {subject.state.dealing} dealings")


def commitments_are_their_sum(subject: Subject) -> Finding:
    """The Feldman commitments of every finished dealing are the sum of its contributions; seven public shares follow from them."""
    dealt = list(subject.bodies(Dealt))
    for entry, body in dealt:
        points = [shown.points for _, shown in subject.bodies(ContributionRevealed) if shown.dealing == body.dealing]
        with blamed(entry):
            require_sum(body.commitments, points)
            if subject.state.plan.require_locked_memory and not body.memory_locked:
                message = "the plan requires locked memory, and the dealer's was not"
                raise DealingError(message, culprits=("the dealer",))
    if subject.state.dealt is None:
        return pending("no finished dealing")
    locked = "locked" if subject.state.dealt.memory_locked else "not locked (the system did not allow it)"
    return proven(f"master public key {subject.state.dealt.commitments[0]}; the dealer's memory was {locked}")


def shards_cannot_leave(subject: Subject) -> Finding:
    """What each token's agent read back of its shard is what a shard must be: one use, ECDH, and no way out."""
    loaded = _in_hand(subject, Loaded)
    for entry, body in subject.bodies(Loaded):
        with blamed(entry):
            require_attributes(Role.SHARD, body.attributes, f"custodian {body.custodian}")
    return recorded(f"each token holds one shard that cannot leave it{_tokens(subject)}", len(loaded), subject.n)


def holding_was_attested(subject: Subject) -> Finding:
    """Each custodian's agent challenged all the others with points of its own, and signed that every answer fitted these commitments."""
    committed = {body.dealing: digest_commitments(body.commitments) for _, body in subject.bodies(Dealt)}
    challenges: set[tuple[str, str]] = set()
    for entry, body in subject.bodies(HoldingAttested):
        with blamed(entry):
            _require_signed(subject, body, "holding")
            require_attributes(Role.SHARD, body.evidence.own, f"custodian {body.custodian}")
            if body.evidence.commitments != committed.get(body.dealing):
                message = f"custodian {body.custodian} judged by other commitments than this dealing's"
                raise DealingError(message, culprits=(f"custodian {body.custodian}",))
            _require_same_token(body)
            seen = [(observation.holder, observation.token_number) for observation in body.evidence.observations]
            if sorted(seen) != [whose for whose in subject.state.plan.holders if whose != (body.custodian, body.token_number)]:
                message = f"custodian {body.custodian} did not challenge each of the others once"
                raise DealingError(message, culprits=(f"custodian {body.custodian}",))
            for observation in body.evidence.observations:
                parse_point(from_hex(observation.point))
                _require_fresh((observation.point, observation.nonce), challenges, body.custodian)
    shown = f"{len(challenges)} challenges, each answered right{_tokens(subject)}"
    return attested(shown, len(_in_hand(subject, HoldingAttested)), subject.n)


def _tokens(subject: Subject) -> str:
    """How many tokens hold shards, where that is not one a custodian."""
    held = len(subject.state.plan.holders)
    return "" if held == subject.n else f"; {held} tokens hold {subject.n} shards"


def _require_fresh(challenge: tuple[str, str], seen: set[tuple[str, str]], custodian: int) -> None:
    if challenge in seen:
        message = f"custodian {custodian} used a challenge that was used before"
        raise DealingError(message, culprits=(f"custodian {custodian}",))
    seen.add(challenge)


def recovery_was_shown(subject: Subject) -> Finding:
    """Two different sets of five opened one fresh envelope, and every one of them signed so (T8)."""
    state, headers = subject.state, dict[int, str]()
    for entry, sealed in subject.bodies(TestSealed):
        header = sealed.header
        fits = (header.ceremony, header.dealing, header.description) == (state.opened.ceremony, sealed.dealing, TEST)
        if not fits or len(header.tags) != subject.n:
            message = "the test envelope is of another ceremony, dealing or size"
            raise DealingError(message, culprits=(f"entry {entry.index}",))
        with blamed(entry):
            headers[sealed.dealing] = to_hex(header_digest(header))
    for entry, body in subject.bodies(OpeningAttested):
        with blamed(entry):
            _require_signed(subject, body, "opening")
            if (body.evidence.header_digest, body.evidence.sets) != (headers[body.dealing], _sets_of(subject, body.custodian)):
                message = f"custodian {body.custodian} signed for another envelope or other sets"
                raise DealingError(message, culprits=(f"custodian {body.custodian}",))
    sets = " and again by ".join(", ".join(map(str, opening_set(subject.n, state.plan.quorum.k, number))) for number in OPENING_ROUNDS)
    return attested(f"opened by custodians {sets}", len(_in_hand(subject, OpeningAttested)), subject.n)


def transport_keys_are_gone(subject: Subject) -> Finding:
    """Each token lists no transport key and one shard of the dealing, read back and signed; the wrapped shards on disk are gone."""
    for entry, body in subject.bodies(Retired):
        with blamed(entry):
            _require_signed(subject, body, "retirement")
            _require_same_token(body)
            if (body.evidence.transport_keys, body.evidence.shards) != (0, 1):
                message = f"custodian {body.custodian}'s token does not list no transport key and one shard"
                raise DealingError(message, culprits=(f"custodian {body.custodian}",))
    burnt = any(body.dealing == subject.state.dealing for _, body in subject.bodies(BlobsDestroyed))
    gone = "; wrapped shards destroyed" if burnt else ""
    return attested(f"no transport key is left{gone}", len(_in_hand(subject, Retired)), subject.n)


def abandoned_dealings_are_gone(subject: Subject) -> Finding:
    """Whatever tokens held of a dealing that was thrown away is destroyed, with read-back, or listed as OUTSTANDING (P1)."""
    for entry, body in subject.bodies(Discarded):
        if body.shards or body.transport_keys:
            message = f"custodian {body.custodian}'s token still lists keys of dealing {body.dealing}"
            raise DealingError(message, culprits=(f"entry {entry.index}", f"custodian {body.custodian}"))
    thrown = {body.dealing: body.reason for _, body in subject.bodies(DealingAbandoned)}
    plan = subject.state.plan
    left = [f"{plan.whose(index, token)}, dealing {dealing}" for dealing, index, token in subject.state.outstanding()]
    evidence = f"{len(thrown)} thrown away{f': {thrown}' if thrown else ''}; OUTSTANDING: {', '.join(left) or 'none'}"
    return Finding(evidence, "attested by the tokens' agents")


def _in_hand(subject: Subject, kind: type[Loaded | Attested]) -> set[int]:
    """Custodians with an entry of this kind for the dealing that stands, one for each token that is to hold the shard."""
    bodies = [body for _, body in subject.bodies(kind) if body.dealing == subject.state.dealing]
    found = {(body.custodian, None if isinstance(body, OpeningAttested) else body.token_number) for body in bodies}
    missing = {index for index, number in subject.state.plan.holders if not found & {(index, number), (index, None)}}
    return set(subject.state.plan.indices) - missing


def _require_same_token(body: HoldingAttested | Retired) -> None:
    if body.evidence.token_number != body.token_number:
        message = f"custodian {body.custodian} signed for another of their tokens than the entry is about"
        raise DealingError(message, culprits=(f"custodian {body.custodian}",))


def _sets_of(subject: Subject, custodian: int) -> tuple[tuple[int, ...], ...]:
    sets = (opening_set(subject.n, subject.state.plan.quorum.k, number) for number in OPENING_ROUNDS)
    return tuple(one for one in sets if custodian in one)


def _require_signed(subject: Subject, body: Attested, about: str) -> None:
    require_attested(
        body.attestation,
        body.signature,
        body.evidence,
        subject=about,
        domain=subject.state.domain,
        ceremony=subject.state.opened.ceremony,
        dealing=body.dealing,
        custodian=body.custodian,
        address=subject.state.roster[body.custodian],
    )
