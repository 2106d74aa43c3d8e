"""``keys new`` and ``keys list``: whose signatures count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.errors import Command
from harness.cli.options import JsonOption
from harness.cli.output import print_json, print_line
from harness.cli.project import find_project

if TYPE_CHECKING:
    from harness.store.keys import PublicKey

EXAMPLES = """Examples:

python -m harness keys new jury-2026 --passphrase

python -m harness keys list
"""
NEW_EXAMPLES = """Examples:

python -m harness keys new jury-2026

python -m harness keys new jury-2026 --passphrase
"""
LIST_EXAMPLES = """Examples:

python -m harness keys list

python -m harness keys list --json
"""

keys = typer.Typer(no_args_is_help=True)


@keys.command("new", cls=Command, epilog=NEW_EXAMPLES)
def new_key(
    name: Annotated[
        str, typer.Argument(metavar="NAME", show_default=False, help="What it will be called.")
    ],
    passphrase: Annotated[
        bool,
        typer.Option(
            "--passphrase", help="Ask for a passphrase, where HARNESS_KEY_PASSPHRASE gives none."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make an organiser's key.

    The public part goes to leaderboard/keys and is committed; the private part goes to
    $XDG_CONFIG_HOME/frugal-ai-harness (~/.config where that is not set), and never into a project
    or a git work tree.
    """
    from harness.cli.signing import given_passphrase, new_passphrase
    from harness.store.private_key import make_key

    project = find_project()
    secret = given_passphrase() or (new_passphrase() if passphrase else None)
    made, public, private = make_key(name, project.keys, project.root, secret)
    if as_json:
        print_json(
            {"name": made.name, "id": made.id, "public": str(public), "private": str(private)}
        )
        return
    print_line(f"key     {made.id}")
    print_line(f"public  {public}: commit it")
    guarded = "encrypted with the passphrase" if secret else "not encrypted: --passphrase does that"
    print_line(f"private {private}: yours alone, {guarded}")
    print_line("next    keep a copy of the private part where no other machine reads it; then:")
    print_line(f"        python -m harness evaluate ENTRY --protocol official --sign {name}")


@keys.command("list", cls=Command, epilog=LIST_EXAMPLES)
def list_keys(as_json: JsonOption = False) -> None:
    """List the organisers' keys: whether each still counts, and whether it can sign here."""
    ring = find_project().key_ring()
    listed = [_summary(key) for key in ring.keys]
    if as_json:
        print_json({"keys": listed})
        return
    if not listed:
        print_line("no keys yet: python -m harness keys new NAME makes one")
    width = max((len(key["name"]) for key in listed), default=0)
    for key in listed:
        here = "private part not here"
        if key["private_here"]:
            here = "can sign here" if key["revoked"] is None else "signs nothing any more"
        print_line(f"{key['name']:<{width}}  {key['id'][:16]}  {key['standing']}, {here}")


def _summary(key: PublicKey) -> dict[str, Any]:
    from harness.store.private_key import is_here

    standing = "in use"
    if key.revoked is not None:
        standing = key.revoked.told
    return {
        "name": key.name,
        "id": key.id,
        "created": key.created.isoformat(),
        "standing": standing,
        "revoked": key.revoked,
        "private_here": is_here(key.name),
    }
