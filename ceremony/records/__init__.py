"""Facts: frozen records and their canonical bytes."""
