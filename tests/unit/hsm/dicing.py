"""`python -m tests.unit.hsm.dicing REQUEST`: opens an agent at this terminal and has it ask for dice; tells what it heard of it.

Run in a terminal of its own, by a test that types.
"""

import json
import sys
from pathlib import Path

from ceremony.errors import CeremonyError
from ceremony.hsm import messages as m
from ceremony.hsm.agents import SpawnedAgent, ask
from tests.secrets.memory import snapshot

SOURCE = "dice of custodian 1"


def main() -> None:
    """Commit, reveal, and look at this process's own memory in between."""
    asked = json.loads(sys.argv[1])
    agent = SpawnedAgent(m.OpenToken.parse(asked["token"].encode()))
    place = m.Place.parse(asked["place"].encode())
    told: dict[str, object] = {}
    try:
        committed = ask(agent, m.ContributeDice(place=place, source=SOURCE, k=5, rolls=None), m.DiceCommitted)
        snapshot("self", Path(asked["shot"]), set())
        revealed = ask(agent, m.Reveal(dealer_key=asked["dealer"], dice=True), m.Revealed)
        told = {"digest": committed.digest, "salt": committed.salt, "points": revealed.points}
    except CeremonyError as error:
        told = {"error": error.name, "message": error.message}
    finally:
        agent.close()
    Path(asked["told"]).write_text(json.dumps(told))


if __name__ == "__main__":
    main()
