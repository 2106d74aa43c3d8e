"""Frozen, versioned, strict data types: what the parts of the harness hand to one another.

Where to look, by module:

    what all types share               base, spelling, narrowing
    the record of an evaluation        evaluation, session, meter, environment
    boards and joint files             board, joint
    other documents                    imported, unfinished, finding
    organisers' files                  rules, rule_book, profile, profile_file, teams, team_names,
                                       task_words, site_settings, toml, fields
    signatures, and what is kept back  signing, withholding
    figures of energy                  energy, estimates, statistics, quantiles, sums
    when sessions are enough           looks, miss_rates, stopping
    agreement and trends               agreements, drift
    files, moments, settings           replacing, moments, caches, seed
"""
