"""What ``evaluate`` is made of: what is refused, prepared, run in rounds, and kept.

``duel`` prepares and chooses as it does; ``doctor`` finds the machine's profile by ``profiles``.
"""
