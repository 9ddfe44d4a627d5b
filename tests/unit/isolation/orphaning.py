"""`python -m tests.unit.isolation.orphaning`: starts all that hold secrets, brings each to its moment, prints their ids, and waits."""

import json
import sys
import time

from ceremony.custody import messages as m
from ceremony.custody.adoption import AddShare, FromOldShares
from ceremony.custody.spawned import SpawnedAdopter, SpawnedCombiner, SpawnedDealer
from ceremony.isolation.spawned import Spawned
from tests.unit.custody.dealt_people import TERMS, contributions
from tests.unit.custody.test_adopter import opening

DEALERS = ("dealer before its terms", "dealer with its seed", "dealer revealed")
WAITING = (*DEALERS, "combiner waiting", "agent waiting", "adopter with a share")
ENDING = ("dealer dealing",)
"""Then it ends by itself."""


def main() -> None:
    """Until killed."""
    fresh, seeded, revealed, dealing = (SpawnedDealer() for _ in range(4))
    combiner, agent, adopter = SpawnedCombiner(), Spawned("ceremony.hsm.agent_process", "an agent"), SpawnedAdopter()
    adopter.open_adoption(opening(FromOldShares(k=2, size=8)))
    adopter.add_share(AddShare(number=1, text="1-3"))
    for dealer in (seeded, revealed, dealing):
        ready = dealer.open_dealing(TERMS)
    revealed.reveal_system()
    dealing.reveal_system()
    dealing._process.send(m.Deal(contributions=contributions(ready.dealer_key)).encode())
    started = (fresh, seeded, revealed, combiner, agent, adopter, dealing)
    json.dump(dict(zip(WAITING + ENDING, [process.pid for process in started], strict=True)), sys.stdout)
    print(flush=True)  # noqa: T201 - the test reads a line
    time.sleep(600)


if __name__ == "__main__":
    main()
