"""Faults: parts that fail under the ceremony, and what it says and leaves behind then."""
