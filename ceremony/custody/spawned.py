"""Dealer, combiner and adopter as they are used: each a process of its own, gone when it has answered (DOOR)."""

from collections.abc import Sequence

from ceremony.custody import adoption
from ceremony.custody import messages as m
from ceremony.isolation.spawned import Spawned

COMBINE_DEADLINE = 900.0
"""Seconds: SLIP-39's slowest passphrase takes five minutes (327 million rounds)."""


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

    def combine(self, request: m.Combine | m.Join) -> m.Combined:
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


class SpawnedAdopter:
    """One adoption's adopter; `inherited` are the file descriptors that it may read the secret from."""

    def __init__(self, inherited: Sequence[int] = ()) -> None:
        self._process = Spawned("ceremony.custody.adopter_process", "the adopter", inherited=inherited)

    @property
    def pid(self) -> int:
        """Process id, for tests that look at its memory."""
        return self._process.pid

    def open_adoption(self, request: adoption.OpenAdoption) -> adoption.AdoptionOpened:
        """Say to whom it is sealed and where it comes from."""
        return adoption.AdoptionOpened.parse(self._process.ask(request.encode()))

    def add_share(self, request: adoption.AddShare) -> adoption.ShareAdded:
        """Hand over one share; after an AdoptionError it may be given again."""
        return adoption.ShareAdded.parse(self._process.ask(request.encode()))

    def seal_secret(self, request: adoption.SealSecret) -> adoption.SecretSealed:
        """Have it combined and sealed; the process ends with that."""
        return adoption.SecretSealed.parse(self._process.ask(request.encode(), COMBINE_DEADLINE))

    def close(self) -> None:
        """Make sure it is gone, and the secret with it."""
        self._process.close()
