"""``doctor``: what this machine can measure and how well it can keep an entry apart."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli.options import JsonOption
from harness.cli.output import in_colour, print_json, print_line
from harness.cli.project import find_project

EXAMPLES = """Examples:

python -m harness doctor

python -m harness doctor --idle-seconds 30

python -m harness doctor --write-profile bench-1
"""

IDLE_SECONDS = 2.5
"""Of the idle window unless told otherwise: the whole answer then takes a few seconds."""


def doctor(
    write_profile: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Write leaderboard/hardware/NAME.toml for this machine as it is, and look no "
            "further. Nothing is overwritten.",
            show_default=False,
        ),
    ] = None,
    idle_seconds: Annotated[
        float,
        typer.Option(
            min=0, max=3600, help="How long to watch the idle machine; 0 leaves that out."
        ),
    ] = IDLE_SECONDS,
    as_json: JsonOption = False,
) -> None:
    """Say what this machine can measure, how it keeps entries apart, and what is missing.

    Exit code 0 unless something that an evaluation needs is missing.
    """
    if write_profile is not None:
        _write_profile(write_profile, as_json=as_json)
        return
    from harness.cli.diagnosing.diagnosis import diagnose
    from harness.cli.diagnosing.rows import print_diagnosis

    diagnosis = diagnose(idle_seconds)
    if as_json:
        print_json(diagnosis)
    else:
        print_diagnosis(diagnosis)
    if diagnosis.exit_code:
        raise typer.Exit(diagnosis.exit_code)


def _write_profile(name: str, *, as_json: bool) -> None:
    """Write a profile that this machine matches, and say what it holds."""
    from harness.cli.diagnosing.cautions import about_the_machine
    from harness.cli.evaluating.profiles import this_machine
    from harness.meters.machine import cores_for_an_entry
    from harness.records.profile import core_list
    from harness.records.profile_file import profile_text, read_profile, write_profile

    project = find_project()
    machine = this_machine()
    cores = cores_for_an_entry(machine.usable_cores)
    text = profile_text(machine.hardware, cores, machine.identity)
    path = write_profile(project.hardware, name, text)
    profile = read_profile(path)
    if as_json:
        print_json({"path": str(path), "profile": profile})
        return
    print_line(f"wrote {path}: this machine as it is, entries on core {core_list(cores)}")
    print_line("next    read it, delete what need not match, add the model's constants; then:")
    print_line(f"        python -m harness evaluate ENTRY --profile {name} --protocol official")
    for caution in about_the_machine(machine.hardware):  # it is now what the profile asks for
        print_line(f"{in_colour('caution:', 'yellow')} {caution.message}")
        print_line(f"    fix: {caution.remedy}; then write the profile again")
