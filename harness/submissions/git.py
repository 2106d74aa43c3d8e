"""A git repository whose tree strangers wrote, read without running anything of theirs.

Only plumbing is asked, of commits and never of the work tree or the index: no hook, filter,
external diff, text conversion, pager, file-system monitor or transport has a part in it. What the
machine's and the environment's settings say is left out; the user's own global file is read,
because consent to read another user's repository (``safe.directory``) stands there.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from harness.errors import ConfigurationError
from harness.submissions.faults import quoted, visible

FOLDER, SYMLINK, SUBMODULE = 0o040000, 0o120000, 0o160000
"""Modes of a tree's entries that are no files."""

_TIMEOUT_SECONDS = 300
_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.fsmonitor=false",
    "core.warnAmbiguousRefs=true",  # ``commit`` looks for the warning
    "protocol.allow=never",  # a partial clone would fetch what it lacks, and file: is one too
    "protocol.file.allow=never",
    "safe.bareRepository=explicit",  # a tree may hold what looks like a repository
    "submodule.recurse=false",
)
_FLAGS = ("--no-pager", "--no-replace-objects", "--literal-pathspecs", "--no-optional-locks")
_KEPT = "GIT_CONFIG_GLOBAL"


class Change(NamedTuple):
    """One path that differs between two commits."""

    path: str
    """From the repository's root; bytes that are no UTF-8 as lone surrogates."""
    before: int
    """The mode; 0 where there was nothing."""
    after: int
    """The mode; 0 where there is nothing any more."""


class Node(NamedTuple):
    """One entry of a commit's tree."""

    path: str
    mode: int
    object: str
    size_bytes: int | None
    """``None`` for what is no file."""


class Repository:
    """One repository."""

    def __init__(self, folder: Path) -> None:
        """Find the repository around ``folder``; ``ConfigurationError`` where there is none."""
        self._folder = folder
        top = self._ask("rev-parse", "--show-toplevel")
        self.root = Path(os.fsdecode(top.removesuffix(b"\n")))
        self._folder = self.root

    def commit(self, name: str) -> str:
        """Return the commit that a name or digits stand for.

        Raises ``ConfigurationError`` for none, and where a name may stand for several: git takes a
        tag before a branch, and a fetch brings the tags of whoever may write to the repository.
        """
        asked = ("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}")
        done = self._run((*_FLAGS, *asked))  # without --quiet, which keeps the warning back
        digits = done.stdout.decode("ascii").strip()
        if b" is ambiguous" in done.stderr and digits != name:  # a whole digest is nothing else
            raise ConfigurationError(
                f"git: {quoted(name)} can be taken for several things in {self.root}",
                remedy="name it in full, as in refs/remotes/origin/main; or remove what was not "
                "meant, as in git tag --delete",
            )
        if done.returncode:
            self._require_repository(done)
            raise ConfigurationError(
                f"git: there is no commit {quoted(name)} in {self.root}",
                remedy="fetch it first, and name it as `git rev-parse` would: origin/main",
            )
        return digits

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off when it was cloned."""
        return self._ask("rev-parse", "--is-shallow-repository").strip() == b"true"

    def holds(self, whole: str, part: str) -> bool:
        """Whether one commit's history holds another, or is it."""
        done = self._run((*_FLAGS, "merge-base", "--is-ancestor", part, whole))
        if done.returncode not in (0, 1):
            raise _failed(done)
        return done.returncode == 0

    def changes(self, before: str, after: str) -> Iterator[Change]:
        """Yield every path that differs between two commits; a rename is two of them."""
        asked = "diff-tree -r -z --raw --no-abbrev --no-renames --no-ext-diff --no-textconv"
        output = self._ask(*asked.split(), "--ignore-submodules=none", before, after)
        fields = iter(output.split(b"\0"))
        for told in fields:
            if told:
                old, new, *_ = told.removeprefix(b":").split(b" ")
                yield Change(_decoded(next(fields)), int(old, 8), int(new, 8))

    def nodes(self, commit: str, path: str) -> Iterator[Node]:
        """Yield what a commit holds at ``path``; with a slash at its end, what lies within it."""
        output = self._ask("ls-tree", "-z", "-l", "--full-tree", commit, "--", path)
        for told in filter(None, output.split(b"\0")):
            about, _, name = told.partition(b"\t")
            mode, _, digits, size = about.split()
            length = None if size == b"-" else int(size)
            yield Node(_decoded(name), int(mode, 8), digits.decode("ascii"), length)

    def read(self, commit: str, path: str, most_bytes: int) -> bytes | None:
        """Return the content of a plain file; ``None`` where there is none, or it is longer."""
        for node in self.nodes(commit, path):
            size = node.size_bytes
            if node.path == path and node.mode not in (SYMLINK, SUBMODULE) and size is not None:
                return self._ask("cat-file", "blob", node.object) if size <= most_bytes else None
        return None

    def holding(self, commit: str, text: str) -> frozenset[str]:
        """Return the paths of a commit's files that hold a text, in lines of whatever bytes."""
        asked = "grep --text --no-textconv --no-color --fixed-strings --files-with-matches --null"
        done = self._run((*_FLAGS, *asked.split(), "--full-name", "-e", text, commit, "--"))
        if done.returncode not in (0, 1):
            raise _failed(done)
        found = filter(None, done.stdout.split(b"\0"))
        return frozenset(_decoded(each.removeprefix(f"{commit}:".encode())) for each in found)

    def _ask(self, *arguments: str) -> bytes:
        done = self._run((*_FLAGS, *arguments))
        if done.returncode:
            self._require_repository(done)
            raise _failed(done)
        return done.stdout

    def _require_repository(self, done: subprocess.CompletedProcess[bytes]) -> None:
        said = done.stderr.decode("utf-8", "replace")
        if "dubious ownership" in said or "unsafe repository" in said:
            raise ConfigurationError(
                f"git: {self._folder}: belongs to another user, and git refuses to read it",
                remedy="say that it may be read, in the global file (others are not heeded here): "
                f"git config --global --add safe.directory {self._folder}",
            )
        if "not a git repository" in said or "work tree" in said:
            raise ConfigurationError(
                f"git: {self._folder}: no repository with a work tree is here or above",
                remedy="run inside a clone of the challenge's repository",
            )

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes]:
        settings = (part for setting in _SETTINGS for part in ("-c", setting))
        try:
            return subprocess.run(
                ["git", *settings, "-C", str(self._folder), *arguments],
                env=_environment(os.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise ConfigurationError("git: is not installed", remedy="install it") from None
        except subprocess.TimeoutExpired:
            raise ConfigurationError(
                f"git: {arguments[len(_FLAGS)]} took more than {_TIMEOUT_SECONDS} seconds",
                remedy="look at the machine, and at the size of the repository",
            ) from None


def _environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Leave out what points git elsewhere: a hook's variables, settings, tracing, programs."""
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith("GIT_") or name == _KEPT
    }
    return kept | {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _failed(done: subprocess.CompletedProcess[bytes]) -> ConfigurationError:
    said = visible(done.stderr.decode("utf-8", "replace").strip().replace("\n", "; "))
    return ConfigurationError(
        f"git: ended with {done.returncode}: {said}",
        remedy="see that the clone is whole (git fsck) and holds all history",
    )
