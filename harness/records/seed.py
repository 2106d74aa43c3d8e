"""The bound of seeds: apart, because the command line shows it and must import little."""

MOST_SEED = 2**64 - 1
"""The largest whole number that a record can be read back with."""
