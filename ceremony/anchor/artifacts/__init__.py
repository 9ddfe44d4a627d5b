"""The compiled contract, versioned and kept, and how its code and address follow from a ceremony's terms."""
