"""Write the README's shell blocks to command-1.sh, command-2.sh: what is run is what is read."""

import re
import sys
from pathlib import Path

EXPECTED = 2


def main() -> int:
    """Read the README named first, write into the folder named second."""
    readme, folder = Path(sys.argv[1]), Path(sys.argv[2])
    opening = readme.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", opening, flags=re.MULTILINE | re.DOTALL)
    if len(blocks) < EXPECTED:
        print(f"{readme}: {len(blocks)} sh blocks, {EXPECTED} commands expected", file=sys.stderr)
        return 1
    for number, block in enumerate(blocks[:EXPECTED], 1):
        (folder / f"command-{number}.sh").write_text(block, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
