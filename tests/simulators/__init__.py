"""Simulators: what real parts cannot do (lie, lock a PIN, survive a kill in memory, repeat byte for byte), behind the same ports."""
