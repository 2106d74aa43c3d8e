"""A harness for Frugal AI challenges: accuracy against energy, measured by the organiser.

The layers, from the outside in; imports point inwards only (import-linter holds it):

    cli                                      prints, and picks exit codes
    site                                     renders a Board as a static page
    evaluation | ranking | store             run an entry; rank records; keep records
    tasks | submissions | sandbox | meters   the four seams to the world
    records                                  frozen, versioned, strict data types
    errors                                   one exception tree
"""

__version__ = "0.2.0"
