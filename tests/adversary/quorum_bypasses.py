"""Ways to get an act approved, anchored, closed or verified without five distinct enrolled custodians over it (scoreboard row 14).

Each bypass is tried wherever it can be: on the quorum rule, on the conductor (a forged transcript on its disk, then `anchor`), and on
`verify` (the whole ceremony forged around it, every link and closing signature right). It is beaten when each of them refuses with a
named error that names a culprit.
"""

import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ceremony.acts.roster import roster_digest
from ceremony.errors import CeremonyError, CheckFailed
from ceremony.quorum.approvals import Approval, require_quorum
from ceremony.records.base import to_hex
from ceremony.transcript.journal import TRANSCRIPT
from ceremony.verify.report import Verdict
from ceremony.verify.state import Trust
from ceremony.verify.verifier import verify
from tests.adversary.scene import Body, Scene, link, read_scene
from tests.simulators.ceremony_directory import SimulatedCeremony
from tests.simulators.stages import Stage, ceremony_at, outlive, stop
from tests.sweeps import Swept

Forge = Callable[[Scene], Sequence[Approval]]
Edit = Callable[[Scene], Sequence[Body]]


@dataclass
class Attack:
    """What one try may use: the scene, and a directory of its own."""

    scene: Scene
    directory: Path

    def ceremony(self, stage: Stage = Stage.APPROVED) -> SimulatedCeremony:
        """The scene's ceremony as it stood at a stage, on its own disk."""
        return ceremony_at(stage, self.directory)

    def anchor(self, bodies: Sequence[Body]) -> None:
        """Have the conductor publish from this transcript."""
        ceremony = self.ceremony()
        (ceremony.directory / TRANSCRIPT).write_bytes(link(bodies))
        ceremony.anchor()

    def verify(self, data: bytes, note: bytes | None, trust: Trust | None = None) -> None:
        """Have an auditor check this; raises what would keep them from relying on it."""
        given = trust or Trust(roster=to_hex(roster_digest(self.scene.state.terms["roster"])), rehearsal=True)
        report = verify(data, note, given)
        for row in report.rows:
            if row.failure:
                raise row.failure
            if row.finding and row.finding.limit > Verdict.CHAIN_NOT_CHECKED:
                raise CheckFailed(row.finding.evidence, check=row.check, culprits=(row.finding.evidence,))


Try = Callable[[Attack], object]


@dataclass(frozen=True)
class Bypass:
    """One way, how it is tried at each place, and whom or what the refusal must name (a pattern)."""

    name: str
    culprit: str
    tries: dict[str, Try] = field(default_factory=dict)


def approvals(name: str, forge: Forge, culprit: str = "custodian 5") -> Bypass:
    """Forged approvals, tried everywhere."""

    def at_verify(attack: Attack) -> None:
        given = forge(attack.scene)
        bodies = attack.scene.with_approvals(given)
        data = link(attack.scene.to_the_end(bodies, [one.custodian for one in given]))
        attack.verify(data, attack.scene.note(data))

    tries: dict[str, Try] = {
        "quorum": lambda attack: meet(attack.scene, forge(attack.scene)),
        "conductor": lambda attack: attack.anchor(attack.scene.with_approvals(forge(attack.scene))),
        "verify": at_verify,
    }
    return Bypass(name, rf"{culprit}|entry \d+", tries)


def meet(scene: Scene, given: Sequence[Approval], roster: dict[int, str] | None = None) -> None:
    """The quorum rule itself."""
    require_quorum(scene.act, given, roster or scene.state.roster, k=scene.state.plan.quorum.k, epoch=1, sequence=0)


def edited(name: str, edit: Edit, culprit: str, *, signers: Sequence[int] = range(1, 6)) -> Bypass:
    """A forged transcript, closed by these custodians, shown to an auditor."""

    def at_verify(attack: Attack) -> None:
        data = link(edit(attack.scene))
        attack.verify(data, attack.scene.note(data, signers))

    return Bypass(name, culprit, {"verify": at_verify})


def noted(name: str, write: Callable[[Scene, bytes], bytes], culprit: str) -> Bypass:
    """A forged checkpoint under the honest transcript, shown to an auditor."""

    def at_verify(attack: Attack) -> None:
        data = link(attack.scene.bodies)
        attack.verify(data, write(attack.scene, data))

    return Bypass(name, culprit, {"verify": at_verify})


def conducted(name: str, act: Try, culprit: str) -> Bypass:
    """Something asked of the conductor."""
    return Bypass(name, culprit, {"conductor": act})


def sweep(full: bool) -> Swept:
    """Try all, `full` or not: it takes seconds."""
    del full
    scene, table = honest_scene(), bypasses()
    tried = [(bypass, place) for bypass in table for place in bypass.tries]
    faults = [f"{bypass.name}, at {place}: {fault}" for bypass, place in tried for fault in judge(bypass, place, scene)]
    return Swept(len(table), tuple(faults), f"{len(tried)} tries: on the quorum rule, the conductor and verify")


def bypasses() -> tuple[Bypass, ...]:
    """The whole table."""
    from tests.adversary import closing_table as closing  # noqa: PLC0415 - the tables are made of this module's parts
    from tests.adversary import quorum_table as quorum  # noqa: PLC0415 - likewise

    return (*quorum.SIGNATURES, *quorum.OTHER_ACTS, *quorum.RULE, *quorum.CONDUCTED, *closing.TRANSCRIPTS, *closing.NOTES)


def judge(bypass: Bypass, place: str, scene: Scene) -> Iterator[str]:
    """What is wrong with the refusal, in words; nothing when it was refused as it must be."""
    with tempfile.TemporaryDirectory(prefix="ceremony-bypass-") as name:
        try:
            bypass.tries[place](Attack(scene, Path(name)))
        except CeremonyError as error:
            if not any(re.search(bypass.culprit, culprit) for culprit in error.culprits):
                yield f"refused, but it names {error.culprits}: {error.name}: {error.message}"
        else:
            yield "ACCEPTED"


@cache
def honest_scene() -> Scene:
    """The closed ceremony that the forgeries are made of."""
    return _scene(lambda base: ceremony_at(Stage.CLOSED, base))


@cache
def stopped_scene() -> Scene:
    """One whose first act got five approvals, was stopped and died; the second one waits."""

    def play(base: Path) -> None:
        ceremony = ceremony_at(Stage.APPROVED, base)
        stop(ceremony, 6)
        outlive(ceremony)
        ceremony.run()

    return _scene(play)


@cache
def other_scene() -> Scene:
    """A whole other ceremony, of keys that nobody in this one knows."""
    return _scene(lambda base: SimulatedCeremony(base, 99).play())


def _scene(play: Callable[[Path], object]) -> Scene:
    with tempfile.TemporaryDirectory(prefix="ceremony-scene-") as name:
        play(Path(name))
        return read_scene(Path(name))
