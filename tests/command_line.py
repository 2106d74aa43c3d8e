"""The command line, run within the tests' own process."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from harness.cli.app import app


def run(*arguments: object) -> Result:
    """Run the command line; an exception of its own would be a bug."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.stdout
    assert "Traceback" not in result.stderr
    return result
