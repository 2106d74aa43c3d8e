"""A harness for Frugal AI challenges: accuracy against energy, measured by the organiser.

The layers, from the outside in; imports point inwards only, and never between those that stand in
one layer (import-linter holds it):

    cli                                  prints, and picks exit codes
    site | export                        render boards as pages, and a record for other tools
    evaluation | ranking | store         run an entry; rank records; keep records
    | verification | carbon              work records out again; grams of CO2 of an energy
    tasks | submissions | environments   the seams to the world: what is asked, what is entered
    | sandbox | meters                   and its packages, its processes, their energy
    records                              frozen, versioned, strict data types
    errors                               one exception tree

``worker`` runs inside the sandbox and imports nothing of the harness. What each module is for is in
its first line; the larger packages list theirs by what one looks for.
"""

__version__ = "0.2.0"
