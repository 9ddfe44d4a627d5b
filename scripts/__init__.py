"""Programs around the toolkit: rehearsal, development chain, benchmarks, scoreboard."""
