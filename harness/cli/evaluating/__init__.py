"""What ``evaluate`` is made of: what is refused, prepared, run in rounds, and kept."""
