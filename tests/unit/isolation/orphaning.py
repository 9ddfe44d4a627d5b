"""`python -m tests.unit.isolation.orphaning`: starts all that hold secrets, brings each to its moment, prints their ids, and waits."""

import json
import sys
import time

from ceremony.custody import messages as m
from ceremony.custody.spawned import SpawnedCombiner, SpawnedDealer
from ceremony.isolation.spawned import Spawned
from tests.unit.custody.dealt_people import TERMS, contributions

WAITING = ("dealer before its terms", "dealer with its seed", "dealer revealed", "combiner waiting", "agent waiting")
ENDING = ("dealer dealing",)
"""Then it ends by itself."""


def main() -> None:
    """Until killed."""
    fresh, seeded, revealed, dealing = (SpawnedDealer() for _ in range(4))
    combiner, agent = SpawnedCombiner(), Spawned("ceremony.hsm.agent_process", "an agent")
    for dealer in (seeded, revealed, dealing):
        ready = dealer.open_dealing(TERMS)
    revealed.reveal_system()
    dealing.reveal_system()
    dealing._process.send(m.Deal(contributions=contributions(ready.dealer_key)).encode())
    started = (fresh, seeded, revealed, combiner, agent, dealing)
    json.dump(dict(zip(WAITING + ENDING, [process.pid for process in started], strict=True)), sys.stdout)
    print(flush=True)  # noqa: T201 - the test reads a line
    time.sleep(600)


if __name__ == "__main__":
    main()
