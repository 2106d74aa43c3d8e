"""Rank records: pure functions from records to boards.

Where to look, by module:

    from records to boards    boards, gists, members, duplicates, usable, status, occasions
    the figures of a row      figures, summary, quota
    marks beside others       front, energy_class, classes
    what ranks are made from  candidates, evidence, energy_evidence, joint, joined
    who beats whom: claims    claims, bound, maxima, peaks, reaching, resampling, unsure_scale
    energy of two entries     energy_pairs, energy_figures, energy_ratio
    front support and prizes  front_support, prizes
    what a reader must know   notes, rank_notes, trust, base_power
    compare A B               compare, pairing, paired_quality, paired_energy, energy_apart, verdict
    duel A B                  duel
"""
