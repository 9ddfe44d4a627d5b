"""The chain: what is read of it, what is written to it, and the contract's own encodings."""
