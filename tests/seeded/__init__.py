"""Seeded rehearsals on simulators, each with its own faults, judged by the promises (scoreboard row 23)."""
