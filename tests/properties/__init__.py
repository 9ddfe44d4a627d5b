"""Sweeps and properties; each sweep is a function of its budget, which `scripts/scoreboard` calls with the long one."""
