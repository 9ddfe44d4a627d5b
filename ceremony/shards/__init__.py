"""Sums on the secret: sharing, commitments and threshold ECDH on P-256 (pure)."""
