"""Rows 25 and 26: a real ceremony whose secrets are known to the test, and every place in which they must not be."""
