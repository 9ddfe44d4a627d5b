"""Does what is owed, through the ports, and writes it down. It owns no rule: those live in `ceremony.protocol` and below."""
