"""``nnlab copy``: print a helper."""

import io
import sys
from typing import Annotated

import typer


def copy(name: Annotated[str, typer.Argument(metavar="HELPER", help="Such as models.build_mlp.")]):
    """Print a helper with just the imports it needs, to paste into your own code."""
    from nnlab.cli import _copying

    try:
        source = _copying.copyable_source(_copying.find_helper(name))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if isinstance(sys.stdout, io.TextIOWrapper) and not sys.stdout.isatty():
        # Python reads a file as UTF-8, whatever a terminal's encoding is here.
        sys.stdout.reconfigure(encoding="utf-8")
    typer.echo(source)
