"""From a results folder to boards and the files of the site.

``leaderboard`` is made of it; ``report`` and ``verify`` rank as it does, by ``joints``.

Where to look, by module:

    the whole way               making
    from records to boards      gathering, views, folders, shards
    from boards to ranks        joints, evidence, answered
    names, and other languages  team_names, translations
    from boards to pages        pages, site, entries, parts, kept_rows, templates
    writing what changed        place, files, listing, unchanged, cache
    in several processes        workers, beside, copies, collecting
"""
