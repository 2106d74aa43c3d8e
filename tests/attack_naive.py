"""What a harness without certain walls would do: it measures in the entry's own process, imports
what it checks, and believes what it reads. For tests that must see why the walls are there.
"""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

_SECONDS = 20

_ONE_PROCESS = """
import json, os, random, sys, time

labels = [random.randrange(2) for _ in range(32)]
sys.path.insert(0, sys.argv[1])


def score(answers, truth):
    return sum(a == b for a, b in zip(answers, truth)) / len(truth)


import model

entry = model.load(sys.argv[1])
began, cpu_began = time.monotonic(), os.times().user
answers = entry.predict([f"sample {i}" for i in range(len(labels))])
seconds, cpu_seconds = time.monotonic() - began, os.times().user - cpu_began
print(json.dumps({"accuracy": score(answers, labels), "seconds": seconds, "cpu": cpu_seconds}))
"""
"""An evaluation as entries used to make it themselves: labels, clock and result are at hand."""


def measure_in_one_process(folder: Path) -> bool:
    """Measure an entry in its own process; say whether the result is what the entry wanted.

    All of 32 labels drawn at random were hit, or time ran backwards.
    """
    done = subprocess.run(
        [sys.executable, "-c", _ONE_PROCESS, str(folder)],
        capture_output=True, text=True, check=True, timeout=_SECONDS,
    )  # fmt: skip
    result = json.loads(done.stdout)
    return bool(result["accuracy"] == 1.0 or result["seconds"] < 0 or result["cpu"] < 0)


def import_it(folder: Path) -> None:
    """Check an entry's module by importing it."""
    subprocess.run(
        [sys.executable, "-B", "-c", "import model"],
        cwd=folder, check=True, timeout=_SECONDS, capture_output=True,
    )  # fmt: skip


def read_it(folder: Path) -> str:
    """Read a manifest with a parser and nothing else; return what would be shown of it.

    Its name, its task, and the beginning of every file that it names.
    """
    text = (folder / "submission.toml").read_text(encoding="utf-8")
    try:
        plain: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a more lenient parser takes the last of two
        lenient = configparser.ConfigParser(strict=False)
        lenient.read_string(text.replace("schema = 1", ""))
        plain = {name: dict(section) for name, section in lenient.items()}
        return "GOT IT" if plain["model"]["entry"] == '"other:load"' else ""
    model = plain.get("model", {})
    paths = [model.get("command", [""])[0], plain.get("environment", {}).get("requirements")]
    paths += [weights.get("path") for weights in plain.get("weights", [])]
    paths += [f"{model['entry'].partition(':')[0]}"] if "entry" in model else []
    shown = [plain["submission"]["name"], plain["submission"]["task"]]
    for path in filter(None, paths):
        file = folder / path
        shown.append(file.read_text(encoding="utf-8")[:200] if file.is_file() else "")
    return "\n".join(shown)
