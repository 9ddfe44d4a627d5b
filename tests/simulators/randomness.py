"""Seeded randomness and time, so that a rehearsal repeats byte for byte (P9). Seeds exist only here."""

import hashlib
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class Stream:
    """Bytes that follow from a seed and a label: SHA-256 in counter mode. Never used outside simulators."""

    def __init__(self, seed: int, label: str) -> None:
        self._key = f"{seed}|{label}".encode()
        self._counter = 0

    def __call__(self, size: int) -> bytes:
        """The next `size` bytes."""
        blocks = []
        for _ in range(-(-size // 32)):
            blocks.append(hashlib.sha256(self._key + self._counter.to_bytes(8, "big")).digest())
            self._counter += 1
        return b"".join(blocks)[:size]


class Clock:
    """A wall clock that moves one second a look, or jumps as a test likes (scoreboard row 20)."""

    def __init__(self, step: float = 1.0) -> None:
        self._now = START
        self.step = step

    def __call__(self) -> str:
        """The time as entries show it."""
        self._now += timedelta(seconds=self.step)
        return self._now.strftime("%Y-%m-%dT%H:%M:%SZ")
