"""From a results folder to boards and the files of the site.

``leaderboard`` is made of it; ``report`` and ``verify`` rank as it does, by ``joints``.
"""
