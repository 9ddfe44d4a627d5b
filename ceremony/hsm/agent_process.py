"""The agent in a process of its own: `python -m ceremony.hsm.agent_process`, one request a line, one reply a line."""

import os
from pathlib import Path
from typing import BinaryIO

from ceremony.errors import AgentCrashed, TokenFault
from ceremony.hsm.agent import Agent
from ceremony.hsm.marks import MarkFile
from ceremony.hsm.messages import ContributeDice, DiceCommitted, OpenToken, Reply, Request, parse_request
from ceremony.hsm.pkcs11 import open_token
from ceremony.isolation.hardening import explain_refusal, harden, leave, own_pipes, read_frame, write_frame


def main() -> None:
    """Serve one token until the parent closes the pipe; every error goes back as a refusal."""
    source, sink = own_pipes()
    harden()
    agent = _open(source, sink)
    while agent and (line := read_frame(source)):
        try:
            reply = _answer(agent, parse_request(line)).encode()
        except Exception as error:  # noqa: BLE001 - the wall between a vendor's library and the ceremony
            reply = explain_refusal(error)
        write_frame(sink, reply)
    leave()


def _answer(agent: Agent, request: Request) -> Reply:
    """The agent's answer; dice are asked for here, at the terminal, so that no other process sees them."""
    if not isinstance(request, ContributeDice) or request.rolls is not None:
        return agent.answer(request)
    from ceremony.hsm.dice_terminal import DiceTerminal  # noqa: PLC0415 - few plans want dice; every agent starts quicker without

    with DiceTerminal(request.source) as terminal:
        reply = agent.answer(request.model_copy(update={"rolls": terminal.rolls()}))
        if isinstance(reply, DiceCommitted) and reply.salt is not None:
            terminal.salt(reply.salt)
            return reply.model_copy(update={"salt": None})
    return reply


def _open(source: BinaryIO, sink: BinaryIO) -> Agent | None:
    try:
        agent = _serve(parse_request(read_frame(source)))
        write_frame(sink, agent.describe().encode())
    except Exception as error:  # noqa: BLE001 - likewise
        write_frame(sink, explain_refusal(error))
        return None
    return agent


def _serve(request: Request) -> Agent:
    """An agent for the token that the first message names."""
    if not isinstance(request, OpenToken):
        message = "the first message must say which token to serve"
        raise AgentCrashed(message)
    token = open_token(request.module, request.config, request.serial)
    if token.describe().serial != request.serial:
        message = f"the token opened says it is {token.describe().serial}"
        raise TokenFault(message, culprits=(request.who,))
    return Agent(token, MarkFile(Path(request.mark_directory), request.serial), os.urandom, request.who)


if __name__ == "__main__":
    main()
