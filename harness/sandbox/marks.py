"""What marks everything that one run of the harness starts or makes.

A later run must be able to tell what an earlier one left behind from everything else, and a name
or a number that is used again tells nothing. The mark is random, is known to nobody before the
run, and stands in the environment of every process that the run starts, in the names of its
control groups and in that of its folder for temporary files.
"""

from __future__ import annotations

import secrets

PREFIX = "frugal-ai-harness-"
RUN = secrets.token_hex(16)
"""This process's own."""
VARIABLE = "FRUGAL_AI_HARNESS_RUN"
"""Of the environment. An entry may see it: it opens nothing."""
