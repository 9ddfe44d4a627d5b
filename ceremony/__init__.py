"""A governance and HSM key-ceremony toolkit: seven shards, five approvals, one genesis root on chain, verified from outside."""
