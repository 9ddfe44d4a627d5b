"""Crashes: kill -9 and power cuts at every file call of a ceremony, then resume, and what must be so afterwards (rows 1 and 2)."""
