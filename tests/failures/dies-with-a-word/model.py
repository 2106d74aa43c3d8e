"""Prints where everything is, and leaves."""

import os
import sys


def load(directory):
    for place in (directory, __file__, sys.prefix, sys.executable, sys.argv[0]):
        print("in", place, file=sys.stderr)
    sys.stderr.flush()
    os._exit(3)
