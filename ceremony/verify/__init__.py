"""Verification from outside: the transcript, its checkpoint, a trust anchor and a chain are enough; nobody who acted is believed."""
