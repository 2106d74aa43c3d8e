"""Rank records: pure functions from records to boards."""
