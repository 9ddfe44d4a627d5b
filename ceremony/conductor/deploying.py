"""The contract comes to stand: by the factory, by the payer's nonce where a chain has no factory, or by others before."""

from contextlib import suppress

from ceremony.acts.roster import roster_digest
from ceremony.anchor.agreement import see_contract
from ceremony.anchor.artifacts.artifact import find_artifact
from ceremony.anchor.artifacts.deployment import create2_address, create_address, creation_code, encode_factory_call, runtime_code
from ceremony.anchor.chain import FACTORY
from ceremony.anchor.reading import code_digest
from ceremony.anchor.standing import require_standing
from ceremony.conductor.conductor import Conductor
from ceremony.conductor.looking import final_block, require_planned_chain, same, wait
from ceremony.errors import AnswerLost, CallReverted, ChainMismatch, NonceUsed
from ceremony.protocol.steps import Step
from ceremony.records import act_entries as act
from ceremony.records.base import from_hex, to_hex
from ceremony.records.evidence import ContractSeen

OPERATOR = "the operator"


def deploy(c: Conductor, step: Step) -> None:
    """The contract stands finally, and was compared and read back, before anything is proposed to it (DESIGN 4.10)."""
    require_planned_chain(c)
    if step not in c.state.begun:
        c.write(_predict(c))
    begun = c.state.deploying
    if begun is None:  # pragma: no cover - the intent stands one line above
        raise AssertionError
    transaction = None if _stands(c, begun.contract, final_block(c).number) else _send_deployment(c, begun)
    wait(c, lambda block: _stands(c, begun.contract, block.number))
    seen = see_contract(c.ports.readers, begun.contract)
    require_standing(seen, find_artifact(c.state.opened.files), c.state.terms)
    require_fresh(seen)
    c.write(act.Deployed(contract=begun.contract, transaction=transaction, seen=seen))


def require_fresh(seen: ContractSeen) -> None:
    """Raise ChainMismatch when the contract has taken an act already: its genesis is there, and this transcript does not know it."""
    if seen.sequence:
        message = f"the contract is at sequence {seen.sequence} already; this transcript, perhaps an old copy, knows no act on it"
        remedy = "Stop. Find the newest copy of the transcript and go on from that one."
        raise ChainMismatch(message, culprits=(f"genesis root {seen.genesis_root}",), remedy=remedy)


def _predict(c: Conductor) -> act.DeployBegun:
    creation, planned = creation_code(find_artifact(c.state.opened.files), **c.state.terms), c.state.plan.chain.contract
    final = final_block(c).number
    if planned != "deploy":
        address, by = planned, "others, before"
    elif same(c, "the factory's code", lambda reader: reader.code(FACTORY, final)):
        address, by = to_hex(create2_address(from_hex(FACTORY), from_hex(c.state.opened.ceremony), creation)), f"factory {FACTORY}"
    else:
        writer = c.ports.open_writer()
        payer, nonce = writer.payer(), writer.nonce()
        address, by = to_hex(create_address(from_hex(payer), nonce)), f"payer {payer} nonce {nonce}"
    digest_hex, roster = code_digest(creation), to_hex(roster_digest(c.state.terms["roster"]))
    runtime = code_digest(runtime_code(find_artifact(c.state.opened.files), **c.state.terms))
    lines = (
        f"Contract:       {address} on chain {c.state.plan.chain.id}, by {by}",
        f"Creation code:  {digest_hex} (SHA-256)",
        f"Runtime code:   {runtime} (SHA-256)",
        f"Roster digest:  {roster}",
        "It is powerless until five custodians approve its genesis.",
    )
    c.ports.people.confirm(OPERATOR, lines, "Deploy this contract?" if planned == "deploy" else "Use this contract?")
    return act.DeployBegun(contract=address, by=by, creation_code_digest=digest_hex, roster_digest=roster)


def _stands(c: Conductor, contract: str, number: int) -> bool:
    return bool(same(c, "the contract's code", lambda reader: reader.code(contract, number)))


def _send_deployment(c: Conductor, begun: act.DeployBegun) -> str | None:
    creation = creation_code(find_artifact(c.state.opened.files), **c.state.terms)
    if begun.by.startswith("others"):
        message = f"no contract stands at {begun.contract}"
        raise ChainMismatch(message, remedy='Deploy it first, or write contract = "deploy" into a new plan.')
    writer = c.ports.open_writer()
    c.ports.people.tell(f"      deploying the contract to {begun.contract}; {writer.payer()} pays")
    with suppress(AnswerLost, NonceUsed):  # then it may be on its way; if not, finality does not come and says so
        if begun.by.startswith("factory"):
            with suppress(CallReverted):  # it was sent before a crash: the factory deploys it once
                return writer.send(FACTORY, encode_factory_call(from_hex(c.state.opened.ceremony), creation), nonce=writer.nonce())
            return None
        _, payer, _, nonce = begun.by.split()
        if (writer.payer(), writer.nonce()) == (payer, int(nonce)):  # else it is used up already
            return writer.send(None, creation, nonce=int(nonce))
    return None
