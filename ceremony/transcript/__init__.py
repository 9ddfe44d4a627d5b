"""The transcript: tree, checkpoint and book (pure), and the journal on disk."""
