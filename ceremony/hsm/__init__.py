"""Tokens: the port, its PKCS#11 door, and the agent that stands between a token and the ceremony."""
