"""What a sweep found: how many cases it tried, and every one that went wrong, in words. The scoreboard prints these, tests assert none."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Swept:
    """One sweep's outcome."""

    tried: int
    faults: tuple[str, ...]
    note: str = ""
    """What was measured beside the faults, for people."""
