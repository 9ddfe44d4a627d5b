"""Short-lived processes that hold what no other process may see, and how to talk to them."""
