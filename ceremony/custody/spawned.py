"""Dealer and combiner as the conductor uses them: each a process of its own, gone when it has answered (DOOR)."""

from ceremony.custody import messages as m
from ceremony.isolation.spawned import Spawned


class SpawnedDealer:
    """One dealing's dealer."""

    def __init__(self) -> None:
        self._process = Spawned("ceremony.custody.dealer_process", "the dealer")

    @property
    def pid(self) -> int:
        """Process id, for tests that end the dealer in mid-work."""
        return self._process.pid

    def open_dealing(self, request: m.OpenDealing) -> m.DealingReady:
        """Accept the people; the named error of the dealer otherwise."""
        return m.DealingReady.parse(self._process.ask(request.encode()))

    def reveal_system(self) -> m.SystemRevealed:
        """Show the system's points."""
        return m.SystemRevealed.parse(self._process.ask(m.RevealSystem().encode()))

    def deal(self, request: m.Deal) -> m.DealtOut:
        """Wrap the shards."""
        return m.DealtOut.parse(self._process.ask(request.encode()))

    def close(self) -> None:
        """Make sure it is gone, and the secret with it."""
        self._process.close()


class SpawnedCombiner:
    """One opening's combiner. It starts while people still read, so that nobody waits for it; it takes one question and ends."""

    def __init__(self) -> None:
        self._process = Spawned("ceremony.custody.combiner_process", "the combiner")

    @property
    def pid(self) -> int:
        """Process id, for tests that look whether it is gone."""
        return self._process.pid

    def combine(self, request: m.Combine) -> m.Combined:
        """Combine answers; OpeningError names who answered wrongly."""
        return m.Combined.parse(self._process.ask(request.encode()))

    def rewrap(self, request: m.Rewrap) -> m.WrappedAnew:
        """Wrap an envelope's payload key to another dealing; OpeningError names who answered wrongly."""
        return m.WrappedAnew.parse(self._process.ask(request.encode()))

    def reopen(self, request: m.Reopen) -> m.PayloadSeen:
        """See that a payload's key is there; OpeningError names who answered wrongly."""
        return m.PayloadSeen.parse(self._process.ask(request.encode()))

    def close(self) -> None:
        """Make sure it is gone, and the file key with it."""
        self._process.close()
