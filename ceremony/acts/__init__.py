"""What can be approved: typed structs, their digests, signatures and plain words (pure)."""
