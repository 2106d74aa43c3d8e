"""``schema``: the published form of a file, made from the types that read and write it."""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from harness.cli.options import named_text
from harness.cli.output import STANDARD_OUTPUT, write_out
from harness.cli.writing import write_file

EXAMPLES = """Examples:

python -m harness schema

python -m harness schema --output docs/reference/record.schema.json

python -m harness schema --of joint
"""


def schema(
    of: Annotated[
        Literal["record", "joint"],
        typer.Option(help="record: of an evaluation. joint: what items say of a board's entries."),
    ] = "record",
    output: Annotated[
        str,
        typer.Option(
            parser=named_text,
            metavar="FILE",
            help="File to write.",
            show_default="-, standard output",
        ),
    ] = STANDARD_OUTPUT,
) -> None:
    """Print the JSON Schema of a record of an evaluation, or of a board's joint file."""
    from harness.records.base import pretty_json

    content = pretty_json(record_schema() if of == "record" else joint_schema())
    if output == STANDARD_OUTPUT:
        write_out(content)
    else:
        write_file(Path(output), content)


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``EvaluationRecord``.

    It says which fields there are and of which types. What only reading can refuse, such as
    duplicate keys and numbers that are not finite, is not in it.
    """
    from harness.records.evaluation import SCHEMA_VERSION, EvaluationRecord

    title = f"Record of an evaluation, version {SCHEMA_VERSION}"
    return _schema(EvaluationRecord, f"record:{SCHEMA_VERSION}", title)


def joint_schema() -> dict[str, Any]:
    """Return that of ``JointFile``."""
    from harness.records.joint import SCHEMA_VERSION, JointFile

    title = f"Joint file of a board, version {SCHEMA_VERSION}"
    return _schema(JointFile, f"joint:{SCHEMA_VERSION}", title)


def _schema(of: type, name: str, title: str) -> dict[str, Any]:
    import msgspec

    made: dict[str, Any] = _tidy(msgspec.json.schema(of))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:frugal-ai-harness:{name}",
        "title": title,
        **made,
    }


def _tidy(node: Any) -> Any:  # noqa: ANN401 - any JSON
    """Take the source's indentation out of descriptions: Python before 3.13 leaves it in."""
    if isinstance(node, dict):
        return {
            key: cleandoc(value)
            if key == "description" and isinstance(value, str)
            else _tidy(value)
            for key, value in node.items()
        }
    return [_tidy(part) for part in node] if isinstance(node, list) else node
