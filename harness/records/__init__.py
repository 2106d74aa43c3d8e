"""Frozen, versioned, strict data types: what the parts of the harness hand to one another."""
