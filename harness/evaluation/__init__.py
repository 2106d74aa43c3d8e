"""Run an entry: sessions of sealed order through a sandbox, under a meter, into one record.

Where to look, by module:

    one evaluation              run, assignment
    one session                 session, plan
    several entries in rounds   campaign
    two entries batch by batch  duel
    void sessions               gate
    shares beside their limit   shares
    warnings                    notices, drift, variants, agreement, conspicuous
    alone on the machine        turn, lock, journal, leftovers
    paths that are published    places
"""
