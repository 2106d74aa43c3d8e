"""The command in a process of its own, which can be copied: that of a test may have threads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[1]

PROGRAM = """
import sys

from harness.__main__ import main
from harness.cli.building import copies, evidence, files, gathering, place, workers
from harness.store import scanning

# However little there is to do, it is done in copies, and by as many tasks as can be.
evidence.LEAST_FOR_PROCESSES = gathering.LEAST_FOR_PROCESSES = place.LEAST_FOR_PROCESSES = 0
scanning.SETTLED_NS = 0
evidence.ROWS_A_TASK = gathering.RECORDS_A_TASK = files.PAGES_A_TASK = 1
count = 0

def counted(do):
    global count
    made = copies.copied(do)
    count += made is not None
    return made

workers.copied = counted
try:
    main()
finally:
    print(f"copies: {count}", file=sys.stderr)
"""


def in_copies(*arguments: str, **variables: str) -> tuple[subprocess.CompletedProcess[str], int]:
    """Run the command with two processes; return how it ended, and how many copies were made."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, "--processes", "2"],
        cwd=CHECKOUT, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = re.search(r"^copies: (\d+)$", ran.stderr, re.MULTILINE)
    assert told, ran.stderr
    return ran, int(told[1])
